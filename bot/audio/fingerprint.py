"""Audio fingerprints: whether two tracks are the same recording, by signs of band energy differences.

Every tenth of a second gets a word of 32 bits: does the difference of the energies of two neighbouring bands rise or
fall (Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002)? Frames are longer and farther
apart than theirs: measured over codecs and cuts, 0.77 s and 0.1 s lose nothing and take a tenth of the room.
A word of 0 says that nothing was to be heard. Before the words stands a sketch of them, which neither cuts nor bit
errors change much: it finds the few tracks of a library that are worth comparing.
"""

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

Fingerprint = NDArray[np.uint32]
Words = NDArray[np.uint32]
Bits = NDArray[np.bool_]

RATE = 8_000
WINDOW = 6_144
HOP = 800
COMPARISON_LAG_WORDS = 6  # words: what a frame is compared with
LOWEST, HIGHEST = 250, 3_000  # Hz: what every codec keeps
BITS = 32
CHUNK = 1 << 20  # samples
FRAMES_PER_BATCH = 256
QUIET_ENERGY_RATIO = 1e-6  # of the loudest frame's energy: nothing to be heard

SKETCH_DISTANCES = range(1, 5)
SKETCH = 30  # words: 118 bytes and two of padding
SKETCH_BYTES = 4 * SKETCH

PROBE_WORDS = 128  # words
MAX_PROBE_ERROR_RATE = 0.42  # share of wrong bits; different songs have 0.47, re-encoded ones up to 0.2
MAX_LOCAL_ERROR_RATIO = 0.7  # wrong bits around a word, as a share of what chance would give
MAX_ERROR_RATIO = (
    0.52  # and on the whole: a part that is played again has 0.54 and more, a bad copy 0.51 at most
)
MAX_ERROR_RATIO_IF_CUT = 0.45  # the same where much is missing: slow songs on the same chords have 0.50
SMOOTHING_WORDS = 40  # words
MIN_AGREEING_WORDS = 20  # words
WORD_SPAN = WINDOW / HOP + COMPARISON_LAG_WORDS  # words' worth of sound that a single word has heard
MIN_SHARED_RATIO = 0.79
MAX_MISSING_EDGE_WORDS = 35  # words that may be missing at each end of an otherwise complete copy


def fingerprint(samples: NDArray[np.float32], rate: int) -> Fingerprint:
    """The fingerprint of (n,) or (n, channels) samples at `rate` Hz; about 40 bytes a second."""
    energies = np.concatenate([np.zeros((0, BITS + 1)), *_band_energies(_lowered(samples, rate))])
    steps = energies[:, :-1] - energies[:, 1:]
    bits = steps[COMPARISON_LAG_WORDS:] > steps[:-COMPARISON_LAG_WORDS]
    total = energies.sum(axis=1)
    heard = np.maximum(
        total[COMPARISON_LAG_WORDS:], total[:-COMPARISON_LAG_WORDS]
    ) > QUIET_ENERGY_RATIO * total.max(initial=0)
    bits[~heard] = False
    return from_words(np.packbits(np.ascontiguousarray(bits), axis=1, bitorder="little").view("<u4").ravel())


def from_words(words: Words) -> Fingerprint:
    """The fingerprint that has these words: their sketch, then they themselves."""
    return np.concatenate([_sketch(_bits(words[words != 0])), words]).astype(np.uint32)


def sketch_of(stored: bytes) -> NDArray[np.float32]:
    """The sketch of a stored fingerprint, of which its first SKETCH_BYTES are enough: (SKETCH_BYTES,)."""
    return np.frombuffer(stored[:SKETCH_BYTES], dtype=np.int8).astype(np.float32)


def same_recording(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether they agree over 80% of the longer one, or a few seconds are missing at the ends of the shorter."""
    longer, shorter = sorted((one[SKETCH:], other[SKETCH:]), key=len, reverse=True)
    room = max(round((1 - MIN_SHARED_RATIO) * len(longer)), 2 * MAX_MISSING_EDGE_WORDS)
    if len(shorter) < MIN_AGREEING_WORDS or len(longer) - len(shorter) > room:
        return False
    return any(_agree(longer, shorter, offset) for offset in _alignments(longer, shorter, room))


def to_bytes(value: Fingerprint) -> bytes:
    """A fingerprint as it is stored."""
    return value.astype("<u4").tobytes()


def from_bytes(data: bytes) -> Fingerprint:
    """A stored fingerprint."""
    return np.frombuffer(data, dtype="<u4").astype(np.uint32, copy=False)


# -- from samples to words ---------------------------------------------------------------------------------


def _lowered(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """One channel at 8 kHz, made chunk by chunk: the samples may be a mapped file."""
    resampler = soxr.ResampleStream(rate, RATE, 1, quality="MQ")
    pieces = []
    for start in range(0, len(samples), CHUNK):
        chunk = np.asarray(samples[start : start + CHUNK], dtype=np.float32)
        mono = chunk if chunk.ndim == 1 else chunk.mean(axis=1)
        pieces.append(resampler.resample_chunk(mono, last=start + CHUNK >= len(samples)))
    return np.concatenate([np.zeros(0, np.float32), *pieces])


def _band_energies(samples: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
    """Energies (frames, bands), some frames at a time."""
    if len(samples) < WINDOW:
        return
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    edges = np.geomspace(LOWEST, HIGHEST, BITS + 2) * WINDOW / RATE
    whole = edges.astype(int)
    for start in range(0, len(frames), FRAMES_PER_BATCH):
        power = np.abs(np.fft.rfft(frames[start : start + FRAMES_PER_BATCH] * hann)) ** 2
        below = np.cumsum(power, axis=1, dtype=np.float64)  # up to and including a bin
        yield np.diff(below[:, whole - 1] + (edges - whole) * power[:, whole], axis=1)


def _sketch(bits: Bits) -> Words:
    """How often bits that are near each other in frequency agree, from -127 to 127, packed into words."""
    signs = bits * np.float32(2) - 1
    products = signs.T @ signs / max(1, len(bits))
    means = np.concatenate([np.diagonal(products, distance) for distance in SKETCH_DISTANCES])
    padded = np.zeros(SKETCH_BYTES, np.int8)
    padded[: len(means)] = np.round(127 * means)
    return padded.view("<u4")


# -- comparing two -----------------------------------------------------------------------------------------


def _alignments(longer: Words, shorter: Words, room: int) -> set[int]:
    """Where in the longer one the shorter may begin (negative: before it), by looking for some pieces of it."""
    found = set()
    for share in (0.3, 0.7):
        start = round(share * max(0, len(shorter) - PROBE_WORDS))
        probe = shorter[start : start + PROBE_WORDS]
        first = max(0, start - room)
        places = longer[first : start + room + len(longer) - len(shorter) + len(probe)]
        if len(places) < len(probe):
            continue
        windows = np.lib.stride_tricks.sliding_window_view(places, len(probe))
        wrong = np.bitwise_count(windows ^ probe).mean(axis=1)
        best = int(wrong.argmin())
        if wrong[best] < MAX_PROBE_ERROR_RATE * BITS:
            found.add(first + best - start)
    return found


def _agree(longer: Words, shorter: Words, offset: int) -> bool:
    begin, end = max(0, offset), min(len(longer), offset + len(shorter))
    shared = _agreeing(longer[begin:end], shorter[begin - offset : end - offset])
    if shared < MIN_AGREEING_WORDS:
        return False
    most = max(np.count_nonzero(longer), np.count_nonzero(shorter))
    if shared + WORD_SPAN >= MIN_SHARED_RATIO * (most + WORD_SPAN):
        return True
    shared = _agreeing(longer[begin:end], shorter[begin - offset : end - offset], MAX_ERROR_RATIO_IF_CUT)
    complete = shared >= 0.9 * np.count_nonzero(shorter) and shared >= 0.5 * most
    return bool(
        complete
        and abs(offset) <= MAX_MISSING_EDGE_WORDS
        and abs(len(longer) - len(shorter) - offset) <= MAX_MISSING_EDGE_WORDS
    )


def _agreeing(one: Words, other: Words, limit: float = MAX_ERROR_RATIO) -> int:
    """In how many words, around which both are much more alike than chance would make them, something is heard.

    None at all if more bits are wrong there than this share of what chance gives.
    """
    heard = (one != 0) | (other != 0)
    if not heard.any():
        return 0
    one, other = one[heard], other[heard]
    share_one, share_other = _bits(one).mean(axis=0), _bits(other).mean(axis=0)
    chance = np.sum(share_one * (1 - share_other) + share_other * (1 - share_one))
    near = np.ones(min(SMOOTHING_WORDS, len(one)))
    wrong = np.bitwise_count(one ^ other).astype(np.float64)
    around = np.convolve(wrong, near, "same") / np.convolve(np.ones(len(one)), near, "same")
    alike = around < MAX_LOCAL_ERROR_RATIO * chance
    if not alike.any() or wrong[alike].mean() > limit * chance:
        return 0
    return int(np.count_nonzero(alike))


def _bits(words: Words) -> Bits:
    packed = words.astype("<u4").view(np.uint8).reshape(-1, BITS // 8)
    return np.unpackbits(packed, axis=1, bitorder="little").astype(bool)
