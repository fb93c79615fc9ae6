"""What a member or a server likes, read from votes and shares (pure)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.taste.explain import Evidence, count
from bot.taste.feedback import Vote

FEW_LIKES = 3  # with fewer, what a member shared speaks for them too
EXAMPLES = 12  # of each kind: embedded Qdrant takes about 10 ms for each on 5,000 tracks, 70 ms on 20,000


@dataclass(frozen=True)
class Extra:
    """Feedback for one question only, which is stored nowhere."""

    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()


NO_EXTRA = Extra()


@dataclass(frozen=True)
class Taste:
    """Examples to recommend by, at most EXAMPLES of each kind, those that say most first.

    positives: track -> what makes it one; `known` tracks are never recommended; `likes`: track -> how many of those
    whose taste it is like it; `note` says what was done for want of feedback.
    """

    positives: Mapping[int, Evidence]
    negatives: Sequence[int]
    known: frozenset[int]
    likes: Mapping[int, int]
    note: str = ""


def member_taste(votes: Sequence[Vote], shared: Sequence[int], extra: Extra, *, you: bool = True) -> Taste:
    """A member's taste from their votes and the tracks that they shared, both newest first.

    What they shared counts only while they liked fewer than FEW_LIKES. `you`: it is the member who reads the note.
    """
    disliked = _merge(extra.dislikes, [v.track_id for v in votes if v.kind < 0], without=extra.likes)
    liked = _merge(extra.likes, [v.track_id for v in votes if v.kind > 0], without=disliked)
    mild = _merge(shared, without=[*liked, *disliked]) if len(liked) < FEW_LIKES else []
    examples = dict.fromkeys(liked, Evidence.LIKED) | dict.fromkeys(mild, Evidence.SHARED)
    note = _note("You" if you else "They", len(liked), bool(mild), bool(disliked))
    return _taste(examples, disliked, votes, known={*liked, *disliked, *shared}, note=note)


def server_taste(votes: Sequence[Vote], extra: Extra) -> Taste:
    """A server's taste: what more of its members like than dislike, and the reverse."""
    disliked = _merge(extra.dislikes, [t for t, _ in favourites(votes, -1)], without=extra.likes)
    liked = _merge(extra.likes, [t for t, _ in favourites(votes)], without=disliked)
    examples = dict.fromkeys(liked, Evidence.SERVER) | dict.fromkeys(extra.likes, Evidence.LIKED)
    return _taste(examples, disliked, votes, known={*liked, *disliked})


def favourites(votes: Iterable[Vote], kind: int = +1) -> list[tuple[int, int]]:
    """Tracks that more members like than dislike (kind −1: the reverse), and by how many.

    Most first; among equals the one that was voted for last.
    """
    net: Counter[int] = Counter()
    latest: dict[int, float] = {}
    for vote in votes:
        net[vote.track_id] += vote.kind * kind
        if vote.kind == kind:
            latest[vote.track_id] = max(latest.get(vote.track_id, 0.0), vote.at.timestamp())
    ahead = [(track_id, lead) for track_id, lead in net.items() if lead > 0]
    return sorted(ahead, key=lambda item: (-item[1], -latest[item[0]], item[0]))


def _taste(
    examples: dict[int, Evidence],
    disliked: list[int],
    votes: Iterable[Vote],
    *,
    known: set[int],
    note: str = "",
) -> Taste:
    return Taste(
        positives=dict(list(examples.items())[:EXAMPLES]),
        negatives=disliked[:EXAMPLES],
        known=frozenset(known),
        likes=Counter(vote.track_id for vote in votes if vote.kind > 0),
        note=note,
    )


def _merge(*lists: Sequence[int], without: Collection[int] = ()) -> list[int]:
    merged = dict.fromkeys(track_id for tracks in lists for track_id in tracks)
    return [track_id for track_id in merged if track_id not in without]


def _note(who: str, liked: int, by_shares: bool, disliked: bool) -> str:
    if by_shares and liked:
        return f"{who} 👍 only {count(liked, 'song')} so far, so I also went by what {who.lower()} shared."
    if by_shares:
        return f"{who} haven't 👍 anything yet, so I went by what {who.lower()} shared."
    if liked:
        return ""
    if disliked:
        return f"{who} haven't 👍 anything yet, so these are only unlike what {who.lower()} 👎."
    return f"{who} haven't 👍 or shared anything yet, so these are what this server likes most."
