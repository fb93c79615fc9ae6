"""What else sounds like this, and what somebody may like: questions to Qdrant, answered with reasons.

Recommendations use Qdrant's `best_score`: a track counts by its closest liked example, and not at all if a disliked
one is closer. An average of likes (`average_vector`) would match neither side of a taste that has two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from bot.errors import NotFound
from bot.library.cards import BATCH, Channels, TrackCard, batches
from bot.library.catalog import Catalog
from bot.library.store import Store
from bot.library.vectors import Hit, Vectors
from bot.taste.evidence import NO_EXTRA, Extra, Taste, favourites, member_taste, server_taste
from bot.taste.explain import Evidence, ForDiscord, Reason, Wording, explain
from bot.taste.feedback import Feedback
from models import Share, Source

Vector = NDArray[np.float32]
Twin = tuple[str, str]

SPARE = 25  # asked for beyond the limit, in place of twins and of tracks that may not be shown
PAGE = 5  # fewer picks than this are explained

NOTHING = "I have nothing to go by yet. React with 👍 or 👎 to a few songs, then ask again."
REST = "every other song that may be shown here is known already or sounds more like something 👎."
FEW = f"That is all: {REST}"
NONE = f"Nothing is left to suggest: {REST}"


@dataclass(frozen=True)
class Pick:
    """A track to suggest.

    `score` is Qdrant's (see bot.library.questions.Hit); for what is merely popular, by how many likes it leads.
    `percent` is the match with what was asked about or with the closest liked track; 0: no match to speak of.
    """

    card: TrackCard
    score: float
    reason: Reason
    carrier: TrackCard | None = None  # None where it may not be named

    @property
    def percent(self) -> int:
        """The match in per cent."""
        return self.reason.percent

    @property
    def why(self) -> str:
        """One line for Discord, in which titles are already disarmed."""
        return self.explain(ForDiscord())

    def explain(self, wording: Wording) -> str:
        """The same line in other wording."""
        return explain(self.reason, self.card, self.carrier, wording)


@dataclass(frozen=True)
class Recommendation:
    """Picks, best first, and what the reader should know about them ("" if nothing)."""

    picks: tuple[Pick, ...]
    note: str


def percent(match: float) -> int:
    """A match as `Sounds.matches` has it in per cent: 0 for what chance gives, 100 for the same recording."""
    return round(100 * min(1.0, max(0.0, match)))


class Recommender:
    """Answers from one server's library at a time."""

    def __init__(self, store: Store, vectors: Vectors, catalog: Catalog, feedback: Feedback) -> None:
        self._store = store
        self._vectors = vectors
        self._catalog = catalog
        self._feedback = feedback

    async def similar(
        self,
        guild_id: int,
        *,
        track_id: int | None = None,
        vectors: Mapping[str, Vector] | None = None,
        channels: Channels,
        exclude: Collection[int] = (),
        limit: int = 25,
    ) -> list[Pick]:
        """The nearest tracks to one of the library, or to raw (d,) vectors, by name, of something else.

        The track itself and its twins (same artist and title) are left out.
        Raises NotFound if no embedder that is searched by has heard the track.
        """
        asked = [track_id] if track_id is not None else []
        if asked and asked[0] not in await self._vectors.get(guild_id, asked):
            raise NotFound(
                "I haven't listened to that song with my present embedder; earworm doctor --repair helps."
            )
        hits = await self._vectors.nearest(
            guild_id,
            vectors or asked[0],
            channels=channels,
            exclude={*exclude, *asked},
            limit=limit + SPARE,
        )
        shown = await self._shown(guild_id, hits, channels, asked)
        return [self._match(card, hit) for card, hit in shown[:limit]]

    async def recommend(
        self,
        guild_id: int,
        user_id: int | None,
        channels: Channels,
        limit: int = 25,
        *,
        you: bool = True,
        extra: Extra = NO_EXTRA,
    ) -> Recommendation:
        """What a member may like, or with no `user_id` the whole server; never what they know already.

        `you`: it is the member who reads this, not somebody else.
        """
        votes = await self._feedback.votes(guild_id, user_id)
        if user_id is None:
            taste = server_taste(votes, extra)
        else:
            taste = member_taste(votes, await self._shares(guild_id, user_id), extra, you=you)
        if taste.positives or taste.negatives:
            picks = await self._by_sound(guild_id, taste, channels, limit, you=you)
        else:
            picks = await self._by_popularity(guild_id, channels, limit)
        return Recommendation(tuple(picks), _note(taste, picks, limit))

    async def _shares(self, guild_id: int, user_id: int) -> list[int]:
        query = (
            select(Share.track_id)
            .where(Share.guild_id == guild_id, Share.user_id == user_id)
            .order_by(Share.shared_at.desc(), Share.track_id.desc())
        )
        async with self._store.session() as session:
            return list(await session.scalars(query))

    async def _by_sound(
        self, guild_id: int, taste: Taste, channels: Channels, limit: int, *, you: bool
    ) -> list[Pick]:
        hits = await self._vectors.recommend(
            guild_id,
            list(taste.positives),
            list(taste.negatives),
            channels=channels,
            exclude=taste.known,
            limit=limit + SPARE,
        )
        # The others sound more like something disliked.
        hits = [hit for hit in hits if not taste.positives or hit.match > hit.against]
        shown = await self._shown(guild_id, hits, channels, taste.known)
        picks = [Pick(card, hit.score, Reason(Evidence.FAR, you=you)) for card, hit in shown[:limit]]
        return await self._carried(guild_id, picks, taste, channels)

    async def _carried(
        self, guild_id: int, picks: Sequence[Pick], taste: Taste, channels: Channels
    ) -> list[Pick]:
        """The picks with the liked track that is closest to each; it is named only if it may be shown."""
        ids = list(taste.positives)
        sounds = await self._vectors.get(guild_id, [*ids, *(pick.card.id for pick in picks)])
        ids = [track_id for track_id in ids if track_id in sounds]
        if not ids:
            return list(picks)
        matches = sounds.matches([pick.card.id for pick in picks], ids)
        named = {card.id: card for card in await self._catalog.cards(guild_id, ids, channels)}
        carried = []
        for pick, row in zip(picks, matches, strict=True):
            carrier = ids[int(np.argmax(row))]
            reason = replace(
                pick.reason,
                evidence=taste.positives[carrier],
                percent=percent(float(row.max())),
                carrier=carrier,
                likes=taste.likes.get(carrier, 0),
            )
            if pick.card.id in sounds:  # else it was removed a moment ago
                carried.append(replace(pick, reason=reason, carrier=named.get(carrier)))
        return carried

    async def _by_popularity(self, guild_id: int, channels: Channels, limit: int) -> list[Pick]:
        """What the server likes most, for somebody of whom nothing is known."""
        liked = favourites(await self._feedback.votes(guild_id))
        hits = [Hit(track_id, float(lead), match=0.0) for track_id, lead in liked]
        shown = await self._shown(guild_id, hits, channels, ())
        return [Pick(card, hit.score, Reason(Evidence.POPULAR)) for card, hit in shown[:limit]]

    async def _shown(
        self, guild_id: int, hits: Iterable[Hit], channels: Channels, known: Collection[int]
    ) -> list[tuple[TrackCard, Hit]]:
        """The hits that may be shown; of twins only the best, and none of a known track's."""
        found = {hit.track_id: hit for hit in hits}
        twins = await self._twins(known)
        shown = []
        for card in await self._catalog.cards(guild_id, list(found), channels):
            twin = _twin(card.artist, card.title)
            if twin is None or twin not in twins:
                shown.append((card, found[card.id]))
                twins.add(twin)
        return shown

    async def _twins(self, track_ids: Collection[int]) -> set[Twin | None]:
        twins: set[Twin | None] = set()
        async with self._store.session() as session:
            for batch in batches(list(track_ids), BATCH):
                query = select(Source.artist, Source.title).where(Source.track_id.in_(batch))
                twins |= {_twin(artist, title) for artist, title in await session.execute(query)}
        return twins

    def _match(self, card: TrackCard, hit: Hit) -> Pick:
        return Pick(card, hit.score, Reason(Evidence.ASKED, percent(hit.match)))


def _twin(artist: str, title: str) -> Twin | None:
    """What makes two tracks look the same; nothing without an artist: many files are called "voice message"."""
    if not artist.strip():
        return None
    return " ".join(artist.casefold().split()), " ".join(title.casefold().split())


def _note(taste: Taste, picks: Sequence[Pick], limit: int) -> str:
    if not picks and not taste.positives and not taste.negatives:
        return NOTHING
    if len(picks) >= min(limit, PAGE):
        return taste.note
    return f"{taste.note} {FEW if picks else NONE}".lstrip()
