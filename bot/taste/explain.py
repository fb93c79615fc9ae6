"""Why a track was picked: one honest line from the evidence that carried it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self

from bot.library.cards import TrackCard

MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\*_~`|<>[]@#"})
TITLE_SHOWN = 80


class Evidence(StrEnum):
    """What carried a pick."""

    ASKED = "asked"  # it sounds like what was asked about
    LIKED = "liked"  # … like something that the member liked
    SHARED = "shared"  # … like something that the member shared
    SERVER = "server"  # … like something that the server likes
    FAR = "far"  # it sounds unlike what the member disliked
    POPULAR = "popular"  # the server likes it


@dataclass(frozen=True)
class Reason:
    """What carried a pick, as it is stored with a suggestion.

    `percent` is its match with the `carrier`, the track that carried it, which `likes` members like.
    `you`: the reader's own taste, not another member's.
    """

    evidence: Evidence
    percent: int = 0
    carrier: int | None = None
    likes: int = 0
    you: bool = True

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The reason that `asdict` wrote."""
        return cls(**{**stored, "evidence": Evidence(stored["evidence"])})


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
        return "".join(character for character in shorten(words) if character.isprintable())

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
        return super().text(words).translate(MARKDOWN)

    def title(self, card: TrackCard) -> str:
        """**Artist – Title**."""
        return f"**{self.text(card.label)}**"


class ForDiscord(ForMarkdown):
    """Discord's Markdown: members are mentioned, titles mention nobody."""

    def person(self, user_id: int) -> str:
        """A mention, which Discord shows as the name that the reader knows."""
        return f"<@{user_id}>"


def explain(reason: Reason, card: TrackCard, carrier: TrackCard | None, wording: Wording) -> str:
    """The line for a pick: why, then who shared it and how many like it.

    `carrier` is None where the track that carried it may not be named.
    """
    if reason.evidence is Evidence.ASKED:
        return f"{reason.percent}% match"
    parts = (_why(reason, carrier, wording), standing(card, wording))
    return " · ".join(part for part in parts if part)


def standing(card: TrackCard, wording: Wording) -> str:
    """Who shared a track, where that is a member, and how many like it."""
    sharer = card.first.user_id if card.first else 0
    shared = f"shared by {wording.person(sharer)}" if sharer > 0 else ""
    likes = count(card.likes, "like") if card.likes else ""
    return ", ".join(part for part in (shared, likes) if part)


def shorten(text: str) -> str:
    """One line of at most TITLE_SHOWN characters."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_SHOWN else f"{line[: TITLE_SHOWN - 1].rstrip()}…"


def count(number: int, one: str, several: str = "") -> str:
    """1 like, 2 likes."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _why(reason: Reason, carrier: TrackCard | None, wording: Wording) -> str:
    who = "you" if reason.you else "they"
    if reason.evidence is Evidence.POPULAR:
        return ""
    if reason.evidence is Evidence.FAR:
        return f"unlike what {who} 👎"
    did = {
        Evidence.LIKED: f"{who} 👍",
        Evidence.SHARED: f"{who} shared",
        Evidence.SERVER: f"{count(reason.likes, 'member')} 👍",
    }[reason.evidence]
    return f"close to {wording.title(carrier)}, which {did}" if carrier else f"close to something {did}"
