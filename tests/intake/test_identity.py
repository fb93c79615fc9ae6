"""One key per source, and what is no source at all."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yt_dlp.extractor import get_info_extractor

from bot.errors import Failure, Refused
from bot.intake.identity import identify

YOUTUBE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "url",
    [
        YOUTUBE,
        "http://youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=abcDEF&t=42",
        "https://m.youtube.com/watch?v=dQw4w9WgXcQ&feature=share",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ&list=RDAMVM",
        "https://www.youtube.com/watch?list=PL123&v=dQw4w9WgXcQ&index=2",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ#t=10",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share",
        "https://www.youtube.com/embed/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        "https://www.youtube.com/v/dQw4w9WgXcQ",
        "HTTPS://WWW.YOUTUBE.COM:443/watch?v=dQw4w9WgXcQ",
    ],
)
def test_every_form_of_a_youtube_link_is_one_source(url):
    identity = identify(url)
    assert (identity.key, identity.url) == ("youtube:dQw4w9WgXcQ", YOUTUBE)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/playlist?list=PL1234567890",
        "https://www.youtube.com/embed/videoseries?list=PL1",
        "https://www.youtube.com/embed/live_stream?channel=UC1",
        "https://www.youtube.com/@someone",
        "https://youtu.be/tooshort",
        "https://notyoutube.com/watch?v=dQw4w9WgXcQ",
    ],
)
def test_what_is_no_youtube_video_has_no_youtube_key(url):
    assert identify(url).key.startswith("url:")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://vimeo.com/76979871", "vimeo:76979871"),
        ("https://vimeo.com/76979871/0123456789", "vimeo:76979871"),
        ("https://player.vimeo.com/video/76979871?h=8272103f6e", "vimeo:76979871"),
        ("https://vimeo.com/channels/staffpicks/76979871", "vimeo:76979871"),
        (
            "https://www.tiktok.com/@someone/video/6748451240264420610?is_copy_url=1",
            "tiktok:6748451240264420610",
        ),
        ("https://m.tiktok.com/@someone/video/6748451240264420610", "tiktok:6748451240264420610"),
        ("https://twitter.com/someone/status/643211948184596480?s=20", "twitter:643211948184596480"),
        ("https://x.com/someone/status/643211948184596480/video/1", "twitter:643211948184596480"),
        ("https://mobile.twitter.com/i/web/status/643211948184596480", "twitter:643211948184596480"),
        ("https://www.twitch.tv/videos/6528877?t=5m10s", "twitchvod:v6528877"),
        ("https://m.twitch.tv/someone/v/6528877", "twitchvod:v6528877"),
        ("https://cdn.discordapp.com/attachments/111/222/song.mp3?ex=1&is=2&hm=3", "discord:222"),
        ("https://media.discordapp.net/attachments/111/222/song.mp3", "discord:222"),
        ("https://cdn.discordapp.com/ephemeral-attachments/111/222/song.mp3", "discord:222"),
    ],
)
def test_sites_whose_links_tell_the_final_id(url, key):
    assert identify(url).key == key


def test_another_video_of_the_same_post_is_another_source():
    assert identify("https://x.com/a/status/1/video/2").key.startswith("url:")


def test_keys_are_what_yt_dlp_calls_the_same_medium():
    """The fetched key, "extractor:id", and the key before the download must meet."""
    for url in [YOUTUBE, "https://vimeo.com/76979871", "https://www.tiktok.com/@a/video/6748451240264420610"]:
        key = identify(url).key
        found = get_info_extractor(
            {"youtube": "Youtube", "vimeo": "Vimeo", "tiktok": "TikTok"}[key.partition(":")[0]]
        )
        assert found.suitable(url)
        assert f"{found.ie_key().lower()}:{found.get_temp_id(url)}" == key


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://Example.COM:80/Song", "http://example.com/Song"),
        ("https://example.com.:443", "https://example.com/"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/a#__youtubedl_smuggle=%7B%7D", "https://example.com/a"),
        ("https://example.com/%7Eme/%c3%a9?q=%41", "https://example.com/~me/%C3%A9?q=A"),
        ("https://example.com/%2f%25", "https://example.com/%2F%25"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/my song/é", "https://example.com/my%20song/%C3%A9"),
        ("https://example.com/?b=2&a=1&b=3", "https://example.com/?b=2&a=1&b=3"),
        ("https://example.com/?utm_source=x&id=1&UTM_Medium=y&fbclid=z", "https://example.com/?id=1"),
        ("https://example.com/?gclid=1&igsh=2&si=3&igshid=4", "https://example.com/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("http://１２７．０．０．１/", "http://127.0.0.1/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("  https://example.com/  ", "https://example.com/"),
    ],
)
def test_spellings_of_a_link_are_one_source(url, normal):
    identity = identify(url)
    assert (identity.key, identity.url) == (f"url:{normal}", normal)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/song.mp3",
        "data:audio/mpeg;base64,SUQz",
        "rtmp://example.com/live",
        "rtsp://example.com/live",
        "ws://example.com/",
        "javascript:alert(1)",
        "unix:///run/docker.sock",
        "gopher://example.com/",
        "http://user:password@example.com/",
        "http://user@example.com/",
        "http://example.com@127.0.0.1/",
        "http:///song.mp3",
        "http://:80/",
        "http://exam ple.com/",
        "http://example.com:99999/",
        "http://example.com:http/",
        "http://127.0.0.1%2f.example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://[::1%25eth0]/",
        "http://[not-an-address]/",
        "http://a..b/",
        "http://example.com/\x00",
        "http://example.com/\nHost: other",
        "http://\ud800.example/",
    ],
)
def test_other_schemes_and_trick_addresses_are_blocked(url):
    with pytest.raises(Refused) as refusal:
        identify(url)
    assert refusal.value.kind == Failure.BLOCKED


@pytest.mark.parametrize(
    "url",
    [
        "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC",
        "https://spotify.link/abc",
        "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
        "https://music.apple.com/de/album/x/1?i=2",
        "https://geo.music.apple.com/de/album/x/1",
        "https://tidal.com/browse/track/1",
        "https://listen.tidal.com/track/1",
        "https://www.deezer.com/track/1",
        "https://deezer.page.link/abc",
        "https://music.amazon.de/albums/1",
    ],
)
def test_services_that_lock_their_songs_are_named(url):
    with pytest.raises(Refused) as refusal:
        identify(url)
    assert refusal.value.kind == Failure.DRM


@pytest.mark.parametrize("url", ["", "a song", "example.com/song.mp3", "/etc/passwd"])
def test_what_is_no_link_is_unsupported(url):
    with pytest.raises(Refused) as refusal:
        identify(url)
    assert refusal.value.kind == Failure.UNSUPPORTED


LINKS = st.builds(
    "{}://{}{}?{}#{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.one_of(
        st.text(alphabet="abcXYZ019.-_ü。１:[]@%", min_size=1, max_size=20),
        st.sampled_from(["youtu.be", "www.youtube.com", "x.com", "cdn.discordapp.com", "[::1]:80"]),
    ),
    st.text(alphabet="/abc%2fF5~ é\U0001f600:@+()", max_size=20).map("/{}".format),
    st.lists(st.sampled_from(["v=dQw4w9WgXcQ", "utm_x=1", "a", "b=%", "c=%7e", "d= é", "si=1"])).map(
        "&".join
    ),
    st.text(max_size=5),
)


@settings(deadline=None)
@given(st.one_of(LINKS, st.text()))
@example("http://%/")
def test_identity_is_stable_and_refuses_cleanly(url):
    try:
        identity = identify(url)
    except Refused:
        return
    assert identify(identity.url) == identity
    assert identity.url.isascii()
    assert identity.url.startswith(("http://", "https://"))
    assert "#" not in identity.url
