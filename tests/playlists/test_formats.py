"""Playlists to take away, read again by libraries that others wrote."""

import csv
import io
import json
import unicodedata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jsonschema
import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bot.playlists import formats
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from tests.support.playlists import card

NASTY = "#EXTINF:\n\x00\x1b[31m<b>&amp;\u202eevil\u2066 \ud800\ufffe 雨 ☔️ مطر"
SHOWN = "#EXTINF: [31m<b>&amp;evil 雨 ☔️ مطر"
XSPF = "{http://xspf.org/ns/0/}"

URI = {"type": "string", "pattern": r"^https?://[!-~]+$"}
# What JSPF (xspf.org/jspf) makes of XSPF, of what Earworm writes.
JSPF = {
    "type": "object",
    "required": ["playlist"],
    "additionalProperties": False,
    "properties": {
        "playlist": {
            "type": "object",
            "required": ["track"],
            "additionalProperties": False,
            "properties": {
                **{name: {"type": "string"} for name in ("title", "creator", "annotation")},
                "track": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "location": {"type": "array", "items": URI},
                            **{name: {"type": "string"} for name in ("title", "creator", "album")},
                            "trackNum": {"type": "integer", "minimum": 1},
                            "duration": {"type": "integer", "minimum": 0},
                        },
                    },
                },
            },
        }
    },
}


def playlist(*cards, name: str = "late-night slow · warm · 78 bpm", note: str = "") -> Playlist:
    return Playlist(PlaylistKind.VIBE, name, tuple(map(Entry, cards)), "3", note)


ONE = card(1, "One, two", "Band", url="https://a.example/1?x=1&y=ü z", seconds=200.4)
TWO = card(2, NASTY, seconds=61.0)
THREE = card(3, "=SUM(A1)", "@everyone", url="https://youtu.be/dQw4w9WgXcQ")
ALL = playlist(ONE, TWO, THREE, note="too few others are left")

cards = st.builds(
    card,
    st.integers(1, 99),
    st.text(max_size=30),
    st.text(max_size=30),
    url=st.one_of(st.just(""), st.text(max_size=20).map(lambda text: f"https://a.example/{text}"), st.text()),
    seconds=st.floats(0, 1e5),
)
playlists = st.builds(
    lambda name, note, cards: playlist(*cards, name=name, note=note),
    st.text(),
    st.text(),
    st.lists(cards, max_size=4),
)


@pytest.fixture(scope="module")
def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).with_name("xspf.rng")))


# -- M3U8 --------------------------------------------------------------------------------------------------


def test_m3u8_word_for_word():
    assert formats.m3u8(playlist(ONE, TWO, name="around\nOne")) == (
        "#EXTM3U\n#PLAYLIST:around One\n"
        "#EXTINF:200,Band – One, two\nhttps://a.example/1?x=1&y=%C3%BC%20z\n"
        f"# without a link: {SHOWN}\n"
    )


def test_m3u8_through_another_library():
    segments = m3u8.loads(formats.m3u8(ALL)).segments
    assert [(s.title, s.uri, s.duration) for s in segments] == [
        ("Band – One, two", "https://a.example/1?x=1&y=%C3%BC%20z", 200),
        ("@everyone – =SUM(A1)", "https://youtu.be/dQw4w9WgXcQ", 200),
    ]


# -- XSPF and JSPF -----------------------------------------------------------------------------------------


def test_xspf_against_its_schema(schema):
    root = etree.fromstring(formats.xspf(ALL).encode())
    schema.assertValid(root)
    assert root.findtext(f"{XSPF}title") == "late-night slow · warm · 78 bpm"
    assert root.findtext(f"{XSPF}annotation") == "too few others are left"
    tracks = root.findall(f"{XSPF}trackList/{XSPF}track")
    assert [track.findtext(f"{XSPF}title") for track in tracks] == ["One, two", SHOWN, "=SUM(A1)"]
    assert [track.findtext(f"{XSPF}duration") for track in tracks] == ["200400", "61000", "200000"]
    assert tracks[0].findtext(f"{XSPF}location") == "https://a.example/1?x=1&y=%C3%BC%20z"
    assert tracks[1].find(f"{XSPF}location") is None


def test_the_schema_refuses_what_is_no_xspf(schema):
    broken = formats.xspf(ALL).replace("<duration>61000", "<duration>a minute")
    assert not schema.validate(etree.fromstring(broken.encode()))
    assert not schema.validate(
        etree.fromstring(formats.xspf(ALL).replace('"1"', '"7"', 1).replace("trackList", "tracks").encode())
    )


def test_jspf_says_what_xspf_says():
    read = json.loads(formats.jspf(ALL))
    jsonschema.validate(read, JSPF)
    root = etree.fromstring(formats.xspf(ALL).encode())
    for track, element in zip(read["playlist"]["track"], root.iter(f"{XSPF}track"), strict=True):
        flat = {name: value[0] if isinstance(value, list) else str(value) for name, value in track.items()}
        assert flat == {child.tag.removeprefix(XSPF): child.text for child in element}


def test_brackets_in_a_link_are_escaped_where_only_a_uri_may_stand():
    made = Playlist(PlaylistKind.VIBE, "All", (Entry(card(1, url="https://[2001:db8::1]/[a]?b=[1]#[")),))
    (location,) = etree.fromstring(formats.xspf(made).encode()).iter(f"{XSPF}location")
    assert location.text == "https://[2001:db8::1]/%5Ba%5D?b=%5B1%5D#%5B"


# -- CSV ---------------------------------------------------------------------------------------------------


def test_csv_as_a_table_in_which_no_spreadsheet_runs_anything():
    rows = list(csv.DictReader(io.StringIO(formats.as_csv(ALL), newline="")))
    assert [row["place"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["artist"], rows[0]["title"], rows[0]["seconds"]) == ("Band", "One, two", "200.4")
    assert (rows[2]["artist"], rows[2]["title"]) == ("'@everyone", "'=SUM(A1)")
    assert rows[1]["url"] == ""


# -- all of them -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(playlists)
def test_any_title_and_any_link_makes_files_that_can_be_read(made):
    schema = etree.RelaxNG(etree.parse(Path(__file__).with_name("xspf.rng")))
    schema.assertValid(etree.fromstring(formats.xspf(made).encode()))
    jsonschema.validate(json.loads(formats.jspf(made)), JSPF)
    linked = sum(bool(formats.link_of(each)) for each in made.cards)
    assert len(m3u8.loads(formats.m3u8(made)).segments) == linked
    assert len(list(csv.reader(io.StringIO(formats.as_csv(made), newline="")))) == 1 + len(made.cards)


@given(st.text())
def test_nothing_that_nobody_sees_is_left_in_a_line(text):
    line = formats.plain(text)
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(line) & formats.HIDDEN_MARKS
    assert formats.plain(line) == line


def test_emoji_and_other_scripts_stay():
    assert formats.plain("👩‍🎤 雨 مطر") == "👩‍🎤 雨 مطر"


def test_only_links_to_pages_are_links():
    for url in ("", "javascript:alert(1)", "file:///etc/passwd", "https://a.example/\n#EXTINF", "path:/x"):
        assert formats.link_of(card(1, url=url)) == ""
    assert formats.link_of(card(1, url="https://a.example/%20a?b=[1]")) == "https://a.example/%20a?b=[1]"


# -- the queue ---------------------------------------------------------------------------------------------


def test_one_link_opens_the_youtube_songs_as_a_queue():
    again = card(4, url="https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=5")
    other = card(5, url="https://music.youtube.com/watch?v=aaaaaaaaaaa")
    link = formats.queue_link(playlist(ONE, THREE, again, other))
    assert link == "https://www.youtube.com/watch_videos?video_ids=dQw4w9WgXcQ,aaaaaaaaaaa"


def test_a_queue_has_at_most_fifty_songs_and_none_is_no_link():
    many = [card(i, url=f"https://youtu.be/{i:011}") for i in range(60)]
    link = formats.queue_link(playlist(*many))
    assert link
    (ids,) = parse_qs(urlsplit(link).query)["video_ids"]
    assert ids.split(",") == [f"{i:011}" for i in range(50)]
    assert formats.queue_link(playlist(ONE, TWO)) is None
    assert formats.queue_link(playlist()) is None


# -- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("late-night slow · warm · 78 bpm", "late-night-slow-warm-78-bpm"),
        ("Café Noël", "cafe-noel"),
        ("../../etc/passwd", "etc-passwd"),
        ("雨の日", "vibe-3"),
        ("Rain 🌙🌙🌙🌙🌙🌙🌙🌙🌙🌙", "vibe-3"),
        ("CON", "con-vibe-3"),
        ("x" * 100, "x" * 60),
    ],
)
def test_files_have_stable_names_that_every_system_takes(name, stem):
    assert formats.stem(playlist(name=name)) == stem


def test_every_format_is_written_and_no_playlist_takes_another_ones_name(tmp_path):
    first = formats.write(ALL, tmp_path / "new")
    second = formats.write(ALL, tmp_path / "new", frozenset(path.stem for path in first))
    assert [path.suffix for path in first] == [".m3u8", ".xspf", ".jspf", ".csv"]
    assert {path.stem for path in second} == {"late-night-slow-warm-78-bpm-vibe-3"}
    assert len(list((tmp_path / "new").iterdir())) == 8
    assert first[0].read_bytes() == formats.m3u8(ALL).encode()
