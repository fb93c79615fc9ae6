"""What the visible channels follow from is read once a command."""

from collections import Counter
from typing import Any

import pytest

from bot.client import Earworm
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from cogs.shared import audience
from tests.support.running import PATIENCE, Club

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


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often it was read from the database where something was shared."""
    counts: Counter[str] = Counter()
    for reader, name in ((Catalog, "channels_with_shares"), (Guilds, "threads")):
        read = getattr(reader, name)

        def counted(*args: Any, _name: str = name, _read: Any = read) -> Any:
            counts[_name] += 1
            return _read(*args)

        monkeypatch.setattr(reader, name, counted)
    return counts


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize(
    ("command", "by"),
    [
        ("track", {"track": "Sola"}),
        ("similar", {"track": "Sola", "without_track": "Duo"}),
        ("recommend", {"without_track": "Duo"}),
        ("alchemy", {"add": "Sola", "subtract": "Duo"}),
        ("path", {"from": "Sola", "to": "Duo"}),
        ("blend", {}),
        ("vibes playlist", {"kind": "sleepers"}),
        ("map", {}),
        ("taste", {}),
    ],
)
async def test_shared_channels_are_read_once_a_command(
    bot: Earworm, club: Club, reads: Counter[str], command: str, by: dict[str, Any], private: bool
) -> None:
    await club.add_song(bot, "Sola")
    await club.add_song(bot, "Duo", sounds=(0.0, 1.0))
    by = by | ({"member": club.bo} if command == "blend" else {})
    await (await club.ann.command(club.hall, command, **by, private=private)).message(PATIENCE)
    assert reads == {"channels_with_shares": 1, "threads": 1}


@pytest.mark.parametrize("command", ["vibes list", "vibes history", "digest preview", "tastebuddies"])
async def test_shared_channels_are_read_once_for_what_the_asker_alone_reads(
    bot: Earworm, club: Club, reads: Counter[str], command: str
) -> None:
    await club.add_song(bot, "Sola")
    await (await club.mod.command(club.hall, command)).message(PATIENCE)
    assert reads == {"channels_with_shares": 1, "threads": 1}


async def test_shared_channels_are_read_once_for_a_refusal(
    bot: Earworm, club: Club, reads: Counter[str]
) -> None:
    backroom = club.guild.add_channel("backroom", private_to=[club.ann])
    await club.discord.quiet(0.1)
    await club.add_song(bot, "Sola", channel=backroom)
    answer = await (await club.ann.command(club.hall, "track", track="Sola")).message()
    assert answer["content"].startswith("That song was only shared where not everybody here can look")
    assert reads == {"channels_with_shares": 1, "threads": 1}
