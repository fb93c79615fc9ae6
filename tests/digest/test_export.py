"""A digest's and a playlist's files."""

import json
from datetime import timedelta

import pytest

from bot.digest.content import DigestContent
from bot.digest.export import digest_json, markdown, write_digest
from bot.library.cards import ShareLine, TrackCard
from bot.playlists.formats import m3u8
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from bot.suggestions.pick import Pick
from bot.suggestions.wording import ForMarkdown, ForTerminal, Reason, ReasonKind
from tests.support.library import ANA, BEN, GUILD, PUBLIC, START

NAMES = {ANA: "Ana *", BEN: "ben"}
NASTY = "# one\n## two **x** [a](b) <script> @everyone"


def card(
    track_id: int, title: str, artist: str = "", *, url: str = "", user: int = ANA, likes: int = 0
) -> TrackCard:
    share = ShareLine(PUBLIC, 400 + track_id, user, START)
    return TrackCard(track_id, GUILD, title, artist, "", 200.4, url, (share,), likes)


ONE = card(1, "One", "Band", url="https://a/1", likes=2)
TWO = card(2, NASTY, user=BEN)
PLAYLIST = Playlist(PlaylistKind.AROUND, "around\nOne", (Entry(ONE), Entry(TWO)))


def content(**parts) -> DigestContent:
    return DigestContent(GUILD, "2026-W45", START, START + timedelta(days=7), **parts)


@pytest.fixture
def full() -> DigestContent:
    pick = Pick(TWO, 0.875, Reason(ReasonKind.SERVER, 80, 1, 2), ONE)
    return content(tracks=(ONE, TWO), loved=(ONE,), pick=pick, playlist=PLAYLIST)


def test_a_digest_as_json(full):
    found = json.loads(json.dumps(digest_json(full, ForTerminal(NAMES))))
    assert (found["week"], found["headline"]) == ("2026-W45", "2 songs from 2 members")
    assert found["results"][0] == {
        "id": 1,
        "title": "One",
        "artist": "Band",
        "score": 2,
        "why": "shared by Ana *, 2 likes",
        "seconds": 200.4,
        "url": "https://a/1",
        "message": f"https://discord.com/channels/{GUILD}/{PUBLIC}/401",
    }
    assert found["pick"]["why"] == "close to “Band – One”, which 2 members 👍 · shared by ben"
    assert (found["pick"]["score"], found["pick"]["percent"]) == (0.875, 80)
    assert [track["id"] for track in found["playlist"]["results"]] == [1, 2]


def test_a_digest_as_markdown_in_which_titles_are_only_titles(full):
    assert markdown(full, ForMarkdown(NAMES)) == (
        "# The week in music, 2026-W45\n\n2 songs from 2 members\n\n"
        "## Shared this week (2)\n\n"
        "- **Band – One** · shared by Ana \\*, 2 likes\n"
        "- **\\# one ## two \\*\\*x\\*\\* \\[a\\](b) \\<script\\> @\u200beveryone** · shared by ben\n\n"
        "## Most loved\n\n- **Band – One** · shared by Ana \\*, 2 likes\n\n"
        "## Recommendation of the week\n\n"
        "- **\\# one ## two \\*\\*x\\*\\* \\[a\\](b) \\<script\\> @\u200beveryone** · "
        "close to **Band – One**, which 2 members 👍 · shared by ben\n\n"
        "## Vibe playlist: around One\n\n"
        "1. **Band – One**\n"
        "2. **\\# one ## two \\*\\*x\\*\\* \\[a\\](b) \\<script\\> @\u200beveryone**\n"
    )


def test_sections_with_nothing_to_say_are_left_out():
    text = markdown(content(), ForMarkdown())
    assert text == (
        "# The week in music, 2026-W45\n\n"
        "A quiet week: nobody shared a song. Share one, and it opens the next digest!\n"
    )


def test_what_came_in_on_the_command_line_has_no_member():
    assert content(tracks=(card(1, "One", user=0),)).headline == "1 song"


def test_the_files_of_a_digest(full, tmp_path):
    folder = tmp_path / "new" / "out"
    written = write_digest(full, folder, NAMES)
    assert [path.name for path in written] == ["digest.json", "digest.md", "playlist.m3u8"]
    assert json.loads(written[0].read_text("utf-8"))["week"] == "2026-W45"
    assert written[1].read_text("utf-8") == markdown(full, ForMarkdown(NAMES))
    assert written[2].read_text("utf-8") == m3u8(PLAYLIST)


def test_without_a_playlist_there_is_no_playlist_file(tmp_path):
    assert [path.name for path in write_digest(content(), tmp_path, {})] == ["digest.json", "digest.md"]
