"""Tests of bot/embedders/__init__.py and base.py."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.embedders import EMBEDDERS, load
from bot.errors import EmbedderError, WeightsError
from bot.settings import EMBEDDER_NAMES


def test_the_settings_know_the_same_embedders() -> None:
    assert tuple(EMBEDDERS) == EMBEDDER_NAMES


def test_a_vector_is_named_after_embedder_and_version() -> None:
    assert EMBEDDERS["openl3"].vector_name == "openl3-1"


def test_asking_what_there_is_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'librosa', 'numba', 'h5py', 'scipy'}"
    code = f"import sys, bot.embedders, bot.embedders.weights; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_unknown_embedder_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="openl3, musicnn, mfcc"):
        load("vggish", tmp_path)


@pytest.mark.parametrize("name", ["openl3", "panns"])
def test_missing_weights_say_how_to_get_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"earworm models pull {name}"):
        load(name, tmp_path)


@pytest.mark.parametrize("name", ["openl3", "musicnn", "panns"])
def test_a_weight_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weight file .*w\.bin"):
        load(name, tmp_path, weights=tmp_path / "w.bin")


@pytest.mark.parametrize("name", ["openl3", "musicnn", "panns"])
@pytest.mark.parametrize(
    "content", [b"", b"no weights at all", b"PK\x03\x04" + bytes(100), b"\x89HDF\r\n\x1a\n" + bytes(99)]
)
def test_a_file_of_something_else_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.bin"):
        load(name, tmp_path, weights=file)


@pytest.mark.parametrize("name", ["openl3", "musicnn", "panns"])
def test_a_folder_is_no_weight_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        load(name, tmp_path, weights=tmp_path)


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(1, np.float32), np.full(9999, np.nan, np.float32)]
)
def test_what_is_no_sound_is_refused(samples: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError):
        load("mfcc", tmp_path).embed(samples, 22_050)


def test_several_tracks_are_embedded_together(tmp_path: Path) -> None:
    mfcc = load("mfcc", tmp_path)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 22_050)).astype(np.float32)
    together = mfcc.embed_batch([(track, 22_050) for track in noise])
    assert [
        np.array_equal(e.vector, mfcc.embed(t, 22_050).vector) for e, t in zip(together, noise, strict=True)
    ] == [
        True,
        True,
    ]
