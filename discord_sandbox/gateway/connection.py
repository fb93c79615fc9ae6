"""One websocket of the gateway: frames leave in order, plain or in one compressed stream."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import Callable
from typing import Any

from aiohttp import web

from discord_sandbox.rules.errors import Json


class Connection:
    """Sends frames from a queue, so that publishing an event never waits for the network."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, compress: str | None) -> None:
        self.socket = socket
        self.last_beat = 0.0
        self._request = request
        self._compress = _compressor(compress)
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, frame: Json) -> None:
        """Queue a frame."""
        self.send_text(json.dumps(frame))

    def send_text(self, text: str) -> None:
        """Queue a frame that is JSON already."""
        self._queue.put_nowait(text)

    def drop(self, code: int) -> None:
        """Close the connection with a code; 1006 breaks it without a close frame."""
        if code == 1006 and self._request.transport:
            self._request.transport.abort()
        else:
            self._closing = asyncio.create_task(self.close(code))

    async def close(self, code: int) -> None:
        """Close once the queued frames are sent."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), 1)
        await self.socket.close(code=code)

    async def finish(self) -> None:
        """Stop writing."""
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            with contextlib.suppress(ConnectionError):
                if self._compress:
                    await self.socket.send_bytes(self._compress(text.encode()))
                else:
                    await self.socket.send_str(text)
            self._queue.task_done()


def _compressor(name: str | None) -> Callable[[bytes], bytes] | None:
    if name == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if name == "zstd-stream":
        return _zstd()
    return None


def _zstd() -> Callable[[bytes], bytes]:
    """A zstd stream, which discord.py asks for on Python 3.14 or where `zstandard` is installed."""
    import importlib

    try:
        zstd: Any = importlib.import_module("compression.zstd")
    except ImportError:
        stream: Any = importlib.import_module("zstandard").ZstdCompressor().compressobj()
        flush = importlib.import_module("zstandard").COMPRESSOBJ_FLUSH_BLOCK
        return lambda data: bytes(stream.compress(data) + stream.flush(flush))
    own: Any = zstd.ZstdCompressor()
    return lambda data: bytes(own.compress(data, mode=own.FLUSH_BLOCK))
