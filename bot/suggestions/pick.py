"""A suggested track with its score and reason, and the strategies that a server may compare."""

from dataclasses import dataclass
from enum import StrEnum

from bot.library.cards import TrackCard
from bot.suggestions.wording import ForDiscord, Reason, ReasonKind, Wording, explain
from bot.taste.evidence import Signal

PAGE_SIZE = 5  # suggestions

REASON_OF_SIGNAL = {
    Signal.LIKED: ReasonKind.LIKED,
    Signal.SHARED: ReasonKind.SHARED,
    Signal.MORE: ReasonKind.MORE,
}


class Arm(StrEnum):
    """A strategy that a server can compare with another one (A/B test); the same rules follow all of them.

    OURS and SOUND are one list while a server has too few votes to learn from.
    """

    OURS = "ours"  # by sound and by what others like
    SOUND = "sound"  # without what others like
    PLAIN = "plain"  # Qdrant's best_score over the calibrated matches


@dataclass(frozen=True)
class Pick:
    """A track to suggest.

    `score`: of /similar a cosine (see bot.vectors.search.Hit), of a recommendation from −1 to 1 (see
    bot.suggestions.scoring), of what is merely popular by how many likes it leads. `percent` is the match with what was
    asked about or with what carries it; 0: no match to speak of. `arm`: which of two compared strategies it came from,
    if any are compared.
    """

    card: TrackCard
    score: float
    reason: Reason
    carrier: TrackCard | None = None  # None where it may not be named
    arm: Arm | None = None

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
