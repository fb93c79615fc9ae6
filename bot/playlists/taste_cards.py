"""Summarises what a member shared and liked, as one audience may see it, for the picture that /taste shows."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from bot.audio.loudness import ABSOLUTE_GATE_LUFS
from bot.errors import NotFound
from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from bot.pictures.values import LikedSharer, TasteCard
from bot.pictures.values import TagShare as Part
from bot.playlists.songs import feature_values, median_of
from bot.suggestions.groups import Buddy, Together
from bot.taste.feedback import Feedback
from models import Share, Track, VoteKind

MAX_TAGS = MAX_SHARERS = 6


class TasteCards:
    """Reads the values of taste cards."""

    def __init__(
        self, store: Store, catalog: Catalog, guilds: Guilds, feedback: Feedback, together: Together
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._guilds = guilds
        self._feedback = feedback
        self._together = together

    async def of(self, guild_id: int, user_id: int, name: str, channels: VisibleChannels) -> TasteCard:
        """The card of a member, called `name`, from the songs that the audience may see."""
        votes = await self._feedback.votes(guild_id, user_id, channels=channels)
        everything = {card.id: card for card in await self._everything(guild_id, channels)}
        liked = [
            everything[v.track_id] for v in votes if v.kind == VoteKind.LIKE and v.track_id in everything
        ]
        shared = [everything[t] for t in await self._shared(guild_id, user_id, channels) if t in everything]
        mine = list({card.id: card for card in [*shared, *liked]}.values())
        sharers = Counter(
            card.first.user_id
            for card in liked
            if card.first and card.first.by_member and card.first.user_id != user_id
        )
        buddy = await self._closest(guild_id, user_id, channels)
        names = await self._guilds.names(guild_id, [*sharers, *([buddy.user_id] if buddy else [])])
        known = [(names[who], likes) for who, likes in sharers.most_common() if who in names]
        closest = names.get(buddy.user_id, "") if buddy else ""
        server = list(everything.values())
        return TasteCard(
            name=name,
            shared=len(shared),
            hits=sum(card.likes > 0 for card in shared),
            liked=len(liked),
            tags=_tags(mine),
            tempos=tuple(feature_values(mine, "tempo")),
            loudness=tuple(feature_values(mine, "loudness", above=ABSOLUTE_GATE_LUFS)),
            server_tempo=median_of(server, "tempo"),
            server_loudness=median_of(server, "loudness", above=ABSOLUTE_GATE_LUFS),
            sharers=tuple(LikedSharer(who, likes) for who, likes in known[:MAX_SHARERS]),
            closest=closest,
            closest_percent=buddy.match if buddy and closest else 0,
        )

    async def _everything(self, guild_id: int, channels: VisibleChannels) -> list[TrackCard]:
        query = select(Track.id).where(Track.guild_id == guild_id).order_by(Track.id)
        async with self._store.session() as session:
            ids = list(await session.scalars(query))
        return await self._catalog.cards(guild_id, ids, channels)

    async def _shared(self, guild_id: int, user_id: int, channels: VisibleChannels) -> list[int]:
        theirs = Share.guild_id == guild_id, Share.user_id == user_id
        query = select(Share.track_id).where(*theirs, visible(channels)).order_by(Share.shared_at)
        async with self._store.session() as session:
            return list(dict.fromkeys(await session.scalars(query)))

    async def _closest(self, guild_id: int, user_id: int, channels: VisibleChannels) -> Buddy | None:
        """Who likes the same; nobody if too little is known to say."""
        try:
            buddies = await self._together.buddies(guild_id, user_id, channels, 1)
        except NotFound:
            return None
        return buddies[0] if buddies else None


def _tags(cards: Sequence[TrackCard]) -> tuple[Part, ...]:
    """The tags that most of the songs have, with the share that has each."""
    counts = Counter(tag.casefold() for card in cards for tag in set(card.tags))
    ranked = sorted(counts, key=lambda tag: (-counts[tag], tag))[:MAX_TAGS]
    return tuple(Part(tag, counts[tag] / len(cards)) for tag in ranked)
