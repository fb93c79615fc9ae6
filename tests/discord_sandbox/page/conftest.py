from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest

from discord_sandbox import Sandbox
from discord_sandbox.music.synth import ComposedSong
from discord_sandbox.page import DemoServer, MenuEntry, SampleSongs, SandboxPage
from tests.discord_sandbox.client import connected
from tests.discord_sandbox.page.jukebox import Jukebox
from tests.discord_sandbox.page.visitor import Visitor


@pytest.fixture
def club(sandbox: Sandbox) -> DemoServer:
    return DemoServer.build(sandbox, SampleSongs(short_songs))


def short_songs() -> list[ComposedSong]:
    """Sixteen, of half a second each."""
    noise = np.random.default_rng(0).normal(0, 0.1, (16, 11_025, 2)).astype(np.float32)
    return [
        ComposedSong("noise", f"Song {n}", f"Band {n}", samples, 22_050, 60.0, "C major")
        for n, samples in enumerate(noise)
    ]


@pytest.fixture
async def page(club: DemoServer) -> AsyncIterator[SandboxPage]:
    async def announce() -> None:
        await club.members[0].post(club.music, "announced")

    extras = [MenuEntry("Announce", announce)]
    async with SandboxPage(
        club.guild, speaker=club.members[1], here=club.music, songs=club.songs, extras=extras
    ) as opened:
        yield opened


@pytest.fixture
async def bo(club: DemoServer, page: SandboxPage) -> AsyncIterator[Visitor]:
    """Bo, an ordinary member, in the music channel."""
    async with aiohttp.ClientSession(page.address) as session:
        yield Visitor(session, club.members[1], club.music)


@pytest.fixture
async def jukebox(sandbox: Sandbox, club: DemoServer) -> AsyncIterator[Jukebox]:
    """A bot that does everything that a bot can do to a page."""
    jukebox = Jukebox()
    async with connected(sandbox, jukebox):
        await jukebox.tree.sync()
        yield jukebox
