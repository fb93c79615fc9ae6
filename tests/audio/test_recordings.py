"""A large library is searched by comparing a few of its recordings."""

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.audio.fingerprint import SKETCH_BYTES, fingerprint, same_recording, to_bytes
from bot.audio.recordings import MAX_SHORTLIST, Recordings
from discord_sandbox.music.synth import ComposedSong
from tests.audio.media import RATE

Samples = NDArray[np.float32]


def test_the_recording_is_among_the_few(songs: list[ComposedSong]) -> None:
    strangers = [fingerprint(variant, RATE) for variant in at_other_speeds(songs, 120)]
    originals = [fingerprint(song.samples, RATE) for song in songs]
    recordings = Recordings()
    for start in range(0, 120, 50):  # a library grows
        part = strangers[start : start + 50]
        recordings.add([(1 + start + n, 9.0, to_bytes(one)) for n, one in enumerate(part)])
    recordings.add([(200 + n, 17.0, to_bytes(one)[:SKETCH_BYTES]) for n, one in enumerate(originals)])
    assert recordings.newest == 215
    for place in range(0, 16, 3):
        copy = fingerprint(songs[place].samples[2 * RATE :] * np.float32(0.5), RATE)
        shortlist = recordings.shortlist(copy, 15.0)
        assert 200 + place in shortlist
        assert len(shortlist) <= MAX_SHORTLIST
        assert [key for key in shortlist if key >= 200 and same_recording(copy, originals[key - 200])] == [
            200 + place
        ]


def test_one_of_another_length_is_not_compared(songs: list[ComposedSong]) -> None:
    print_ = fingerprint(songs[0].samples, RATE)
    recordings = Recordings()
    recordings.add([(1, 17.0, to_bytes(print_)), (2, 300.0, to_bytes(print_))])
    assert recordings.shortlist(print_, 18.0) == [1]
    assert recordings.shortlist(print_, 310.0) == [2]


def test_an_empty_library_has_none(songs: list[ComposedSong]) -> None:
    assert Recordings().shortlist(fingerprint(songs[0].samples, RATE), 17.0) == []
    assert Recordings().newest == 0


def at_other_speeds(songs: list[ComposedSong], count: int) -> list[Samples]:
    """Recordings that are none of the songs, cheaply: pieces of them, faster or slower."""
    random = np.random.default_rng(0)
    variants = []
    for number in range(count):
        samples = songs[number % len(songs)].samples[::2, 0]
        start = int(random.integers(0, len(samples) // 3))
        piece = samples[start : start + 8 * RATE // 2]
        variants.append(soxr.resample(piece, RATE / 2, RATE / 2 * random.uniform(0.7, 0.9), quality="QQ"))
    return variants
