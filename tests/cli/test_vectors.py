"""earworm vectors, over a Qdrant server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli import doctor, vectors
from bot.errors import SettingsError
from bot.services import Services
from bot.settings import Settings
from bot.vectors.mover import MoveOutcome, move_all
from models import TrackVector
from tests.support.commands import add_song, run
from tests.support.library import GUILD, add_track
from tests.support.qdrant_server import QdrantServer, qdrant_server

Output = pytest.CaptureFixture[str]
OTHER = GUILD + 1


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QdrantServer]:
    """A Qdrant server without collections."""
    async with qdrant_server(tmp_path / "server") as running:
        yield running


@pytest.fixture
async def there(settings: Settings, server: QdrantServer) -> Settings:
    """Settings that name it, with two songs of one server and one of another in collections of their own."""
    made = settings.model_copy(update={"qdrant_url": server.url})
    async with Services.open(made) as services:
        await add_song(services, "One", [1, 0])
        await add_song(services, "Two", [0, 1])
        await add_elsewhere(services)
    return made


async def add_elsewhere(services: Services) -> None:
    track = await add_track(services.store, "Three", guild=OTHER)
    data = bytes(4 * services.primary.dimension - 4) + b"\x00\x00\x80\x3f"
    async with services.store.begin() as session:
        session.add(TrackVector(track_id=track, name=services.primary.vector_name, data=data))
    await services.refresher.refresh_point(OTHER, track)


def held(server: QdrantServer) -> list[int]:
    """How many points each collection holds."""
    return sorted(each.shard.info().points_count for each in server.collections.values())


async def test_every_server_moves_into_one_collection(
    there: Settings, server: QdrantServer, capsys: Output
) -> None:
    assert held(server) == [1, 2]
    assert await run(vectors, there, "move", "--to", "tenants") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"1 of 2: server {GUILD}: moved, songs: 2",
        f"2 of 2: server {OTHER}: moved, songs: 1",
        "Now set QDRANT_LAYOUT=tenants and restart the bot, or what it makes anew goes back.",
    ]
    assert held(server) == [3]
    (name,) = server.collections
    async with Services.open(there) as services:
        generations = [await services.vectors.generations.current(guild) for guild in (GUILD, OTHER)]
        assert [generation and generation.collection for generation in generations] == [name, name]
        assert [len(await services.vectors.ids(guild)) for guild in (GUILD, OTHER)] == [2, 1]


async def test_and_back_again(there: Settings, server: QdrantServer, capsys: Output) -> None:
    await run(vectors, there, "move", "--to", "tenants")
    capsys.readouterr()
    assert await run(vectors, there, "move", "--to", "collections") == 0
    assert capsys.readouterr().out.endswith("New servers go there too. The shared collection stays, empty.\n")
    assert held(server) == [0, 1, 2]


async def test_a_server_that_is_there_already_is_passed_over(
    there: Settings, server: QdrantServer, capsys: Output
) -> None:
    await run(vectors, there, "move", "--to", "tenants")
    capsys.readouterr()
    server.requests.clear()
    assert await run(vectors, there, "move", "--to", "tenants", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["to"] == "tenants"
    assert [(each["guild_id"], each["outcome"]) for each in document["servers"]] == [
        (GUILD, "there"),
        (OTHER, "there"),
    ]
    assert not [path for method, path in server.requests if method == "PUT"]


async def test_what_was_cut_off_goes_on(there: Settings, server: QdrantServer) -> None:
    tenants = there.model_copy(update={"qdrant_layout": "tenants"})
    async with Services.open(tenants) as services:
        async for move in move_all(services.store, services.vectors):
            assert (move.guild_id, move.outcome) == (GUILD, MoveOutcome.MOVED)
            break
    assert held(server) == [1, 2]
    async with Services.open(tenants) as services:
        again = [move.outcome async for move in move_all(services.store, services.vectors)]
    assert again == [MoveOutcome.THERE, MoveOutcome.MOVED] and held(server) == [3]


async def test_what_the_running_bot_stores_and_removes_meanwhile_moves_too(
    there: Settings, server: QdrantServer, capsys: Output
) -> None:
    async with Services.open(there) as bot:

        async def busy() -> int:
            for number in range(10):
                last = await add_song(bot, f"More {number}", [1, number])
                await asyncio.sleep(0)
            async with bot.store.begin() as session:
                gone = await session.get_one(TrackVector, (last, bot.primary.vector_name))
                await session.delete(gone)
            await bot.refresher.refresh_point(GUILD, last)
            return last

        last, _ = await asyncio.gather(busy(), run(vectors, there, "move", "--to", "tenants"))
        stored = await bot.vectors.ids(GUILD)
        assert len(stored) == 11 and last not in stored
    assert held(server) == [12]
    capsys.readouterr()


async def test_in_a_folder_there_is_nothing_to_move(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="QDRANT_URL"):
        await run(vectors, settings, "move", "--to", "tenants")


async def test_many_collections_are_one_too_many_for_doctor(
    there: Settings, server: QdrantServer, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(doctor, there)
    assert "vectors move" not in capsys.readouterr().out
    monkeypatch.setattr(doctor, "MANY_COLLECTIONS", 2)
    await run(doctor, there)
    told = capsys.readouterr().out
    assert "✓ collections: 2 servers have a collection of their own" in told
    assert "earworm vectors move --to tenants" in told
    await run(vectors, there, "move", "--to", "tenants")
    capsys.readouterr()
    await run(doctor, there)
    assert "vectors move" not in capsys.readouterr().out
    assert len(server.collections) == 1
