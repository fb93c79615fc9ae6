"""The kinds of playlists: each ranks its candidates, applies the rules, and puts the songs in order (pure)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from bot.arrays import Array
from bot.playlists.playlist import Entry, Playlist, PlaylistKind
from bot.playlists.rules import MAX_PER_ARTIST, Rule, chosen, max_per_artist, not_posted_lately
from bot.playlists.sequence import arrange
from bot.playlists.songs import MeasuredTrack, centroid
from bot.suggestions.paths import arc
from bot.suggestions.pick import Pick
from bot.suggestions.wording import count

PLAYLIST_LENGTH = 12  # songs
FORGOTTEN_AFTER = timedelta(days=60)  # unseen for so long, a loved song is worth finding again
OVERLOOKED_AFTER = timedelta(days=7)  # of no reaction; before that silence means nothing
MIN_COSINE_TO_LOVED = 0.15  # of a sleeper's direction with that of a loved song
NEW_FOR = timedelta(days=7)

Explanation = Callable[[MeasuredTrack], str]


@dataclass(frozen=True, eq=False)
class VibeCentroid:
    """The centroid of a vibe, and what the vibe is called for short."""

    id: int
    name: str
    direction: Array


@dataclass(frozen=True)
class ThisWeek:
    """What the playlists of one week are chosen by: votes, and when each song was last seen and posted.

    `loved`: tracks that more members like than dislike -> by how many, most first; `disliked`: the reverse;
    `reacted`: tracks that anybody voted on; `seen`: when each track was last shared, voted on or posted;
    `lately`: what was posted in the last weeks.
    """

    now: datetime
    loved: Mapping[int, int] = field(default_factory=dict)
    disliked: Collection[int] = ()
    reacted: Collection[int] = ()
    seen: Mapping[int, datetime] = field(default_factory=dict)
    lately: Collection[int] = ()

    @property
    def rules(self) -> list[Rule]:
        """The rules of every playlist, the one that gives way first at the end."""
        return [max_per_artist(), not_posted_lately(self.lately)]

    def wanted(self, songs: Sequence[MeasuredTrack]) -> list[MeasuredTrack]:
        """The songs without those that the server dislikes, which no rule brings back."""
        return [song for song in songs if song.card.id not in self.disliked]


def centroid_of(songs: Sequence[MeasuredTrack]) -> Array:
    """The centroid of some songs, of length 1."""
    return centroid(np.stack([song.direction for song in songs]))


def vibe(vibe_id: int, name: str, songs: Sequence[MeasuredTrack], week: ThisWeek) -> Playlist | None:
    """This week's songs of one vibe: new ones first, then what is liked, then what sounds most like it."""
    wanted = week.wanted(songs)
    if not wanted:
        return None
    heart = centroid_of(songs)

    def rank(song: MeasuredTrack) -> tuple[bool, int, float, int]:
        return (
            not _is_new(song, week.now),
            -week.loved.get(song.card.id, 0),
            -float(song.direction @ heart),
            song.card.id,
        )

    def why(song: MeasuredTrack) -> str:
        parts = ["new this week"] if _is_new(song, week.now) else []
        parts += [count(song.card.likes, "like")] if song.card.likes else []
        return ", ".join(parts) or f"{_per_cent(float(song.direction @ heart))}% this vibe"

    return _playlist(PlaylistKind.VIBE, name, sorted(wanted, key=rank), week, why, subject=str(vibe_id))


def rediscover(songs: Sequence[MeasuredTrack], week: ThisWeek) -> Playlist | None:
    """What was loved once and wasn't shared, voted on or posted for FORGOTTEN_AFTER; the most loved first."""
    since = week.now - FORGOTTEN_AFTER
    gone = [
        song for song in songs if song.card.id in week.loved and week.seen.get(song.card.id, since) <= since
    ]
    gone.sort(key=lambda song: (-week.loved[song.card.id], week.seen.get(song.card.id, since), song.card.id))

    def why(song: MeasuredTrack) -> str:
        return f"{count(song.card.likes, 'like')}, last seen in {week.seen.get(song.card.id, since):%B %Y}"

    return _playlist(PlaylistKind.REDISCOVER, "rediscover", gone, week, why)


def sleepers(songs: Sequence[MeasuredTrack], week: ThisWeek) -> Playlist | None:
    """What sounds like something that the server loves, and nobody reacted to: the closest, in playing order."""
    found = _sleepers(songs, week)
    kept, note = chosen(list(found), week.rules, PLAYLIST_LENGTH)
    entries = tuple(found[song] for song in arrange(kept))
    return Playlist(PlaylistKind.SLEEPERS, "sleepers", entries, note=note) if entries else None


def sleeper_of(songs: Sequence[MeasuredTrack], week: ThisWeek) -> Entry | None:
    """The closest of the sleepers that wasn't posted lately, or else the closest; None if there are none."""
    found = list(_sleepers(songs, week).values())
    new = [entry for entry in found if entry.card.id not in week.lately]
    return next(iter(new or found), None)


def _sleepers(songs: Sequence[MeasuredTrack], week: ThisWeek) -> dict[MeasuredTrack, Entry]:
    """What sounds like something that the server loves, and nobody reacted to; the closest first."""
    loved = [song for song in songs if song.card.id in week.loved]
    overlooked = [song for song in week.wanted(songs) if _is_overlooked(song, week)]
    if not loved or not overlooked:
        return {}
    cosines = (
        np.stack([song.direction for song in overlooked]) @ np.stack([song.direction for song in loved]).T
    )
    nearest = {song.card.id: int(np.argmax(row)) for song, row in zip(overlooked, cosines, strict=True)}
    close = {song.card.id: float(row.max()) for song, row in zip(overlooked, cosines, strict=True)}
    ranked = sorted(
        (song for song in overlooked if close[song.card.id] >= MIN_COSINE_TO_LOVED),
        key=lambda song: (-close[song.card.id], song.card.id),
    )
    found = {}
    for song in ranked:
        near = loved[nearest[song.card.id]].card
        did = f"which {count(near.likes, 'member')} 👍"
        found[song] = Entry(song.card, f"{_per_cent(close[song.card.id])}% like {{near}}, {did}", near)
    return found


def for_member(
    user_id: int, picks: Sequence[Pick], songs: Mapping[int, MeasuredTrack], week: ThisWeek
) -> Playlist | None:
    """What a member may like and doesn't know yet, as recommended to them."""
    reasons = {pick.card.id: pick for pick in picks}
    kept, note = chosen(
        [songs[pick.card.id] for pick in picks if pick.card.id in songs], week.rules, PLAYLIST_LENGTH
    )
    entries = tuple(Entry(song.card, pick=reasons[song.card.id]) for song in arrange(kept))
    return Playlist(PlaylistKind.MEMBER, "for one member", entries, str(user_id), note) if entries else None


def between_vibes(
    start: VibeCentroid, end: VibeCentroid, songs: Sequence[MeasuredTrack], week: ThisWeek
) -> Playlist | None:
    """Songs that lead from one vibe to another: the nearest ones to even steps between their centroids, on the sphere.

    Each song comes once; no artist follows themselves if that can be.
    """
    left, note = chosen(week.wanted(songs), [not_posted_lately(week.lately)], len(songs))
    entries: list[Entry] = []
    used: list[str] = []
    for along, direction in _steps_between(start.direction, end.direction, min(PLAYLIST_LENGTH, len(left))):
        song = max(
            _allowed_next(left, used), key=lambda song: (float(song.direction @ direction), -song.card.id)
        )
        left.remove(song)
        used.append(song.artist)
        entries.append(Entry(song.card, _position_note(along, start.name, end.name)))
    name = f"from {start.name} to {end.name}"
    return (
        Playlist(PlaylistKind.WORLDS, name, tuple(entries), f"{start.id}-{end.id}", note) if entries else None
    )


def farthest(hearts: Sequence[VibeCentroid]) -> tuple[VibeCentroid, VibeCentroid] | None:
    """The two vibes that sound least alike; None if there aren't two."""
    pairs = [(one, other) for i, one in enumerate(hearts) for other in hearts[i + 1 :]]
    return min(pairs, key=lambda pair: float(pair[0].direction @ pair[1].direction), default=None)


def _playlist(
    kind: PlaylistKind,
    name: str,
    ranked: Sequence[MeasuredTrack],
    week: ThisWeek,
    why: Explanation,
    *,
    subject: str = "",
) -> Playlist | None:
    kept, note = chosen(ranked, week.rules, PLAYLIST_LENGTH)
    entries = tuple(Entry(song.card, why(song)) for song in arrange(kept))
    return Playlist(kind, name, entries, subject, note) if entries else None


def _is_new(song: MeasuredTrack, now: datetime) -> bool:
    first = song.card.first
    return first is not None and first.shared_at > now - NEW_FOR


def _is_overlooked(song: MeasuredTrack, week: ThisWeek) -> bool:
    """Whether nobody reacted to it, though they had the time to."""
    first = song.card.first
    had_time = first is not None and first.shared_at <= week.now - OVERLOOKED_AFTER
    return had_time and song.card.id not in week.reacted


def _steps_between(here: Array, there: Array, steps: int) -> list[tuple[float, Array]]:
    """Evenly spaced directions on the arc from one to the other, and how far along each is, 0 to 1."""
    along = np.linspace(0, 1, steps)
    return list(zip(along.tolist(), arc(here, there, along), strict=True))


def _allowed_next(left: Sequence[MeasuredTrack], used: Sequence[str]) -> Sequence[MeasuredTrack]:
    """The songs whose artist may come next; all if there are none."""
    full = {artist for artist in used if artist and used.count(artist) >= MAX_PER_ARTIST} | set(used[-1:]) - {
        ""
    }
    return [song for song in left if song.artist not in full] or left


def _position_note(along: float, start: str, end: str) -> str:
    if along < 1 / 3:
        return f"close to {start}"
    return f"close to {end}" if along > 2 / 3 else "on the way"


def _per_cent(cosine: float) -> int:
    """A cosine of directions in per cent: 0 is what unrelated songs have."""
    return round(100 * min(1.0, max(0.0, cosine)))
