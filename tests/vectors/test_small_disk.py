"""A real disk that is full: mounted where that is allowed, of a few megabytes."""

import asyncio
import shutil
import subprocess

import pytest

from bot.errors import StorageFailed
from bot.vectors.consistency import agreement
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from tests.support.growing import FIRST, SECOND, add, sounds
from tests.support.library import GUILD

FLOOR = 16_000_000
ROOM = 400_000  # above the floor, for songs


@pytest.fixture
def small_disk(settings):
    """The vectors' folder on a disk of its own."""
    folder = settings.home / "vectors"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "earworm-test", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


async def test_at_the_floor_writes_are_refused_and_caught_up_with_later(
    settings, store, small_disk, monkeypatch
):
    """Without a floor the kernel ends the process, and the tests with it, once there is no room for a page."""
    monkeypatch.setattr("bot.vectors.upkeep.RETRY_SECONDS", 0.01)
    settings = settings.model_copy(update={"disk_floor": FLOOR})
    vectors = await VectorStorage.open(settings, (FIRST, SECOND), store)
    upkeep = Upkeep(store, vectors)
    upkeep.start()
    await add(store, vectors, sounds(1))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - FLOOR - ROOM))
    with pytest.raises(StorageFailed, match="the disk may be full"):
        for seed in range(1000):
            await add(store, vectors, sounds(100, seed))
    assert FLOOR / 2 < shutil.disk_usage(small_disk).free < FLOOR
    stored = await vectors.ids(GUILD)
    assert len(await vectors.nearest(GUILD, 1, channels=None, limit=10)) == 10
    filler.unlink()
    async with asyncio.timeout(60):
        while not (await agreement(store, vectors))[0].agree:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.05)
    assert len(await vectors.ids(GUILD)) > len(stored)
    await upkeep.stop()
    await vectors.close()
