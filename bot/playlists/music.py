"""A server's music as one audience may see it, and the playlists that it makes this week (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import NotFound
from bot.library.cards import TrackCard
from bot.playlists import kinds
from bot.playlists.kinds import ThisWeek, VibeCentroid
from bot.playlists.playlist import Playlist
from bot.playlists.songs import MeasuredTrack
from bot.playlists.vibe_names import is_same_name, short_name
from bot.playlists.vibes import Vibe
from bot.suggestions.wording import count
from bot.taste.feedback import Vote


@dataclass(frozen=True)
class VisibleVibes:
    """The vibes that an audience may see, the largest first, each with the songs of it that they may see.

    `missing`: how many more songs it takes until there are any.
    """

    vibes: tuple[Vibe, ...]
    missing: int = 0

    @property
    def note(self) -> str:
        """Why there are none; "" if there are."""
        if self.missing:
            return f"{count(self.missing, 'more song')} until vibes."
        return "" if self.vibes else "No vibe stands out yet: the songs here are all alike, or all different."

    def called(self, text: str) -> Vibe | None:
        """The vibe that has this id or name."""
        fitting = (vibe for vibe in self.vibes if text == str(vibe.id) or is_same_name(vibe.name, text))
        return next(fitting, None)


@dataclass(frozen=True)
class VisibleMusic:
    """Everything that playlists and digests are made from, read once and passed on.

    `cards`: every track that the audience may see, by id; `songs`: those of them that have a vector.
    """

    cards: Mapping[int, TrackCard]
    songs: Mapping[int, MeasuredTrack]
    vibes: VisibleVibes
    votes: Sequence[Vote]
    week: ThisWeek

    def playlists(self) -> list[Playlist]:
        """This week's: one of each vibe, two worlds, what to rediscover, and sleepers; none is empty."""
        everything = list(self.songs.values())
        made = [kinds.vibe(vibe.id, vibe.name, self._songs_of(vibe), self.week) for vibe in self.vibes.vibes]
        if ends := kinds.farthest(self._centroids()):
            made.append(kinds.between_vibes(*ends, everything, self.week))
        made += [kinds.rediscover(everything, self.week), kinds.sleepers(everything, self.week)]
        return [playlist for playlist in made if playlist]

    def between_vibes(self, start_id: int, end_id: int) -> Playlist | None:
        """A playlist that leads from one vibe to another. Raises NotFound if the audience sees no such vibe."""
        centroids = {centroid.id: centroid for centroid in self._centroids()}
        if start_id not in centroids or end_id not in centroids or start_id == end_id:
            raise NotFound("Name two vibes that there are. The list of vibes shows them.")
        songs = list(self.songs.values())
        return kinds.between_vibes(centroids[start_id], centroids[end_id], songs, self.week)

    def _songs_of(self, vibe: Vibe) -> list[MeasuredTrack]:
        return [self.songs[track_id] for track_id in sorted(vibe.track_ids)]

    def _centroids(self) -> list[VibeCentroid]:
        """The centroids of vibes, each under as much of its name as tells it from the others."""
        vibes = self.vibes.vibes
        return [
            VibeCentroid(vibe.id, short_name(vibe, vibes), kinds.centroid_of(self._songs_of(vibe)))
            for vibe in vibes
        ]
