"""Weighted evidence of a member's taste from their votes, shares, requests and silence (implicit feedback; pure).

Evidence adds up track by track, and each piece fades with its age. So taking a vote back leaves exactly what would be
there without it, and one more vote changes the next answer.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.taste.feedback import Vote
from models import VoteKind

HALF_LIFE_DAYS = 60.0
DECAY_FLOOR = 0.1  # of its weight the oldest evidence keeps: who comes back after years still has their taste
SECONDS_PER_DAY = 86_400


class Signal(StrEnum):
    """What a member did about a track."""

    LIKED = "liked"
    DISLIKED = "disliked"
    HIDDEN = "hidden"  # it must never come back
    SHARED = "shared"
    MORE = "more"  # asked for more like it
    IGNORED = "ignored"  # was shown it, and said nothing


WEIGHTS: Mapping[Signal, float] = MappingProxyType(
    {
        Signal.LIKED: 1.0,
        Signal.DISLIKED: -1.5,
        Signal.HIDDEN: -0.3,  # often a song heard too often; 👎 is there to say more
        Signal.SHARED: 0.3,
        Signal.MORE: 0.3,
        Signal.IGNORED: -0.1,
    }
)
SIGNALS = tuple(Signal)
IMPLIES_KNOWN = frozenset({Signal.LIKED, Signal.DISLIKED, Signal.HIDDEN, Signal.SHARED, Signal.MORE})


@dataclass(frozen=True)
class Event:
    """A member did something about a track; each kind counts once, when it was done last.

    `visible_to_reader`: whether whoever reads the answer may know of it; of a share in a hidden channel they may not.
    """

    track_id: int
    user_id: int
    signal: Signal
    at: datetime
    visible_to_reader: bool = True


@dataclass(frozen=True)
class ExtraEvidence:
    """Feedback for one question only, which is stored nowhere."""

    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()


NO_EXTRA = ExtraEvidence()
UNSAVED_FEEDBACK = 0  # the user id of ExtraEvidence, which belongs to no stored member


@dataclass(frozen=True)
class Taste:
    """What is known of somebody's taste.

    weights: track -> signed weight, never 0; known: what they know already; hidden: what must not come back; best:
    track -> the event that says most about it; likes: track -> how many of those whose taste it is like it.
    """

    weights: Mapping[int, float] = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    best: Mapping[int, Event] = field(default_factory=dict)
    likes: Mapping[int, int] = field(default_factory=dict)


def strength(event: Event, now: datetime, half_life: float) -> float:
    """What an event counts for: its signal's weight, halved every `half_life` days, down to a tenth."""
    age = max(0.0, (now - event.at).total_seconds() / SECONDS_PER_DAY)
    return WEIGHTS[event.signal] * max(DECAY_FLOOR, math.exp2(-age / half_life))


def taste_of(
    events: Iterable[Event], now: datetime, half_life: float = HALF_LIFE_DAYS, *, own: bool
) -> Taste:
    """The taste that these events come to: of one member, or of several whose evidence then adds up.

    `own`: it is read by the member themself, for whom everything counts; else only what may be told.
    """
    latest: dict[tuple[int, int, Signal], Event] = {}
    for event in events:
        key = (event.track_id, event.user_id, event.signal)
        if key not in latest or (event.at, event.visible_to_reader) > (
            latest[key].at,
            latest[key].visible_to_reader,
        ):
            latest[key] = event
    parts: dict[int, list[tuple[float, Event]]] = defaultdict(list)
    counted = [event for event in latest.values() if own or event.visible_to_reader]
    for event in counted:
        parts[event.track_id].append((strength(event, now, half_life), event))
    # Exact sums: the order in which votes came and went must leave no trace.
    sums = {track_id: math.fsum(part for part, _ in pieces) for track_id, pieces in parts.items()}
    return Taste(
        weights={track_id: total for track_id, total in sums.items() if total},
        known=frozenset(event.track_id for event in counted if event.signal in IMPLIES_KNOWN),
        hidden=frozenset(event.track_id for event in latest.values() if event.signal is Signal.HIDDEN),
        best={track_id: _strongest(parts[track_id], total) for track_id, total in sums.items()},
        likes=Counter(event.track_id for event in counted if event.signal is Signal.LIKED),
    )


def _strongest(parts: Iterable[tuple[float, Event]], total: float) -> Event:
    """The event that does most for the sign that the sum has; of equals the newest, then by signal and member."""
    sign = 1 if total >= 0 else -1
    return max(parts, key=lambda part: (sign * part[0], part[1].at, *_precedence(part[1])))[1]


def _precedence(event: Event) -> tuple[int, int]:
    """A total order of the events about a track that weigh the same: signals as they are declared, then members."""
    return -SIGNALS.index(event.signal), -event.user_id


def dislikes(taste: Taste) -> set[int]:
    """The tracks that somebody 👎, and didn't 👍 more."""
    disliked = (track_id for track_id, event in taste.best.items() if event.signal is Signal.DISLIKED)
    return {track_id for track_id in disliked if taste.weights.get(track_id, 0) < 0}


def vote_events(votes: Iterable[Vote]) -> list[Event]:
    """Standing votes as evidence."""
    signals = {VoteKind.LIKE: Signal.LIKED, VoteKind.DISLIKE: Signal.DISLIKED}
    return [Event(vote.track_id, vote.user_id, signals[vote.kind], vote.at) for vote in votes]


def with_extra(events: Iterable[Event], extra: ExtraEvidence, now: datetime) -> list[Event]:
    """The events as they are for one question: what is said now takes the place of what was said before."""
    said = {*extra.likes, *extra.dislikes}
    kept = [event for event in events if event.track_id not in said]
    likes = [Event(track_id, UNSAVED_FEEDBACK, Signal.LIKED, now) for track_id in dict.fromkeys(extra.likes)]
    dislikes = set(extra.dislikes) - set(extra.likes)
    return (
        kept
        + likes
        + [Event(track_id, UNSAVED_FEEDBACK, Signal.DISLIKED, now) for track_id in sorted(dislikes)]
    )


def favourites(votes: Iterable[Vote], kind: VoteKind = VoteKind.LIKE) -> list[tuple[int, int]]:
    """Tracks that more members like than dislike (DISLIKE: the reverse), and by how many.

    Most first; among equals the one that was voted for last.
    """
    net: Counter[int] = Counter()
    latest: dict[int, float] = {}
    for vote in votes:
        net[vote.track_id] += vote.kind * kind
        if vote.kind == kind:
            latest[vote.track_id] = max(latest.get(vote.track_id, 0.0), vote.at.timestamp())
    ahead = [(track_id, lead) for track_id, lead in net.items() if lead > 0]
    return sorted(ahead, key=lambda item: (-item[1], -latest[item[0]], item[0]))
