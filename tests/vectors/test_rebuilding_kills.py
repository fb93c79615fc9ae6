"""kill −9 at each step of making a collection anew."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys

from sqlalchemy import func, make_url, select

from bot.library.store import Store, engine_for
from bot.settings import Settings
from bot.vectors import consistency
from bot.vectors.calibration import MIN_TRACKS
from bot.vectors.rebuilder import Rebuilder
from bot.vectors.storage import VectorStorage
from models import GenerationRecord
from tests.support.growing import FIRST, ONE, SECOND, add, collections, generations, sounds
from tests.support.library import GUILD

STEPS = ("begin", "ensure", "fill", "flush", "swap", "drop", "forget")


async def test_killed_at_any_step_the_old_or_the_new_is_in_use_and_nothing_is_left_over(tmp_path, tally):
    """One process makes the library, and a fork of it for each step is killed just before that step."""
    program = (
        "import sys; from tests.vectors import test_rebuilding_kills as it; it.kill_everywhere(sys.argv[1])"
    )
    run = [sys.executable, "-c", program, str(tmp_path)]
    made = await asyncio.to_thread(subprocess.run, run, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    for step in STEPS:
        settings, store = shaped_store(tmp_path / step)
        before = await _unused(store)
        vectors = await VectorStorage.open(settings, (FIRST, SECOND), store)
        (agreed,) = await consistency.agreement(store, vectors)
        measured = (await vectors.generations.current(GUILD)).calibrations[ONE].tracks
        assert agreed.agree and agreed.points == MIN_TRACKS + 2, step
        assert measured == (MIN_TRACKS + 2 if step in ("drop", "forget") else 0), step
        assert before == (0 if step == "begin" else 1), step
        assert await generations(vectors) == [True] and len(collections(vectors)) == 1, step
        await Rebuilder(store, vectors).rebuild(GUILD)
        assert (await vectors.generations.current(GUILD)).calibrations[ONE].tracks == MIN_TRACKS + 2, step
        await vectors.close()
        await store.close()
    tally.tried("kill −9 at each step of a rebuild", times=len(STEPS), lost=0)


async def _unused(store):
    async with store.session() as session:
        return await session.scalar(select(func.count()).where(GenerationRecord.current.is_(None)))


def shaped_store(home):
    settings = Settings.load(home=home)
    return settings, Store(engine_for(make_url(settings.database)))


def kill_everywhere(folder):
    async def make(home):
        settings = Settings.load(home=home)
        store = await Store.open(settings)
        vectors = await VectorStorage.open(settings, (FIRST, SECOND), store)
        await add(store, vectors, sounds(MIN_TRACKS + 2))
        await vectors.close()
        await store.close()

    async def build(home, step):
        settings, store = shaped_store(home)
        vectors = await VectorStorage.open(settings, (FIRST, SECOND), store)
        owner = next(each for each in (vectors.generations, vectors, vectors.engine) if hasattr(each, step))
        original = getattr(owner, step)

        async def die(*args, **options):
            if step == "fill":
                await original(*args, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, step, die)
        await Rebuilder(store, vectors).rebuild(GUILD)

    asyncio.run(make(f"{folder}/made"))
    for step in STEPS:
        shutil.copytree(f"{folder}/made", f"{folder}/{step}")
        child = os.fork()
        if child == 0:
            asyncio.run(build(f"{folder}/{step}", step))
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), step
