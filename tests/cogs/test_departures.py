"""A server that removes the bot has 30 days to think again; then nothing is left of it."""

from datetime import datetime, timedelta
from typing import Any, cast

import discord
import pytest
from sqlalchemy import select

from bot.client import Earworm
from bot.privacy.departures import KEPT_FOR
from cogs.departures import DeparturesCog
from models import Guild
from tests.cogs.test_privacy import traces
from tests.support.running import Club, eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


def cog_of(bot: Earworm) -> DeparturesCog:
    return cast(DeparturesCog, bot.get_cog("DeparturesCog"))  # its module was loaded anew


async def left_at(bot: Earworm, club: Club) -> datetime | None:
    async with bot.services.store.session() as session:
        return await session.scalar(select(Guild.left_at).where(Guild.id == club.guild.id))


async def test_a_removal_is_noted_with_the_day_on_which_everything_goes(
    bot: Earworm, club: Club, caplog: pytest.LogCaptureFixture
) -> None:
    await club.add_song(bot, "Song", by=club.ann)
    club.discord.remove_guild(club.guild)
    noted: Any = await eventually(lambda: left_at(bot, club))
    day = (noted + KEPT_FOR).date()
    [line] = [
        record.getMessage() for record in caplog.records if f"from server {club.guild.id}" in record.message
    ]
    assert f"is erased on {day}, unless I am invited there again" in line

    now = discord.utils.utcnow()
    await cog_of(bot).purge(now + KEPT_FOR - timedelta(minutes=10))
    assert await bot.services.vectors.ids(club.guild.id) != set()
    assert await traces(bot, club.ann.id) == ["shares.user_id"]
    await cog_of(bot).purge(now + KEPT_FOR)
    assert await traces(bot, club.ann.id) == await traces(bot, club.guild.id) == []
    assert await bot.services.vectors.ids(club.guild.id) == set()


async def test_an_invitation_takes_it_back(bot: Earworm, club: Club) -> None:
    await club.add_song(bot, "Song", by=club.ann)
    club.discord.remove_guild(club.guild)
    await eventually(lambda: left_at(bot, club))
    club.discord.invite_to(club.guild)

    async def is_back() -> bool:
        return await left_at(bot, club) is None

    await eventually(is_back)
    await cog_of(bot).purge(discord.utils.utcnow() + KEPT_FOR)
    assert await bot.services.vectors.ids(club.guild.id) != set()


async def test_a_removal_that_nobody_told_of_is_found_when_the_bot_is_back(bot: Earworm, club: Club) -> None:
    await club.add_song(bot, "Song", by=club.ann)
    await cog_of(bot).compare(discord.utils.utcnow())
    del club.discord.guilds[club.guild.id]
    club.discord.drop_gateway(resumable=False)
    await eventually(lambda: left_at(bot, club))
    await club.discord.ready()
    others = select(Guild.left_at).where(Guild.id.in_([guild.id for guild in bot.guilds]))
    async with bot.services.store.session() as session:
        assert set(await session.scalars(others)) <= {None}


async def test_the_clock_is_looked_at_every_hour(bot: Earworm) -> None:
    assert cog_of(bot).look.is_running()
    assert cog_of(bot).look.hours == 1
