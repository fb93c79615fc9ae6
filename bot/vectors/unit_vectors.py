"""Comparing tracks by their calibrated vectors (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Vector, Vectors
from bot.vectors.calibration import Calibration

LARGE_PRODUCT = 1 << 27  # multiplications from which a second core is worth waking: 10 ms of one
ALONE = 1 << 18  # multiplications up to which OpenBLAS takes one thread


def cosines(left: Vectors, right: Vectors) -> Vectors:
    """The (n, m) cosines of (n, d) unit vectors with (m, d) others.

    Small products are made in pieces: NumPy's OpenBLAS would share even these among threads, which then wait for more
    to do without sleeping. That of a hundred tracks with each other took 34 ms of processor time, and takes 1.
    """
    each = right.size
    if len(left) * each >= LARGE_PRODUCT:
        return left @ right.T
    found = np.empty((len(left), len(right)), np.float32)
    step = max(1, ALONE // max(1, each))
    for at in range(0, len(left), step):
        np.matmul(left[at : at + step], right.T, out=found[at : at + step])
    return found


@dataclass(frozen=True)
class UnitVectors:
    """Unit vectors of some tracks, by vector name and track, all of one generation: only these may be compared.

    Comparisons go by the names in `searched`; by others only where two tracks have none of those in common.
    """

    generation: int
    searched: Sequence[str]
    calibrations: Mapping[str, Calibration]
    vectors: Mapping[str, Mapping[int, Vector]]

    def __contains__(self, track_id: int) -> bool:
        """Whether anything is known of how a track sounds."""
        return any(track_id in tracks for tracks in self.vectors.values())

    def matches(self, ones: Sequence[int], others: Sequence[int]) -> NDArray[np.float32]:
        """How well (n) tracks match (m) others, (n, m): 1 for the same recording, 0 for what chance gives, or less.

        The mean over the vectors that both have; −∞ where they have none in common.
        """
        found = self._mean_match(self.searched, ones, others)
        missing = np.isneginf(found)
        if missing.any():
            rest = [name for name in self.vectors if name not in self.searched]
            found[missing] = self._mean_match(rest, ones, others)[missing]
        return found

    def matrix(self, tracks: Sequence[int]) -> Vector:
        """The (n, d) vectors of length 1 of these tracks by all names that each of them has, side by side."""
        names = [
            name
            for name in self.searched
            if all(track_id in self.vectors.get(name, {}) for track_id in tracks)
        ]
        rows = [self._rows(name, tracks) for name in names]
        side_by_side = np.concatenate([np.zeros((len(tracks), 0), np.float32), *rows], axis=1)
        joined: Vector = (side_by_side / np.sqrt(max(1, len(names)))).astype(np.float32)
        return joined

    def _mean_match(
        self, names: Sequence[str], ones: Sequence[int], others: Sequence[int]
    ) -> NDArray[np.float32]:
        total = np.zeros((len(ones), len(others)), np.float32)
        common = np.zeros_like(total)
        for name in names:
            left, right = self._rows(name, ones), self._rows(name, others)
            both = np.outer(left.any(axis=1), right.any(axis=1))
            total += np.where(both, self.calibrations[name].match(cosines(left, right)), 0)
            common += both
        return np.where(common > 0, total / np.maximum(common, 1), -np.inf).astype(np.float32)

    def _rows(self, name: str, tracks: Sequence[int]) -> Vector:
        """(n, d), with zeros for tracks without this vector."""
        known = self.vectors.get(name, {})
        rows = np.zeros((len(tracks), self.calibrations[name].dimension), np.float32)
        for row, track_id in zip(rows, tracks, strict=True):
            if track_id in known:
                row[:] = known[track_id]
        return rows
