"""What is Qdrant Edge's alone: shards in folders that this process holds, on a disk that may be full or damaged."""

import asyncio
import shutil
import subprocess
import sys
import threading

import pytest
from qdrant_edge import CountRequest

from bot.errors import SettingsError, StorageBusy, StorageFailed
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors import shard_pool
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from tests.support.library import GUILD, INFOS, add_track
from tests.vectors.test_storage import EAST, near, put


async def test_two_questions_at_once_run_at_once(vectors, monkeypatch):
    """And none of it in the thread that talks to Discord."""
    await put(vectors, 1, EAST)
    both, threads = threading.Barrier(2), set()

    def meet(shard):
        threads.add(threading.get_ident())
        both.wait(30)
        return shard.count(CountRequest())

    generation = await vectors.generations.current(GUILD)
    answers = await asyncio.gather(*(vectors.engine._read(generation, meet) for _ in range(2)))
    assert answers == [1, 1] and len(threads) == 2 and threading.get_ident() not in threads


async def test_a_shard_is_not_closed_while_it_is_asked(vectors, monkeypatch):
    """Also if whoever asked has gone meanwhile."""
    await put(vectors, 1, EAST)
    generation, going, on = await vectors.generations.current(GUILD), threading.Event(), threading.Event()

    def slow(shard):
        going.set()
        on.wait(30)
        done.append(shard.count(CountRequest()))

    done = []
    asked = asyncio.create_task(vectors.engine._read(generation, slow))
    await asyncio.to_thread(going.wait, 30)
    asked.cancel()
    closing = asyncio.create_task(vectors.engine.drop(generation))
    await asyncio.sleep(0.05)
    assert not closing.done()
    on.set()
    await closing
    assert done == [1] and not await vectors.engine.has(generation)


async def test_shards_that_were_not_asked_for_longest_are_closed(vectors, monkeypatch):
    monkeypatch.setattr(shard_pool, "MAX_OPEN", 2)
    for guild in range(GUILD, GUILD + 4):
        await put(vectors, 1, EAST, guild=guild)
    opened = vectors.engine._shards._open
    assert [int(name.partition("-")[0]) for name in opened] == [GUILD + 2, GUILD + 3]
    assert await vectors.ids(GUILD) == {1}
    assert [int(name.partition("-")[0]) for name in opened] == [GUILD + 3, GUILD]


async def test_what_was_written_is_flushed_when_it_is_idle(vectors, monkeypatch):
    flushed = []
    monkeypatch.setattr(shard_pool, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(shard_pool, "_optimise_and_flush", flushed.append)
    for track in (1, 2, 3):
        await put(vectors, track, EAST)
    async with asyncio.timeout(30):
        while not flushed:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(flushed) == 1


async def test_a_second_process_is_told_that_the_bot_holds_the_vectors(settings, store):
    vectors = await VectorStorage.open(settings, INFOS, store)
    program = (
        "import asyncio; from bot.vectors.storage import VectorStorage; from bot.settings import Settings\n"
        f"asyncio.run(VectorStorage.open(Settings.load(home={str(settings.home)!r}), [], None))"
    )
    other = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True
    )
    with pytest.raises(StorageBusy, match="bot is running"):
        await VectorStorage.open(settings, INFOS, store)
    await vectors.close()
    assert other.returncode == 1 and "StorageBusy: The bot is running" in other.stderr
    again = await VectorStorage.open(settings, INFOS, store)
    await again.close()


async def test_an_upsert_survives_kill_9(tmp_path):
    program = (
        "import asyncio, os, signal, numpy as np\n"
        "from bot.library.store import Store; from bot.vectors.points import Point\n"
        "from bot.vectors.storage import VectorStorage\n"
        "from bot.settings import Settings; from tests.support.library import INFOS\n"
        "async def main():\n"
        f"    settings = Settings.load(home={str(tmp_path)!r})\n"
        "    vectors = await VectorStorage.open(settings, INFOS, await Store.open(settings))\n"
        f"    await vectors.put_all({GUILD}, [Point(1, {{'first-1': np.ones(4, np.float32)}}, {{}})])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program])
    assert killed.returncode == -9
    settings = Settings.load(home=tmp_path)
    store = await Store.open(settings)
    vectors = await VectorStorage.open(settings, INFOS, store)
    assert await vectors.ids(GUILD) == {1}
    await vectors.close()
    await store.close()


@pytest.mark.parametrize("damage", ["gone", "config", "segment.json", "page_0.dat", "chunk_0.mmap"])
async def test_a_damaged_shard_is_made_anew_by_itself(settings, store, vectors, refresher, caplog, damage):
    tracks = [await add_track(store, f"Song {number}", sounds=(1, number, 0, 0)) for number in range(3)]
    await refresher.refresh_points(GUILD, tracks)
    before = await near(vectors, EAST)
    await vectors.close()
    (folder,) = (path for path in (settings.home / "vectors").iterdir() if path.is_dir())
    harm(folder, damage)
    vectors = await VectorStorage.open(settings, INFOS, store)
    upkeep = Upkeep(store, vectors)
    vectors.when_outdated(upkeep.restore)
    await upkeep.restore(GUILD)
    assert await near(vectors, EAST) == before
    await vectors.close()
    assert damage == "gone" or "made anew" in caplog.text


def harm(folder, damage):
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "config":
        (folder / "edge_config.json").write_text("{")
    else:
        for file in (folder / "segments").rglob(damage):
            if "payload_index" not in file.parts:
                file.write_bytes(b"")


async def test_without_room_on_the_disk_nothing_is_written(settings, store, vectors, monkeypatch):
    await put(vectors, 1, EAST)
    nearly_full = shutil.disk_usage(settings.home)._replace(free=settings.disk_floor - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    for guild in (GUILD, GUILD + 1):
        with pytest.raises(StorageFailed, match="disk"):
            await put(vectors, 2, EAST, guild=guild)
    with pytest.raises(StorageFailed, match="disk"):
        await vectors.remove(GUILD, [1])
    assert await vectors.ids(GUILD) == {1}
    monkeypatch.undo()
    await put(vectors, 2, EAST)
    assert await vectors.ids(GUILD) == {1, 2}


async def test_what_a_full_disk_refused_is_caught_up_with(settings, store, vectors, refresher, monkeypatch):
    upkeep = Upkeep(store, vectors)
    upkeep.start()
    track = await add_track(store, "Song", sounds=(1, 0, 0, 0))
    with monkeypatch.context() as patch:
        nearly_full = shutil.disk_usage(settings.home)._replace(free=0)
        patch.setattr(shutil, "disk_usage", lambda _: nearly_full)
        with pytest.raises(StorageFailed):
            await refresher.refresh_point(GUILD, track)
    monkeypatch.setattr("bot.vectors.upkeep.RETRY_SECONDS", 0.01)
    async with asyncio.timeout(30):
        while await vectors.ids(GUILD) != {track}:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.01)
    await upkeep.stop()


async def test_without_a_build_for_the_platform_a_server_is_proposed(settings, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "bot.vectors.edge", None)
    with pytest.raises(SettingsError, match="QDRANT_URL"):
        await VectorStorage.open(settings, INFOS, store)


async def test_closing_while_it_is_flushed_leaves_nothing_open(settings, store, vectors, monkeypatch):
    going, on = threading.Event(), threading.Event()
    original = shard_pool._optimise_and_flush

    def slow(shard):
        going.set()
        on.wait(30)
        original(shard)

    monkeypatch.setattr(shard_pool, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(shard_pool, "_optimise_and_flush", slow)
    await put(vectors, 1, EAST)
    await asyncio.to_thread(going.wait, 30)
    closing = asyncio.create_task(vectors.close())
    await asyncio.sleep(0.05)
    on.set()
    await closing
    again = await VectorStorage.open(settings, INFOS, store)
    assert await again.ids(GUILD) == {1}
    await again.close()


async def test_a_shard_that_cannot_be_flushed_is_closed_all_the_same(settings, store, vectors, monkeypatch):
    await put(vectors, 1, EAST)
    await put(vectors, 1, EAST, guild=GUILD + 1)
    closed = []

    def fail(shard):
        shard.close()
        closed.append(shard)
        raise OSError("no space left on device")

    monkeypatch.setattr(shard_pool, "_flush_and_close", fail)
    await vectors.close()
    assert len(closed) == 2
    again = await VectorStorage.open(settings, INFOS, store)
    assert await again.ids(GUILD) == await again.ids(GUILD + 1) == {1}
    await again.close()
