"""Resumable HTTP downloads that appear atomically once they are complete."""

import contextlib
import fcntl
import gzip
import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import WeightsError

Progress = Callable[[int, int], None]

CHUNK = 1 << 18
READ_TIMEOUT_SECONDS = 30.0
"""Seconds without a byte."""

MAX_TRIES = 4
NETWORK = (urllib.error.URLError, http.client.HTTPException, ssl.SSLError, TimeoutError, ConnectionError)


def no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


@contextlib.contextmanager
def atomic_file(place: Path) -> Iterator[Path]:
    """Lend a partial file that replaces `place` at the end; after an error it stays, to be resumed.

    Raises WeightsError if the folder can't be written, the disk is full, or another process is at it.
    """
    part = place.with_name(f"{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WeightsError(
                    f"Another process is fetching {place.name}; wait until it is done."
                ) from None
            yield part
            part.replace(place)
    except OSError as error:
        raise WeightsError(
            f"I can't write to {place.parent} ({error.strerror or error}). "
            "Make room there, or set EARWORM_HOME to another folder."
        ) from None


def download(url: str, part: Path, progress: Progress = no_progress) -> None:
    """Fetch `url` into `part`, going on where an earlier try stopped; proxies of the environment are used.

    Raises WeightsError when the host can't be reached or refuses, OSError when `part` can't be written.
    """
    reason = ""
    for _ in range(MAX_TRIES):
        before = _size(part)
        try:
            return _fetch(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise _unreachable(url, f"it answered {error.code}") from None
            if error.headers.get("Content-Range") == f"bytes */{before}":
                return None
            part.unlink()
        except NETWORK as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            if _size(part) == before:
                break
    raise _unreachable(url, reason)


def unpack(part: Path) -> str:
    """Replace a gzip file by what is in it, and return that one's sha256. Raises WeightsError if it is damaged."""
    unpacked = part.with_suffix(".unpacking")
    digest = hashlib.sha256()
    try:
        with gzip.open(part) as packed, unpacked.open("wb") as file:
            while chunk := packed.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
        unpacked.replace(part)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        part.unlink()
        raise WeightsError(f"{part.stem} came damaged, so I threw it away. Fetch it again.") from None
    finally:
        unpacked.unlink(missing_ok=True)
    return digest.hexdigest()


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """One request for what is still missing. Raises ConnectionError if less comes than was announced."""
    request = urllib.request.Request(url, headers={"User-Agent": "earworm", "Accept-Encoding": "identity"})  # noqa: S310
    if have := _size(part):
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.build_opener().open(request, timeout=READ_TIMEOUT_SECONDS) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else 0
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
    if done < total:
        raise ConnectionError("the connection broke off; what came so far is kept")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _unreachable(url: str, reason: str) -> WeightsError:
    return WeightsError(
        f"I could not fetch the weights from {urlsplit(url).hostname}: {reason[:120]}. Check the network "
        "(HTTPS_PROXY is honoured) and run the command again; it goes on where it stopped."
    )
