"""The content of a digest as one value, before layout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.library.cards import TrackCard
from bot.periods import PeriodLength, Schedule, length_of, read_period
from bot.pictures.values import Number
from bot.playlists.music import VisibleMusic
from bot.playlists.playlist import Entry, Playlist
from bot.suggestions.pick import Pick
from bot.suggestions.wording import count


@dataclass(frozen=True)
class Tally:
    """How many songs were shared, by how many members, and how many likes were given."""

    songs: int = 0
    members: int = 0
    likes: int = 0


@dataclass(frozen=True)
class Outlier:
    """A song that stands farther from the others than any; `percent`: how much the nearest ones sound like it."""

    card: TrackCard
    percent: int


@dataclass(frozen=True)
class Newcomer:
    """A member who never shared before, and the first song that they did."""

    user_id: int
    card: TrackCard


@dataclass(frozen=True)
class Sharer:
    """A member who shared first what got that many likes."""

    user_id: int
    likes: int


@dataclass(frozen=True)
class DigestContent:
    """A week (or month, or year) of a server's music; what there is nothing to say about is empty.

    `period` is as written: 2026-W47, 2026-11 or 2026. `tracks` were shared from `since` (inclusive) until
    `until` on the server's clock, which is its `zone`'s, each with the shares of these days only, oldest first; those
    that were shared before are in `again` with all their shares. `loved` got more likes than dislikes in these days,
    most first; `divisive` got both; these cards count the votes of these days only. `pick` is what to listen to next.
    `tally` and `before` are these days and the ones before them in numbers, `bars` what was shared on each. `moved`
    says how the sound moved. `playlists` are the week's; `playlist` takes their place where there are no vibes yet.
    `quiet` members are not mentioned. `music` is what it was composed from.
    """

    guild_id: int
    period: str
    since: datetime
    until: datetime
    tracks: tuple[TrackCard, ...] = ()
    again: Mapping[int, TrackCard] = field(default_factory=dict)
    loved: tuple[TrackCard, ...] = ()
    pick: Pick | None = None
    playlist: Playlist | None = None
    tally: Tally = Tally()
    before: Tally | None = None
    bars: tuple[int, ...] = ()
    bar_labels: tuple[str, ...] = ()
    divisive: TrackCard | None = None
    sleeper: Entry | None = None
    outlier: Outlier | None = None
    newcomers: tuple[Newcomer, ...] = ()
    sharers: tuple[Sharer, ...] = ()
    playlists: tuple[Playlist, ...] = ()
    moved: str = ""
    quiet: frozenset[int] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    music: VisibleMusic | None = field(default=None, compare=False, repr=False)

    @property
    def length(self) -> PeriodLength:
        """Whether it is of a week, a month or a year."""
        return length_of(self.period)

    @property
    def title(self) -> str:
        """What it is called."""
        return (
            "Your server's year in music"
            if self.length is PeriodLength.YEAR
            else f"The {self.length} in music"
        )

    @property
    def is_calendar(self) -> bool:
        """Whether it is of a whole month or year, not of the days until a preview."""
        midnights = Schedule(0, 0, self.zone)
        covered = (self.since, self.until)
        return self.length is not PeriodLength.WEEK and midnights.covers(read_period(self.period)) == covered

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Its songs, members and likes, each against the time before where that is known."""
        now, before = self.tally, self.before or Tally()
        pairs = (
            ("song", now.songs, before.songs),
            ("member", now.members, before.members),
            ("like", now.likes, before.likes),
        )
        return tuple(Number(what, new, new - old if self.before else None) for what, new, old in pairs)

    @property
    def compared(self) -> list[str]:
        """Its numbers, like "12 songs ▲3"; nothing where there is no time before to compare with."""
        if self.before is None:
            return []
        return [f"{each} {_change(each.change or 0)}".rstrip() for each in self.numbers]

    def first_sharer(self, card: TrackCard) -> int | None:
        """Who shared a song before these days, if it was another member than the card's first."""
        first = self.again[card.id].first if card.id in self.again else None
        now = card.first.user_id if card.first else None
        return first.user_id if first and first.by_member and first.user_id != now else None

    @property
    def headline(self) -> str:
        """The week in one line."""
        if not self.tracks:
            return f"A quiet {self.length}: nobody shared a song. Share one, and it opens the next digest!"
        songs = count(len(self.tracks), "song")
        members = {share.user_id for card in self.tracks for share in card.shares if share.by_member}
        return f"{songs} from {count(len(members), 'member')}" if members else songs

    @property
    def cards(self) -> tuple[TrackCard, ...]:
        """Every song that it names."""
        named = [self.divisive, self.sleeper.card if self.sleeper else None, self.pick and self.pick.card]
        named += [self.outlier.card if self.outlier else None, *(each.card for each in self.newcomers)]
        listed = [card for playlist in self.playlists for card in playlist.cards]
        return (*self.tracks, *self.again.values(), *self.loved, *(card for card in named if card), *listed)


def _change(by: int) -> str:
    return f"▲{by:,}" if by > 0 else f"▼{-by:,}" if by < 0 else ""
