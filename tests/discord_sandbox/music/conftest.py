"""The composed songs that these tests share: made once, never changed."""

import pytest

from discord_sandbox.music.synth import ComposedSong, compose


@pytest.fixture(scope="session")
def songs() -> list[ComposedSong]:
    """Sixteen songs, four of each style."""
    return compose(0)
