"""Weight files with random numbers, made once."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.weights import random_musicnn, random_openl3, write_musicnn, write_openl3


@pytest.fixture(scope="session")
def openl3_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OpenL3 weight file."""
    return write_openl3(tmp_path_factory.mktemp("openl3") / "openl3.h5", random_openl3())


@pytest.fixture(scope="session")
def musicnn_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with the MSD model."""
    return write_musicnn(tmp_path_factory.mktemp("musicnn") / "musicnn.whl", random_musicnn())


@pytest.fixture
def noise() -> NDArray[np.float32]:
    """Seven seconds at 22,050 Hz."""
    return np.random.default_rng(0).normal(0, 0.1, 7 * 22_050).astype(np.float32)
