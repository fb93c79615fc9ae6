"""The kinds of playlists, and the rules that they keep."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from bot.playlists import kinds
from bot.playlists.kinds import FORGOTTEN_AFTER, PLAYLIST_LENGTH, ThisWeek, VibeCentroid
from bot.playlists.playlist import PlaylistKind
from bot.playlists.rules import (
    MAX_PER_ARTIST,
    MIN_LENGTH,
    chosen,
    max_per_artist,
    not_posted_lately,
    one_of_each_song,
)
from bot.suggestions.wording import ForTerminal
from tests.support.library import START
from tests.support.playlists import ids, song

NOW = START + timedelta(days=100)
LONG_AGO = NOW - FORGOTTEN_AFTER - timedelta(days=1)
WEEK = ThisWeek(NOW)
PLAIN = ForTerminal()


def track_ids(playlist) -> list[int]:
    return [entry.card.id for entry in playlist.entries]


def reasons(playlist) -> dict[int, str]:
    return {entry.card.id: entry.explain(PLAIN) for entry in playlist.entries}


# -- rules -------------------------------------------------------------------------------------------------


def test_at_most_a_few_songs_of_one_artist():
    songs = [song(i, artist="One") for i in range(6)] + [song(i, artist="Two") for i in range(6, 9)]
    assert ids(max_per_artist().keep(songs)) == [0, 1, 2, 6, 7, 8]
    nameless = [song(i) for i in range(6)]
    assert max_per_artist().keep(nameless) == nameless


def test_of_one_song_only_the_first_version_counts():
    songs = [song(1, title="Rain", artist="A"), song(2, title="RAIN ", artist="a"), song(3, title="Rain")]
    assert ids(one_of_each_song(songs)) == [1, 3]
    versions = ["Rain (Remastered 2011)", "Rain - Live", "Rain feat. Somebody", "Rain (Somebody Remix)"]
    named = [song(i, title=title, artist="A") for i, title in enumerate(versions, 4)]
    assert ids(one_of_each_song([*songs, *named])) == [1, 3, 7]


def test_a_cover_by_another_artist_is_another_song():
    assert ids(one_of_each_song([song(1, title="Hurt", artist="A"), song(2, title="Hurt", artist="B")])) == [
        1,
        2,
    ]


def test_files_that_are_called_alike_may_well_be_different_songs():
    messages = [song(1, title="voice message"), song(2, title="voice message")]
    assert one_of_each_song(messages) == messages


def test_an_artist_in_front_of_the_title_counts():
    songs = [
        song(1, title="A - Rain"),
        song(2, title="Rain (Official Video)", artist="A"),
        song(3, title="B - Rain"),
    ]
    assert ids(one_of_each_song(songs)) == [1, 3]


def test_enough_songs_and_nothing_is_relaxed():
    songs = [song(i, artist=str(i)) for i in range(8)]
    kept, note = chosen(songs, [max_per_artist(), not_posted_lately({0, 1})], 5)
    assert (ids(kept), note) == ([2, 3, 4, 5, 6], "")


def test_too_few_songs_relax_the_last_rule_and_say_which():
    songs = [song(i, artist=str(i)) for i in range(6)]
    kept, note = chosen(songs, [max_per_artist(), not_posted_lately({0, 1, 2})], 5)
    assert ids(kept) == [3, 4, 5, 0, 1]  # what the rule would have kept goes first
    assert note == "too few others are left, so some songs that were posted lately are back"


def test_still_too_few_relax_the_rule_before_it_too():
    songs = [song(i, artist="One") for i in range(MAX_PER_ARTIST + 2)]
    kept, note = chosen(songs, [max_per_artist(), not_posted_lately({0})], PLAYLIST_LENGTH)
    assert sorted(ids(kept)) == list(range(MAX_PER_ARTIST + 2))
    assert "by one artist; too few" in note and "posted lately" in note


@pytest.mark.parametrize("count", [0, 1, MIN_LENGTH - 1])
def test_too_few_songs_are_no_playlist(count):
    assert chosen([song(i) for i in range(count)], WEEK.rules, PLAYLIST_LENGTH) == ([], "")


# -- this week's vibes -------------------------------------------------------------------------------------


def test_a_vibes_playlist_holds_its_new_songs_then_liked_ones_then_those_at_its_heart():
    old = [song(i, 0.02 * i, artist=str(i)) for i in range(15)]
    new = song(20, 0.3, artist="new", at=NOW - timedelta(days=1))
    liked = song(21, 0.4, artist="liked", likes=2)
    week = ThisWeek(NOW, loved={21: 2})
    playlist = kinds.vibe(7, "warm", [*old, new, liked], week)
    assert (playlist.kind, playlist.name, playlist.key) == (PlaylistKind.VIBE, "warm", "vibe-7")
    assert len(playlist.entries) == PLAYLIST_LENGTH
    assert {20, 21} < set(track_ids(playlist))
    assert 0 not in track_ids(playlist)  # the middle is around 7
    assert reasons(playlist)[20] == "new this week"
    assert reasons(playlist)[21] == "2 likes"
    assert reasons(playlist)[7] == "100% this vibe"


def test_disliked_songs_are_in_no_playlist_whatever_is_relaxed():
    songs = [song(i, artist=str(i)) for i in range(MIN_LENGTH)]
    assert kinds.vibe(7, "warm", songs, ThisWeek(NOW, disliked={0})) is None
    assert kinds.vibe(7, "warm", songs, ThisWeek(NOW, disliked=set(range(MIN_LENGTH)))) is None


def test_what_was_posted_lately_stays_out():
    songs = [song(i, artist=str(i)) for i in range(9)]
    playlist = kinds.vibe(7, "warm", songs, ThisWeek(NOW, lately={0, 1, 2}))
    assert sorted(track_ids(playlist)) == [3, 4, 5, 6, 7, 8]
    assert playlist.note == ""


# -- rediscover --------------------------------------------------------------------------------------------


def test_rediscover_is_what_was_loved_and_not_seen_for_long():
    songs = [song(i, artist=str(i), likes=i) for i in range(1, 8)]
    seen = dict.fromkeys(range(1, 8), LONG_AGO) | {2: NOW - timedelta(days=59)}
    week = ThisWeek(NOW, loved={i: i for i in range(1, 7)}, seen=seen)
    playlist = kinds.rediscover(songs, week)
    assert sorted(track_ids(playlist)) == [1, 3, 4, 5, 6]
    assert reasons(playlist)[3] == f"3 likes, last seen in {LONG_AGO:%B %Y}"


def test_nothing_that_was_loved_is_forgotten_yet():
    songs = [song(i) for i in range(6)]
    assert (
        kinds.rediscover(
            songs, ThisWeek(NOW, loved=dict.fromkeys(range(6), 1), seen=dict.fromkeys(range(6), NOW))
        )
        is None
    )


# -- sleepers ----------------------------------------------------------------------------------------------


def test_sleepers_sound_like_what_is_loved_and_nobody_reacted():
    loved = song(1, 0.0, title="Hit", artist="Band", likes=3)
    close = [song(i, 0.1 * i, artist=str(i)) for i in range(2, 8)]
    voted = song(20, 0.1, artist="x")
    young = song(21, 0.1, artist="y", at=NOW - timedelta(days=2))
    far = song(22, np.pi, artist="z")
    week = ThisWeek(NOW, loved={1: 3}, reacted={1, 20})
    playlist = kinds.sleepers([loved, *close, voted, young, far], week)
    assert sorted(track_ids(playlist)) == [2, 3, 4, 5, 6, 7]
    assert reasons(playlist)[2] == "98% like “Band – Hit”, which 3 members 👍"


def test_the_sleeper_is_the_closest_one_that_was_not_posted_lately():
    loved, *others = songs = [song(i, 0.1 * (i - 1), artist=str(i), likes=4 - i) for i in range(1, 9)]
    week = ThisWeek(NOW, loved={loved.card.id: 3}, reacted={loved.card.id})
    assert kinds.sleeper_of(songs[::-1], week).card.id == 2
    assert kinds.sleeper_of(songs, replace(week, lately={2, 3})).card.id == 4
    assert kinds.sleeper_of([loved, *others[:1]], week).explain(PLAIN) == (
        "100% like “1 – song 1”, which 3 members 👍"
    )
    assert kinds.sleeper_of([loved, *others[:1]], replace(week, lately={2})).card.id == 2
    assert kinds.sleeper_of([loved], week) is None


def test_without_anything_loved_there_are_no_sleepers():
    assert kinds.sleepers([song(i, artist=str(i)) for i in range(9)], WEEK) is None
    assert kinds.sleepers([song(1), song(2)], ThisWeek(NOW, loved={1: 1, 2: 1}, reacted={1, 2})) is None


# -- two worlds --------------------------------------------------------------------------------------------


def heart(vibe_id: int, name: str, angle: float) -> VibeCentroid:
    return VibeCentroid(vibe_id, name, np.array([np.cos(angle), np.sin(angle)]))


def test_two_worlds_leads_step_by_step_from_one_vibe_to_another():
    songs = [song(i, 0.1 * i, artist=str(i)) for i in range(16)]
    playlist = kinds.between_vibes(heart(3, "warm", 0.0), heart(5, "bright", 1.5), songs, WEEK)
    assert track_ids(playlist) == sorted(track_ids(playlist))
    assert (track_ids(playlist)[0], track_ids(playlist)[-1]) == (0, 15)
    assert (playlist.name, playlist.key) == ("from warm to bright", "worlds-3-5")
    assert list(reasons(playlist).values())[::5] == ["close to warm", "on the way", "close to bright"]


def test_no_artist_follows_themselves_between_two_worlds():
    songs = [song(i, 0.1 * i, artist="ab"[i % 2] + str(i // 8)) for i in range(16)]
    artists = [
        e.card.artist for e in kinds.between_vibes(heart(3, "x", 0), heart(5, "y", 1.5), songs, WEEK).entries
    ]
    assert all(one != other for one, other in pairwise(artists))


def test_between_opposite_worlds_there_is_a_way_too():
    songs = [song(i, 0.2 * i, artist=str(i)) for i in range(16)]
    playlist = kinds.between_vibes(heart(3, "x", 0.0), heart(5, "y", np.pi), songs, WEEK)
    assert len(set(track_ids(playlist))) == PLAYLIST_LENGTH


def test_the_worlds_are_those_that_sound_least_alike():
    hearts = [heart(1, "a", 0.0), heart(2, "b", 0.5), heart(3, "c", 2.0)]
    assert [each.id for each in kinds.farthest(hearts)] == [1, 3]
    assert kinds.farthest(hearts[:1]) is None
