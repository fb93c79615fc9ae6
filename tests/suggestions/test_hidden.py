"""What is shared where a reader can't look changes nothing of what they are answered."""

import os
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add_share
from tests.support.scene import DISLIKE, LIKE

WORLDS = 200 if "NIGHTLY" in os.environ else 20
NOW = START + timedelta(days=2)
CLEO = 9
EVERYBODYS = frozenset({PUBLIC})
MEMBERS = (ANA, BEN, CLEO)


@pytest.mark.parametrize("seed", range(WORLDS))
async def test_hidden_shares_change_no_public_answer(scene, store, seed):
    chance = random.Random(seed)
    tracks = [
        await scene.add(
            f"Song {number}",
            [chance.uniform(-1, 1) for _ in range(4)],
            f"Band {number % 7}",
            user=chance.choice(MEMBERS),
            minutes=number,
        )
        for number in range(chance.randint(3, 14))
    ]
    for member in MEMBERS:
        voted = chance.sample(tracks, chance.randint(0, len(tracks)))
        for track in voted:
            await scene.vote(member, chance.choice([LIKE, LIKE, DISLIKE]), track)
    before = await everything(scene, tracks)
    for number in range(chance.randint(1, 4)):
        where: dict[str, Any] = {
            "user": chance.choice(MEMBERS),
            "channel": HIDDEN,
            "minutes": chance.randint(-90, 300),
        }
        if chance.random() < 0.7:
            track = chance.choice(tracks)
            await add_share(store, track, message=900_000 + number, **where)
            await scene.refresher.refresh_point(GUILD, track)
        else:
            sounds = [chance.uniform(-1, 1) for _ in range(4)]
            secret = await scene.add(f"Secret {number}", sounds, "Band 1", **where)
            await scene.vote(chance.choice(MEMBERS), chance.choice([LIKE, DISLIKE]), secret)
    after = await everything(scene, tracks)
    assert after == before


async def everything(scene, tracks) -> list[tuple[Any, ...]]:
    """Every answer that those who see the public channel get."""
    answers: list[tuple[Any, ...]] = []
    for member in (*MEMBERS, None):
        found = await scene.recommender.recommend(GUILD, member, EVERYBODYS, 10, you=False, now=NOW)
        answers.append((member, found.note, [(p.card.id, p.reason, round(p.score, 6)) for p in found.picks]))
    for track in tracks[:3]:
        found = await scene.recommender.similar(GUILD, track_id=track, channels=EVERYBODYS, limit=10)
        answers.append((track, found.note, [(p.card.id, p.reason) for p in found.picks]))
    listed = await scene.catalog.search(GUILD, "", EVERYBODYS)
    weekly = await scene.playlists.weekly(GUILD, EVERYBODYS, now=NOW)
    answers += [(each.name, [entry.card.id for entry in each.entries]) for each in weekly]
    cards = [
        (card.id, card.label, card.likes, card.dislikes, [share.user_id for share in card.shares])
        for card in listed.cards
    ]
    answers.append((listed.total, cards))
    return answers
