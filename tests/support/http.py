"""A web server on loopback for what is to be fetched, and a tripwire for what must not be."""

import asyncio
import contextlib
import mimetypes
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

Handler = Callable[[Any], Awaitable[web.StreamResponse]]


class Site:
    """A web server; `hits` counts the requests by path, `seen` keeps them, `visited` is set by the first."""

    def __init__(self) -> None:
        self.port = 0
        self.visited = asyncio.Event()
        self.hits: Counter[str] = Counter()
        self.seen: list[web.BaseRequest] = []
        self._pages: dict[str, Handler] = {}

    @property
    def origin(self) -> tuple[str, int]:
        """Its (host, port), as EARWORM_EGRESS_ALLOW would name it."""
        return "127.0.0.1", self.port

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def on(self, path: str, handler: Handler) -> str:
        """Answer requests to `path` (without query) with an aiohttp handler; returns the link to it."""
        self._pages[path] = handler
        return self.url(path)

    def serve(
        self, path: str, body: bytes | str, content_type: str = "", *, status: int = 200, **headers: str
    ) -> str:
        """Serve bytes (in ranges, if asked) or text; the type is guessed from the path by default."""
        data = body.encode() if isinstance(body, str) else body
        kind = content_type or mimetypes.guess_type(path)[0] or "text/html"
        return self.on(path, lambda request: _answer(request, data, kind, status, headers))

    def serve_file(self, path: str, file: Path, content_type: str = "") -> str:
        return self.serve(path, file.read_bytes(), content_type)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.serve(path, b"", status=status, Location=to)

    def serve_slowly(
        self, path: str, body: bytes, content_type: str = "audio/mpeg", *, pause: float = 0.2
    ) -> str:
        """Send the first quarter, then a byte every `pause` seconds."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, content_type, len(body))
            await response.write(body[: len(body) // 4])
            with contextlib.suppress(ConnectionError):
                for place in range(len(body) // 4, len(body)):
                    await asyncio.sleep(pause)
                    await response.write(body[place : place + 1])
            return response

        return self.on(path, handler)

    def serve_cut(self, path: str, body: bytes, content_type: str = "audio/mpeg") -> str:
        """Announce the whole body, send half of it and hang up; every time."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, content_type, len(body))
            await response.write(body[: len(body) // 2])
            request.transport.close()
            return response

        return self.on(path, handler)

    def serve_reset(self, path: str, body: bytes, content_type: str = "audio/mpeg") -> str:
        """Send the body without announcing its length and end with a reset; every time."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, content_type, None)
            await response.write(body)
            await asyncio.sleep(0.1)  # a reset overtakes what was not sent yet
            linger = struct.pack("ii", 1, 0)
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            request.transport.abort()
            return response

        return self.on(path, handler)

    def serve_endlessly(self, path: str, content_type: str = "audio/mpeg") -> str:
        """Send zeros without announcing a length until the client has had enough."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = await _begin(request, content_type, None)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(bytes(1 << 16))
            return response

        return self.on(path, handler)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.hits[request.path] += 1
        self.seen.append(request)
        self.visited.set()
        handler = self._pages.get(request.path)
        return await handler(request) if handler else web.Response(status=404, text="nothing here")


@contextlib.asynccontextmanager
async def site(host: str = "127.0.0.1") -> AsyncIterator[Site]:
    """A running Site on a free port of this machine's own."""
    it = Site()
    runner = web.ServerRunner(web.Server(it.handle), shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        it.port = runner.addresses[0][1]
        yield it
    finally:
        await runner.cleanup()


class Tripwire:
    """A port that nobody may connect to; `connections` counts who did."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def url(self, path: str = "/secret.mp3", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nsecret")
        writer.close()


@contextlib.asynccontextmanager
async def tripwire() -> AsyncIterator[Tripwire]:
    """A Tripwire that listens on a free port of 127.0.0.1."""
    wire = Tripwire()
    server = await asyncio.start_server(wire.on_connection, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await server.wait_closed()


async def _answer(
    request: web.Request, body: bytes, content_type: str, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    kind = {"Content-Type": content_type, "Accept-Ranges": "bytes", **headers}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if match and status == 200:
        start, end = int(match[1]), min(int(match[2] or len(body) - 1), len(body) - 1)
        kind["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        return web.Response(body=body[start : end + 1], status=206, headers=kind)
    return web.Response(body=body, status=status, headers=kind)


async def _begin(request: web.Request, content_type: str, length: int | None) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.content_length = length
    await response.prepare(request)
    return response
