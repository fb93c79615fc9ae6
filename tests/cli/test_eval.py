"""Tests of bot/cli/eval.py, over songs that the project composes itself."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.cli import eval as command
from bot.embedders import EMBEDDERS
from bot.embedders.retrieval_measures import fused
from bot.errors import EmbedderError, NotFound, WeightsError
from bot.settings import Settings
from bot.vectors.calibration import MIN_TRACKS
from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.instruments import RATE
from tests.support.commands import run
from tests.support.songs import samples
from tests.support.weights import random_musicnn, write_musicnn

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of songs of one style each, and two songs that belong to nobody."""
    folder = tmp_path_factory.mktemp("songs")
    for number in (0, 4, 8, 1, 5):
        write(folder / f"style{number % 4}" / f"{number}.flac", samples(number))
    write(folder / "single" / "2.flac", samples(2))
    write(folder / "loose.flac", samples(3))
    (folder / "style0" / "cover.txt").write_text("not a song")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with nothing in their home, as if `make setup` had fetched nothing either."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    return Settings.load(home=tmp_path / "home")


def write(path: Path, sound: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(sound, RATE, path)


async def told(settings: Settings, capsys: Output, *words: object) -> dict:
    """The JSON document."""
    assert await run(command, settings, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


async def test_folders_are_labels_and_the_rest_distracts(home: Settings, songs: Path, capsys: Output) -> None:
    document = await told(home, capsys, songs, "--embedder", "mfcc")
    assert (document["songs"], document["folders"], document["queries"]) == (7, 2, 5)
    ranked = {row["id"]: row for row in document["results"]}
    assert list(ranked) == ["mfcc", "random"]
    # One or two to be found among six.
    assert ranked["random"]["precision_at_5"] == pytest.approx((3 * 2 + 2 * 1) / 5 / 6, abs=1e-3)
    assert ranked["random"]["map"] < ranked["mfcc"]["map"] <= 1
    for row in ranked.values():
        for measure, (low, high) in row["intervals"].items():
            assert low <= row[measure] <= high
    assert 0 < ranked["mfcc"]["unrelated_cosine"] < 1
    (pair,) = document["pairs"]
    assert (pair["first"], pair["second"]) == ("mfcc", "random")
    assert pair["above_zero"]["map"] == (pair["intervals"]["map"][0] > 0)


async def test_several_are_fused(home: Settings, songs: Path, capsys: Output) -> None:
    wheel = home.home / "weights" / "musicnn-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    write_musicnn(wheel, random_musicnn())
    document = await told(home, capsys, "--embedder", "mfcc", "musicnn", songs)
    rows = {row["id"]: row for row in document["results"]}
    assert set(rows) == {"mfcc", "musicnn", "fusion", "random"}
    assert rows["fusion"]["embedders"] == ["mfcc", "musicnn"]
    assert len(document["pairs"]) == 6


async def test_a_table_says_it_and_names_who_has_no_weights(
    home: Settings, songs: Path, capsys: Output
) -> None:
    assert await run(command, home, songs) == 0
    out = capsys.readouterr().out
    assert out.startswith("5 songs look for the others of their folder (2 folders) among 7.")
    assert "mfcc – random" in out
    for name in set(EMBEDDERS) - {"mfcc"}:
        assert f"{name} is left out: " in out
        assert f"earworm models pull {name}" in out


async def test_a_file_that_cannot_be_read_is_skipped_with_a_line(
    home: Settings, songs: Path, tmp_path: Path, capsys: Output
) -> None:
    shutil.copytree(songs / "style1", tmp_path / "songs" / "style1")
    broken = tmp_path / "songs" / "style1" / "broken.mp3"
    broken.write_bytes(b"no music")
    assert await run(command, home, tmp_path / "songs", "--embedder", "mfcc", "--json") == 0
    heard = capsys.readouterr()
    document = json.loads(heard.out)
    assert document["songs"] == 2
    assert [skipped["path"] for skipped in document["skipped"]] == [str(broken)]
    assert f"skipped {broken}: " in heard.err


async def test_without_two_songs_in_a_folder_it_is_refused(home: Settings, tmp_path: Path) -> None:
    for name in ("one", "two", "single", "single/more"):
        write(tmp_path / "songs" / name / "song.flac", samples(0))
    with pytest.raises(NotFound, match="holds two songs"):
        await run(command, home, tmp_path / "songs", "--embedder", "mfcc")


async def test_a_folder_is_counted_by_what_can_be_heard_of_it(home: Settings, tmp_path: Path) -> None:
    write(tmp_path / "songs" / "one" / "song.flac", samples(0))
    (tmp_path / "songs" / "one" / "other.flac").write_bytes(b"no music")
    with pytest.raises(NotFound, match="holds two songs"):
        await run(command, home, tmp_path / "songs", "--embedder", "mfcc")


@pytest.mark.parametrize("words", [("nowhere",), ("nowhere/song.wav",), ()])
async def test_a_folder_has_to_be_named(home: Settings, tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(NotFound, match="folder"):
        await run(command, home, *(tmp_path / word for word in words))


async def test_a_folder_without_audio_is_refused(home: Settings, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label")
    with pytest.raises(NotFound, match="no audio"):
        await run(command, home, tmp_path)


@pytest.mark.parametrize(("name", "error"), [("openl3", WeightsError), ("vggish", EmbedderError)])
async def test_an_embedder_that_was_asked_for_is_never_left_out(
    home: Settings, songs: Path, name: str, error: type[EmbedderError]
) -> None:
    with pytest.raises(error, match="openl3"):
        await run(command, home, songs, "--embedder", "mfcc", name)


def vectors_of(count: int) -> list[dict[str, np.ndarray]]:
    """What two embedders heard, all in one direction but for a little."""
    random = np.random.default_rng(0)
    return [
        {
            name: (1 + 0.1 * random.normal(size=EMBEDDERS[name].dimension)).astype(np.float32)
            for name in ("mfcc", "musicnn")
        }
        for _ in range(count)
    ]


def test_with_enough_songs_vectors_are_standardised_as_in_a_library() -> None:
    heard, infos = vectors_of(MIN_TRACKS), [EMBEDDERS["mfcc"], EMBEDDERS["musicnn"]]
    ranked = {ranking.name: ranking for ranking in command.rankings(heard, infos)}
    assert list(ranked) == [
        "mfcc", "mfcc standardised", "musicnn", "musicnn standardised", "fusion", "random",
    ]  # fmt: skip
    off = ~np.eye(MIN_TRACKS, dtype=bool)
    assert np.median(ranked["musicnn"].scores[off]) > 0.9
    assert abs(np.median(ranked["musicnn standardised"].scores[off])) < 0.1
    # A library standardises MusiCNN's vectors only.
    assert ranked["fusion"].standardised == ("musicnn",)
    used = [ranked["mfcc"].scores, ranked["musicnn standardised"].scores]
    assert np.array_equal(ranked["fusion"].scores, fused(used))


def test_with_few_songs_they_are_left_as_they_are() -> None:
    names = [ranking.name for ranking in command.rankings(vectors_of(MIN_TRACKS - 1), [EMBEDDERS["musicnn"]])]
    assert names == ["musicnn", "random"]
