"""How suggestions were taken, and the strategies that are compared."""

from datetime import timedelta

import pytest

from bot.errors import NotFound
from bot.suggestions.acceptance import AcceptanceReport
from bot.suggestions.pick import Arm
from bot.suggestions.wording import ReasonKind
from models import NOBODY, AnswerKind, Suggestion
from tests.support.library import ANA, BEN, CLEO, GUILD, START
from tests.support.scene import DISLIKE, LIKE, Scene, near, suggest

ROCK = 0
LATER = START + timedelta(days=3)


@pytest.fixture
def acceptance(scene: Scene) -> AcceptanceReport:
    return AcceptanceReport(scene.store, scene.feedback)


async def test_acceptance_by_week_reason_and_arm(scene, acceptance):
    tracks = [await scene.add(f"song {i}", near(ROCK, 0.1)) for i in range(4)]
    await scene.vote(CLEO, LIKE, tracks[3], at=START - timedelta(days=1))  # before it was suggested
    await suggest(scene, BEN, *tracks[:3], at=START, arm=Arm.OURS)
    await suggest(scene, BEN, tracks[3], at=START - timedelta(hours=1), arm=Arm.PLAIN)
    await scene.vote(BEN, LIKE, tracks[0], at=START + timedelta(hours=1))
    await scene.vote(ANA, LIKE, tracks[0], at=START + timedelta(hours=2))
    await scene.vote(BEN, DISLIKE, tracks[1], at=START + timedelta(hours=1))
    found = await acceptance.by_week(GUILD, now=LATER)
    assert [(row.week, row.evidence, row.arm, row.shown, row.liked, row.disliked) for row in found] == [
        ("2026-W45", ReasonKind.LIKED, Arm.PLAIN, 1, 0, 0),
        ("2026-W45", ReasonKind.LIKED, Arm.OURS, 3, 1, 1),
    ]


async def taken(acceptance: AcceptanceReport) -> list[tuple[Arm | None, int, int]]:
    """The arm, and how many were liked and disliked; one arm for each answer tells them apart."""
    return [(row.arm, row.liked, row.disliked) for row in await acceptance.by_week(GUILD, now=LATER)]


async def test_only_the_vote_of_whoever_asked_accepts_a_suggestion(scene, acceptance):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, BEN, track, arm=Arm.OURS)
    await scene.vote(CLEO, LIKE, track, at=START + timedelta(hours=1))
    assert await taken(acceptance) == [(Arm.OURS, 0, 0)]
    await scene.vote(BEN, DISLIKE, track, at=START + timedelta(hours=2))
    assert await taken(acceptance) == [(Arm.OURS, 0, 1)]


async def test_a_vote_counts_for_the_latest_suggestion_before_it_alone(scene, acceptance):
    track = await scene.add("song", near(ROCK, 0.1))
    for hours, user, arm in (
        (0, BEN, Arm.OURS),
        (1, BEN, Arm.SOUND),
        (2, CLEO, Arm.PLAIN),
        (4, BEN, None),
    ):
        await suggest(scene, user, track, at=START + timedelta(hours=hours), arm=arm)
    await scene.vote(BEN, LIKE, track, at=START + timedelta(hours=3))
    assert sorted(await taken(acceptance), key=lambda row: row[0] or "") == [
        (None, 0, 0),
        (Arm.OURS, 0, 0),
        (Arm.PLAIN, 0, 0),
        (Arm.SOUND, 1, 0),
    ]


async def test_what_the_bot_posted_itself_anybody_accepts(scene, acceptance):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, NOBODY, track, arm=Arm.OURS, kind=AnswerKind.DIGEST)
    await scene.vote(BEN, LIKE, track, at=START + timedelta(hours=1))
    await scene.vote(CLEO, DISLIKE, track, at=START + timedelta(hours=1))
    assert await taken(acceptance) == [(Arm.OURS, 1, 1)]


async def test_suggestions_to_somebody_who_is_forgotten_count_no_more(scene, acceptance):
    track = await scene.add("song", near(ROCK, 0.1))
    await suggest(scene, NOBODY, track, arm=Arm.OURS)
    await scene.vote(CLEO, LIKE, track, at=START + timedelta(hours=1))
    assert await taken(acceptance) == []


async def test_two_strategies_can_be_compared_and_no_others(scene, acceptance):
    await scene.add("song", near(ROCK, 0))
    assert await acceptance.arms(GUILD) == ()
    await acceptance.compare(GUILD, ["ours", "plain"])
    assert await acceptance.arms(GUILD) == ("ours", "plain")
    await acceptance.compare(GUILD, [])
    assert await acceptance.arms(GUILD) == ()
    for wrong in (["ours"], ["ours", "ours"], ["ours", "magic"]):
        with pytest.raises(NotFound):
            await acceptance.compare(GUILD, wrong)


async def test_a_suggestion_keeps_its_arm(scene):
    track = await scene.add("song", near(ROCK, 0))
    answer = await suggest(scene, BEN, track, arm=Arm.PLAIN)
    async with scene.store.session() as session:
        assert (await session.get(Suggestion, (answer, 1))).arm == "plain"
