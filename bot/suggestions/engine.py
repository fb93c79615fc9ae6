"""Builds the parts that all suggestions share: evidence, candidates, ranking, rules, statistics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

from bot.library.catalog import Catalog
from bot.library.opt_outs import OptOuts
from bot.library.store import Store
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.acceptance import AcceptanceReport
from bot.suggestions.chooser import Chooser
from bot.suggestions.pick import Pick
from bot.suggestions.ranking import Ranker
from bot.taste.colike_cache import CoLikeCache
from bot.taste.evidence import HALF_LIFE_DAYS, NO_EXTRA, ExtraEvidence, Signal, Taste, taste_of, with_extra
from bot.taste.feedback import Feedback
from bot.taste.history import History
from bot.vectors.library_index import LibraryIndex

if TYPE_CHECKING:
    from bot.vectors.storage import VectorStorage

VOTE_SIGNALS = frozenset({Signal.LIKED, Signal.DISLIKED})


@dataclass(frozen=True)
class Engine:
    """The shared parts over one database and vector storage; close it to stop learning in the background."""

    vectors: "VectorStorage"
    library: LibraryIndex
    catalog: Catalog
    feedback: Feedback
    history: History
    opt_outs: OptOuts
    acceptance: AcceptanceReport
    colikes: CoLikeCache
    chooser: Chooser
    ranker: Ranker
    half_life: float

    @classmethod
    def over(
        cls,
        store: Store,
        vectors: "VectorStorage",
        catalog: Catalog,
        feedback: Feedback,
        *,
        half_life: float = HALF_LIFE_DAYS,
    ) -> Self:
        """Put the parts together; `half_life` in days."""
        library, colikes = LibraryIndex(store, vectors), CoLikeCache(feedback)
        return cls(
            vectors=vectors,
            library=library,
            catalog=catalog,
            feedback=feedback,
            history=History(store, feedback),
            opt_outs=OptOuts(store),
            acceptance=AcceptanceReport(store, feedback),
            colikes=colikes,
            chooser=Chooser(store, library, catalog),
            ranker=Ranker(library, colikes),
            half_life=half_life,
        )

    async def close(self) -> None:
        """Stop learning in the background."""
        await self.colikes.close()

    async def taste(
        self,
        guild_id: int,
        user_id: int | None,
        channels: VisibleChannels,
        now: datetime,
        extra: ExtraEvidence = NO_EXTRA,
        *,
        own: bool = False,
    ) -> Taste:
        """A member's taste, or the server's: what its members voted, without what each of them brought or hid.

        What whoever sees `channels` can't know, for being done elsewhere or about songs from elsewhere, doesn't count,
        except for the member's `own` eyes, and then it may not be named.
        """
        events = await self.history.events(guild_id, user_id, channels=channels, now=now)
        if user_id is None:
            events = [event for event in events if event.signal in VOTE_SIGNALS]
        if channels is not None:
            facts = await self.library.facts(guild_id)
            seen = {track_id for track_id, each in facts.items() if each.visible_in(channels)}
            events = [
                replace(event, visible_to_reader=event.visible_to_reader and event.track_id in seen)
                for event in events
            ]
        return taste_of(with_extra(events, extra, now), now, self.half_life, own=own)

    async def named(
        self, guild_id: int, picks: Sequence[Pick], channels: VisibleChannels
    ) -> tuple[Pick, ...]:
        """The picks with the tracks that carried them, where these may be named."""
        carriers = [pick.reason.carrier for pick in picks if pick.reason.carrier]
        cards = {card.id: card for card in await self.catalog.cards(guild_id, carriers, channels)}
        return tuple(replace(pick, carrier=cards.get(pick.reason.carrier or 0)) for pick in picks)
