"""What somebody asks for beside their taste."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import NotFound
from bot.library.facts import Facts, ShareNames
from bot.suggestions.steering import (
    LONG_SECONDS,
    Steering,
    checked,
    diversified,
    named_key,
    named_tempo,
    unmet_filter,
)


def facts(**changes) -> Facts:
    values = {
        "track_id": 7,
        "channels": frozenset({1}),
        "shares": (ShareNames(1, "band", "song", frozenset({"shoegaze"})),),
        "tags": frozenset({"hip-hop", "beyonce"}),
        "tempo": 92.0,
        "key": "A minor",
        "seconds": 200.0,
        "speech": 0.1,
    }
    return Facts(**{**values, **changes})


def test_a_genre_counts_only_where_the_share_that_has_it_is_seen() -> None:
    steering = checked(Steering(tags=("Shoegaze", "Hip-Hop")))
    assert unmet_filter(steering, facts(), frozenset({1})) is None
    assert unmet_filter(steering, facts(), None) is None
    assert unmet_filter(steering, facts(), frozenset({2})) == "tag"


@pytest.mark.parametrize(
    ("steering", "unmet"),
    [
        (Steering(), None),
        (Steering(tags=("Hip-Hop",)), None),
        (Steering(tags=("Beyoncé", "hip-hop")), None),
        (Steering(tags=("hip-hop", "jazz")), "tag"),
        (Steering(tempo=(90, 100)), None),
        (Steering(tempo=(100, 120)), "tempo"),
        (Steering(key="A minor"), None),
        (Steering(key="minor"), None),
        (Steering(key="major"), "key"),
        (Steering(key="C major"), "key"),
        (Steering(without_tracks=frozenset({7})), "track"),
    ],
)
def test_a_track_meets_every_filter_or_fails_one(steering, unmet):
    assert unmet_filter(checked(steering), facts()) == unmet


def test_a_sharp_is_another_key():
    assert unmet_filter(Steering(key="A minor"), facts(key="A# minor")) == "key"


def test_what_was_not_measured_fails_a_filter_by_it():
    assert unmet_filter(Steering(tempo=(1, 300)), facts(tempo=0.0)) == "tempo"
    assert unmet_filter(Steering(key="minor"), facts(key="")) == "key"


@pytest.mark.parametrize(
    ("changes", "steering", "unmet"),
    [
        ({"seconds": float(LONG_SECONDS)}, Steering(), "length"),
        ({"seconds": float(LONG_SECONDS)}, Steering(long=True), None),
        ({"speech": 0.9}, Steering(), "talk"),
        ({"speech": 0.9}, Steering(talk=True), None),
    ],
)
def test_mixes_and_talk_come_only_when_asked_for(changes, steering, unmet):
    assert unmet_filter(steering, facts(**changes)) == unmet


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", "A minor"),
        ("am", "A minor"),
        ("f# major", "F# major"),
        ("Bb", "A# major"),
        ("E♭ minor", "D# minor"),
        ("MINOR", "minor"),
        ("Cb", "B major"),
        ("F♭ minor", "E minor"),
        ("E#m", "F minor"),
        ("b♯ major", "C major"),
    ],
)
def test_keys_as_people_write_them(text, key):
    assert named_key(text) == key


@pytest.mark.parametrize("text", ["", "H", "A minor seventh", "m", "A blues", "9"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(NotFound, match="A minor"):
        named_key(text)


@pytest.mark.parametrize(
    "steering", [Steering(tempo=(120, 90)), Steering(sharer=3, without_members=frozenset({3}))]
)
def test_contradictions_are_refused(steering):
    with pytest.raises(NotFound):
        checked(steering)


def test_a_filter_that_depends_on_shares_is_known():
    assert not Steering(tags=("a",)).by_share
    assert Steering(since=datetime.min).by_share and Steering(without_members=frozenset({1})).by_share


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_the_bolder_the_more_different_and_the_best_always_first(seed, limit):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(30, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike, scores = (vectors @ vectors.T + 1) / 2, random.random(30)
    found = {by: list(diversified(scores, alike, by, limit)) for by in (0.0, 1.0)}
    assert found[0.0] == np.argsort(-scores, kind="stable")[:limit].tolist()
    assert all(chosen[0] == np.argmax(scores) and len(set(chosen)) == limit for chosen in found.values())

    def nearest(chosen):
        return max((alike[a, b] for a in chosen for b in chosen if a != b), default=0)

    if limit == 2:
        assert nearest(found[1.0]) <= nearest(found[0.0])


def test_diversity_of_nothing_is_nothing():
    assert list(diversified(np.zeros(0), np.zeros((0, 0)), 0.5, 5)) == []


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("90-110", (90, 110)),
        (" 90 – 110 BPM ", (90, 110)),
        ("90 to 110", (90, 110)),
        ("92.5-93.5", (92.5, 93.5)),
        ("140-100", (140, 100)),  # refused where all filters are looked at together
    ],
)
def test_a_range_is_taken_as_it_is(text, tempo):
    assert named_tempo(text) == tempo


@pytest.mark.parametrize("text", ["120", "120bpm", "120.0"])
def test_one_tempo_is_meant_roughly(text):
    assert named_tempo(text) == pytest.approx((112.8, 127.2))


@pytest.mark.parametrize("text", ["", "fast", "0", "0-90", "90-0", "90-", "-5", "1-2-3", "nan", "inf", "1e3"])
def test_what_is_no_tempo_is_refused(text):
    with pytest.raises(NotFound, match="120, or 90-110"):
        named_tempo(text)
