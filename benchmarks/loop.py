"""How long does the bot's event loop stand still while it is busy? `python -m benchmarks.loop [--json]`

The real bot runs in a process of its own with MFCC; this process plays Discord and its members: 50 songs are shared
at once (as files of 3 s), and /similar is asked every half second until all of them are told. In the bot's process a
task sleeps for 5 ms again and again and notes how much later it wakes: a stall. `own` is the processor time that the
loop's thread itself used meanwhile; the rest of a stall is waiting for a processor. Goal on 2 cores: under 100 ms.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bot import client
from bot.settings import Settings
from discord_sandbox import Channel, Sandbox, SandboxMember
from tests.support.songs import clip

SHARES, MEMBERS = 50, 5
TICK = 0.005
WORDS = (
    "longest stall",
    "99% of stalls below",
    "half of stalls below",
    "longest, own work",
    "/similar, slowest answer",
)


def main() -> None:
    """Measure, and print milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--bot", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bot:
        asyncio.run(watched())
        return
    found = asyncio.run(measured())
    if arguments.json:
        print(json.dumps(found))
        return
    for words, milliseconds in zip(WORDS, found.values(), strict=False):
        print(f"{words:<26}{milliseconds:8.1f} ms")
    print(f"{found['shares']} shares told after {found['seconds']:.0f} s")


# -- the bot's process -------------------------------------------------------------------------------------


async def watched() -> None:
    """Run the bot as `earworm run` does, and print its stalls in the end."""
    stalls: list[tuple[float, float]] = []
    watching: list[asyncio.Task[None]] = []

    def begin(_bot: client.Earworm) -> None:
        watching.append(asyncio.create_task(watch(stalls)))

    await client.run(Settings.load(), ready=begin)
    for task in watching:
        task.cancel()
    late, own = np.array(stalls).T * 1000
    worst = {"longest": late.max(), "p99": np.percentile(late, 99), "p50": np.percentile(late, 50)}
    print(json.dumps({name: float(value) for name, value in (worst | {"longest_own": own.max()}).items()}))


async def watch(stalls: list[tuple[float, float]]) -> None:
    """Note every wake-up: how late it was, and what this thread did meanwhile (both in seconds)."""
    while True:
        began, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK)
        late = time.perf_counter() - began - TICK
        stalls.append((max(0.0, late), time.thread_time() - worked))


# -- everybody else's --------------------------------------------------------------------------------------


async def measured() -> dict[str, float]:
    """Play the story; gives the bot's stalls and the slowest answer in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox() as discord:
            discord.grant(message_content=True)
            bot = await start(discord, Path(folder))
            seconds, answers = await play(discord)
            bot.send_signal(signal.SIGTERM)
            output, _ = await bot.communicate()
    found: dict[str, float] = json.loads(output)
    return {**found, "similar": max(answers) * 1000, "shares": SHARES, "seconds": seconds}


async def start(discord: Sandbox, home: Path) -> asyncio.subprocess.Process:
    """Start this file's other half and wait until it is connected."""
    environment = os.environ | {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_BASE": discord.api_base,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "EARWORM_HOME": str(home / "home"),
        "EARWORM_EMBEDDERS": "mfcc",
        "EARWORM_EGRESS_ALLOW": f"127.0.0.1:{discord.port}",
    }
    command = (sys.executable, "-m", "benchmarks.loop", "--bot")
    bot = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    await discord.ready(120)
    return bot


async def play(discord: Sandbox) -> tuple[float, list[float]]:
    """Share everything, ask until all is told; gives the seconds that took, and each answer's."""
    guild = discord.add_guild("Club")
    admin = guild.add_role("Admins", permissions=1 << 5)
    music = guild.add_channel("music")
    members = [guild.add_member(f"Member {i}", roles=[admin]) for i in range(MEMBERS)]
    files = [(f"song_{i}.wav", clip(i), "audio/wav") for i in range(SHARES)]
    await (await members[0].command(music, "settings channel")).message()
    began, answers = time.monotonic(), []
    for number, file in enumerate(files):
        await members[number % MEMBERS].post(music, files=[file])
    while told(music) < SHARES:
        await asyncio.sleep(0.5)
        if told(music) > 1:
            answers.append(await ask(members[0], music))
    return time.monotonic() - began, answers


async def ask(member: SandboxMember, music: Channel) -> float:
    """How many seconds an answer to /similar takes."""
    began = time.monotonic()
    answer = await member.command(music, "similar", track="1", private=True)
    await answer.message(60)
    return time.monotonic() - began


def told(music: Channel) -> int:
    """How many replies say what became of a share."""
    return sum(message["content"].startswith(("🎵", "⚠️")) for message in music.messages)


if __name__ == "__main__":
    main()
