"""Candidate search for fingerprint matches: the recordings of a library whose sketches are similar."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.audio.fingerprint import SKETCH_BYTES, Fingerprint, sketch_of, to_bytes

MAX_SHORTLIST = 16
MIN_SKETCH_COSINE = 0.5  # cosine of sketches; of the same recording the lowest measured is 0.59
MAX_LENGTH_RATIO = 1.3  # of two copies of one recording, the longer one is at most so much longer,
LENGTH_SLACK_SECONDS = 8.0  # and these many seconds


class Recordings:
    """The sketches of a library, by the keys of its tracks: half a kilobyte each."""

    def __init__(self) -> None:
        self._keys = np.zeros(0, np.int64)
        self._seconds = np.zeros(0)
        self._sketches = np.zeros((0, SKETCH_BYTES), np.float32)

    @property
    def newest(self) -> int:
        """The greatest key, 0 of none."""
        return int(self._keys.max(initial=0))

    def add(self, tracks: Sequence[tuple[int, float, bytes]]) -> None:
        """Add tracks: key, length in seconds, and at least the first SKETCH_BYTES of the stored fingerprint."""
        if not tracks:
            return
        keys, seconds, stored = zip(*tracks, strict=True)
        self._keys = np.concatenate([self._keys, keys])
        self._seconds = np.concatenate([self._seconds, seconds])
        self._sketches = np.concatenate([self._sketches, [sketch_of(each) for each in stored]])

    def shortlist(self, query: Fingerprint, seconds: float) -> list[int]:
        """The keys of the tracks that may be the same recording as one of this length, the likeliest first."""
        fits = (
            np.abs(self._seconds - seconds)
            <= (MAX_LENGTH_RATIO - 1) * np.minimum(self._seconds, seconds) + LENGTH_SLACK_SECONDS
        )
        places = np.flatnonzero(fits)
        if len(places) <= MAX_SHORTLIST:
            return [int(key) for key in self._keys[places]]
        likeness = _likeness(self._sketches[places], sketch_of(to_bytes(query)))
        best = np.argsort(-likeness)[:MAX_SHORTLIST]
        return [int(self._keys[places[each]]) for each in best if likeness[each] > MIN_SKETCH_COSINE]


def _likeness(sketches: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines of the sketches (n, d) with the wanted one (d,), without what all of them have in common.

    That says nothing. Bit errors shrink a sketch, so the common direction is taken out, not the mean.
    """
    common = sketches.mean(axis=0)
    common /= max(float(np.linalg.norm(common)), 1e-9)
    along, wanted_along = sketches @ common, wanted @ common
    squares = np.einsum("ij,ij->i", sketches, sketches) - along**2
    lengths = np.sqrt(np.maximum(squares * (wanted @ wanted - wanted_along**2), 1e-18))
    likeness: NDArray[np.float32] = (sketches @ wanted - along * wanted_along) / lengths
    return likeness
