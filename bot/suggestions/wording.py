"""The line that says why a track is suggested, from the evidence that contributed most to its score."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from bot.foreign_text import harmless, readable
from bot.library.cards import TrackCard
from models import NOBODY

MAX_TITLE_LENGTH = 80
MIN_TEMPO_CONFIDENCE, MIN_KEY_CONFIDENCE = 0.1, 0.1  # see bot.audio.features
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class ReasonKind(StrEnum):
    """The kind of reason for a suggestion: what contributed most to its score."""

    ASKED = "asked"  # it sounds like what was asked about
    LIKED = "liked"  # … like something that the member liked
    SHARED = "shared"  # … like something that the member shared
    MORE = "more"  # … like something that the member asked more of
    SERVER = "server"  # … like something that the server likes
    COLIKED = "crowd"  # who likes the same tends to like it
    NEW = "new"  # nothing that the member liked sounds like it
    UNLIKE_DISLIKED = "far"  # it sounds unlike what the member disliked
    POPULAR = "popular"  # the server likes it


@dataclass(frozen=True)
class Reason:
    """What carried a pick, as it is stored with a suggestion.

    `percent` is its match with the `carrier`, the track that carried it, which `likes` members like; `when` says
    since when. `you`: the reader's own taste, not another member's; `user_id`: whose, where that has to be said.
    """

    evidence: ReasonKind
    percent: int = 0
    carrier: int | None = None
    likes: int = 0
    you: bool = True
    when: str = ""
    user_id: int = NOBODY

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The reason that `asdict` wrote."""
        return cls(**{**stored, "evidence": ReasonKind(stored["evidence"])})


class Wording(Protocol):
    """How titles and members are written."""

    def text(self, words: str) -> str:
        """Write somebody's words so that they do nothing."""
        ...

    def title(self, card: TrackCard) -> str:
        """Write a track's name."""
        ...

    def person(self, user_id: int) -> str:
        """Write a member's name."""
        ...


@dataclass(frozen=True)
class ForTerminal:
    """Plain text, members by their names as last seen."""

    names: Mapping[int, str] = field(default_factory=dict)

    def text(self, words: str) -> str:
        """One line without control characters."""
        return readable(words, MAX_TITLE_LENGTH)

    def title(self, card: TrackCard) -> str:
        """Artist – Title in quotation marks."""
        return f"“{self.text(card.label)}”"

    def person(self, user_id: int) -> str:
        """Their name, or their id where it isn't known."""
        return self.text(self.names.get(user_id) or f"member {user_id}")


class ForMarkdown(ForTerminal):
    """A Markdown file: titles in bold, markup in words disarmed."""

    def text(self, words: str) -> str:
        """One line in which nothing is markup."""
        return harmless(words, MAX_TITLE_LENGTH)

    def title(self, card: TrackCard) -> str:
        """**Artist – Title**."""
        return f"**{self.text(card.label)}**"


class ForDiscord(ForMarkdown):
    """Discord's Markdown: members are mentioned, titles mention nobody."""

    def person(self, user_id: int) -> str:
        """A mention, which Discord shows as the name that the reader knows."""
        return f"<@{user_id}>"


def explain(reason: Reason, card: TrackCard, carrier: TrackCard | None, wording: Wording) -> str:
    """The line for a pick: why, how it sounds, then who shared it and how many like it.

    `carrier` is None where the track that carried it may not be named.
    """
    parts = (_why(reason, card.id, carrier, wording), tempo_and_key(card), sharer_and_likes(card, wording))
    return " · ".join(part for part in parts if part) or (
        f"{reason.percent}% match" if reason.percent else ""
    )


def tempo_and_key(card: TrackCard) -> str:
    """Tempo and key, where they were measured with some certainty: "118 bpm, A minor"."""
    facts = card.features
    tempo = facts.get("tempo") if (facts.get("tempo_confidence") or 0) >= MIN_TEMPO_CONFIDENCE else None
    key = facts.get("key") if (facts.get("key_confidence") or 0) >= MIN_KEY_CONFIDENCE else None
    return ", ".join(part for part in (f"{tempo:.0f} bpm" if tempo else "", key or "") if part)


def month(at: datetime, now: datetime) -> str:
    """When something was, as one says it: "in May", or "in May 2024" if that isn't the last one."""
    ago = (now.year - at.year) * 12 + now.month - at.month
    return f"in {MONTHS[at.month - 1]}" + (f" {at.year}" if ago >= 12 else "")


def sharer_and_likes(card: TrackCard, wording: Wording) -> str:
    """Who shared a track, where that is a member, and how many like it."""
    first = card.first
    shared = f"shared by {wording.person(first.user_id)}" if first and first.by_member else ""
    likes = count(card.likes, "like") if card.likes else ""
    return ", ".join(part for part in (shared, likes) if part)


def shorten(text: str) -> str:
    """One line of at most MAX_TITLE_LENGTH characters."""
    return readable(text, MAX_TITLE_LENGTH)


def count(number: int, one: str, several: str = "") -> str:
    """1 like, 2 likes."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _why(reason: Reason, track_id: int, carrier: TrackCard | None, wording: Wording) -> str:
    who = wording.person(reason.user_id) if reason.user_id != NOBODY else "you" if reason.you else "they"
    if reason.evidence is ReasonKind.POPULAR:
        return ""
    if reason.evidence is ReasonKind.ASKED:
        return f"close to {wording.title(carrier)}" if carrier else ""
    if reason.evidence is ReasonKind.UNLIKE_DISLIKED:
        return f"unlike what {who} 👎"
    if reason.evidence is ReasonKind.NEW:
        return f"new ground: unlike anything {who} 👍"
    named = wording.title(carrier) if carrier else "something"
    if reason.evidence is ReasonKind.COLIKED:
        return f"who 👍 {named} tends to 👍 this"
    did = {
        ReasonKind.LIKED: f"{who} 👍",
        ReasonKind.SHARED: f"{who} shared",
        ReasonKind.MORE: f"{who} asked more of",
        ReasonKind.SERVER: f"{count(reason.likes, 'member')} 👍",
    }[reason.evidence]
    when = f" {reason.when}" if reason.when else ""
    if carrier and carrier.id == track_id:
        return f"{did} it{when}"
    return f"close to {named}, which {did}{when}" if carrier else f"close to {named} {did}{when}"
