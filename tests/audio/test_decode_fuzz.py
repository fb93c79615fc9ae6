"""Damaged files of every container: each is heard or refused, and never ends the decoder or leaves something behind."""

import asyncio
import os
import random
import struct
from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import Decoder
from bot.errors import Failure, Refused
from discord_sandbox.music.encode import CODECS, write_audio
from tests.audio.media import RATE, tone, write_codec
from tests.support.tally import ProofTally

MUTATED = 2_000 if "NIGHTLY" in os.environ else 200
AT_ONCE = 3
OTHER_CONTAINERS = {  # that the sandbox's encoder doesn't write
    ".3gp": "aac", ".aac": "aac", ".ac3": "ac3", ".aiff": "pcm_s16be", ".amr": "libopencore_amrnb", ".au": "pcm_s16be",
    ".avi": "libmp3lame", ".caf": "alac", ".eac3": "eac3", ".flv": "aac", ".latm": "aac", ".mov": "alac", ".mp2": "mp2",
    ".mpg": "mp2", ".rm": "ac3", ".ts": "mp2", ".tta": "tta", ".voc": "pcm_u8", ".w64": "pcm_f32le", ".wv": "wavpack",
}  # fmt: skip
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEADER = 300  # bytes, in which most of what a decoder believes stands


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """A second of sound in each container: its suffix and its bytes."""
    folder = tmp_path_factory.mktemp("seeds")
    sound = tone(1) + 0.1 * np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    for suffix in CODECS:
        write_audio(sound, RATE, folder / f"seed{suffix}", tags={"title": "Seed", "artist": "Sower"})
    for suffix, codec in OTHER_CONTAINERS.items():
        rate = 8_000 if suffix == ".amr" else RATE
        write_codec(folder / f"seed{suffix}", codec, sound[:rate], rate)
    return [(path.suffix, path.read_bytes()) for path in sorted(folder.iterdir())]


def mutated(seed: bytes, dice: random.Random) -> bytes:
    """The file with some damage of several kinds, above all where its header stands."""
    data = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(min(len(data), HEADER) if dice.random() < 0.7 else len(data))
        match dice.randrange(6):
            case 0:
                data[place] ^= 1 << dice.randrange(8)
            case 1:
                size, form = dice.choice(((1, "B"), (2, "H"), (4, "I")))
                value = dice.choice(EXTREMES) & (1 << 8 * size) - 1
                data[place : place + size] = struct.pack(dice.choice("<>") + form, value)
            case 2:
                data[place : place + dice.randrange(64)] = b""
            case 3:
                data[place:place] = dice.randbytes(dice.randrange(1, 64))
            case 4:
                again = data[place : place + dice.randrange(1, 2_000)]
                data[place:place] = again * dice.randrange(1, 5)
            case 5:
                data = data[: max(place, 16)] if dice.random() < 0.3 else data
    return bytes(data)


async def outcome(decoder: Decoder, path: Path, job: Path) -> str:
    """Heard, or why it was refused; asserts that what was heard can be worked with, and that nothing is left."""
    try:
        decoded = await decoder.decode(path, job, max_seconds=600)
    except Refused as refused:
        assert 15 <= len(str(refused)) <= 300
        return refused.kind
    samples = decoded.samples()
    assert np.isfinite(samples).all() and len(samples) == round(decoded.seconds * decoded.rate)
    decoded.path.unlink()
    return "heard"


@pytest.mark.timeout(3_000 if "NIGHTLY" in os.environ else 120)
async def test_damaged_files_are_heard_or_refused(
    seeds: list[tuple[str, bytes]], tmp_path: Path, tally: ProofTally
) -> None:
    job = tmp_path / "job"
    job.mkdir()
    numbers = iter(range(MUTATED))
    outcomes: set[str] = set()

    async def go_on(decoder: Decoder) -> None:
        for number in numbers:
            suffix, seed = seeds[number % len(seeds)]
            path = tmp_path / f"{number}{suffix}"
            path.write_bytes(mutated(seed, random.Random(number)))
            try:
                outcomes.add(await outcome(decoder, path, job))
            except Exception as error:
                raise AssertionError(f"number {number}, {suffix}: {error!r}") from error
            path.unlink()

    async with Decoder() as decoder, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(go_on(decoder))
    assert list(job.iterdir()) == []
    assert {"heard", Failure.NOT_AUDIO} <= outcomes
    tally.tried("damaged files of 27 containers, decoded", times=MUTATED, let_in=0)
