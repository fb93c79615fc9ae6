"""Downloads a link to a file on disk in a worker process, with a deadline and a byte budget."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import Failure, Refused
from bot.intake.egress import EgressProxy, Grant
from bot.intake.identity import Identity, identify
from bot.settings import Settings
from bot.workers.serving import WorkerMessage
from bot.workers.template import ForkedWorker, Template

FETCH_SECONDS = 300.0
# A file may be asked for twice (yt-dlp looks at it first) and once more after a broken connection; pages come on top.
BUDGET_FILE_DOWNLOADS = 3
BUDGET_PAGE_BYTES = 32 << 20


@dataclass(frozen=True)
class Fetched:
    """A downloaded file and what its page says about it; "" and [] where it says nothing.

    `key` is "extractor:id" where the extractor knows one; `title` is the page's own, `name` the file's without its
    suffix, the title of last resort.
    """

    path: Path
    key: str | None
    url: str
    title: str
    artist: str
    album: str
    seconds: float | None
    thumbnail: str
    tags: list[str]
    genres: list[str]
    uploader: str
    name: str


def fetch_template() -> Template:
    """What a Fetcher's workers are forked from."""
    return Template("bot.intake.fetch_worker")


class Fetcher:
    """Downloads what links lead to, by way of the proxy and within the limits of the settings."""

    def __init__(
        self, template: Template, proxy: EgressProxy, settings: Settings, *, seconds: float = FETCH_SECONDS
    ) -> None:
        self._template = template
        self._proxy = proxy
        self._settings = settings
        self._seconds = seconds

    async def fetch(self, url: str, into: Path, *, name: str = "") -> Fetched:
        """Download one song into the folder `into`, which the caller removes; `name` is an attachment's file name.

        Raises Refused, or WorkerDied if the worker crashed.
        """
        job = self._job(url, into, name)
        budget = BUDGET_FILE_DOWNLOADS * job["max_bytes"] + BUDGET_PAGE_BYTES
        with self._proxy.grant(max_bytes=budget, seconds=self._seconds) as grant:
            answer = await self._ask_worker(job, grant)
        if "failure" in answer:
            # yt-dlp takes the proxy's word for the site's, so the proxy is asked first.
            raise Refused(
                grant.failure or Failure(answer["failure"]), detail=grant.refused or answer["detail"]
            )
        return Fetched(**answer | {"path": into / Path(answer["path"]).name})

    def _job(self, url: str, into: Path, name: str) -> WorkerMessage:
        identity = identify(url)
        return {
            "url": identity.url,
            "extractor": "Generic" if _is_no_site(identity) else None,
            "into": str(into.resolve()),
            "max_bytes": int(self._settings.max_bytes),
            "max_seconds": self._settings.max_seconds,
            "name": name,
        }

    async def _ask_worker(self, job: WorkerMessage, grant: Grant) -> WorkerMessage:
        own = {
            "HOME": job["into"],
            "TMPDIR": job["into"],
            "YTDLP_NO_PLUGINS": "1",
            "DENO_NO_UPDATE_CHECK": "1",
        }
        async with ForkedWorker(self._template, environment=own) as worker:
            await worker.send(job | {"proxy": grant.proxy_url})
            try:
                return await worker.receive(self._seconds)
            except TimeoutError:
                raise Refused(grant.failure or Failure.TIMEOUT) from None


def _is_no_site(identity: Identity) -> bool:
    """Whether no extractor can know the host; to ask all of them costs as much again as the whole process."""
    host = urlsplit(identity.url).hostname or ""
    return identity.key.startswith("discord:") or ":" in host or host.replace(".", "").isdigit()
