"""The analysis worker as seen from the bot: it answers, is replaced when it dies, and knows who is in a hurry."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from bot.audio.decode import Decoded
from bot.audio.features import measure
from bot.audio.fingerprint import same_recording
from bot.embedders import load
from bot.embedders.weights import WEIGHTS
from bot.errors import EmbedderError, WeightsError, WorkerDied
from bot.listening.analyst import Analyst
from tests.support.songs import samples
from tests.support.weights import random_musicnn, random_openl3, write_musicnn, write_openl3

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 44_100


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def analyst(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Analyst]:
    it = Analyst(["mfcc"], tmp_path_factory.mktemp("home"))
    await it.start()
    yield it
    await it.close()


def decoded(folder: Path, number: int = 0, *, seconds: float = 5.0) -> Decoded:
    return written(folder / f"{number}.f32", samples(number, seconds))


def written(path: Path, heard: np.ndarray) -> Decoded:
    path.write_bytes(heard.astype("<f4").tobytes())
    return Decoded(path, RATE, 1, len(heard) / RATE)


def worker(analyst: Analyst) -> int:
    assert analyst.pid is not None
    return analyst.pid


async def test_a_track_has_a_vector_of_each_embedder_and_a_fingerprint(
    analyst: Analyst, tmp_path: Path
) -> None:
    analysis = await analyst.analyse(decoded(tmp_path))
    assert analysis.vectors.keys() == {"mfcc-1"}
    assert analysis.vectors["mfcc-1"].shape == (80,)
    assert analysis.vectors["mfcc-1"].dtype == np.float32
    assert analysis.seconds == pytest.approx(5.0)
    assert analysis.features == asdict(measure(samples(0), RATE))
    again = await analyst.analyse(decoded(tmp_path, 0))
    other = await analyst.analyse(decoded(tmp_path, 1))
    assert same_recording(analysis.fingerprint, again.fingerprint)
    assert not same_recording(analysis.fingerprint, other.fingerprint)


async def test_two_channels_are_heard_too(analyst: Analyst, tmp_path: Path) -> None:
    mono = await analyst.analyse(decoded(tmp_path))
    both = np.repeat(samples(0), 2)
    stereo = await analyst.analyse(replace(written(tmp_path / "stereo.f32", both), channels=2, seconds=5.0))
    np.testing.assert_allclose(stereo.vectors["mfcc-1"], mono.vectors["mfcc-1"], rtol=1e-3, atol=1e-2)


async def test_samples_that_cannot_be_embedded_are_refused_and_the_worker_lives_on(
    analyst: Analyst, tmp_path: Path
) -> None:
    before = worker(analyst)
    with pytest.raises(EmbedderError):
        await analyst.analyse(written(tmp_path / "bad.f32", np.full(RATE, np.nan)))
    await analyst.analyse(decoded(tmp_path))
    assert worker(analyst) == before


async def test_only_the_job_that_killed_the_worker_suffers(analyst: Analyst, tmp_path: Path) -> None:
    killing = asyncio.create_task(analyst.analyse(decoded(tmp_path, 0, seconds=30)))
    waiting = [asyncio.create_task(analyst.analyse(decoded(tmp_path, n))) for n in (1, 2)]
    await asyncio.sleep(0)
    os.kill(worker(analyst), signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await killing
    assert [len(analysis.vectors) for analysis in await asyncio.gather(*waiting)] == [1, 1]


async def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    analyst = Analyst(["mfcc"], tmp_path, patience=0.2)
    await analyst.start()
    try:
        frozen = worker(analyst)
        os.kill(frozen, signal.SIGSTOP)
        with pytest.raises(WorkerDied):
            await analyst.analyse(replace(decoded(tmp_path), seconds=0.1))
        with pytest.raises(ProcessLookupError):
            os.kill(frozen, 0)
        await analyst.start()
        assert worker(analyst) != frozen
    finally:
        await analyst.close()


async def test_who_gives_up_leaves_no_answer_for_the_next(analyst: Analyst, tmp_path: Path) -> None:
    expected = await analyst.analyse(decoded(tmp_path, 1))
    given_up = asyncio.create_task(analyst.analyse(decoded(tmp_path, 0, seconds=30)))
    await asyncio.sleep(0.05)
    given_up.cancel()
    await asyncio.wait([given_up])
    heard = await analyst.analyse(decoded(tmp_path, 1))
    np.testing.assert_array_equal(heard.vectors["mfcc-1"], expected.vectors["mfcc-1"])


async def test_who_waits_for_an_answer_goes_before_the_backlog(analyst: Analyst, tmp_path: Path) -> None:
    order: list[str] = []

    async def ask(who: str, number: int, *, urgent: bool = False) -> None:
        await analyst.analyse(decoded(tmp_path, number), urgent=urgent)
        order.append(who)

    tasks = [asyncio.create_task(ask(f"backlog {n}", n)) for n in range(3)]
    await asyncio.sleep(0)
    await asyncio.gather(*tasks, asyncio.create_task(ask("member", 3, urgent=True)))
    assert order == ["backlog 0", "member", "backlog 1", "backlog 2"]


async def test_missing_weights_are_told_at_start(tmp_path: Path) -> None:
    analyst = Analyst(["openl3"], tmp_path)
    assert analyst.trouble == ""
    with pytest.raises(WeightsError, match="models pull openl3"):
        await analyst.start()
    assert "doesn't start" in analyst.trouble
    await analyst.close()


async def test_the_log_says_what_listens_and_how(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = WEIGHTS["openl3"].place(tmp_path)
    place.parent.mkdir()
    write_openl3(place, random_openl3())
    analyst = Analyst(["mfcc", "openl3"], tmp_path)
    with caplog.at_level("INFO"):
        await analyst.start()
    await analyst.close()
    assert "listening by mfcc" in caplog.messages
    assert any(message.startswith("listening by openl3: ") for message in caplog.messages)


async def test_musicnn_gives_tags_with_their_probability(tmp_path: Path) -> None:
    place = WEIGHTS["musicnn"].place(tmp_path)
    place.parent.mkdir()
    write_musicnn(place, random_musicnn())
    analyst = Analyst(["musicnn"], tmp_path)
    analysis = await analyst.analyse(decoded(tmp_path))
    await analyst.close()
    heard = load("musicnn", tmp_path).embed(samples(0), RATE, budget=10)
    assert analysis.tags == pytest.approx(heard.tags)
    assert len(analysis.tags) == 50


async def test_tracks_that_wait_are_heard_together_and_a_bad_one_alone_is_refused(tmp_path: Path) -> None:
    analyst = Analyst(["mfcc"], tmp_path, together=3)
    batches: list[int] = []
    answer = analyst._answer

    async def noted(batch: Sequence[Any]) -> None:
        batches.append(len(batch))
        await answer(batch)

    analyst._answer = noted  # type: ignore[method-assign]
    bad = written(tmp_path / "bad.f32", np.full(RATE, np.nan, np.float32))
    tracks = [decoded(tmp_path, 0), bad, *(decoded(tmp_path, number) for number in (1, 2, 3))]
    found = await asyncio.gather(*map(analyst.analyse, tracks), return_exceptions=True)
    assert isinstance(found[1], EmbedderError)
    assert batches == [1, 3, 1]  # nobody waited yet when the first one came
    for number, heard in zip((0, 1, 2, 3), [found[0], *found[2:]], strict=True):
        assert not isinstance(heard, BaseException)
        alone = await analyst.analyse(decoded(tmp_path, number))
        np.testing.assert_allclose(heard.vectors["mfcc-1"], alone.vectors["mfcc-1"], rtol=1e-4)
        assert same_recording(heard.fingerprint, alone.fingerprint)
    await analyst.close()


async def test_those_who_were_heard_together_are_heard_alone_when_the_worker_dies(tmp_path: Path) -> None:
    analyst = Analyst(["mfcc"], tmp_path, together=3)
    await analyst.start()
    batches: list[int] = []
    answer = analyst._answer

    async def noted(batch: Sequence[Any]) -> None:
        batches.append(len(batch))
        if batches == [1, 3]:
            asyncio.get_running_loop().call_later(0.05, os.kill, worker(analyst), signal.SIGKILL)
        await answer(batch)

    analyst._answer = noted  # type: ignore[method-assign]
    heard = await asyncio.gather(*(analyst.analyse(decoded(tmp_path, number)) for number in range(4)))
    assert batches == [1, 3, 1, 2]
    assert len({analysis.fingerprint.tobytes() for analysis in heard}) == 4
    await analyst.close()
