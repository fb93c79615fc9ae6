"""What yt-dlp can be led to by a page, a playlist or a redirect; none of it may reach the tripwire."""

import aiohttp.web
import pytest

from bot.errors import SENTENCES, Failure, Refused

HLS = "application/vnd.apple.mpegurl"


async def refuse(fetcher, url, folder, secret=None) -> None:
    """The link is refused as leading astray, in words for members, and without any connection."""
    with pytest.raises(Refused) as refusal:
        await fetcher.fetch(url, folder)
    assert refusal.value.kind == Failure.BLOCKED, refusal.value.detail
    assert str(refusal.value) == SENTENCES[Failure.BLOCKED]
    if secret:
        assert secret.connections == 0


def playlist(*lines: str) -> str:
    return "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:1", *lines, "#EXT-X-ENDLIST", ""])


async def test_a_private_link(fetcher, folder, secret):
    await refuse(fetcher, secret.url(), folder, secret)


async def test_a_decimal_address(fetcher, folder, secret):
    await refuse(fetcher, secret.url(host="2130706433"), folder, secret)


async def test_a_full_width_address(fetcher, folder, secret):
    await refuse(fetcher, secret.url(host="１２７。０。０。１"), folder, secret)


async def test_https_to_a_private_address(fetcher, folder, secret):
    await refuse(fetcher, secret.url(scheme="https"), folder, secret)


@pytest.mark.parametrize("status", [301, 307])
async def test_a_redirect(web, fetcher, folder, secret, status):
    await refuse(fetcher, web.redirect("/song.mp3", secret.url(), status), folder, secret)


async def test_a_redirect_that_only_the_download_gets(web, fetcher, folder, secret, clip):
    async def turn_coat(request):
        if web.hits["/song.mp3"] == 1:
            return aiohttp.web.Response(body=clip("mp3"), content_type="audio/mpeg")
        raise aiohttp.web.HTTPFound(secret.url())

    await refuse(fetcher, web.on("/song.mp3", turn_coat), folder, secret)


async def test_a_meta_refresh(web, fetcher, folder, secret):
    page = f'<html><head><meta http-equiv="refresh" content="0; url={secret.url()}"></head></html>'
    await refuse(fetcher, web.serve("/page", page), folder, secret)


async def test_an_audio_tag(web, fetcher, folder, secret):
    await refuse(fetcher, web.serve("/page", f'<audio src="{secret.url()}"></audio>'), folder, secret)


async def test_a_json_ld_target(web, fetcher, folder, secret):
    facts = f'{{"@context": "https://schema.org", "@type": "AudioObject", "name": "x", "contentUrl": "{secret.url()}"}}'
    page = f'<html><head><script type="application/ld+json">{facts}</script></head></html>'
    await refuse(fetcher, web.serve("/page", page), folder, secret)


@pytest.mark.parametrize("kind", ["og:audio", "og:video"])
async def test_an_og_target(web, fetcher, folder, secret, kind):
    page = f'<html><head><meta property="{kind}" content="{secret.url()}"></head></html>'
    await refuse(fetcher, web.serve("/page", page), folder, secret)


async def test_a_jwplayer_target(web, fetcher, folder, secret):
    page = f"<html><script>jwplayer('p').setup({{file: '{secret.url()}', title: 'x'}});</script></html>"
    await refuse(fetcher, web.serve("/page", page), folder, secret)


async def test_an_hls_segment(web, fetcher, folder, secret):
    url = web.serve("/list.m3u8", playlist("#EXTINF:1,", secret.url("/1.ts")), HLS)
    await refuse(fetcher, url, folder, secret)


async def test_an_hls_variant(web, fetcher, folder, secret):
    master = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=128000\n{secret.url('/list.m3u8')}\n"
    await refuse(fetcher, web.serve("/master.m3u8", master, HLS), folder, secret)


async def test_an_hls_key(web, fetcher, folder, secret, clip):
    web.serve("/1.ts", clip("mp3")[:160], "video/mp2t")
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{secret.url("/key")}"'
    await refuse(fetcher, web.serve("/list.m3u8", playlist(key, "#EXTINF:1,", "1.ts"), HLS), folder, secret)


async def test_an_hls_map(web, fetcher, folder, secret, clip):
    web.serve("/1.ts", clip("mp3"), "video/mp2t")
    lines = [f'#EXT-X-MAP:URI="{secret.url("/init")}"', "#EXTINF:1,", "1.ts"]
    await refuse(fetcher, web.serve("/list.m3u8", playlist(*lines), HLS), folder, secret)


async def test_an_hls_file(web, fetcher, folder, tmp_path):
    (tmp_path / "private.ts").write_text("private")
    url = web.serve("/list.m3u8", playlist("#EXTINF:1,", f"file://{tmp_path}/private.ts"), HLS)
    await refuse(fetcher, url, folder)
    assert not any(b"private" in file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_an_hls_ftp_address(web, fetcher, folder, secret):
    url = web.serve("/list.m3u8", playlist("#EXTINF:1,", secret.url("/1.ts", scheme="ftp")), HLS)
    await refuse(fetcher, url, folder, secret)


async def test_a_dash_base_url(web, fetcher, folder, secret):
    manifest = f"""<?xml version="1.0"?>
        <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"><Period>
        <AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="64000" codecs="mp4a.40.2">
        <BaseURL>{secret.url()}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
    await refuse(fetcher, web.serve("/song.mpd", manifest, "application/dash+xml"), folder, secret)


async def test_an_rss_enclosure(web, fetcher, folder, secret):
    feed = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>Cast</title><item><title>One</title>
        <enclosure url="{secret.url()}" type="audio/mpeg"/></item></channel></rss>"""
    await refuse(fetcher, web.serve("/feed.xml", feed, "application/rss+xml"), folder, secret)


@pytest.mark.parametrize("scheme", ["rtmp", "rtsp", "ws"])
async def test_another_protocol_in_a_page(web, fetcher, folder, secret, scheme):
    page = f'<audio src="{secret.url(scheme=scheme)}"></audio>'
    await refuse(fetcher, web.serve("/page", page), folder, secret)


async def test_data_in_a_page(web, fetcher, folder):
    await refuse(fetcher, web.serve("/page", '<audio src="data:audio/mpeg;base64,SUQz"></audio>'), folder)


async def test_a_file_in_a_page(web, fetcher, folder, tmp_path):
    (tmp_path / "private.mp3").write_text("private")
    page = f'<audio src="file://{tmp_path}/private.mp3"></audio>'
    await refuse(fetcher, web.serve("/page", page), folder)


async def test_no_proxy_in_the_environment(fetcher, folder, secret, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    await refuse(fetcher, secret.url(), folder, secret)
