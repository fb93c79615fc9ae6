"""A server with music in it."""

import pytest

from bot.library.store import Store
from bot.library.vectors import Vectors
from tests.support.scene import Scene


@pytest.fixture
def scene(store: Store, vectors: Vectors) -> Scene:
    """An empty server and every service over it."""
    return Scene.of(store, vectors)
