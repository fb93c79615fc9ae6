"""Links as people write them, and which files are media."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.links import MAX_LINKS, find_links, is_media_file


def urls(text: str) -> list[str]:
    return [source.url for source in find_links(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/song", ["https://a.example/song"]),
        ("listen: https://a.example/song!", ["https://a.example/song"]),
        ("really, https://a.example/song?v=1&t=2...", ["https://a.example/song?v=1&t=2"]),
        ("<https://a.example/song>", ["https://a.example/song"]),
        ("[my song](https://a.example/song)", ["https://a.example/song"]),
        ("[my song](<https://a.example/song>)", ["https://a.example/song"]),
        ('[my song](https://a.example/song "new")', ["https://a.example/song"]),
        ("[https://a.example](https://b.example)", ["https://a.example", "https://b.example"]),
        ("||https://a.example/song||", ["https://a.example/song"]),
        ("**https://a.example/song**", ["https://a.example/song"]),
        ("~~https://a.example/song~~", ["https://a.example/song"]),
        ("__https://a.example/song__", ["https://a.example/song"]),
        ("https://youtu.be/abcdefghij_", ["https://youtu.be/abcdefghij_"]),
        ("_https://youtu.be/abcdefghij__", ["https://youtu.be/abcdefghij_"]),
        ("(https://a.example/song)", ["https://a.example/song"]),
        ("https://a.example/Song_(live)", ["https://a.example/Song_(live)"]),
        ("(see https://a.example/Song_(live))", ["https://a.example/Song_(live)"]),
        ('"https://a.example/song", he said', ["https://a.example/song"]),
        ("“https://a.example/song”", ["https://a.example/song"]),
        ("https://a.example/song、そして", ["https://a.example/song、そして"]),
        ("https://a.example/song。", ["https://a.example/song"]),
        ("HTTPS://A.example/Song", ["HTTPS://A.example/Song"]),
        ("http://[::1]:80/song", ["http://[::1]:80/song"]),
        ("https://a.example/1,https://a.example/2", ["https://a.example/1", "https://a.example/2"]),
        ("https://a.example/1\nhttps://a.example/2", ["https://a.example/1", "https://a.example/2"]),
        (
            "https://archive.example/2020/https://b.example",
            ["https://archive.example/2020/https://b.example"],
        ),
        (
            "https://a.example/1 https://a.example/2 https://a.example/1",
            ["https://a.example/1", "https://a.example/2"],
        ),
    ],
)
def test_links_are_found_as_people_write_them(text, expected):
    assert urls(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no link",
        "www.example.org",
        "ftp://a.example/song",
        "file:///etc/passwd",
        "xhttps://a.example",
        "https://",
        "https:// a.example",
        "https://...",
        "http://[broken",
        "`https://a.example/song`",
        "``https://a.example/song``",
        "```\nhttps://a.example/song\n```",
        "```py\nhttps://a.example/song```",
    ],
)
def test_what_is_no_link_or_only_quoted_is_left_out(text):
    assert urls(text) == []


def test_an_open_backtick_quotes_nothing():
    assert urls("it's `odd https://a.example/1 ```and https://a.example/2") == [
        "https://a.example/1",
        "https://a.example/2",
    ]


def test_code_and_links_may_stand_side_by_side():
    assert urls("`https://no.example` https://yes.example `x`") == ["https://yes.example"]


def test_at_most_ten_links_count():
    found = urls(" ".join(f"https://a.example/{n}" for n in range(30)))
    assert found == [f"https://a.example/{n}" for n in range(MAX_LINKS)]


@settings(deadline=None)
@given(st.text(alphabet="htps:/.[]()<>`|_*,a \n", max_size=2000))
def test_any_text_can_be_searched(text):
    for url in urls(text):
        assert url in text
        assert url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000,
        "`" * 4000,
        "".join("`" * n + " " for n in range(90)),
        "https://" * 500,
        "https://a.example/" + "(" * 4000,
        "https://a.example/" + ")" * 4000,
        "_" * 2000 + "https://a.example" + "_" * 2000,
        "https://a.example/" + ",|" * 2000,
    ],
)
def test_hostile_text_can_be_searched(text):
    """A search that backtracks would not come to an end within a test's time."""
    assert len(find_links(text)) <= MAX_LINKS
    assert len(find_links(text, 1)) <= 1


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("song.mp3", "audio/mpeg", True),
        ("clip.mp4", "video/mp4", True),
        ("voice-message.ogg", "audio/ogg", True),
        ("song", "application/ogg", True),
        ("SONG.FLAC", "", True),
        ("song.m4a", "application/octet-stream", True),
        ("song.mp3", "audio/mpeg; charset=utf-8", True),
        ("song.mp3", "text/plain", False),
        ("picture.png", "image/png", False),
        ("notes.txt", "", False),
        ("mp3", "", False),
        ("list.m3u8", "application/vnd.apple.mpegurl", False),
        ("list.m3u", "audio/x-mpegurl", False),
        ("list.m3u8", "", False),
        ("list.pls", "audio/x-scpls", False),
    ],
)
def test_media_files_are_known_by_type_or_name(name, content_type, expected):
    assert is_media_file(name, content_type) is expected
