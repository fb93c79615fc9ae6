"""What a digest says."""

from dataclasses import dataclass
from datetime import datetime

from bot.library.cards import TrackCard
from bot.playlists.playlist import Playlist
from bot.taste.explain import count
from bot.taste.recommend import Pick


@dataclass(frozen=True)
class DigestContent:
    """A week of a server's music; what there is nothing to say about is empty.

    `tracks` were shared from `since` (inclusive) until `until`, each with the shares of these days only, oldest
    first; `loved` got more likes than dislikes in these days, most first; `pick` is what to listen to next.
    """

    guild_id: int
    week: str
    since: datetime
    until: datetime
    tracks: tuple[TrackCard, ...] = ()
    loved: tuple[TrackCard, ...] = ()
    pick: Pick | None = None
    playlist: Playlist | None = None

    @property
    def headline(self) -> str:
        """The week in one line."""
        if not self.tracks:
            return "A quiet week: nobody shared a song. Share one, and it opens the next digest!"
        songs = count(len(self.tracks), "song")
        members = {share.user_id for card in self.tracks for share in card.shares if share.user_id > 0}
        return f"{songs} from {count(len(members), 'member')}" if members else songs
