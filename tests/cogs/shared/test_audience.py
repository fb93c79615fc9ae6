"""The visible channels are computed once a command."""

from typing import Any

import pytest

from bot.client import Earworm
from cogs.shared import audience
from tests.support.running import Club

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize(
    ("command", "by"),
    [
        ("library", {}),
        ("track", {"track": "Sola"}),
        ("track", {"track": "Sola", "private": True}),
        ("similar", {"track": "Sola"}),
        ("similar", {"track": "Sola", "private": True}),
        ("recommend", {}),
    ],
)
async def test_visible_channels_are_computed_once_a_command(
    bot: Earworm, club: Club, monkeypatch: pytest.MonkeyPatch, command: str, by: dict[str, Any]
) -> None:
    await club.add_song(bot, "Sola")
    calls: list[str] = []
    for name in ("channels_for_audience", "channels_for_member"):
        compute = getattr(audience, name)

        def counted(*args: Any, _name: str = name, _compute: Any = compute, **options: Any) -> Any:
            calls.append(_name)
            return _compute(*args, **options)

        monkeypatch.setattr(audience, name, counted)
    await (await club.ann.command(club.hall, command, **by)).message()
    assert len(calls) == 1
