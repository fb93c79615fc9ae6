"""Text output that several commands share: tracks, members, suggestions."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bot.library.cards import TrackCard
from bot.suggestions.pick import Pick
from bot.suggestions.wording import ForTerminal

if TYPE_CHECKING:
    from bot.services import Services


async def wording_for(services: "Services", guild_id: int, cards: Iterable[TrackCard]) -> ForTerminal:
    """Plain words, with the names of those who shared these tracks."""
    members = {share.user_id for card in cards for share in card.shares}
    return ForTerminal(await services.guilds.names(guild_id, members))


def picks_text(picks: Sequence[Pick], wording: ForTerminal) -> str:
    """A numbered list with the match, the track's id and the reason of each."""
    lines = []
    for place, pick in enumerate(picks, 1):
        minutes, seconds = divmod(round(pick.card.seconds), 60)
        match = f"{pick.percent:3}%" if pick.percent else "    "
        lines.append(
            f"{place:3}. {match}  {wording.text(pick.card.label)} ({minutes}:{seconds:02}), track {pick.card.id}"
        )
        lines.append(f"           {pick.explain(wording)}")
    return "\n".join(lines)
