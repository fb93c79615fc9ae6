FROM python:3.11-slim-bookworm AS build
# PyTorch's own index has wheels without CUDA; the registry's would add gigabytes.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make=4.3-4.1 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /earworm
COPY . .
RUN make setup EXTRAS=postgres

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 earworm \
    && install --directory --owner earworm --group earworm /data /backups
COPY --from=build /earworm /earworm
ENV PATH=/earworm/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    EARWORM_HOME=/data \
    NUMBA_CACHE_DIR=/data/numba \
    EARWORM_METRICS=127.0.0.1:9464
USER 10001
WORKDIR /data
VOLUME /data /backups
# Does the bot's event loop turn? It is asked where it serves metrics; without them there is nobody to ask.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["python", "-c", \
    "import http.client, os, sys; host, _, port = os.environ.get('EARWORM_METRICS', '').strip().rpartition(':'); \
    port or sys.exit(); host = host.strip('[]'); host = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host); \
    bot = http.client.HTTPConnection(host, int(port), timeout=5); bot.request('GET', '/healthz'); \
    sys.exit(bot.getresponse().status != 200)"]
CMD ["earworm", "run"]
