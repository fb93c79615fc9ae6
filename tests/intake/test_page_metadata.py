"""What is kept of yt-dlp's info."""

import pytest

from bot.intake.page_metadata import MAX_LENGTH, MAX_TAGS, page_metadata

SITE = {
    "extractor_key": "Youtube",
    "id": "dQw4w9WgXcQ",
    "webpage_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
}
PAGE = {"extractor_key": "Generic", "id": "song", "webpage_url": "https://a.example/files/My%20song.mp3"}


def test_everything_a_site_says_is_kept():
    info = SITE | {
        "title": "Someone - A Song (Official Video)",
        "track": "A Song",
        "artists": ["Someone", "Another"],
        "album": "An Album",
        "uploader": "SomeoneVEVO",
        "duration": 212,
        "thumbnail": "https://i.example/1.jpg",
        "tags": ["pop", "80s"],
        "categories": ["Music"],
        "genres": ["Pop"],
    }
    assert page_metadata(info, "") == {
        "key": "youtube:dQw4w9WgXcQ",
        "url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "title": "A Song",
        "artist": "Someone, Another",
        "album": "An Album",
        "seconds": 212.0,
        "thumbnail": "https://i.example/1.jpg",
        "tags": ["pop", "80s", "Music"],
        "genres": ["Pop"],
        "uploader": "SomeoneVEVO",
        "name": "watch",
    }


def test_a_page_may_say_nothing():
    nothing = page_metadata({"extractor_key": "Generic"}, "")
    assert nothing["key"] is None
    assert nothing["seconds"] is None
    assert {nothing[name] for name in ("url", "title", "artist", "album", "thumbnail", "name")} == {""}
    assert nothing["tags"] == nothing["genres"] == []


def test_single_values_stand_for_lists():
    found = page_metadata(SITE | {"artist": "Someone", "genre": "Pop", "channel": "Channel"}, "")
    assert (found["artist"], found["genres"], found["uploader"]) == ("Someone", ["Pop"], "Channel")


def test_a_file_name_is_a_name_and_no_title():
    found = page_metadata(PAGE | {"title": "My song"}, "")
    assert (found["key"], found["title"], found["name"]) == (None, "", "My song")


def test_an_attachment_s_name_wins_over_its_link_s():
    assert page_metadata(PAGE, "Original name.v2.mp3")["name"] == "Original name.v2"


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("A Page", "A Page"),
        ("video", ""),
        ("A Page (1)", "A Page (1)"),
    ],
)
def test_a_page_s_title_is_kept_if_it_has_one(given, title):
    assert page_metadata(PAGE | {"title": given}, "")["title"] == title


def test_the_number_of_a_page_s_player_is_no_part_of_its_title():
    player = {"extractor_key": "Generic", "webpage_url": "https://a.example/page", "id": "page-1"}
    assert page_metadata(player | {"title": "A Page (1)"}, "")["title"] == "A Page"
    assert page_metadata(player | {"title": "page (1)"}, "")["title"] == ""


def test_a_domain_is_no_uploader():
    assert page_metadata(PAGE | {"uploader": "a.example"}, "")["uploader"] == ""
    assert page_metadata(PAGE | {"uploader": "Someone"}, "")["uploader"] == "Someone"


def test_the_fragment_is_dropped():
    assert (
        page_metadata(PAGE | {"webpage_url": "https://a.example/#__youtubedl_smuggle=x"}, "")["url"]
        == "https://a.example/"
    )


@pytest.mark.parametrize(
    "thumbnail", ["javascript:alert(1)", "file:///etc/passwd", "data:image/png;base64,x", 3]
)
def test_only_the_web_has_thumbnails(thumbnail):
    assert page_metadata(PAGE | {"thumbnail": thumbnail}, "")["thumbnail"] == ""


def test_strange_values_are_tamed():
    info = SITE | {
        "title": "two\nlines\tand " + "x" * 1000,
        "tags": [f"tag {n}" for n in range(1000)] + [None, ""],
        "duration": "long",
    }
    found = page_metadata(info, "")
    assert found["title"].startswith("two lines and xxx")
    assert len(found["title"]) == MAX_LENGTH
    assert len(found["tags"]) == MAX_TAGS
    assert found["seconds"] is None
