"""A loopback web server that may be fetched from, and a fetcher behind the real proxy."""

import asyncio

import numpy as np
import pytest

from bot.intake.egress import EgressProxy
from bot.intake.fetch import Fetcher, fetch_template
from bot.settings import Settings
from tests.support.http import site, tripwire

RATE = 22050


@pytest.fixture
async def web():
    async with site() as it:
        yield it


@pytest.fixture
async def secret():
    async with tripwire() as it:
        yield it


@pytest.fixture
async def open_proxy():
    """Starts proxies with the given allowance and name server, and closes them at the end."""
    proxies = []

    async def start(allow=(), **options) -> EgressProxy:
        proxy = EgressProxy(allow, **options)
        await proxy.start()
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        await proxy.close()


@pytest.fixture
async def proxy(web, open_proxy):
    """The proxy, which lets nothing private through but `web`."""
    return await open_proxy({web.origin})


@pytest.fixture(scope="session")
def template():
    """What all fetch workers are forked from."""
    it = fetch_template()
    yield it
    asyncio.run(it.close())


@pytest.fixture
def fetcher(template, proxy):
    return Fetcher(template, proxy, Settings())


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "job"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """The bytes of a second of sound, encoded as the suffix says."""
    from discord_sandbox.music.encode import write_audio

    samples = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    home = tmp_path_factory.mktemp("clips")

    def encode(suffix: str) -> bytes:
        path = home / f"clip.{suffix}"
        if not path.exists():
            write_audio(samples, RATE, path)
        return path.read_bytes()

    return encode
