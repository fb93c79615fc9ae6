"""A loopback web server that may be fetched from, and a fetcher behind the real proxy."""

import numpy as np
import pytest

from bot.audio.encode import write_audio
from bot.intake.egress import EgressProxy
from bot.intake.fetch import Fetcher
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
async def proxy(web):
    """The proxy, which lets nothing private through but `web`."""
    it = EgressProxy({web.origin})
    await it.start()
    yield it
    await it.close()


@pytest.fixture
def fetcher(proxy):
    return Fetcher(proxy, Settings(_env_file=None))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "job"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """The bytes of a second of sound, encoded as the suffix says."""
    samples = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    home = tmp_path_factory.mktemp("clips")

    def encode(suffix: str) -> bytes:
        path = home / f"clip.{suffix}"
        if not path.exists():
            write_audio(samples, RATE, path)
        return path.read_bytes()

    return encode
