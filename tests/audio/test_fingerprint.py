"""The same recording is recognised whatever was done to the file, and nothing else is."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from bot.audio.fingerprint import fingerprint, from_bytes, same_recording, to_bytes
from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.synth import ComposedSong
from tests.audio.media import RATE, tone
from tests.support.shared import SHARED, needs

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def prints(songs: list[ComposedSong]) -> list[NDArray[np.uint32]]:
    """The fingerprints of the songs."""
    return [fingerprint(song.samples, song.rate) for song in songs]


def reencoded(samples: Samples, rate: int, path: Path, bit_rate: int | None = None) -> NDArray[np.uint32]:
    """The fingerprint of what is left after encoding."""
    if path.suffix == ".vorbis":
        soundfile.write(path, samples, rate, format="OGG", subtype="VORBIS")
    else:
        write_audio(samples, rate, path, bit_rate=bit_rate)
    return fingerprint(*read(path))


def read(path: Path) -> tuple[Samples, int]:
    """What a player would play."""
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt")
        stream = container.streams.audio[0]
        pieces = [p.to_ndarray() for frame in container.decode(stream) for p in resampler.resample(frame)]
        samples = np.concatenate(pieces, axis=1).reshape(-1, stream.channels)
        return samples.astype(np.float32, copy=False), stream.rate


CODECS = [
    (".mp3", 64_000), (".mp3", 320_000), (".ogg", 64_000), (".m4a", 96_000), (".webm", 96_000),
    (".flac", None), (".vorbis", None),
]  # fmt: skip


@pytest.mark.parametrize(("suffix", "bit_rate"), CODECS)
def test_a_recording_is_the_same_in_every_codec(
    suffix: str,
    bit_rate: int | None,
    songs: list[ComposedSong],
    prints: list[NDArray[np.uint32]],
    tmp_path: Path,
) -> None:
    for place in (0, 1):
        song = songs[place]
        copy = reencoded(song.samples[: -2 * song.rate], song.rate, tmp_path / f"song{suffix}", bit_rate)
        assert same_recording(prints[place], copy)


def changed(samples: Samples, rate: int) -> dict[str, tuple[Samples, int]]:
    """What people do to a song before they post it."""
    three = 3 * rate
    return {
        "quiet": (samples * np.float32(0.03), rate),
        "clipped": (np.clip(samples * np.float32(2), -1, 1), rate),
        "one channel": (samples.mean(axis=1), rate),
        "16 kHz": (soxr.resample(samples, rate, 16_000), 16_000),
        "96 kHz": (soxr.resample(samples, rate, 96_000), 96_000),
        "no beginning": (samples[three:], rate),
        "no end": (samples[:-three], rate),
        "neither": (samples[rate // 2 : -rate], rate),
        "half a hop later": (samples[int(0.05 * rate) :], rate),
        "silence around": (np.pad(samples, ((rate, 2 * rate), (0, 0))), rate),
    }


def test_a_recording_is_the_same_at_other_levels_rates_and_lengths(
    songs: list[ComposedSong], prints: list[NDArray[np.uint32]]
) -> None:
    for place in range(1, 16, 4):
        for what, (samples, rate) in changed(songs[place].samples, songs[place].rate).items():
            copy = fingerprint(samples, rate)
            assert [same_recording(original, copy) for original in prints].index(True) == place, what


def test_no_two_songs_are_the_same_recording(prints: list[NDArray[np.uint32]]) -> None:
    assert not any(same_recording(one, other) for one, other in itertools.combinations(prints, 2))
    assert all(same_recording(one, one) for one in prints)


@pytest.fixture(scope="module")
def half_minute(songs: list[ComposedSong]) -> tuple[Samples, int]:
    """Thirty seconds of music that never comes back to what it played before."""
    samples = np.concatenate([songs[0].samples[: 15 * RATE], songs[1].samples[: 15 * RATE]])
    return samples.mean(axis=1, dtype=np.float32), RATE


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ((0, 30), (0, 25), True),
        ((0, 30), (4, 30), True),
        ((0, 30), (2, 28), True),
        ((0, 30), (0, 22), False),
        ((0, 30), (8, 16), False),
        ((0, 17), (13, 30), False),
        ((0, 20), (10, 30), False),
        ((0, 10), (20, 30), False),
    ],
)
def test_eighty_per_cent_of_the_longer_one_must_agree(
    first: tuple[int, int], second: tuple[int, int], same: bool, half_minute: tuple[Samples, int]
) -> None:
    samples, rate = half_minute
    one, other = (fingerprint(samples[begin * rate : end * rate], rate) for begin, end in (first, second))
    assert same_recording(one, other) is same
    assert same_recording(other, one) is same


def test_a_common_beginning_does_not_make_two_songs_one(songs: list[ComposedSong]) -> None:
    intro = songs[2].samples[: 10 * RATE]
    one, other = (np.concatenate([intro, songs[place].samples[: 10 * RATE]]) for place in (3, 4))
    assert not same_recording(fingerprint(one, RATE), fingerprint(other, RATE))


def test_common_silence_does_not_make_two_songs_one(songs: list[ComposedSong]) -> None:
    long = ((0, 40 * RATE), (0, 0))
    one, other = (fingerprint(np.pad(songs[place].samples[: 8 * RATE], long), RATE) for place in (5, 6))
    assert not same_recording(one, other)


def test_what_says_nothing_is_never_the_same_as_anything() -> None:
    random = np.random.default_rng(0)
    blank = {
        "nothing": np.zeros(0, np.float32),
        "one sample": np.ones(1, np.float32),
        "half a second": tone(0.5),
        "silence": np.zeros(20 * RATE, np.float32),
        "tone": tone(20),
        "quiet tone": tone(20, gain=0.01),
        "other tone": tone(20, hertz=441),
        "low tone": tone(20, hertz=50),
        "hiss": random.normal(0, 1e-4, 20 * RATE).astype(np.float32),
        "other hiss": random.normal(0, 1e-4, 20 * RATE).astype(np.float32),
        "no numbers": np.full(20 * RATE, np.nan, np.float32),
    }
    prints = {name: fingerprint(samples, RATE) for name, samples in blank.items()}
    found = [
        names
        for names in itertools.combinations(prints, 2)
        if same_recording(*(prints[name] for name in names))
    ]
    assert found == []
    assert not same_recording(prints["silence"], prints["silence"])


def test_a_mapped_file_of_several_channels_is_read_like_an_array(
    songs: list[ComposedSong], tmp_path: Path
) -> None:
    songs[7].samples.tofile(tmp_path / "samples.f32")
    mapped = np.memmap(tmp_path / "samples.f32", dtype="<f4", mode="r").reshape(-1, 2)
    assert np.array_equal(fingerprint(mapped, RATE), fingerprint(songs[7].samples.mean(axis=1), RATE))


def test_a_fingerprint_is_small_and_survives_being_stored(
    prints: list[NDArray[np.uint32]], songs: list[ComposedSong]
) -> None:
    stored = to_bytes(prints[0])
    assert len(stored) < 50 * len(songs[0].samples) / RATE
    assert np.array_equal(from_bytes(stored), prints[0])
    assert same_recording(from_bytes(stored), prints[0])


@needs("music")
def test_real_music_is_found_again_and_never_confused(tmp_path: Path) -> None:
    clips = [soundfile.read(path, dtype="float32") for path in sorted((SHARED / "music").rglob("*.ogg"))]
    originals = [fingerprint(*clip) for clip in clips]
    copies = {}
    for place in range(0, len(clips), 6):
        samples, rate = clips[place]
        kept, suffix = (samples[3 * rate :], ".mp3") if place % 4 else (samples[: -3 * rate], ".ogg")
        copies[place] = reencoded(kept, rate, tmp_path / f"copy{suffix}", 64_000)
    both = itertools.product(copies.items(), enumerate(originals))
    found = {(place, other) for (place, copy), (other, original) in both if same_recording(copy, original)}
    assert found == {(place, place) for place in copies}
    assert not any(same_recording(one, other) for one, other in itertools.combinations(originals, 2))
