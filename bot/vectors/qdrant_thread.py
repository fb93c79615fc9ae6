"""A Qdrant client on a thread of its own, embedded (`path=`) or of a server (`QDRANT_URL`): one code path.

Embedded Qdrant works in the thread that calls it and is not thread-safe, so the client lives in one thread with
an event loop of its own, and nothing else touches it.
"""

import asyncio
import fcntl
import json
import logging
import os
import pickle
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from qdrant_client import AsyncQdrantClient
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse
from qdrant_client.local.async_qdrant_local import AsyncQdrantLocal

from bot.errors import SettingsError, StorageBusy, StorageFailed
from bot.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
Operation = Callable[[AsyncQdrantClient], Coroutine[Any, Any, T]]

TIMEOUT_SECONDS = 20


class QdrantThread:
    """The thread and its client; `run` hands it work."""

    def __init__(self) -> None:
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread: threading.Thread | None = None
        self._client: AsyncQdrantClient | None = None

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Open the storage below `settings.home`, or connect to `settings.qdrant_url`.

        Raises StorageBusy if another process holds the folder, SettingsError if it or the server can't be used.
        """
        made = cls()
        connect = _connect_to_server if settings.qdrant_url else _open_folder
        made._thread = threading.Thread(
            target=lambda: asyncio.run(made._serve(lambda: connect(settings))), name="qdrant", daemon=True
        )
        made._thread.start()
        await asyncio.shield(asyncio.wrap_future(made._started))
        return made

    async def close(self) -> None:
        """Close the client and end the thread; nothing happens if that was done."""
        loop, closing = self._started.result()
        if not loop.is_closed():
            loop.call_soon_threadsafe(closing.set)
        assert self._thread is not None
        await asyncio.to_thread(self._thread.join)

    async def run(self, operation: Operation[T]) -> T:
        """What `operation` makes of the client, in the client's thread. Raises StorageFailed."""
        loop, _ = self._started.result()
        assert self._client is not None
        with _translated():
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(operation(self._client), loop))

    async def _serve(self, connect: Callable[[], Awaitable[AsyncQdrantClient]]) -> None:
        try:
            self._client = await connect()
        except BaseException as error:
            self._started.set_exception(error)
            return
        closing = asyncio.Event()
        self._started.set_result((asyncio.get_running_loop(), closing))
        await closing.wait()
        await self._client.close()


def wait_for_disk(client: AsyncQdrantClient, collection: str, wait: bool) -> None:
    """Have embedded Qdrant wait for the disk after each point, as it does by itself, or not; a server is left alone.

    While a collection is made nobody would miss it after a power cut, and waiting takes 35 times as long as the rest.
    Once it waits again, everything that was stored before is on the disk too.
    """
    local = client._client
    if not isinstance(local, AsyncQdrantLocal) or (storage := local.collections[collection].storage) is None:
        return
    storage.storage.execute(f"PRAGMA synchronous = {'FULL' if wait else 'OFF'}")
    if wait:
        with storage.location.open("rb") as file:
            os.fsync(file.fileno())


async def _open_folder(settings: Settings) -> AsyncQdrantClient:
    path = settings.home / "qdrant"
    try:
        path.mkdir(parents=True, exist_ok=True)
        _check_unlocked(path)
        return AsyncQdrantClient(path=str(path))
    except (RuntimeError, BlockingIOError) as error:
        if isinstance(error, RuntimeError) and "already accessed" not in str(error):
            raise
        raise StorageBusy(
            f"The bot is running and holds the vectors in {path}. Ask it in Discord, stop it first, "
            "or let both use a Qdrant server (QDRANT_URL)."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The vectors in {path} can't be opened: {error.strerror}. "
            "Set EARWORM_HOME to a folder that can be written to."
        ) from None
    except (sqlite3.Error, pickle.UnpicklingError, EOFError, json.JSONDecodeError, KeyError) as error:
        raise SettingsError(
            f"The vectors in {path} are damaged. Move that folder away and run `earworm doctor --repair`, "
            "which makes them anew."
        ) from error


def _check_unlocked(path: Path) -> None:
    """Ask for the lock that the client will take: it loads everything before it asks, and leaks if refused."""
    lock = path / ".lock"
    if lock.exists():
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def _connect_to_server(settings: Settings) -> AsyncQdrantClient:
    try:
        client = AsyncQdrantClient(
            url=settings.qdrant_url,
            api_key=settings.qdrant_api_key or None,
            timeout=TIMEOUT_SECONDS,
            check_compatibility=False,
        )
    except ValueError as error:
        raise SettingsError(f"QDRANT_URL is not an address: {error}. Write http://host:6333.") from None
    try:
        await client.get_collections()
    except UnexpectedResponse as error:
        await client.close()
        raise SettingsError(
            f"The Qdrant server refused with status {error.status_code}. Check QDRANT_URL and QDRANT_API_KEY."
        ) from None
    except ApiException:
        await client.close()
        raise SettingsError(
            "The Qdrant server can't be reached. Check QDRANT_URL, and that it runs."
        ) from None
    return client


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        log.warning("Qdrant failed: %s", error)
        raise StorageFailed("The vector storage doesn't answer right now. Try again in a moment.") from error
    except (OSError, sqlite3.Error) as error:
        log.warning("the vectors can't be kept: %s", error)
        raise StorageFailed(
            "The vectors can't be kept right now; the disk may be full. The bot's log says more."
        ) from error
