"""Composes a digest: what a server's week (or month, or year) of music comes to, for one audience."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from bot.digest.content import DigestContent, Newcomer
from bot.digest.highlights import bars_of, divisive_of, movement, outlier_of, sharers_of, tally_of, with_votes
from bot.library.cards import TrackCard
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.periods import PeriodLength, Schedule, length_of, read_period
from bot.playlists.around import SeedPlaylists
from bot.playlists.kinds import sleeper_of
from bot.playlists.music import VisibleMusic
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.reader import MusicReader
from bot.playlists.sequence import arrange
from bot.playlists.service import Playlists
from bot.suggestions.pick import Pick
from bot.suggestions.recommender import Recommender
from bot.taste.evidence import favourites
from bot.taste.feedback import Vote
from models import Answer, AnswerKind, Share, Suggestion, VoteKind

MAX_LOVED = {PeriodLength.WEEK: 5, PeriodLength.MONTH: 8, PeriodLength.YEAR: 10}
MAX_SHARERS = 3
REPEAT_PICK_AFTER = timedelta(weeks=8)  # before that no song is the recommendation of the week again
MAX_SEEDS = 5  # tracks that a playlist is tried around
MAX_ORDERED = 100  # songs that are put in playing order: takes a second or two
PLAYLISTS_MAX_AGE = timedelta(days=7)  # of a digest; older ones have no playlists, which are made for now

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Composer:
    """Reads everything that a digest says."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        guilds: Guilds,
        recommender: Recommender,
        around: SeedPlaylists,
        playlists: Playlists,
        reader: MusicReader,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._guilds = guilds
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
        channels: VisibleChannels,
        schedule: Schedule,
    ) -> DigestContent:
        """The digest of a period from `since` until `until`, of what may be shown in `channels`."""
        length = length_of(period)
        music = await self._playlists.music(guild_id, channels)
        cards = music.cards
        tracks = _within(cards.values(), since, until)
        begin, end = _compared_days(period, since, until, schedule)
        earlier = _within(cards.values(), begin, end)
        these = [vote for vote in music.votes if vote.track_id in cards and since <= vote.at < until]
        those = [vote for vote in music.votes if vote.track_id in cards and begin <= vote.at < end]
        now = with_votes([cards[track_id] for track_id in sorted({vote.track_id for vote in these})], these)
        loved = [now[track_id] for track_id, _ in favourites(these)]
        quiet = await self._guilds.quiet(guild_id)
        bars, labels = bars_of(length, since, until, tracks, schedule.zone)
        content = DigestContent(
            guild_id=guild_id,
            period=period,
            since=since,
            until=until,
            tracks=tuple(tracks),
            again={card.id: cards[card.id] for card in tracks if _is_older(cards[card.id], since)},
            loved=tuple(loved[: MAX_LOVED[length]]),
            tally=tally_of(tracks, these),
            before=tally_of(earlier, those) if earlier or those else None,
            bars=bars,
            bar_labels=labels,
            divisive=divisive_of(now.values()),
            newcomers=tuple(await self._newcomers(guild_id, since, until, tracks, quiet)),
            sharers=tuple(each for each in sharers_of(now, these) if each.user_id not in quiet)[:MAX_SHARERS],
            quiet=quiet,
            zone=schedule.zone,
            music=music,
        )
        if content.tracks:
            content = await asyncio.to_thread(_with_sound, content, music)
        if length is not PeriodLength.WEEK:
            return content
        if content.until > music.week.now - PLAYLISTS_MAX_AGE:
            content = await asyncio.to_thread(_with_playlists, content, music)
        return await self._with_music(content, loved, music.votes, channels)

    async def tracks(
        self, guild_id: int, since: datetime, until: datetime, channels: VisibleChannels
    ) -> list[TrackCard]:
        """What was shared in these days, each with the shares of these days only, oldest first."""
        query = (
            select(Share.track_id)
            .where(Share.guild_id == guild_id, Share.shared_at >= since, Share.shared_at < until)
            .distinct()
        )
        async with self._store.session() as session:
            ids = list(await session.scalars(query))
        return _within(await self._catalog.cards(guild_id, ids, channels), since, until)

    async def in_playing_order(
        self, guild_id: int, tracks: Sequence[TrackCard], channels: VisibleChannels
    ) -> list[TrackCard]:
        """The first MAX_ORDERED of these songs in playing order; those without a vector at the end."""
        songs = await self._reader.songs(guild_id, channels)
        first = tracks[:MAX_ORDERED]
        known = [replace(songs[card.id], card=card) for card in first if card.id in songs]
        unknown = [card for card in first if card.id not in songs]
        return [song.card for song in await asyncio.to_thread(arrange, known)] + unknown

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
        shares = [(share, card) for card in tracks for share in card.shares if share.by_member]
        found: dict[int, TrackCard] = {}
        for share, card in sorted(shares, key=lambda each: each[0].shared_at):
            if share.user_id in new - quiet:
                found.setdefault(share.user_id, card)
        return [Newcomer(user_id, card) for user_id, card in found.items()]

    async def _with_music(
        self,
        content: DigestContent,
        loved: Sequence[TrackCard],
        votes: Sequence[Vote],
        channels: VisibleChannels,
    ) -> DigestContent:
        """What to listen to: a recommendation and, where there are no vibes, a playlist."""
        guild_id = content.guild_id
        content = replace(content, pick=await self._pick(guild_id, content.until, channels))
        if any(playlist.kind is PlaylistKind.VIBE for playlist in content.playlists):
            return content
        seeds = [*loved, *reversed(content.tracks)]
        return replace(content, playlist=await self._playlist(guild_id, seeds, votes, channels))

    async def _pick(self, guild_id: int, until: datetime, channels: VisibleChannels) -> Pick | None:
        """The best recommendation for the server that wasn't one lately, or else the one from longest ago."""
        query = (
            select(Suggestion.track_id, func.max(Suggestion.shown_at).label("at"))
            .join(Answer)
            .where(Answer.guild_id == guild_id, Answer.kind == AnswerKind.DIGEST)
            .where(Suggestion.shown_at > until - REPEAT_PICK_AFTER)
            .group_by(Suggestion.track_id)
        )
        async with self._store.session() as session:
            lately: dict[int, datetime] = {row.track_id: row.at for row in await session.execute(query)}
        picks = (await self._recommender.recommend(guild_id, None, channels)).picks
        return min(picks, key=lambda pick: lately.get(pick.card.id, LONG_AGO), default=None)

    async def _playlist(
        self, guild_id: int, seeds: Sequence[TrackCard], votes: Sequence[Vote], channels: VisibleChannels
    ) -> Playlist | None:
        """A playlist around what was loved this week, or what was shared last, or what the server loves."""
        unwanted = {track_id for track_id, _ in favourites(votes, VoteKind.DISLIKE)}
        loved = [track_id for track_id, _ in favourites(votes)]
        for track_id in list(dict.fromkeys([*(card.id for card in seeds), *loved]))[:MAX_SEEDS]:
            if track_id not in unwanted:
                playlist = await self._around.playlist(guild_id, track_id, channels, unwanted=unwanted)
                if playlist is not None:
                    return playlist
        return None


def _compared_days(
    period: str, since: datetime, until: datetime, schedule: Schedule
) -> tuple[datetime, datetime]:
    """The days to compare with: the period before, or of a preview as many days on the server's calendar."""
    this = read_period(period)
    if (since, until) == schedule.covers(this):
        return schedule.covers(this.before())
    begin, end = since.astimezone(schedule.zone), until.astimezone(schedule.zone)
    # What the clock says is subtracted here, so that a day is a day when clocks change.
    return (begin - (end - begin)).astimezone(UTC), since


def _with_sound(content: DigestContent, music: VisibleMusic) -> DigestContent:
    """With what its songs sound like beside the server's others."""
    everything = [song.card for song in music.songs.values()]
    moved = movement(content.length, content.tracks, everything, music.vibes.vibes)
    return replace(content, outlier=outlier_of(content.tracks, music.songs), moved=moved)


def _with_playlists(content: DigestContent, music: VisibleMusic) -> DigestContent:
    """With this week's playlists and the sleeper."""
    sleeper = sleeper_of(list(music.songs.values()), music.week)
    return replace(content, playlists=tuple(music.playlists()), sleeper=sleeper)


def _within(cards: Iterable[TrackCard], since: datetime, until: datetime) -> list[TrackCard]:
    """The cards that were shared in these days, with their shares of these days only, oldest first."""
    cut = [
        replace(card, shares=tuple(share for share in card.shares if since <= share.shared_at < until))
        for card in cards
    ]
    return sorted((card for card in cut if card.shares), key=lambda card: (card.shares[0].shared_at, card.id))


def _is_older(card: TrackCard, since: datetime) -> bool:
    """Whether it was shared before these days already."""
    return card.first is not None and card.first.shared_at < since
