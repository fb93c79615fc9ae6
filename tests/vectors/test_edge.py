"""What is Qdrant Edge's alone: shards in folders that this process holds, on a disk that may be full or damaged."""

import asyncio
import shutil
import subprocess
import sys
import threading

import pytest
from qdrant_edge import CountRequest

from bot.errors import SettingsError, StorageBusy, StorageDamaged, StorageFailed
from bot.library.store import Store
from bot.settings import Settings
from bot.vectors import shard_pool
from bot.vectors.points import Point
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from tests.support.library import GUILD, INFOS, PUBLIC, add_track
from tests.vectors.test_storage import EAST, FIRST, near, put


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
    monkeypatch.setattr(shard_pool.ShardPool, "_optimise_and_flush", lambda _, shard: flushed.append(shard))
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


@pytest.mark.parametrize("filled", [b"", b"\xff"], ids=["emptied", "overwritten"])
@pytest.mark.parametrize("damage", ["gone", "config", "segment.json", "page_0.dat", "chunk_0.mmap", "index"])
async def test_a_damaged_shard_is_made_anew_by_itself(
    settings, store, vectors, refresher, caplog, damage, filled
):
    tracks = [await add_track(store, f"Song {number}", sounds=(1, number, 0, 0)) for number in range(3)]
    await refresher.refresh_points(GUILD, tracks)
    before = await near(vectors, EAST)
    await vectors.close()
    (folder,) = (path for path in (settings.home / "vectors").iterdir() if path.is_dir())
    harm(folder, damage, filled)
    vectors = await VectorStorage.open(settings, INFOS, store)
    upkeep = Upkeep(store, vectors)
    vectors.restore_when_asked(upkeep.restore)
    await upkeep.restore(GUILD)
    assert await near(vectors, EAST) == await near(vectors, EAST, channels={PUBLIC}) == before
    await vectors.close()
    assert damage in {"gone", "index"} or "made anew" in caplog.text


def harm(folder, damage, filled):
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "config":
        (folder / "edge_config.json").write_bytes(filled)
    else:
        name = "page_0.dat" if damage == "index" else damage
        for file in (folder / "segments").rglob(name):
            if ("payload_index" in file.parts) == (damage == "index"):
                file.write_bytes(filled * file.stat().st_size)


async def test_damage_that_shows_when_something_is_stored_is_mended_too(
    store, vectors, refresher, monkeypatch
):
    tracks = [await add_track(store, f"Song {number}", sounds=(1, number, 0, 0)) for number in range(3)]
    original, failures = vectors.engine.put, []

    async def fail_once(generation, points):
        if not failures:
            failures.append(generation)
            raise StorageDamaged("vector offset out of bounds")
        return await original(generation, points)

    await vectors.put_all(GUILD, [Point(99, {FIRST: EAST}, {})])
    monkeypatch.setattr(vectors.engine, "put", fail_once)
    await Upkeep(store, vectors).restore(GUILD)
    assert failures and await vectors.ids(GUILD) == set(tracks)


async def test_two_that_look_after_the_same_server_do_not_wait_for_each_other(
    store, vectors, refresher, monkeypatch
):
    """`refreshing` is held while points are stored, and whoever hears of the failure would want it too."""
    other, outdated = Upkeep(store, vectors), []
    vectors.restore_when_asked(other.restore)
    vectors.when_outdated(outdated.append)
    track = await add_track(store, "Song", sounds=(1, 0, 0, 0))

    async def fail(generation, points):
        raise StorageFailed("no room")

    async with asyncio.timeout(30):
        with monkeypatch.context() as patch, pytest.raises(StorageFailed):
            patch.setattr(vectors.engine, "put", fail)
            await Upkeep(store, vectors).restore(GUILD)
        await other.restore(GUILD)
    assert outdated == [GUILD] and await vectors.ids(GUILD) == {track}


async def test_what_fails_is_tried_again_after_a_while_and_not_at_once(store, vectors, monkeypatch):
    await add_track(store, "Song", sounds=(1, 0, 0, 0))
    tries = []

    async def fail(generation, points):
        tries.append(generation)
        raise StorageFailed("no room")

    monkeypatch.setattr(vectors.engine, "put", fail)
    upkeep = Upkeep(store, vectors)
    upkeep.start()
    await asyncio.sleep(1)
    await upkeep.stop()
    assert len(tries) == 1


async def test_a_shard_that_was_not_closed_is_not_opened_without_room(settings, store, vectors, monkeypatch):
    """Opening it writes what stands in its write-ahead log alone."""
    await put(vectors, 1, EAST)
    killed = settings.home / "killed"
    shutil.copytree(settings.home / "vectors", killed, ignore=shutil.ignore_patterns(".lock"))
    await vectors.close()
    nearly_full = shutil.disk_usage(settings.home)._replace(free=0)
    for folder, opens in ((settings.home / "vectors", True), (killed, False)):
        again = await VectorStorage.open_beside(settings, INFOS, store, folder)
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "disk_usage", lambda _: nearly_full)
            if opens:
                assert await again.ids(GUILD) == {1}
            else:
                with pytest.raises(StorageFailed, match="disk"):
                    await again.ids(GUILD)
        assert await again.ids(GUILD) == {1}
        await again.close()


async def test_a_shard_is_closed_to_the_end_if_whoever_made_room_goes(vectors, monkeypatch):
    monkeypatch.setattr(shard_pool, "MAX_OPEN", 1)
    going, on = threading.Event(), threading.Event()
    original = shard_pool._flush_and_close

    def slow(shard):
        going.set()
        on.wait(30)
        original(shard)

    monkeypatch.setattr(shard_pool, "_flush_and_close", slow)
    await put(vectors, 1, EAST)
    other = asyncio.create_task(put(vectors, 1, EAST, guild=GUILD + 1))
    await asyncio.to_thread(going.wait, 30)
    other.cancel()
    asked = asyncio.create_task(vectors.ids(GUILD))
    await asyncio.sleep(0.05)
    on.set()
    assert await asked == {1}


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
    original = shard_pool.ShardPool._optimise_and_flush

    def slow(pool, shard):
        going.set()
        on.wait(30)
        original(pool, shard)

    monkeypatch.setattr(shard_pool, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(shard_pool.ShardPool, "_optimise_and_flush", slow)
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
