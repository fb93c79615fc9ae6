"""kill −9 at any moment while songs are stored, removed, rebuilt and swapped: each next start sets it right by itself.

A process that has everything imported forks one child after another on the same home. Each starts as the bot does, says
how database and vectors compare once that is through, and then works through a random history until it is killed.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sqlalchemy import select, update

from bot.library.store import Store
from bot.settings import Settings
from bot.vectors import shard_pool
from bot.vectors.consistency import agreement
from bot.vectors.rebuilder import Rebuilder
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep
from models import GenerationRecord, Guild, Share, Source, Track, TrackVector
from tests.support.library import ANA, GUILD, INFOS, PUBLIC, START

KILLS = 50 if "NIGHTLY" in os.environ else 8
STARTING = 5  # each so manieth child is killed while it starts
GUILDS = (GUILD, GUILD + 1)
MOST_TRACKS = 40  # of a server


def test_killed_at_any_moment_the_next_start_sets_it_right(tmp_path, tally):
    seed = random.SystemRandom().randrange(1 << 32)
    program = (
        "import sys; from tests.vectors import test_edge_kills as it; it.kill_again_and_again(*sys.argv[1:])"
    )
    run = [sys.executable, "-c", program, str(tmp_path), str(seed), str(KILLS)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    starts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(starts) == KILLS - KILLS // STARTING + 1
    for start in starts:
        assert start["agree"] == [True] * len(start["agree"]), (seed, start)
        assert start["leftovers"] == [] and start["generations"] == start["shards"], (seed, start)
    assert starts[-1]["tracks"] and starts[-1]["agree"]
    tally.tried("kill −9 at any moment while vectors are written, removed and rebuilt", times=KILLS, lost=0)


def kill_again_and_again(folder, seed, kills):
    """Print what each start that was let through said, the last one's too."""
    home = Path(folder)
    asyncio.run(make(home))
    chance = random.Random(int(seed))
    for number in range(int(kills)):
        is_killed_starting = number % STARTING == STARTING - 1
        child, says = forked(home, chance.random())
        if not is_killed_starting:
            print(says.readline().strip())
        time.sleep(chance.uniform(0, 0.1 if is_killed_starting else 0.5))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"child {number} ended by itself"
        says.close()
    child, says = forked(home, 0.0)
    print(says.readline().strip())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def forked(home, seed):
    """A child on this home, and where it says what it found."""
    says, saying = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # the end also of one that hangs
        try:
            asyncio.run(live(home, random.Random(seed), saying))
        finally:
            os._exit(1)
    os.close(saying)
    return child, os.fdopen(says)


# -- the child ---------------------------------------------------------------------------------------------


async def make(home):
    store = await Store.open(Settings.load(home=home))
    async with store.begin() as session:
        session.add_all(Guild(id=guild) for guild in GUILDS)
    await store.close()


async def live(home, chance, saying):
    """Start, say how it is, and then do what bots do, in several tasks at once, until the end comes from outside."""
    shard_pool.IDLE_SECONDS = 0.02
    shard_pool.MAX_OPEN = chance.choice(
        (1, 64)
    )  # so that shards are closed and opened all the time, or never
    settings = Settings.load(home=home, disk_floor=0)
    store = await Store.open(settings)
    begun = await generations(store)
    vectors = await VectorStorage.open(settings, INFOS, store)
    upkeep, compared = Upkeep(store, vectors), asyncio.Event()
    loop = asyncio.get_running_loop()
    upkeep.start(lambda: loop.call_soon_threadsafe(compared.set))
    await compared.wait()
    os.write(saying, json.dumps(await found(store, vectors, home, len(begun))).encode() + b"\n")
    history = RandomHistory(store, vectors, chance)
    await asyncio.gather(*(history.play() for _ in range(3)))


async def generations(store):
    async with store.session() as session:
        rows = await session.execute(select(GenerationRecord.guild_id, GenerationRecord.id))
        return sorted(f"{guild}-{generation:x}" for guild, generation in rows)


async def found(store, vectors, home, begun):
    """How database and vectors compare, and how many generations had been begun before the start, in JSON's words."""
    compared = await agreement(store, vectors)
    return {
        "begun": begun,
        "agree": [guild.agree for guild in compared],
        "tracks": sum(guild.tracks for guild in compared),
        "leftovers": [name for _, name in await vectors.strays()],
        "generations": await generations(store),
        "shards": sorted(path.name for path in (home / "vectors").iterdir() if path.is_dir()),
    }


class RandomHistory:
    """What happens to two servers' libraries, at random."""

    def __init__(self, store, vectors, chance):
        self.store = store
        self.vectors = vectors
        self.chance = chance
        self.refresher = PointRefresher(store, vectors)
        self.rebuilder = Rebuilder(store, vectors)

    async def play(self):
        """Go on for ever."""
        while True:
            guild = self.chance.choice(GUILDS)
            tracks = await self.tracks(guild)
            many = len(tracks) > MOST_TRACKS
            (deed,) = self.chance.choices(
                (self.store_some, self.remove_some, self.change_some, self.rebuild, self.ask),
                (1 if many else 6, 6 if many else 2, 2, 3, 2),
            )
            await deed(guild, tracks)

    async def tracks(self, guild):
        async with self.store.session() as session:
            return list(await session.scalars(select(Track.id).where(Track.guild_id == guild)))

    async def store_some(self, guild, _tracks):
        made = [self.track(guild) for _ in range(self.chance.randint(1, 12))]
        async with self.store.begin() as session:
            session.add_all(made)
            await session.flush()
            session.add_all(self.share(track) for track in made)
        await self.refresher.refresh_points(guild, [track.id for track in made])

    def track(self, guild):
        track = Track(guild_id=guild, seconds=200.0, created_at=START)
        for info in INFOS[: self.chance.randint(1, 2)]:
            raw = np.array([self.chance.gauss(0, 1) for _ in range(info.dimension)], np.float32)
            track.vectors.append(TrackVector(name=info.vector_name, data=raw.tobytes()))
        return track

    def share(self, track):
        source = Source(guild_id=track.guild_id, track_id=track.id, key=f"k{track.id}", url="", title="Song")
        where = {"message_id": track.id, "track_id": track.id, "guild_id": track.guild_id}
        return Share(**where, channel_id=PUBLIC, user_id=ANA, shared_at=START, source=source)

    async def remove_some(self, guild, tracks):
        for track in self.chance.sample(tracks, min(len(tracks), self.chance.randint(1, 12))):
            await self.refresher.drop_share(guild, track)  # its message is called like it

    async def change_some(self, guild, tracks):
        changed = self.chance.sample(tracks, min(len(tracks), self.chance.randint(1, 12)))
        async with self.store.begin() as session:
            seconds = self.chance.uniform(10, 1000)
            await session.execute(update(Track).where(Track.id.in_(changed)).values(seconds=seconds))
        await self.refresher.refresh_points(guild, changed)

    async def rebuild(self, guild, _tracks):
        await self.rebuilder.rebuild(guild, anew=True)

    async def ask(self, guild, _tracks):
        sound = {info.vector_name: np.ones(info.dimension, np.float32) for info in INFOS}
        await self.vectors.nearest(guild, sound, channels=None, limit=10)
