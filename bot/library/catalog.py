"""Finding tracks by id, name and link, as one reader may see them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from bot.errors import NotFound
from bot.intake.identity import identify
from bot.library.cards import TrackCard, load_cards
from bot.library.facts import MIN_TAG_PROBABILITY
from bot.library.opt_outs import has_opted_out
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels, visible
from models import Share, Source, Track
from models.track import searchable

MAX_QUERY_CHARACTERS = 200
MAX_CHOICES_NAMED = 3  # named where a title fits several tracks
# Links of other schemes, which are refused as links are and not quoted as titles; those have a blank there.
REFUSED_SCHEME = re.compile(r"(data|file|ftp|javascript|mailto|spotify|deezer|tidal):\S", re.IGNORECASE)
NEWEST_FIRST = (func.max(Share.shared_at).desc(), Track.id.desc())


class TitleCandidate(NamedTuple):
    """A track by its searchable title and artist."""

    track_id: int
    title: str
    artist: str


@dataclass(frozen=True)
class CatalogPage:
    """A piece of a list of `total` tracks."""

    cards: tuple[TrackCard, ...]
    total: int


class Catalog:
    """A server's tracks by id, title, artist and link."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- finding -------------------------------------------------------------------------------------------

    async def cards(
        self, guild_id: int, track_ids: Sequence[int], channels: VisibleChannels
    ) -> list[TrackCard]:
        """The cards of these tracks, in this order; those without a share that may be shown are left out."""
        async with self._store.session() as session:
            return await load_cards(session, guild_id, track_ids, channels)

    async def card(self, guild_id: int, track_id: int, channels: VisibleChannels) -> TrackCard:
        """One track's card. Raises NotFound also where its shares may not be shown."""
        found = await self.cards(guild_id, [track_id], channels)
        if not found:
            raise NotFound("That song is no longer in the library.")
        return found[0]

    async def channels_with_shares(self, guild_id: int) -> frozenset[int]:
        """The channels in which something was shared."""
        query = select(Share.channel_id).where(Share.guild_id == guild_id).distinct()
        async with self._store.session() as session:
            return frozenset(await session.scalars(query))

    async def guilds(self) -> list[int]:
        """The servers that have tracks."""
        async with self._store.session() as session:
            return list(await session.scalars(select(Track.guild_id).distinct().order_by(Track.guild_id)))

    async def tags(self, guild_id: int, channels: VisibleChannels) -> list[str]:
        """What tracks here are tagged with, in comparable form, the most frequent first."""
        query = (
            select(Track.id, Track.tags, Source.genres)
            .join(Share, Share.track_id == Track.id)
            .join(Source, Source.id == Share.source_id)
            .where(Share.guild_id == guild_id, visible(channels))
        )
        tagged: dict[str, set[int]] = {}
        async with self._store.session() as session:
            for track_id, tags, genres in await session.execute(query):
                for tag in [
                    *genres,
                    *(tag for tag, probability in tags.items() if probability >= MIN_TAG_PROBABILITY),
                ]:
                    tagged.setdefault(searchable(tag), set()).add(track_id)
        return sorted(tagged, key=lambda tag: (-len(tagged[tag]), tag))

    async def sharers(self, guild_id: int, channel_id: int, since: datetime, limit: int) -> list[int]:
        """The members who shared something in a channel since then, the last one first; none who opted out."""
        query = (
            select(Share.user_id)
            .where(Share.guild_id == guild_id, Share.channel_id == channel_id, Share.shared_at >= since)
            .where(~has_opted_out())
            .group_by(Share.user_id)
            .order_by(func.max(Share.shared_at).desc())
            .limit(limit)
        )
        async with self._store.session() as session:
            return list(await session.scalars(query))

    async def messages_of(self, guild_id: int, track_id: int, user_id: int) -> frozenset[int]:
        """The messages in which a member shared a track; cards don't tell of one who opted out."""
        theirs = Share.guild_id == guild_id, Share.track_id == track_id, Share.user_id == user_id
        async with self._store.session() as session:
            return frozenset(await session.scalars(select(Share.message_id).where(*theirs)))

    async def search(
        self,
        guild_id: int,
        text: str,
        channels: VisibleChannels,
        *,
        user_id: int | None = None,
        limit: int = 25,
        offset: int = 0,
    ) -> CatalogPage:
        """The tracks with every word of `text` in title or artist, shared by `user_id`; newest share first.

        A title counts where a share that has it may be shown.
        """
        matching = _matching(guild_id, text, channels, user_id)
        async with self._store.session() as session:
            total = await session.scalar(select(func.count()).select_from(matching.subquery())) or 0
            ids = list(await session.scalars(matching.order_by(*NEWEST_FIRST).limit(limit).offset(offset)))
            return CatalogPage(tuple(await load_cards(session, guild_id, ids, channels)), total)

    async def suggest(
        self, guild_id: int, text: str, channels: VisibleChannels, limit: int = 25
    ) -> list[TrackCard]:
        """What somebody who typed `text` may mean: titles and artists that begin so, then words, then the rest."""
        query = _matching(guild_id, text, channels)
        if typed := searchable(text[:MAX_QUERY_CHARACTERS]):
            query = query.order_by(func.min(_closeness(typed)))
        query = query.order_by(*NEWEST_FIRST).limit(limit)
        async with self._store.session() as session:
            return await load_cards(session, guild_id, list(await session.scalars(query)), channels)

    async def resolve(self, guild_id: int, text: str, channels: VisibleChannels) -> TrackCard:
        """The one track that an id, a link or a part of a title names.

        Raises NotFound, which names a few if several fit, and Refused for a link that could never be opened.
        """
        text = text.strip()
        if text.removeprefix("#").isdecimal():
            found = await self.cards(guild_id, [_id(text)], channels)
            if found:
                return found[0]
        if "://" in text or REFUSED_SCHEME.match(text):
            return await self._by_link(guild_id, text, channels)
        return await self._by_title(guild_id, text, channels)

    async def _by_link(self, guild_id: int, link: str, channels: VisibleChannels) -> TrackCard:
        identity = identify(link)
        source = select(Source.track_id).where(
            Source.guild_id == guild_id,
            or_(Source.key == identity.key, Source.url.in_([identity.url, link])),
        )
        async with self._store.session() as session:
            found = await load_cards(session, guild_id, list(await session.scalars(source)), channels)
        if not found:
            raise NotFound("That link isn't in this server's library yet. Share it first.")
        return found[0]

    async def _by_title(self, guild_id: int, text: str, channels: VisibleChannels) -> TrackCard:
        wanted = searchable(text[:MAX_QUERY_CHARACTERS])
        named = _called(guild_id, text, channels).add_columns(Source.search_text)
        async with self._store.session() as session:
            rows = await session.execute(named.order_by(Share.shared_at.desc(), Share.track_id.desc()))
            fitting = _best(
                wanted, [TitleCandidate(track_id, *words.split("\n", 1)) for track_id, words in rows]
            )
            cards = await load_cards(session, guild_id, fitting[:MAX_CHOICES_NAMED], channels)
        if not wanted or not cards:
            raise NotFound(
                "No song here is called “{asked}”. Name its number, its link or a part of its title.",
                asked=text,
            )
        if len(fitting) > 1:
            choices = ", ".join(f"{{song_{card.id}}} ({card.id})" for card in cards)
            more = " …" if len(fitting) > MAX_CHOICES_NAMED else ""
            raise NotFound(
                f"{len(fitting)} songs fit “{{asked}}”: {choices}{more}. Name more of the title, or the number.",
                asked=text,
                **{f"song_{card.id}": card.label for card in cards},
            )
        return cards[0]


def _matching(guild_id: int, text: str, channels: VisibleChannels, user_id: int | None = None) -> Select[int]:
    """The ids of tracks that are called so, with a share (by that member) that may be shown, grouped by track."""
    shared = [Share.user_id == user_id] if user_id is not None else []
    return (
        select(Track.id)
        .join(Share, Share.track_id == Track.id)
        .join(Share.source)
        .where(Track.guild_id == guild_id, visible(channels), *shared)
        .where(Track.id.in_(_called(guild_id, text, channels)))
        .group_by(Track.id)
    )


def _called(guild_id: int, text: str, channels: VisibleChannels) -> Select[int]:
    """The tracks that a share which may be shown calls so: each word is in title or artist; once for each share."""
    return (
        select(Share.track_id)
        .join(Share.source)
        .where(Share.guild_id == guild_id, visible(channels))
        .where(*(Source.search_text.contains(word, autoescape=True) for word in _words(text)))
    )


def _words(text: str) -> list[str]:
    """The words to look for; dashes and the like only if there is nothing else."""
    words = searchable(text[:MAX_QUERY_CHARACTERS]).split()
    return [word for word in words if any(map(str.isalnum, word))] or words


def _closeness(typed: str) -> ColumnElement[int]:
    begins = or_(
        Source.search_text.startswith(typed, autoescape=True),
        Source.search_text.contains(f"\n{typed}", autoescape=True),
    )
    return case((begins, 0), (Source.search_text.contains(f" {typed}", autoescape=True), 1), else_=2)


def _id(text: str) -> int:
    number = int(text.removeprefix("#")[:20])
    return number if number < 2**63 else 0


def _best(wanted: str, found: Sequence[TitleCandidate]) -> list[int]:
    """The tracks that are called so, else those with it in the title, else all that were found."""
    exact = [one for one in found if wanted in {one.title, f"{one.artist} - {one.title}"}]
    part = [one for one in found if wanted in one.title]
    return list(dict.fromkeys(one.track_id for one in exact or part or found))
