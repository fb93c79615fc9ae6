"""How soon is a burst of posted links saved? `python -m benchmarks.burst [--links N] [--json]`

The real bot runs in a process of its own with MFCC; this process plays Discord, ten members who post 1,000 links in one
channel as fast as they can, and the site where the songs (clips of 3 s) are. Printed is how many rows the ledger has
1, 2, 5 and 10 seconds after the last link was posted, and in how many transactions they were saved: what is saved
together has the same `created_at`. A row is what survives a crash; listening to all of them takes minutes.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from discord_sandbox import Sandbox
from tests.support.http import site
from tests.support.process import BotProcess, until
from tests.support.running import Club
from tests.support.songs import clip

LINKS, MEMBERS = 1000, 10
LOOKS = (1, 2, 5, 10)  # seconds
PATIENCE = 600.0


def main() -> None:
    """Measure, and print rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    found = asyncio.run(measured(arguments.links))
    if arguments.json:
        print(json.dumps(found))
        return
    for words, number in found.items():
        print(f"{words:<28}{number:8.1f}")


async def measured(links: int) -> dict[str, float]:
    """Post the links and watch the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Sandbox() as discord,
            site() as web,
            BotProcess(discord, web, Path(folder), EARWORM_MEMBER_DAILY=str(links)) as process,
        ):
            discord.grant(message_content=True)
            club = Club(discord, web, "Club")
            await process.start()
            await club.listen()
            return await burst(club, process, links)


async def burst(club: Club, process: BotProcess, links: int) -> dict[str, float]:
    """Post everything, then look at the ledger again and again until all is there."""
    song = clip(1)
    members = [club.guild.add_member(f"Member {i}") for i in range(MEMBERS)]
    began = time.monotonic()
    for number in range(links):
        await members[number % MEMBERS].post(club.music, club.web.serve(f"/{number}.wav", song))
        await asyncio.sleep(0)
    posted = time.monotonic()
    found: dict[str, float] = {"seconds to post": posted - began}
    for seconds in LOOKS:
        await asyncio.sleep(max(0.0, posted + seconds - time.monotonic()))
        found[f"rows after {seconds} s"] = len(process.jobs())
    await until(lambda: len(process.jobs()) == links, PATIENCE)
    found["seconds until all are rows"] = time.monotonic() - posted
    found["transactions"] = len({job["created_at"] for job in process.jobs()})
    return found


if __name__ == "__main__":
    main()
