"""Settings reach what they are for."""

from datetime import UTC, datetime, timedelta

from bot.services import Services
from tests.support.commands import add_song, like
from tests.support.library import BEN, GUILD


async def test_a_like_fades_by_the_half_life_that_is_set(settings):
    later = datetime.now(UTC) + timedelta(days=60)
    async with Services.open(settings) as services:
        await like(services, BEN, await add_song(services, "liked", [1.0]))
        await add_song(services, "close", [1.0, 0.1])
    scores = []
    for half_life in (60.0, 20.0):
        async with Services.open(settings.model_copy(update={"half_life": half_life})) as services:
            (pick,) = (await services.recommender.recommend(GUILD, BEN, None, now=later)).picks
            scores.append(pick.score)
    assert scores[0] > 2 * scores[1]
