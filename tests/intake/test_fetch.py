"""Real fetches by yt-dlp from a web server on loopback: what comes, what is refused, and that nothing stays behind."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from bot.errors import Failure, Refused, WorkerDied
from bot.intake.fetch import Fetcher
from bot.settings import Settings
from tests.support.http import site
from tests.support.workers import workers

HLS = "application/vnd.apple.mpegurl"
SEGMENTS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n1.mp3\n#EXTINF:1.0,\n1.mp3\n"


@pytest.fixture
def song(web, clip):
    """The link to an mp3 file, on which pages build."""
    return web.serve("/files/song.mp3", clip("mp3"))


# -- what comes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "wav", "m4a", "webm"])
async def test_a_file(web, fetcher, folder, clip, suffix):
    fetched = await fetcher.fetch(web.serve(f"/My song.{suffix}", clip(suffix)), folder)
    assert fetched.path.parent == folder
    assert fetched.path.read_bytes() == clip(suffix)
    assert (fetched.key, fetched.title, fetched.name) == (None, "", "My song")
    assert fetched.url == web.url(f"/My%20song.{suffix}")


async def test_an_attachment_keeps_its_name(web, fetcher, folder, clip):
    url = web.serve("/attachments/1/2/voice_message.ogg", clip("ogg"), "application/octet-stream")
    fetched = await fetcher.fetch(f"{url}?ex=1&is=2&hm=3", folder, name="Voice message.ogg")
    assert fetched.path.read_bytes() == clip("ogg")
    assert fetched.name == "Voice message"


async def test_a_page_with_an_audio_tag(web, fetcher, folder, clip, song):
    page = f'<html><head><title>My page</title></head><body><audio src="{song}"></audio></body></html>'
    fetched = await fetcher.fetch(web.serve("/page", page), folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert (fetched.key, fetched.title, fetched.uploader) == (None, "My page", "")


async def test_a_page_with_an_og_tag(web, fetcher, folder, clip, song):
    page = f'<html><head><title>My page</title><meta property="og:audio" content="{song}"></head></html>'
    fetched = await fetcher.fetch(web.serve("/page", page), folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert fetched.title == "My page"


async def test_a_page_with_json_ld(web, fetcher, folder, clip, song):
    facts = {
        "@context": "https://schema.org",
        "@type": "AudioObject",
        "name": "A Song",
        "contentUrl": song,
        "duration": "PT1S",
        "author": {"@type": "Person", "name": "Someone"},
        "thumbnailUrl": "https://i.example/1.png",
    }
    page = f'<html><head><script type="application/ld+json">{json.dumps(facts)}</script></head></html>'
    fetched = await fetcher.fetch(web.serve("/page", page), folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert (fetched.title, fetched.uploader, fetched.seconds) == ("A Song", "Someone", 1.0)
    assert fetched.thumbnail == "https://i.example/1.png"


async def test_an_hls_playlist(web, fetcher, folder, clip):
    web.serve("/hls/1.mp3", clip("mp3"))
    url = web.serve("/hls/list.m3u8", SEGMENTS + "#EXT-X-ENDLIST\n", HLS)
    fetched = await fetcher.fetch(url, folder)
    assert fetched.path.read_bytes() == clip("mp3") * 2
    assert fetched.seconds == 2.0


async def test_an_hls_playlist_of_variants(web, fetcher, folder, clip):
    web.serve("/hls/1.mp3", clip("mp3"))
    web.serve("/hls/list.m3u8", SEGMENTS + "#EXT-X-ENDLIST\n", HLS)
    master = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS="mp4a.40.2"\nlist.m3u8\n'
    fetched = await fetcher.fetch(web.serve("/hls/master.m3u8", master, HLS), folder)
    assert fetched.path.read_bytes() == clip("mp3") * 2


async def test_the_first_of_an_rss_feed(web, fetcher, folder, clip, song):
    items = "".join(
        f'<item><title>{title}</title><enclosure url="{url}" type="audio/mpeg"/></item>'
        for title, url in [("Episode one", song), ("Episode two", web.url("/other.mp3"))]
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Cast</title>{items}</channel></rss>'
    fetched = await fetcher.fetch(web.serve("/feed.xml", feed, "application/rss+xml"), folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert fetched.title == "Episode one"


async def test_a_redirect_to_an_allowed_address(web, fetcher, folder, clip, song):
    fetched = await fetcher.fetch(web.redirect("/short", song), folder)
    assert fetched.path.read_bytes() == clip("mp3")


async def test_an_allowed_host_name(template, web, open_proxy, folder, clip):
    """Other hosts than addresses are shown to all of yt-dlp's extractors."""
    web.serve("/song.mp3", clip("mp3"))
    fetcher = Fetcher(template, await open_proxy({("localhost", web.port)}), Settings())
    fetched = await fetcher.fetch(f"http://LOCALHOST:{web.port}/song.mp3#t=1", folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert fetched.url == f"http://localhost:{web.port}/song.mp3"


async def test_proxies_of_the_environment_are_ignored(fetcher, folder, clip, song, secret, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, secret.url("/"))
    fetched = await fetcher.fetch(song, folder)
    assert fetched.path.read_bytes() == clip("mp3")
    assert secret.connections == 0


# -- what does not -----------------------------------------------------------------------------------------


async def refused(fetcher, url: str, folder: Path) -> Failure:
    with pytest.raises(Refused) as refusal:
        await fetcher.fetch(url, folder)
    return refusal.value.kind


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, Failure.LOGIN),
        (403, Failure.FORBIDDEN),
        (404, Failure.GONE),
        (410, Failure.GONE),
        (429, Failure.RATE_LIMITED),
        (503, Failure.NETWORK),
    ],
)
async def test_a_status(web, fetcher, folder, status, failure):
    assert await refused(fetcher, web.serve("/song.mp3", "no", status=status), folder) == failure


async def test_a_page_without_a_song(web, fetcher, folder):
    page = "<html><head><title>Login to remove DRM</title></head><body>Nothing to hear</body></html>"
    assert await refused(fetcher, web.serve("/page", page), folder) == Failure.UNSUPPORTED


async def test_a_drm_site_before_anything_is_asked(fetcher, folder):
    assert (
        await refused(fetcher, "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC", folder) == Failure.DRM
    )


async def test_a_closed_port(template, open_proxy, folder):
    async with site() as gone:
        pass
    fetcher = Fetcher(template, await open_proxy({gone.origin}), Settings())
    assert await refused(fetcher, gone.url("/song.mp3"), folder) == Failure.NETWORK


async def test_an_unknown_host(fetcher, folder):
    assert await refused(fetcher, "http://no-such-name.invalid/song.mp3", folder) == Failure.NETWORK


async def test_a_file_that_breaks_off(web, fetcher, folder, clip):
    assert await refused(fetcher, web.serve_cut("/song.mp3", clip("mp3")), folder) == Failure.NETWORK


async def test_a_slow_file(template, web, proxy, folder, clip):
    fetcher = Fetcher(template, proxy, Settings(), seconds=4)
    assert await refused(fetcher, web.serve_slowly("/song.mp3", clip("mp3")), folder) == Failure.TIMEOUT
    assert workers("intake.fetch_worker") == []


async def test_a_file_that_says_it_is_too_big(template, web, proxy, folder):
    fetcher = Fetcher(template, proxy, Settings.load(max_bytes=100_000))
    assert await refused(fetcher, web.serve("/song.mp3", bytes(300_000)), folder) == Failure.TOO_BIG


async def test_a_file_without_an_end(template, web, proxy, folder):
    fetcher = Fetcher(template, proxy, Settings.load(max_bytes=1_000_000))
    assert await refused(fetcher, web.serve_endlessly("/song.mp3"), folder) == Failure.TOO_BIG
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 3_000_000


async def test_a_page_without_an_end(template, web, proxy, folder, monkeypatch):
    monkeypatch.setattr("bot.intake.fetch.BUDGET_PAGE_BYTES", 1_000_000)
    fetcher = Fetcher(template, proxy, Settings.load(max_bytes=100_000))
    assert await refused(fetcher, web.serve_endlessly("/page", "text/html"), folder) == Failure.TOO_BIG


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "application/json"])
async def test_a_page_is_read_as_far_as_pages_go(web, fetcher, folder, song, kind):
    """Extractors would look through all of it, for minutes."""
    page = f'<html><audio src="{song}"></audio>' + "<a href='x'>" * 4_000_000
    assert await refused(fetcher, web.serve("/page", page, kind), folder) == Failure.UNSUPPORTED


async def test_a_song_that_says_it_is_too_long(web, fetcher, folder):
    web.serve("/hls/1.mp3", b"")
    url = web.serve("/hls/list.m3u8", SEGMENTS.replace("1.0", "1000.0") + "#EXT-X-ENDLIST\n", HLS)
    assert await refused(fetcher, url, folder) == Failure.TOO_LONG
    assert not web.hits["/hls/1.mp3"]


async def test_a_live_stream(web, fetcher, folder):
    web.serve("/hls/1.mp3", b"")
    assert await refused(fetcher, web.serve("/hls/list.m3u8", SEGMENTS, HLS), folder) == Failure.LIVE
    assert not web.hits["/hls/1.mp3"]


# -- what stays behind -------------------------------------------------------------------------------------


async def test_a_crash_is_no_refusal(web, fetcher, folder, clip):
    fetching = asyncio.create_task(fetcher.fetch(web.serve_slowly("/song.mp3", clip("mp3")), folder))
    await web.visited.wait()
    [worker] = workers("intake.fetch_worker")
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await fetching


async def test_a_cancelled_fetch_leaves_no_process(web, fetcher, folder, clip):
    fetching = asyncio.create_task(fetcher.fetch(web.serve_slowly("/song.mp3", clip("mp3")), folder))
    await web.visited.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert workers("intake.fetch_worker") == []


async def test_the_worker_leaves_nothing_outside_its_folder(
    web, fetcher, folder, song, monkeypatch, tmp_path
):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    await fetcher.fetch(song, folder)
    assert list(home.iterdir()) == []
