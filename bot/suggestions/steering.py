"""Filters of suggestions that a member asks for, and how diverse they shall be (pure)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import numpy as np

from bot.arrays import Array
from bot.audio.key import NAMES
from bot.errors import NotFound
from bot.library.facts import Facts
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.left_out import LeftOut
from models.track import searchable

LONG_SECONDS = 15 * 60  # from here on it is a mix or a set rather than a song
TALK_PROBABILITY = 0.5  # of speech, as bot.audio.features has it
FLATS = {"DB": "C#", "EB": "D#", "FB": "E", "GB": "F#", "AB": "G#", "BB": "A#", "CB": "B"}
SHARPS = {"E#": "F", "B#": "C"}  # that are no black keys

NUMBER = r"(\d{1,3}(?:\.\d+)?)"
TEMPO_PATTERN = re.compile(rf"\s*{NUMBER}(?:\s*(?:-|–|to|…)\s*{NUMBER})?\s*(?:bpm)?\s*", re.IGNORECASE)
TEMPO_TOLERANCE = 0.06  # of a tempo that is given as one number: what people take for the same


class Adventure(StrEnum):
    """How far from the known, from all of one kind to many kinds."""

    SAFE = "safe"
    BALANCED = "balanced"
    BOLD = "bold"


MIN_DIVERSITY_WITHOUT_LIKES = 0.3  # for somebody of whom no like is known
DIVERSITY = {Adventure.SAFE: 0.0, Adventure.BALANCED: 0.1, Adventure.BOLD: 0.6}


@dataclass(frozen=True)
class Steering:
    """What suggestions must be like.

    tags: each of them, genres too; tempo: lowest and highest beats a minute; key: "A minor", or "minor" for all of a
    mode; sharer: a member who shared it; since: shared at or after; without_tracks, without_artists, without_members:
    none of these (of members: nothing that only they shared); long, talk: also mixes and speech.
    """

    tags: tuple[str, ...] = ()
    tempo: tuple[float, float] | None = None
    key: str = ""
    sharer: int | None = None
    since: datetime | None = None
    without_tracks: frozenset[int] = frozenset()
    without_artists: tuple[str, ...] = ()
    without_members: frozenset[int] = frozenset()
    long: bool = False
    talk: bool = False
    adventure: Adventure = Adventure.BALANCED

    @property
    def by_share(self) -> bool:
        """Whether it depends on who shared what when."""
        return self.sharer is not None or self.since is not None or bool(self.without_members)


NO_STEERING = Steering()


def named_key(text: str) -> str:
    """A key as tracks have it: "a minor", "Am", "minor" and "Bb" are understood. Raises NotFound."""
    words = text.strip().replace("♯", "#").replace("♭", "b").split()
    if len(words) == 1 and words[0].casefold() in {"major", "minor"}:
        return words[0].casefold()
    if len(words) == 1 and words[0].endswith("m"):
        words = [words[0][:-1], "minor"]
    tonic = words[0].upper() if words else ""
    tonic = (FLATS | SHARPS).get(tonic, tonic)
    mode = words[1].casefold() if len(words) > 1 else "major"
    if tonic not in NAMES or mode not in {"major", "minor"} or len(words) > 2:
        raise NotFound("That is no key I know. Write it like A minor, F# major or Am.")
    return f"{tonic} {mode}"


def named_tempo(text: str) -> tuple[float, float]:
    """Lowest and highest beats a minute: "90-110" as it says, "120" give or take six per cent. Raises NotFound."""
    match = TEMPO_PATTERN.fullmatch(text)
    low, high = (float(match[1]), float(match[2] or match[1])) if match else (0.0, 0.0)
    if not low or not high:
        raise NotFound("I can't read that tempo. Write it like 120, or 90-110.")
    return (low, high) if match and match[2] else (low * (1 - TEMPO_TOLERANCE), low * (1 + TEMPO_TOLERANCE))


def checked(steering: Steering) -> Steering:
    """The same, tags comparable, if it makes sense. Raises NotFound that says which parts contradict each other."""
    if steering.tempo and steering.tempo[0] > steering.tempo[1]:
        low, high = steering.tempo
        raise NotFound(f"No tempo is above {low:g} and below {high:g} bpm. Put the lower one first.")
    if steering.sharer is not None and steering.sharer in steering.without_members:
        raise NotFound("That asks for a member's songs and leaves the same member out. Drop one of the two.")
    return replace(steering, tags=tuple(map(searchable, steering.tags)))


def unmet_filter(steering: Steering, facts: Facts, channels: VisibleChannels = None) -> LeftOut | None:
    """The first of `checked` filters that a track doesn't meet; None if all are met that don't ask who shared it."""
    if steering.tags and not facts.tagged(steering.tags, channels):
        return LeftOut.TAG
    if steering.tempo and not steering.tempo[0] <= facts.tempo <= steering.tempo[1]:
        return LeftOut.TEMPO
    if steering.key and not f" {facts.key}".endswith(f" {steering.key}"):
        return LeftOut.KEY
    if facts.track_id in steering.without_tracks:
        return LeftOut.TRACK
    if not steering.long and facts.seconds >= LONG_SECONDS:
        return LeftOut.LENGTH
    if not steering.talk and facts.speech >= TALK_PROBABILITY:
        return LeftOut.TALK
    return None


def diversified(scores: Array, alike: Array, diversity: float, limit: int) -> Iterator[int]:
    """Places of up to `limit` of n tracks: good ones that are unlike those before them; each is found when asked for.

    scores: (n,), best is highest; alike: (n, n) closeness. Maximal marginal relevance (Carbonell & Goldstein, SIGIR
    1998) with diversity 0 … 1; scores are stretched to 0 … 1 first.
    """
    spread = scores.max(initial=0) - scores.min(initial=0)
    relevance = (scores - scores.min(initial=0)) / (spread or 1)
    nearest = np.zeros(len(scores))
    chosen: list[int] = []
    worth = relevance.copy()
    for _ in range(min(limit, len(scores))):
        best = int(np.argmax(worth))
        yield best
        chosen.append(best)
        nearest = np.maximum(nearest, alike[:, best])
        worth = (1 - diversity) * relevance - diversity * nearest
        worth[chosen] = -np.inf
