"""Every filter can be asked for with the options of a command."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import cast

import discord
import pytest

from bot.client import Earworm
from bot.suggestions.steering import Steering, named_tempo
from cogs.suggestions.options import DESCRIBED, SteeringOptions

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def member(user_id: int) -> discord.User:
    return cast(discord.User, discord.Object(user_id))


def test_nothing_that_can_be_steered_is_left_out() -> None:
    options = SteeringOptions(
        tag="jazz",
        tempo="118",
        key="Cb",
        sharer=member(1),
        days=3,
        without_artist="Band",
        without_member=member(2),
        mixes=True,
        adventure="bold",
    )
    steering = options.steering(NOW)
    plain = Steering()
    same = [
        each.name for each in fields(Steering) if getattr(steering, each.name) == getattr(plain, each.name)
    ]
    assert same == ["without_tracks"]  # which the library is asked for
    assert (steering.tempo, steering.key) == (named_tempo("118"), "B major")


@pytest.mark.asyncio(loop_scope="package")
@pytest.mark.parametrize("command", ["recommend", "similar"])
async def test_each_command_has_every_filter(bot: Earworm, command: str) -> None:
    found = bot.tree.get_command(command)
    assert isinstance(found, discord.app_commands.Command)
    assert {option.name for option in found.parameters} >= DESCRIBED.keys()
    assert len(found.parameters) <= 25
