"""An HTTP proxy against SSRF: whatever fetches members' links connects through it, to public addresses only.

The threat: a member posts a link, and the page, playlist, redirect or name behind it makes the bot talk to what only
the bot can reach: a router, a metadata service, a database on this machine. Checking the link beforehand is no help,
for it is the fetcher that follows redirects and looks up names. So the fetcher (yt-dlp, in a process that
audit_guard.py holds to this proxy) can only ask us. We look each name up once, check every address it has, and dial
the very address that was checked: a second, different answer (rebinding) is never asked for. Private addresses are
open only as the host:port pairs that the operator named.

The other threat is a download without end: each job has a token with a budget of bytes and a deadline, and when either
is used up, its connections are cut. So are they when an answer trickles: whoever waits for a byte a second keeps a slot
that others wait for.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import NamedTuple

from bot.errors import Failure
from bot.intake.addresses import is_public, resolve
from bot.intake.http_heads import END, ProxyRequest, plain_host, with_connection_close

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
DIAL_SECONDS = 6.0  # less than yt-dlp waits, so that it hears our answer
DIAL_TRIES = 4
CHUNK = 1 << 16
SLOW_SECONDS = 20.0  # in which an answer that isn't complete must bring
MIN_BYTES_PER_SECOND = 20_000


class Denied(Exception):
    """The proxy answers a request by itself, with this status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


class Peer(NamedTuple):
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Grant:
    """One job's right to use the proxy, and what became of it.

    `refused` is the first `host:port` (or `scheme:`) that was blocked; `failure` says why the job cannot succeed,
    if the proxy is the reason: BLOCKED, TOO_BIG, SLOW or TIMEOUT.
    """

    def __init__(self, port: int, *, max_bytes: int, seconds: float) -> None:
        self.token = secrets.token_urlsafe(24)
        self.proxy_url = f"http://{self.token}:x@127.0.0.1:{port}"
        self.refused: str | None = None
        self.failure: Failure | None = None
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.connections: set[asyncio.Task[None]] = set()
        self._bytes_left = max_bytes

    def block(self, target: str) -> "Denied":
        """Note a forbidden target."""
        self.refused = self.refused or target
        self.fail(Failure.BLOCKED)
        return Denied(403, "Blocked")

    def spend(self, count: int) -> None:
        """Take `count` bytes off the budget. Raises OSError once it is used up."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            self.fail(Failure.TOO_BIG)
            raise ConnectionAbortedError("the budget is used up")

    def fail(self, failure: Failure) -> None:
        """Note why the job cannot succeed; the first reason stays."""
        self.failure = self.failure or failure


class EgressProxy:
    """A proxy on loopback; `allow` holds the private `(host, port)` that may be reached, as links write them."""

    def __init__(
        self,
        allow: Iterable[tuple[str, int]],
        *,
        resolve: Callable[[str, int], Awaitable[list[str]]] = resolve,
    ) -> None:
        self.port = 0
        self._allow = {(plain_host(host), port) for host, port in allow}
        self._resolve = resolve
        self._grants: dict[str, Grant] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is None:
            return
        self._server.close()
        connections = set(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await self._server.wait_closed()

    @contextlib.contextmanager
    def grant(self, *, max_bytes: int, seconds: float) -> Iterator[Grant]:
        """Let one job use the proxy for as long as the context, `max_bytes` (both directions) and `seconds` last."""
        grant = Grant(self.port, max_bytes=max_bytes, seconds=seconds)
        self._grants[grant.token] = grant
        try:
            yield grant
        finally:
            del self._grants[grant.token]
            for task in grant.connections:
                task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Peer(reader, writer)))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, client: Peer) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                await self._answer(client)
                client.writer.close()
                async with asyncio.timeout(HEAD_SECONDS):
                    await client.writer.wait_closed()
        finally:
            _break_off(client.writer)

    async def _answer(self, client: Peer) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            request = ProxyRequest.parse(await client.reader.readuntil(END))
        try:
            grant = self._grants.get(request.token)
            if grant is None:
                raise Denied(407, "Proxy Authentication Required")
            if grant.failure is not None:
                raise Denied(403, "Blocked")
            await self._serve_in_time(grant, request, client)
        except Denied as denied:
            client.writer.write(denied.answer)

    async def _serve_in_time(self, grant: Grant, request: ProxyRequest, client: Peer) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        grant.connections.add(connection)
        try:
            async with asyncio.timeout_at(grant.deadline) as limit:
                server = await self._dial(grant, request)
                try:
                    await _converse(grant, request, client, server)
                finally:
                    server.writer.transport.abort()
        finally:
            grant.connections.discard(connection)
            if limit.expired():
                grant.fail(Failure.TIMEOUT)

    async def _dial(self, grant: Grant, request: ProxyRequest) -> Peer:
        if not request.is_tunnel and request.scheme != "http":
            raise grant.block(request.target)
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                addresses = await self._resolve(request.host, request.port)
                is_allowed = (request.host, request.port) in self._allow
                if not is_allowed and not all(map(is_public, addresses)):
                    log.info("blocked %s at %s", request.target, ", ".join(addresses))
                    raise grant.block(request.target)
                return await _connect(addresses[:DIAL_TRIES], request.port)
        except TimeoutError:
            raise Denied(504, "Gateway Timeout") from None
        except (OSError, ValueError):
            raise Denied(502, "Bad Gateway") from None


async def _connect(addresses: list[str], port: int) -> Peer:
    """A connection to the first address that takes it. Raises OSError when none does."""
    failure = OSError("the name has no address")
    for address in addresses:
        try:
            async with asyncio.timeout(DIAL_SECONDS / len(addresses)):
                return Peer(*await asyncio.open_connection(address, port))
        except OSError as error:
            failure = error
    raise failure


def _break_off(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, unless it has ended: what was cut short must not look complete."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    writer.transport.abort()


class Pace:
    """How fast the answers on one connection arrive; each begins with what is asked."""

    def __init__(self, grant: Grant) -> None:
        self._grant = grant
        self._clock = asyncio.get_running_loop().time
        self.asked()

    def asked(self) -> None:
        """Something was asked, or is being."""
        self._since, self._received = self._clock(), 0

    def received(self, count: int) -> None:
        """So many bytes of an answer arrived. Raises OSError once it is too slow."""
        self._received += count
        took = self._clock() - self._since
        if took < SLOW_SECONDS:
            return
        if self._received < MIN_BYTES_PER_SECOND * took:
            self._grant.fail(Failure.SLOW)
            raise ConnectionAbortedError("the answer trickles")
        self.asked()


async def _converse(grant: Grant, request: ProxyRequest, client: Peer, server: Peer) -> None:
    pace = Pace(grant)
    if request.is_tunnel:
        client.writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        answering = _answer(grant, pace, server.reader, client.writer)
    else:
        server.writer.write(request.head)
        answering = _answer_page(grant, pace, server.reader, client.writer)
    await _until_one_ends(answering, _ask(grant, pace, client.reader, server.writer))


async def _answer_page(
    grant: Grant, pace: Pace, source: asyncio.StreamReader, sink: asyncio.StreamWriter
) -> None:
    sink.write(with_connection_close(await source.readuntil(END)))
    await _answer(grant, pace, source, sink)


async def _answer(grant: Grant, pace: Pace, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK):
        grant.spend(len(chunk))
        pace.received(len(chunk))
        await _hand_on(chunk, sink)


async def _ask(grant: Grant, pace: Pace, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK):
        grant.spend(len(chunk))
        pace.asked()
        await _hand_on(chunk, sink)


async def _hand_on(chunk: bytes, sink: asyncio.StreamWriter) -> None:
    sink.write(chunk)
    await sink.drain()


async def _until_one_ends(*directions: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
