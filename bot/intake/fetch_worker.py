"""The process that runs yt-dlp for one link: the only place that imports it.

Hears `{url, extractor, into, proxy, max_bytes, max_seconds, name}`, says `{path, …metadata}` or `{failure, detail}`.
"""

import functools
import logging
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import Failure, Refused
from bot.intake.audit_guard import Guard
from bot.intake.fetch_errors import explain
from bot.intake.page_metadata import page_metadata
from bot.workers.confinement import certificates, confine, landlock_version, loaders
from bot.workers.serving import WorkerMessage, limit_resources, reply, requests

# Native protocols only: for the others yt-dlp would start ffmpeg, which connects where it likes.
FORMAT = (
    "(bestaudio[abr<=160]/bestaudio/worst[acodec!=none]/best)"
    "[protocol~='^(https?|m3u8(_native)?|http_dash_segments)$']"
)
LIVE_STATES = ("is_live", "is_upcoming", "post_live")
UNUSED_MODULES = ("cffi", "mutagen", "websockets")
"""Optional to yt-dlp and used for nothing here, but imported where installed: a quarter of a worker's start."""
ANY_DATE = "Thu, 01 Jan 1970 00:00:00 GMT"

CPU_SECONDS = 120
PAGE_PIECE_BYTES = 1 << 18
DATA_BYTES = 600_000_000
MAX_PAGE_BYTES = 4_000_000
"""Of what is read as a whole: a page, an answer of an API, a playlist. Extractors look through it with regular
expressions, some of which take minutes and gigabytes on 50 MB; YouTube's own pages have 2 MB.
"""
FILE_LIMIT_MARGIN_BYTES = 1 << 20  # how much later than the hook the kernel stops a file


class Watch:
    """Looks at what yt-dlp found and at what it downloads; `failure` is why it has to stop."""

    def __init__(self, *, max_bytes: int, max_seconds: float) -> None:
        self.failure: Failure | None = None
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds

    def match(self, info: Mapping[str, Any], *, incomplete: bool) -> str | None:  # noqa: ARG002
        """yt-dlp's `match_filter`: a string if this is not to be downloaded."""
        if _is_unreachable(info):
            self.failure = Failure.BLOCKED
        elif info.get("is_live") or info.get("live_status") in LIVE_STATES:
            self.failure = Failure.LIVE
        elif (info.get("duration") or 0) > self._max_seconds:
            self.failure = Failure.TOO_LONG
        elif (info.get("filesize") or 0) > self._max_bytes:
            self.failure = Failure.TOO_BIG
        return self.failure

    def progress(self, status: Mapping[str, Any]) -> None:
        """yt-dlp's `progress_hook`: counts bytes, since `max_filesize` believes the server's word only."""
        from yt_dlp.utils import DownloadCancelled

        if max(status.get("downloaded_bytes") or 0, status.get("total_bytes") or 0) > self._max_bytes:
            self.failure = Failure.TOO_BIG
            raise DownloadCancelled


def prepare() -> None:
    """Import and make what every fetch needs, expressions for fifty ways to write a date included."""
    for name in UNUSED_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # from now on it can't be imported
    landlock_version()  # looks for libc the first time, with programs that no worker may start
    import yt_dlp.extractor.extractors
    import yt_dlp.extractor.generic  # noqa: F401
    from yt_dlp.utils import unified_timestamp

    _runtime()
    _extractors()
    unified_timestamp(ANY_DATE)


@functools.cache
def _extractors() -> dict[str, Any]:
    """yt-dlp's 1,800 extractors by name, put together before a worker is forked.

    It would touch each of them, and so copy the memory that it shares with the template: half of a short song's fetch.
    """
    from yt_dlp import YoutubeDL

    with YoutubeDL({"format": FORMAT, "quiet": True, "logger": logging.getLogger("yt_dlp")}) as ydl:
        known: dict[str, Any] = ydl._ies
    return known


def main() -> None:
    """Serve one request."""
    reply(fetch(next(requests())))


def fetch(job: WorkerMessage) -> WorkerMessage:
    """Download what a link leads to, behind the guard and within limits."""
    import yt_dlp

    proxy = urlsplit(job["proxy"])
    address = (str(proxy.hostname), int(proxy.port or 0))
    guard = Guard(proxy=address, folder=Path(job["into"]), runtime=_runtime())
    watch = Watch(max_bytes=job["max_bytes"], max_seconds=job["max_seconds"])
    os.chdir(job["into"])
    limit_resources(
        cpu_seconds=CPU_SECONDS, file_bytes=job["max_bytes"] + FILE_LIMIT_MARGIN_BYTES, data_bytes=DATA_BYTES
    )
    try:
        _confine(Path(job["into"]), address[1])
        guard.install()
        with yt_dlp.YoutubeDL(_options(job, watch), auto_init=False) as ydl:
            ydl._ies = _extractors()
            ydl.urlopen = functools.partial(_opened, ydl.urlopen, watch)
            found = _first(ydl.extract_info(job["url"], ie_key=job["extractor"]) or {})
        files = found.get("requested_downloads")
        if not files:
            return {"failure": watch.failure or Failure.UNSUPPORTED, "detail": "nothing to download"}
        return {"path": files[0]["filepath"], **page_metadata(found, job["name"])}
    except Refused as refused:
        return {"failure": refused.kind, "detail": refused.detail}
    except Exception as error:  # the edge of the worker: whatever it is, it is said to the parent
        failure = Failure.BLOCKED if guard.refused else watch.failure or explain(error)
        return {"failure": failure, "detail": f"{type(error).__name__}: {error}"[:1000]}


def _confine(folder: Path, proxy: int) -> None:
    """Beside Python, the kernel lets nothing be reached but the job's folder, the runtime and the proxy."""
    confine(
        writes=(folder, Path(os.devnull)),
        reads=(*certificates(), Path("/dev/urandom")),  # nothing of /proc, where other processes' secrets are
        runs=(_runtime(), *loaders()),
        ports=(proxy,),
    )


def _options(job: WorkerMessage, watch: Watch) -> dict[str, Any]:
    return {
        "proxy": job["proxy"],
        "format": FORMAT,
        "outtmpl": {"default": str(Path(job["into"]) / "media.%(ext)s")},
        "nopart": True,
        "match_filter": watch.match,
        "progress_hooks": [watch.progress],
        # one song, not its playlist
        "noplaylist": True,
        "playlist_items": "1",
        # no other program
        "ffmpeg_location": "/nonexistent",
        "external_downloader": {"default": "native"},
        "hls_prefer_native": True,
        "postprocessors": [],
        "fixup": "never",
        "js_runtimes": {"deno": {"path": str(_runtime())}},
        # nothing of this machine
        "enable_file_urls": False,
        "cachedir": False,
        # an answer within half a minute, also if a server falls silent at every try
        "socket_timeout": 8,
        "retries": 2,
        "extractor_retries": 2,
        "fragment_retries": 2,
        "skip_unavailable_fragments": False,
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "logger": logging.getLogger("yt_dlp"),
    }


def _opened(urlopen: Callable[[Any], Any], watch: Watch, request: Any) -> Any:
    """yt-dlp's `urlopen`, but that no more than a page is read at once; songs are read in pieces."""
    from yt_dlp.utils import DownloadCancelled

    response = urlopen(request)
    read = response.read

    def read_page(amount: int | None = None) -> bytes:
        if amount is not None:
            return bytes(read(amount))
        page = b""
        while len(page) <= MAX_PAGE_BYTES and (piece := read(PAGE_PIECE_BYTES)):
            page += piece
        if len(page) > MAX_PAGE_BYTES:
            watch.failure = Failure.UNSUPPORTED
            raise DownloadCancelled("that page is too big")
        return page

    response.read = read_page
    return response


def _first(found: dict[str, Any]) -> dict[str, Any]:
    while "entries" in found:
        found = next(iter(found["entries"]), {})
    return found


def _is_unreachable(info: Mapping[str, Any]) -> bool:
    """Whether all of a medium stands at addresses that are not the web's: rtmp:, file:, data:, …"""
    if info.get("_type", "video") != "video":
        return False  # extractors hand pages to each other under schemes of their own
    links = [str(format_["url"]) for format_ in info.get("formats") or [info] if format_.get("url")]
    return bool(links) and not any(link.startswith(("http:", "https:")) for link in links)


def _runtime() -> Path:
    return Path(sysconfig.get_path("scripts")) / "deno"


if __name__ == "__main__":
    main()
