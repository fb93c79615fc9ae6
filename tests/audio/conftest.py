"""The composed songs that the tests of audio share, made once and never changed, and the decoder."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from bot.audio.decode import Decoded, Decoder
from discord_sandbox.music.synth import ComposedSong, compose

Decode = Callable[..., Coroutine[Any, Any, Decoded]]


@pytest.fixture(scope="session")
def songs() -> list[ComposedSong]:
    """Sixteen songs, four of each style."""
    return compose(0)


@pytest.fixture(scope="session")
def decode() -> Iterator[Decode]:
    """Decode a file, in a process of its own."""
    decoder = Decoder()
    yield decoder.decode
    asyncio.run(decoder.close())
