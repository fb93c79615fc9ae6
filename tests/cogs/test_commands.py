"""What Discord is told of the commands."""

import pytest

from bot.client import Earworm

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_no_command_is_offered_outside_of_a_server(bot: Earworm) -> None:
    offered = {c.name: c.guild_only for c in bot.tree.get_commands()}
    assert len(offered) > 15
    assert [name for name, guild_only in offered.items() if not guild_only] == []
