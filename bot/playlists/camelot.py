"""The Camelot wheel: which keys follow each other well."""

from typing import Any, NamedTuple

HOURS = 12
MAX_STEPS = 7  # steps: half the wheel, and to the other ring
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


class Camelot(NamedTuple):
    """A key's place: the hour 1 to 12, on the outer ring if it is major; C major is 8B, A minor 8A."""

    hour: int
    major: bool

    def __str__(self) -> str:
        return f"{self.hour}{'B' if self.major else 'A'}"


def camelot(key: Any) -> Camelot | None:
    """The place of a key like "A minor"; None for what is no key."""
    tonic, _, mode = key.partition(" ") if isinstance(key, str) else ("", "", "")
    if tonic[:1] not in LETTERS or tonic[1:] not in ACCIDENTALS or mode not in {"major", "minor"}:
        return None
    pitch = LETTERS[tonic[:1]] + ACCIDENTALS[tonic[1:]] + (0 if mode == "major" else 3)
    # Each hour is a fifth, seven semitones, above the one before; C major, at pitch 0, is the eighth.
    return Camelot((7 * pitch + 7) % HOURS + 1, mode == "major")


def steps(one: Camelot, other: Camelot) -> int:
    """Steps on the wheel, 0 to MAX_STEPS: from hour to hour, and one between a major key and a minor one."""
    hours = abs(one.hour - other.hour)
    return min(hours, HOURS - hours) + (one.major != other.major)
