"""The Playlist value, its entries and its kinds."""

from dataclasses import dataclass
from enum import StrEnum

from bot.library.cards import TrackCard
from bot.suggestions.pick import Pick
from bot.suggestions.wording import Wording

NO_PLAYLISTS = "No playlist yet: share more songs, and react to them with 👍 and 👎."


class PlaylistKind(StrEnum):
    """What a playlist is made of."""

    VIBE = "vibe"  # songs of one vibe
    REDISCOVER = "rediscover"  # loved once, not seen for long
    SLEEPERS = "sleepers"  # like what the server loves, and nobody reacted
    MEMBER = "member"  # what one member may like
    WORLDS = "worlds"  # from one vibe to another
    AROUND = "around"  # what sounds like one song


@dataclass(frozen=True)
class Entry:
    """A song of a playlist and why it is there, in words or as a recommendation's reason.

    `{near}` in `why` stands for the song that it is close to.
    """

    card: TrackCard
    why: str = ""
    near: TrackCard | None = None
    pick: Pick | None = None

    def explain(self, wording: Wording) -> str:
        """Why it is there, in one line."""
        if self.pick:
            return self.pick.explain(wording)
        return self.why.replace("{near}", wording.title(self.near)) if self.near else self.why


@dataclass(frozen=True)
class Playlist:
    """Songs in playing order under a name.

    `subject` tells playlists of a kind apart: a vibe's id, two of them ("3-7"), a member's id. `note` says which rule
    was relaxed ("" if none).
    """

    kind: PlaylistKind
    name: str
    entries: tuple[Entry, ...]
    subject: str = ""
    note: str = ""

    @property
    def cards(self) -> tuple[TrackCard, ...]:
        """The songs."""
        return tuple(entry.card for entry in self.entries)

    @property
    def key(self) -> str:
        """What stays the same of it from week to week: "vibe-3", "sleepers"."""
        return f"{self.kind}-{self.subject}" if self.subject else str(self.kind)
