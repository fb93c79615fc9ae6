"""Tests of bot/cli/embed.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from bot.cli import embed
from bot.embedders import EMBEDDERS, load
from bot.errors import EarwormError, EmbedderError, Refused, WeightsError
from bot.settings import Settings
from discord_sandbox.music.encode import write_audio
from tests.support.commands import run
from tests.support.weights import random_openl3, write_openl3

RATE = 44_100


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings with nothing in their home."""
    return Settings.load(home=tmp_path / "home")


def song(path: Path, seconds: float = 4.0, seed: int = 0) -> Path:
    """Stereo noise in a file."""
    samples = np.random.default_rng(seed).normal(0, 0.1, (int(seconds * RATE), 2)).astype(np.float32)
    write_audio(samples, RATE, path)
    return path


async def test_one_file_gives_its_vector_frames_and_timestamps(home: Settings, tmp_path: Path) -> None:
    path, out = song(tmp_path / "a.wav"), tmp_path / "a.npz"
    assert await run(embed, home, path, "--embedder", "mfcc", "--out", out) == 0
    arrays = np.load(out)
    assert sorted(arrays) == ["frames", "paths", "timestamps", "vectors"]
    assert arrays["paths"].tolist() == [str(path)]
    assert arrays["vectors"].shape == (1, 80)
    assert arrays["vectors"].dtype == arrays["frames"].dtype == np.float32
    assert len(arrays["frames"]) == len(arrays["timestamps"])


async def test_several_files_give_one_vector_each(home: Settings, tmp_path: Path) -> None:
    paths = [song(tmp_path / "a.wav"), song(tmp_path / "b.flac", seed=1)]
    await run(embed, home, *paths, "--embedder", "mfcc", "--out", tmp_path / "both.npz")
    arrays = np.load(tmp_path / "both.npz")
    assert sorted(arrays) == ["paths", "vectors"]
    assert arrays["paths"].tolist() == [str(path) for path in paths]
    assert not np.allclose(arrays["vectors"][0], arrays["vectors"][1])


async def test_openl3_hears_the_files_own_rate_and_channels(home: Settings, tmp_path: Path) -> None:
    weights = write_openl3(tmp_path / "w.h5", random_openl3())
    path, out = song(tmp_path / "a.wav", seconds=1.2), tmp_path / "a.npz"
    words = ("--weights", weights, "--precision", "fp32", "--hop", "0.5", "--no-center", "--out", out)
    await run(embed, home, path, *words)
    arrays = np.load(out)
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    openl3 = load("openl3", tmp_path, weights=weights, precision="fp32", hop=0.5, center=False)
    assert np.allclose(arrays["frames"], openl3.embed(samples, rate).frames, atol=1e-4)
    assert arrays["timestamps"].tolist() == [0.0, 0.5]


async def test_json_says_what_is_in_the_file(
    home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = song(tmp_path / "a.wav"), tmp_path / "a.npz"
    await run(embed, home, path, "--embedder", "mfcc", "--out", out, "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == str(out)
    assert document["results"] == [{"path": str(path), "dimension": 80, "windows": 1, "tags": {}}]


async def test_silence_has_a_vector(home: Settings, tmp_path: Path) -> None:
    write_audio(np.zeros(RATE, np.float32), RATE, tmp_path / "silence.wav")
    assert (
        await run(embed, home, tmp_path / "silence.wav", "--embedder", "mfcc", "--out", tmp_path / "a.npz")
        == 0
    )


@pytest.mark.parametrize("name", ["missing.wav", ".", "notes.txt", "list.m3u8"])
async def test_what_is_no_audio_file_is_refused(home: Settings, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("la la la\n" * 99)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n{song(tmp_path / 'a.wav')}\n")
    with pytest.raises(Refused) as refused:
        await run(embed, home, tmp_path / name, "--embedder", "mfcc", "--out", tmp_path / "a.npz")
    assert 15 <= len(str(refused.value)) <= 300
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (("--embedder", "vggish"), EmbedderError, ", ".join(EMBEDDERS)),
        (("--embedder", "openl3"), WeightsError, "models pull openl3"),
        (("--embedder", "mfcc", "--hop", "1"), EmbedderError, "--hop"),
        (("--embedder", "mfcc", "--no-center"), EmbedderError, "--no-center"),
        (("--embedder", "mfcc", "--model", "mtt"), EmbedderError, "--model"),
        (("--embedder", "mfcc", "--weights", "a.h5"), EmbedderError, "no weights"),
        (("--size", "300"), EmbedderError, "512 or 6144"),
        (("--embedder", "openl3", "--weights", "nowhere.h5"), WeightsError, "nowhere.h5"),
    ],
)
async def test_what_cannot_be_is_refused(
    home: Settings, tmp_path: Path, words: tuple[str, ...], error: type[EarwormError], says: str
) -> None:
    with pytest.raises(error) as refused:
        await run(embed, home, song(tmp_path / "a.wav", 0.5), *words, "--out", tmp_path / "a.npz")
    assert says in str(refused.value)
    assert not (tmp_path / "a.npz").exists()


async def test_a_file_is_refused_before_a_model_is_loaded(home: Settings, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(Refused):
        await run(
            embed, home, tmp_path / "broken.wav", "--out", tmp_path / "a.npz"
        )  # OpenL3, without weights


async def test_a_folder_to_write_to_must_be_there(home: Settings, tmp_path: Path) -> None:
    words = ("--embedder", "mfcc", "--out", tmp_path / "no" / "a.npz")
    with pytest.raises(EmbedderError, match="no folder"):
        await run(embed, home, song(tmp_path / "a.wav", 0.5), *words)


async def test_a_folder_is_no_file_to_write_to(home: Settings, tmp_path: Path) -> None:
    words = ("--embedder", "mfcc", "--out", tmp_path)
    with pytest.raises(EmbedderError, match=r"is a folder\. Name a file"):
        await run(embed, home, song(tmp_path / "a.wav", 0.5), *words)


async def test_a_failure_leaves_an_earlier_file_alone(home: Settings, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    out.write_bytes(b"precious")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(Refused):
        await run(
            embed, home, song(tmp_path / "a.wav"), tmp_path / "broken.wav", "--embedder", "mfcc", "--out", out
        )
    assert out.read_bytes() == b"precious"
