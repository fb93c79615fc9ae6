"""A server's tracks in memory as a matrix of vectors, and how they match examples (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Matches, Vector
from bot.library.facts import Facts
from bot.vectors.calibration import Calibration
from bot.vectors.generations import Generation
from bot.vectors.question import Example
from bot.vectors.unit_vectors import cosines

LibraryVersion = tuple[int, ...]


@dataclass(frozen=True)
class TrackMatches:
    """Some tracks, and how well each matches each example (n, m): 1 the same recording, 0 chance, −∞ unknown."""

    tracks: tuple[int, ...]
    matches: Matches


@dataclass(frozen=True, eq=False)
class LibraryMatrix:
    """A server's tracks in one generation: facts, and by vector name (n, d) unit vectors, zeros where one lacks."""

    version: LibraryVersion
    generation: Generation | None
    facts: Mapping[int, Facts]
    rows: Mapping[str, Vector]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return sum(rows.size for rows in self.rows.values())

    def matches(self, tracks: Sequence[int], examples: Sequence[Example]) -> Matches:
        """As `UnitVectors.matches`: the mean over the vectors that both have, by those that searches use."""
        assert self.generation is not None
        chosen = np.array([self._places[track_id] for track_id in tracks], np.intp)
        found = self._mean(self.generation.searched, chosen, examples)
        missing = np.isneginf(found)
        rest = [name for name in self.rows if name not in self.generation.searched]
        if rest and missing.any():
            found[missing] = self._mean(rest, chosen, examples)[missing]
        return found

    def side_by_side(self, among: Collection[int], ends: Collection[int]) -> tuple[list[int], Vector]:
        """The tracks that have every searched vector that the ends have, and these (n, d), of length 1."""
        known = [self._places[track_id] for track_id in ends if track_id in self._places]
        names = [
            name
            for name in (self.generation.searched if self.generation and known else ())
            if self._has[name][known].all()
        ]
        wanted = {*among, *ends}
        tracks = [
            track_id
            for track_id, place in self._places.items()
            if track_id in wanted and names and all(self._has[name][place] for name in names)
        ]
        if not tracks:
            return [], np.zeros((0, 0), np.float32)
        chosen = [self._places[track_id] for track_id in tracks]
        together = np.concatenate([self.rows[name][chosen] for name in names], axis=1)
        return tracks, (together / np.sqrt(len(names))).astype(np.float32)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {track_id: place for place, track_id in enumerate(self.facts)}

    @cached_property
    def _has(self) -> Mapping[str, NDArray[np.bool_]]:
        """By name, which of the tracks have this vector."""
        return {name: np.asarray(rows.any(axis=1)) for name, rows in self.rows.items()}

    def _mean(self, names: Sequence[str], chosen: NDArray[np.intp], examples: Sequence[Example]) -> Matches:
        assert self.generation is not None
        total = np.zeros((len(chosen), len(examples)), np.float32)
        common = np.zeros_like(total)
        everything = np.array_equal(chosen, np.arange(len(self.facts)))
        for name in names:
            calibration = self.generation.calibrations[name]
            left = self.rows[name] if everything else self.rows[name][chosen]  # a copy takes its time
            right = np.stack([self._example(name, calibration, sound) for sound in examples])
            both = np.outer(self._has[name][chosen], right.any(axis=1))
            total += np.where(both, calibration.match(cosines(left, right)), 0)
            common += both
        return np.where(common > 0, total / np.maximum(common, 1), -np.inf).astype(np.float32)

    def _example(self, name: str, calibration: Calibration, sound: Example) -> Vector:
        nothing = np.zeros(calibration.dimension, np.float32)
        if isinstance(sound, int):
            return self.rows[name][self._places[sound]] if sound in self._places else nothing
        return calibration.apply(sound[name]) if name in sound else nothing


def calibrated_rows(
    generation: Generation | None, tracks: Sequence[int], raws: Mapping[str, Mapping[int, Vector]]
) -> dict[str, Vector]:
    """By vector name the (n, d) calibrated vectors of these tracks, from raw vectors by name and track."""
    rows = {}
    for name, calibration in generation.calibrations.items() if generation else ():
        rows[name] = np.zeros((len(tracks), calibration.dimension), np.float32)
        for place, track_id in enumerate(tracks):
            if track_id in raws[name]:
                rows[name][place] = calibration.apply(raws[name][track_id])
    return rows


def merged(old: LibraryMatrix, new: LibraryMatrix, changed: Collection[int]) -> LibraryMatrix:
    """The old one, in which the changed tracks are replaced from the new one, or gone."""
    kept = [track_id not in changed for track_id in old.facts]
    left = [track_id for track_id in old.facts if track_id not in changed]
    facts = {**{track_id: old.facts[track_id] for track_id in left}, **new.facts}
    order = np.argsort([*left, *new.facts], kind="stable")
    rows = {name: np.concatenate([old.rows[name][kept], new.rows[name]])[order] for name in new.rows}
    return replace(new, facts=dict(sorted(facts.items())), rows=rows)
