"""Composes a digest: what a server's week (or month, or year) of music comes to, for one audience."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.library.cards import Channels, TrackCard
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.playlists.around import Around
from bot.playlists.content import DigestContent, Newcomer
from bot.playlists.highlights import (
    bars_of,
    divisive_of,
    movement,
    outlier_of,
    sharers_of,
    tally_of,
)
from bot.playlists.playlist import Kind, Playlist
from bot.playlists.reading import Reader
from bot.playlists.sequence import arrange
from bot.playlists.service import Playlists
from bot.playlists.weeks import length_of
from bot.taste.evidence import favourites
from bot.taste.feedback import Feedback, Vote
from bot.taste.recommend import Pick, Recommender
from models import Answer, Share, Suggestion

LOVED = {"week": 5, "month": 8, "year": 10}
NEWCOMERS = SHARERS = 3
SHOWN_LATELY = timedelta(weeks=8)  # how long a recommendation of the week isn't recommended again
SEEDS = 5  # around how many tracks a playlist is tried
IN_ORDER = 100  # songs that are put in playing order
FRESH = timedelta(days=7)  # a digest of what is longer ago has no playlists, which are made for now

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Composer:
    """Reads everything that a digest says."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        guilds: Guilds,
        feedback: Feedback,
        recommender: Recommender,
        around: Around,
        playlists: Playlists,
        reader: Reader,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._guilds = guilds
        self._feedback = feedback
        self._recommender = recommender
        self._around = around
        self._playlists = playlists
        self._reader = reader

    async def compose(
        self,
        guild_id: int,
        period: str,
        since: datetime,
        until: datetime,
        channels: Channels,
        zone: ZoneInfo,
    ) -> DigestContent:
        """The digest of a period from `since` until `until`, of what may be shown in `channels`."""
        length = length_of(period)
        tracks = await self.tracks(guild_id, since, until, channels)
        earlier = await self.tracks(guild_id, since - (until - since), since, channels)
        votes = await self._feedback.votes(guild_id)
        voted = {vote.track_id for vote in votes}
        cards = {card.id: card for card in await self._catalog.cards(guild_id, sorted(voted), channels)}
        seen = [vote for vote in votes if vote.track_id in cards]
        these = [vote for vote in seen if since <= vote.at < until]
        those = [vote for vote in seen if since - (until - since) <= vote.at < since]
        loved = [cards[track_id] for track_id, _ in favourites(these)]
        quiet = await self._guilds.quiet(guild_id)
        bars, labels = bars_of(length, since, until, tracks, zone)
        content = DigestContent(
            guild_id=guild_id,
            week=period,
            since=since,
            until=until,
            tracks=tuple(tracks),
            loved=tuple(loved[: LOVED[length]]),
            tally=tally_of(tracks, these),
            before=tally_of(earlier, those) if earlier or those else None,
            bars=bars,
            bar_labels=labels,
            divisive=divisive_of(cards, these),
            newcomers=tuple(await self._newcomers(guild_id, since, until, tracks, quiet)),
            sharers=tuple(each for each in sharers_of(cards, these) if each.user_id not in quiet)[:SHARERS],
            quiet=quiet,
        )
        content = await self._with_sound(content, channels)
        return await self._with_music(content, loved, votes, channels) if length == "week" else content

    async def tracks(
        self, guild_id: int, since: datetime, until: datetime, channels: Channels
    ) -> list[TrackCard]:
        """What was shared in these days, each with the shares of these days only, oldest first."""
        query = (
            select(Share.track_id)
            .where(Share.guild_id == guild_id, Share.shared_at >= since, Share.shared_at < until)
            .order_by(Share.shared_at, Share.track_id)
        )
        async with self._store.session() as session:
            ids = dict.fromkeys(await session.scalars(query))
        cards = [
            replace(card, shares=tuple(share for share in card.shares if since <= share.shared_at < until))
            for card in await self._catalog.cards(guild_id, list(ids), channels)
        ]
        return [card for card in cards if card.shares]

    async def in_playing_order(
        self, guild_id: int, tracks: Sequence[TrackCard], channels: Channels
    ) -> list[TrackCard]:
        """The first IN_ORDER of these songs that anything is known about, such that one leads to the next."""
        songs = await self._reader.songs(guild_id, channels)
        known = [replace(songs[card.id], card=card) for card in tracks if card.id in songs][:IN_ORDER]
        return [song.card for song in await asyncio.to_thread(arrange, known)]

    async def _newcomers(
        self,
        guild_id: int,
        since: datetime,
        until: datetime,
        tracks: Sequence[TrackCard],
        quiet: frozenset[int],
    ) -> list[Newcomer]:
        """Whoever shared for the first time in these days, wherever that was, with a song that may be shown."""
        first = func.min(Share.shared_at)
        query = select(Share.user_id).where(Share.guild_id == guild_id).group_by(Share.user_id)
        async with self._store.session() as session:
            new = set(await session.scalars(query.having(first >= since, first < until)))
        found: dict[int, TrackCard] = {}
        for card in tracks:
            for share in card.shares:
                if share.user_id > 0 and share.user_id in new - quiet:
                    found.setdefault(share.user_id, card)
        return [Newcomer(user_id, card) for user_id, card in found.items()][:NEWCOMERS]

    async def _with_sound(self, content: DigestContent, channels: Channels) -> DigestContent:
        """What its songs sound like beside the server's others."""
        if not content.tracks:
            return content
        songs = await self._reader.songs(content.guild_id, channels)
        found = await self._playlists.vibes(content.guild_id, channels)
        everything = [song.card for song in songs.values()]
        moved = movement(content.length, content.tracks, everything, found.vibes)
        outlier = await asyncio.to_thread(outlier_of, content.tracks, songs)
        return replace(content, outlier=outlier, moved=moved)

    async def _with_music(
        self,
        content: DigestContent,
        loved: Sequence[TrackCard],
        votes: Sequence[Vote],
        channels: Channels,
    ) -> DigestContent:
        """What to listen to: a recommendation and playlists."""
        guild_id = content.guild_id
        content = replace(content, pick=await self._pick(guild_id, content.until, channels))
        if content.until > datetime.now(UTC) - FRESH:
            weekly = await self._playlists.weekly(guild_id, channels)
            sleepers = next((each for each in weekly if each.kind is Kind.SLEEPERS), None)
            sleeper = sleepers.entries[0] if sleepers else None
            content = replace(content, playlists=tuple(weekly), sleeper=sleeper)
        if any(playlist.kind is Kind.VIBE for playlist in content.playlists):
            return content
        seeds = [*loved, *reversed(content.tracks)]
        return replace(content, playlist=await self._playlist(guild_id, seeds, votes, channels))

    async def _pick(self, guild_id: int, until: datetime, channels: Channels) -> Pick | None:
        """The best recommendation for the server that wasn't one lately, or else the one from longest ago."""
        query = (
            select(Suggestion.track_id, func.max(Suggestion.shown_at).label("at"))
            .join(Answer)
            .where(Answer.guild_id == guild_id, Answer.kind == "digest")
            .where(Suggestion.shown_at > until - SHOWN_LATELY)
            .group_by(Suggestion.track_id)
        )
        async with self._store.session() as session:
            lately: dict[int, datetime] = {row.track_id: row.at for row in await session.execute(query)}
        picks = (await self._recommender.recommend(guild_id, None, channels)).picks
        return min(picks, key=lambda pick: lately.get(pick.card.id, LONG_AGO), default=None)

    async def _playlist(
        self, guild_id: int, seeds: Sequence[TrackCard], votes: Sequence[Vote], channels: Channels
    ) -> Playlist | None:
        """A playlist around what was loved this week, or what was shared last, or what the server loves."""
        unwanted = {track_id for track_id, _ in favourites(votes, -1)}
        loved = [track_id for track_id, _ in favourites(votes)]
        for track_id in list(dict.fromkeys([*(card.id for card in seeds), *loved]))[:SEEDS]:
            if track_id not in unwanted:
                playlist = await self._around.playlist(guild_id, track_id, channels, unwanted=unwanted)
                if playlist is not None:
                    return playlist
        return None
