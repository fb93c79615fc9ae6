"""The page's web server: on loopback, and answering only requests from its own page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from html import escape
from importlib.resources import files
from io import BytesIO
from typing import Self

from aiohttp import web

from discord_sandbox.page.actions import PageActions
from discord_sandbox.page.commands import available_commands
from discord_sandbox.page.forms import read_form
from discord_sandbox.page.sample_songs import SampleSongs
from discord_sandbox.page.stream import stream
from discord_sandbox.page.text import error_text
from discord_sandbox.page.view import View, view_of
from discord_sandbox.rules.errors import Json, SandboxError
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.members import SandboxMember

HOST = "127.0.0.1"
STATIC = {
    "page.css": ("discord_sandbox.page", "text/css"),
    "conversation.css": ("discord_sandbox.transcript", "text/css"),
    "page.js": ("discord_sandbox.page", "text/javascript"),
    "composer.js": ("discord_sandbox.page", "text/javascript"),
    "messages.js": ("discord_sandbox.page", "text/javascript"),
    "tools.js": ("discord_sandbox.page", "text/javascript"),
}
FILE_NAMES = {"conversation.css": "page.css"}
# Colours of roles and embeds are inline styles; nothing else may come from anywhere but here.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Files that a browser may display; all others are downloaded.
INLINE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/")


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the page's + menu that Discord doesn't have."""

    label: str
    act: Callable[[], Awaitable[None]]


class SandboxPage:
    """Serves the page between `open` and `close`, or as an async context manager."""

    def __init__(
        self,
        guild: SandboxGuild,
        *,
        speaker: SandboxMember,
        here: Channel,
        port: int = 0,
        songs: SampleSongs,
        extras: Sequence[MenuEntry] = (),
    ) -> None:
        self.guild = guild
        self.port = port
        self.extras = extras
        self._default = speaker, here
        self._sample_songs = songs
        self._actions = PageActions()
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://{HOST}:{self.port}/"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Start serving. Raises OSError if the port is taken."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_get("/static/{name}", self._static)
        app.router.add_get("/events", self._events)
        app.router.add_get("/commands", self._commands)
        app.router.add_get("/songs", self._songs)
        app.router.add_get(r"/songs/{number:\d+}", self._song)
        app.router.add_get(r"/files/{file_id:\d+}/{name}", self._file)
        app.router.add_post("/do/{action}", self._do)
        app.router.add_post(r"/extras/{number:\d+}", self._extra)
        app.on_response_prepare.append(_harden)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self.port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop serving."""
        if self._runner:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse requests for another host name (DNS rebinding) or from another origin (cross-site requests)."""
        hosts = [f"{name}:{self.port}" for name in (HOST, "localhost")]
        origin = request.headers.get("Origin")
        if request.host not in hosts or origin not in (None, *(f"http://{host}" for host in hosts)):
            return web.Response(status=403, text="This page is only for this machine.")
        return await handler(request)

    async def _index(self, _request: web.Request) -> web.Response:
        html = files("discord_sandbox.page").joinpath("page.html").read_text(encoding="utf-8")
        lines = "".join(
            f'<button type="button" data-extra="{number}">{escape(extra.label)}</button>'
            for number, extra in enumerate(self.extras)
        )
        return web.Response(text=html.replace("<!-- extras -->", lines), content_type="text/html")

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        package, kind = STATIC[name]
        text = files(package).joinpath(FILE_NAMES.get(name, name)).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=kind, headers={"Cache-Control": "no-cache"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await stream(request, self.guild.world, lambda: self._view(request))

    def _view(self, request: web.Request) -> View:
        named = request.query.get("as", ""), request.query.get("in", "")
        return view_of(self.guild, *named, _local_zone(), self._default)

    async def _commands(self, request: web.Request) -> web.Response:
        view = self._view(request)
        return web.json_response(available_commands(view.viewer, view.channel))

    async def _songs(self, _request: web.Request) -> web.Response:
        songs = [f"{song.title} · {song.artist}" for song in await self._sample_songs.all()]
        return web.json_response(songs)

    async def _song(self, request: web.Request) -> web.Response:
        try:
            name, content, kind = await self._sample_songs.as_file(int(request.match_info["number"]))
        except IndexError:
            raise web.HTTPNotFound from None
        return web.Response(body=BytesIO(content), content_type=kind, headers={"X-Name": name})

    async def _file(self, request: web.Request) -> web.Response:
        """A file of a message, whole or the requested range."""
        file = self.guild.world.cdn.find(int(request.match_info["file_id"]))
        if file is None:
            raise web.HTTPNotFound
        kind = file.content_type if file.content_type.startswith(INLINE_TYPES) else "application/octet-stream"
        headers = {"Content-Type": kind, "Accept-Ranges": "bytes"}
        if kind == "application/octet-stream":
            headers["Content-Disposition"] = "attachment"
        total = len(file.content)
        if "Range" not in request.headers:
            return web.Response(body=BytesIO(file.content), headers=headers)
        try:
            first, last, _ = request.http_range.indices(total)
        except ValueError:
            raise web.HTTPRequestRangeNotSatisfiable from None
        headers["Content-Range"] = f"bytes {first}-{last - 1}/{total}"
        return web.Response(status=206, body=BytesIO(file.content[first:last]), headers=headers)

    async def _do(self, request: web.Request) -> web.Response:
        action = self._actions.find(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        try:
            answer: Json = await action(await read_form(request, self.guild))
        except SandboxError as error:
            answer = {"error": error_text(error)}
        except (KeyError, ValueError, TypeError, AssertionError):
            raise web.HTTPBadRequest from None
        return web.json_response(answer)

    async def _extra(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if number >= len(self.extras):
            raise web.HTTPNotFound
        try:
            await self.extras[number].act()
        except SandboxError as error:
            return web.json_response({"error": error_text(error)})
        return web.json_response({})


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _local_zone() -> tzinfo:
    """This machine's time zone, which is the browser's too."""
    return datetime.now(UTC).astimezone().tzinfo or UTC
