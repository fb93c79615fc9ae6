"""Tests of bot/embedders/tf_checkpoint.py."""

import numpy as np
import pytest

from bot.embedders.tf_checkpoint import read_checkpoint
from tests.support.weights import checkpoint


def test_every_variable_is_read_with_its_shape() -> None:
    rng = np.random.default_rng(0)
    shapes = [(), (1,), (200,), (7, 38, 1, 4), (300, 200)] * 9
    written = {f"layer_{i}/kernel": rng.normal(size=s).astype(np.float32) for i, s in enumerate(shapes)}
    read = read_checkpoint(*checkpoint(written))
    assert set(read) == set(written)
    for name, array in written.items():
        assert read[name].shape == array.shape
        assert np.array_equal(read[name], array)


def test_data_that_is_cut_short_is_refused() -> None:
    index, data = checkpoint({"kernel": np.ones(1000, np.float32)})
    with pytest.raises(ValueError, match="cut short"):
        read_checkpoint(index, data[:-1])


def test_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        read_checkpoint(b"something else", b"")
