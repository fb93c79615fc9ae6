"""No song twice, few of one artist, and several rankings in turn."""

import random

from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions.dedupe import MAX_PER_ARTIST, Likeness, capped_per_artist, team_draft
from bot.suggestions.left_out import LeftOut
from bot.suggestions.song_names import SongName

NOTHING_ALIKE = Likeness({})


def songs(*names: tuple[str, str]) -> list[SongName]:
    return [SongName.of(number, artist, title) for number, (artist, title) in enumerate(names, 1)]


def chosen(ranked: list[SongName], known: list[SongName], limit: int, likeness: Likeness) -> list[int]:
    return list(team_draft([ranked], known, limit, likeness).tracks)


def test_of_versions_by_name_the_best_is_shown():
    ranked = songs(("Band", "Song (Live)"), ("Other", "Song"), ("band", "Song - Remastered 2011"))
    assert chosen(ranked, [], 9, NOTHING_ALIKE) == [1, 2]


def test_what_is_known_does_not_come_back_as_another_version():
    known = [SongName.of(9, "Band", "Song")]
    assert chosen(songs(("Band", "Song (Live)"), ("Band", "New")), known, 9, NOTHING_ALIKE) == [2]


def test_closeness_alone_hides_nothing():
    alike = Likeness({1: {2}, 2: {1}})
    assert chosen(songs(("A", "One"), ("B", "Two")), [], 9, alike) == [1, 2]
    assert chosen(songs(("", "voice message"), ("", "voice message")), [], 9, alike) == [1, 2]


def test_closeness_and_a_second_sign_hide():
    near = {1: {2}, 2: {1}}
    agree = Likeness(near, {frozenset((1, 2))})
    assert chosen(songs(("A", "One"), ("B", "Two")), [], 9, agree) == [1]
    assert chosen(songs(("Band", "Song"), ("", "Song")), [], 9, Likeness(near)) == [1]
    assert chosen(songs(("Band", "Song"), ("", "Song")), [], 9, NOTHING_ALIKE) == [1, 2]
    assert chosen(songs(("Band", "Song"), ("Else", "Song")), [], 9, Likeness(near)) == [1, 2]


def test_at_most_two_of_an_artist():
    ranked = songs(
        *(("Band", f"Song {i}") for i in range(5)), ("Else", "Other"), *(("", f"file {i}") for i in range(4))
    )
    assert chosen(ranked, [], 9, NOTHING_ALIKE) == [1, 2, 6, 7, 8, 9, 10]
    assert MAX_PER_ARTIST == 2


def test_what_is_left_out_is_told_as_what():
    ranked = songs(("Band", "One"), ("Band", "One (Live)"), ("Band", "Two"), ("Band", "Three"))
    assert team_draft([ranked], [], 9, NOTHING_ALIKE).left_out == {
        2: LeftOut.OTHER_VERSION,
        4: LeftOut.ARTIST_LIMIT,
    }


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 6)), max_size=14), st.integers(1, 8), st.data()
)
def test_the_rules_hold_across_rankings_and_each_gets_its_turn(names, limit, data):
    ranked = songs(*((artist, f"song {number}") for artist, number in names))
    rankings = [data.draw(st.permutations(ranked)), data.draw(st.permutations(ranked))]
    draft = team_draft(rankings, [], limit, NOTHING_ALIKE)
    shown = [ranked[track_id - 1] for track_id in draft.tracks]
    assert len({(song.artist, song.title) for song in shown}) == len(shown) <= limit
    assert all(sum(song.artist == artist for song in shown) <= MAX_PER_ARTIST for artist in "AB")
    assert not set(draft.tracks) & set(draft.left_out)
    if len(shown) < limit:
        assert {song.track_id for song in ranked} == set(draft.tracks) | set(draft.left_out)
    assert abs(draft.turns.count(0) - draft.turns.count(1)) <= 1 or len(shown) < limit


def test_two_rankings_take_turns_and_chance_decides_each_round_who_begins():
    ranked = songs(*((f"artist {i}", f"song {i}") for i in range(8)))
    random.seed(1)
    firsts = {team_draft([ranked, ranked[::-1]], [], 8, NOTHING_ALIKE).turns for _ in range(50)}
    assert all(turns[at : at + 2].count(0) == 1 for turns in firsts for at in (0, 2, 4, 6))
    assert len(firsts) > 4


def test_few_of_each_keeps_looking_behind_a_prolific_artist():
    ranked = songs(*(("Band", f"Song {i}") for i in range(50)), ("Else", "One"), ("", "file"), ("", "file 2"))
    kept = [song.track_id for song, keep in capped_per_artist(ranked, 5, 2) if keep]
    assert kept == [1, 2, 51, 52, 53]
    assert [song.track_id for song, keep in capped_per_artist(ranked, 2, 2)] == [1, 2]
