"""One playlist of a server's own music."""

from bot.library.cards import TrackCard
from bot.playlists.around import MIN_LENGTH, PLAYLIST_LENGTH, name_of
from tests.support.library import GUILD, HIDDEN, PUBLIC
from tests.support.scene import near

ROCK, JAZZ = 0, 1


def card(title: str, *tags: str) -> TrackCard:
    return TrackCard(1, GUILD, title, "", "", 100.0, "", (), tags=tags)


def test_a_name_says_what_most_of_the_songs_are_and_what_they_are_around():
    cards = [card("Night Drive", "Synthwave", "night"), card("b", "synthwave"), card("c", "jazz")]
    assert name_of(cards) == "synthwave, around Night Drive"
    assert name_of([card("A\nlone  song"), card("b", "jazz"), card("c")]) == "around A lone song"


async def test_a_playlist_holds_what_sounds_like_the_song_it_is_around(scene):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.05 * i)) for i in range(6)]
    for i in range(4):
        await scene.add(f"jazz {i}", near(JAZZ, 0.05 * i))
    playlist = await scene.around.playlist(GUILD, rock[2], None)
    assert {c.id for c in playlist.cards} == set(rock)
    assert playlist.name == "around rock 2"
    assert [c.id for c in playlist.cards] in (rock, rock[::-1])
    assert await scene.around.playlist(GUILD, rock[2], None) == playlist


async def test_a_playlist_is_short_of_an_hour(scene):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.01 * i)) for i in range(PLAYLIST_LENGTH + 3)]
    assert len((await scene.around.playlist(GUILD, rock[0], None)).cards) == PLAYLIST_LENGTH


async def test_what_is_unwanted_or_hidden_is_not_in_it(scene):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.05 * i)) for i in range(6)]
    hidden = await scene.add("hidden", near(ROCK, 0), channel=HIDDEN)
    playlist = await scene.around.playlist(GUILD, rock[0], frozenset({PUBLIC}), unwanted={rock[1]})
    assert {c.id for c in playlist.cards} == {rock[0], *rock[2:]}
    assert await scene.around.playlist(GUILD, hidden, frozenset({PUBLIC})) is None


async def test_too_little_that_sounds_alike_is_no_playlist(scene):
    rock = [await scene.add(f"rock {i}", near(ROCK, 0.05 * i)) for i in range(MIN_LENGTH - 1)]
    for i in range(4):
        await scene.add(f"jazz {i}", near(JAZZ, 0.05 * i))
    assert await scene.around.playlist(GUILD, rock[0], None) is None
