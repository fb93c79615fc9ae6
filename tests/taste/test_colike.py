"""People who like what you like, learnt from votes with a known truth."""

import asyncio
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import numpy as np
import pytest

from bot.library.visible_shares import VisibleChannels
from bot.taste import colike_cache
from bot.taste.colike import (
    CONFIDENCE,
    MIN_OWN_LIKES,
    MIN_VOTES,
    REGULARISATION,
    CoLikeModel,
    learn,
    usable_votes,
)
from bot.taste.colike_cache import CoLikeCache, learn_in_worker
from bot.taste.feedback import Feedback, Vote
from models import VoteKind
from tests.support.library import START
from tests.support.worker import ScriptWorker


def two_camps(members: int = 20, tracks: int = 40, each: int = 24, seed: int = 0) -> list[Vote]:
    """Members of two camps, who like even and odd tracks."""
    random = np.random.default_rng(seed)
    return [
        Vote(
            int(track),
            member,
            VoteKind.LIKE if track % 2 == member % 2 else VoteKind.DISLIKE,
            START + timedelta(seconds=member),
        )
        for member in range(1, members + 1)
        for track in random.choice(tracks, each, replace=False)
    ]


def columns(votes: list[Vote]):
    return zip(*((vote.user_id, vote.track_id, vote.kind) for vote in votes), strict=True)


@pytest.fixture(scope="module")
def model():
    return learn(*columns(two_camps()))


def test_a_newcomer_is_told_what_their_camp_likes(model):
    found = model.preferences(dict.fromkeys(range(0, 12, 2), +1))
    even = np.mean([value for track, value in found.items() if track % 2 == 0])
    odd = np.mean([value for track, value in found.items() if track % 2])
    assert even > odd + 0.3


def test_one_more_vote_changes_the_answer_at_once(model):
    even = dict.fromkeys(range(0, 12, 2), +1)
    before, after = model.preferences(even), model.preferences({**even, 20: -1, 22: -1})
    assert after[20] < before[20]


def test_with_too_few_likes_it_says_nothing(model):
    few = dict.fromkeys(range(MIN_OWN_LIKES - 1), +1)
    assert model.preferences(few) == {}
    assert model.preferences({**few, 30: -1, 999: +1}) == {}


def test_the_named_like_is_one_without_which_the_track_stands_lower(model):
    votes = dict.fromkeys(range(0, 16, 2), +1) | {1: -1}
    carrier = model.carrier(votes, 30)
    assert votes[carrier] > 0
    without = {track: kind for track, kind in votes.items() if track != carrier}
    assert model.preferences(without)[30] < model.preferences(votes)[30]
    assert model.carrier(votes, 999) is None


def test_the_order_of_votes_decides_nothing(model):
    """Two tracks with the same vector are the same like to a third one."""
    vectors = model.vectors.copy()
    vectors[2] = vectors[4]
    tied = replace(model, vectors=vectors)
    votes = [(int(tied.tracks[2]), 1), (int(tied.tracks[4]), 1), (int(tied.tracks[3]), -1)]
    found = {tied.carrier(dict(order), int(tied.tracks[6])) for order in permutations(votes)}
    assert found == {int(tied.tracks[2])}
    assert len({tuple(tied.preferences(dict(order)).values()) for order in permutations(votes)}) == 1


def folded_in(model: CoLikeModel, votes: dict[int, int]):
    """Somebody's vector as Hu, Koren & Volinsky have it: every track is a vote, most with confidence 1."""
    kinds = np.array([votes.get(int(track), 0) for track in model.tracks])
    confidence = np.diag(1 + CONFIDENCE * (kinds != 0))
    left = model.vectors.T @ confidence @ model.vectors + REGULARISATION * np.eye(model.vectors.shape[1])
    return np.linalg.solve(left, model.vectors.T @ confidence @ (kinds > 0))


def test_preferences_and_carriers_are_those_of_folding_in_anew_without_each_like(model):
    random = np.random.default_rng(4)
    for likes in (2, 9, 25):
        votes = {int(track): -1 for track in random.choice(model.tracks, 5)} | {999: 1, 998: -1}
        votes |= {int(track): 1 for track in random.choice(model.tracks, likes, replace=False)}
        member = folded_in(model, votes)
        expected = dict(zip(model.tracks.tolist(), model.vectors @ member, strict=True))
        assert model.preferences(votes) == pytest.approx(expected, abs=1e-9)
        for track, vector in zip(model.tracks.tolist(), model.vectors, strict=True):
            losses = {
                like: vector @ (member - folded_in(model, {**votes, like: 0}))
                for like, kind in votes.items()
                if kind > 0
            }
            best = max(losses, key=losses.__getitem__)
            assert model.carrier(votes, track) == (best if losses[best] > 0 else None)


def test_a_carrier_is_found_without_going_through_all_tracks_again():
    random = np.random.default_rng(0)
    big = CoLikeModel(np.arange(20_000), random.normal(0, 0.3, (20_000, 16)), 5000)
    votes = dict.fromkeys(range(50), +1)
    big.carrier(votes, 100)
    tracemalloc.start()
    carriers = [big.carrier(votes, track) for track in range(100, 125)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(carriers)
    assert peak < len(big.tracks) * 8


def test_learning_is_the_same_every_time():
    once, again = learn(*columns(two_camps())), learn(*columns(two_camps()))
    assert (once.vectors == again.vectors).all()


def test_a_server_with_little_feedback_has_nothing_to_learn_from():
    votes = two_camps()
    assert len(usable_votes(votes)) >= MIN_VOTES
    assert usable_votes(votes[: MIN_VOTES // 2]) == []
    alone = [Vote(track, 1, VoteKind.LIKE, START) for track in range(2 * MIN_VOTES)]
    assert usable_votes(alone) == []
    pair = [Vote(track, user, VoteKind.LIKE, START) for track in range(MIN_VOTES) for user in (1, 2)]
    assert usable_votes(pair) == []


async def test_learning_in_another_process_gives_the_same(model):
    apart = await learn_in_worker(two_camps())
    assert (apart.tracks == model.tracks).all()
    assert apart.vectors == pytest.approx(model.vectors)


class Votes(Feedback):
    """Whose votes are read; how often."""

    def __init__(self, votes: list[Vote]) -> None:
        self.votes_, self.read = votes, 0

    async def votes(
        self, guild_id: int, user_id: int | None = None, *, channels: VisibleChannels = None
    ) -> list[Vote]:
        self.read += 1
        return self.votes_


async def following(stale: CoLikeCache, known: CoLikeModel | None) -> CoLikeModel | None:
    """What it knows once it has learnt again."""
    while True:
        model = await stale.of(1)
        if model is not known:
            return model
        await asyncio.sleep(0.05)


async def test_a_model_is_learnt_once_and_again_when_it_is_old():
    votes = Votes(two_camps())
    fresh, stale = CoLikeCache(votes), CoLikeCache(votes, fresh=0)
    first = await fresh.of(1)
    assert first is not None and await fresh.of(1) is first and votes.read == 1
    first = await stale.of(1)
    assert await following(stale, first) is not None
    await stale.close()


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A worker whose files are cut short, as on a full disk."""
    script = tmp_path / "damaged.py"
    script.write_text(DAMAGED, encoding="utf-8")
    monkeypatch.setattr(colike_cache, "Worker", lambda _: ScriptWorker(script))


DAMAGED = """
from pathlib import Path
from bot.workers.serving import reply, requests

for request in requests():
    Path(request["out"]).write_bytes(b"PK" + b"0" * 10)
    reply({"learnt": 1})
"""


async def test_if_learning_fails_at_first_there_is_no_model_and_the_log_says_why(damaged, caplog):
    assert await CoLikeCache(Votes(two_camps())).of(1) is None
    assert "learning from the votes of server 1 failed" in caplog.text and "Traceback" in caplog.text


async def test_if_learning_fails_later_the_model_that_was_known_stays(request, caplog):
    votes = Votes(two_camps())
    stale = CoLikeCache(votes, fresh=0)
    first = await stale.of(1)
    request.getfixturevalue("damaged")
    while "failed" not in caplog.text:
        assert await stale.of(1) is first
        await asyncio.sleep(0.05)
    assert first is not None and await stale.of(1) is first
    await stale.close()


async def test_when_votes_were_taken_back_the_model_goes():
    votes = Votes(two_camps())
    stale = CoLikeCache(votes, fresh=0)
    first = await stale.of(1)
    votes.votes_ = votes.votes_[:30]
    assert first is not None and await following(stale, first) is None
    await stale.close()


async def test_too_little_feedback_starts_no_process():
    votes = Votes(two_camps()[:30])
    assert await CoLikeCache(votes).of(1) is None


def test_the_more_votes_the_more_it_counts():
    votes = [two_camps(members)[: 24 * members] for members in (20, 60, 80)]
    weights = [learn(*columns(each)).weight for each in votes]
    assert 0 < weights[0] < weights[1] == weights[2]
