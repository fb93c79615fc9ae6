"""/alchemy (adding and subtracting songs, tastes and tags) and /path (a sequence from one song to another)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array, Matches
from bot.errors import NotFound
from bot.library.cards import TrackCard
from bot.library.facts import Facts
from bot.library.visible_shares import VisibleChannels
from bot.suggestions.chooser import Scored
from bot.suggestions.dedupe import Likeness
from bot.suggestions.engine import Engine
from bot.suggestions.left_out import LeftOut
from bot.suggestions.notes import shortage
from bot.suggestions.paths import mixture, walk
from bot.suggestions.pick import Pick, Recommendation, percent
from bot.suggestions.ranking import strongest
from bot.suggestions.song_names import SongName
from bot.suggestions.steering import NO_STEERING, Steering
from bot.suggestions.wording import Reason, ReasonKind, count

PATH_LENGTH = 8  # songs, both ends included
MIN_PATH_LENGTH = 3
MAX_EXAMPLES = 40  # tracks of a tag or a member that stand for it
JUMP_MATCH = (
    0.0  # the match that chance gives: a step of no more is one between sounds with nothing in common
)
UNHEARD_PART = "I haven't listened to one of these with my present embedder; earworm doctor --repair helps."


@dataclass(frozen=True)
class Ingredient:
    """A track, a member's likes, or a tag: exactly one of them."""

    track_id: int | None = None
    user_id: int | None = None
    tag: str = ""


@dataclass(frozen=True)
class Path:
    """Songs from one to another, both ends included, and what to know about it."""

    cards: tuple[TrackCard, ...]
    note: str


class Mixing:
    """Answers from one server's library."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def alchemy(
        self,
        guild_id: int,
        add: Sequence[Ingredient],
        subtract: Sequence[Ingredient],
        channels: VisibleChannels,
        limit: int = 10,
        *,
        user_id: int | None = None,
    ) -> Recommendation:
        """What has something of everything added and nothing of what is subtracted; nothing that `user_id` hid.

        Raises NotFound for no ingredients, one that is on both sides, or one that nothing is known of.
        """
        if not add:
            raise NotFound("Add something: a song, a member or a tag.")
        if set(add) & set(subtract):
            raise NotFound(
                "The same ingredient is added and subtracted, which leaves nothing. Drop one of the two."
            )
        parts = [await self._tracks(guild_id, each, channels) for each in [*add, *subtract]]
        used = {each.track_id for each in [*add, *subtract] if each.track_id is not None}
        out = used | await self._engine.history.hidden(guild_id, user_id)
        candidates = await self._engine.chooser.candidates(guild_id, channels, NO_STEERING, out)
        mixed = await self._mixed(guild_id, candidates.tracks, parts[: len(add)], parts[len(add) :], channels)
        chosen = await self._engine.chooser.choose(
            guild_id, [mixed.wanted], channels, known=sorted(out), steering=NO_STEERING, limit=limit
        )
        picks = [mixed.pick(card) for card in chosen.cards]
        left_out = {
            **candidates.left_out,
            **chosen.left_out,
            LeftOut.KNOWN: candidates.left_out.get(LeftOut.KNOWN, 0) - len(used),
            LeftOut.TAKEN_AWAY: int(mixed.out.sum()),
            LeftOut.UNHEARD: len(candidates.tracks) - len(mixed.tracks),
        }
        return Recommendation(
            await self._engine.named(guild_id, picks, channels),
            shortage(len(picks), limit, left_out),
        )

    async def _mixed(
        self,
        guild_id: int,
        among: Sequence[int],
        added: Sequence[Sequence[int]],
        subtracted: Sequence[Sequence[int]],
        channels: VisibleChannels,
    ) -> "_Mixed":
        examples = list(dict.fromkeys(track_id for part in [*added, *subtracted] for track_id in part))
        heard = await self._engine.library.heard(guild_id, among, examples, channels=channels)
        finite = np.isfinite(heard.matches)
        columns = {track_id: column for column, track_id in enumerate(examples)}
        places = [[columns[track_id] for track_id in part] for part in [*added, *subtracted]]
        if heard.tracks and not all(finite[:, place].any() for place in places):
            raise NotFound(UNHEARD_PART)
        rows = np.flatnonzero(finite.any(axis=1))
        matches = heard.matches[rows].astype(np.float64)
        parts = [matches[:, place] for place in places]
        scores, out = mixture(parts[: len(added)], parts[len(added) :])
        tracks = [heard.tracks[row] for row in rows]
        voices = list(dict.fromkeys(track_id for part in added for track_id in part))
        return _Mixed(tracks, scores, out, voices, matches[:, [columns[track_id] for track_id in voices]])

    async def path(
        self,
        guild_id: int,
        start_id: int,
        end_id: int,
        channels: VisibleChannels,
        length: int = PATH_LENGTH,
        *,
        user_id: int | None = None,
    ) -> Path:
        """A walk of `length` songs from one to another, evenly, without a song twice or one that `user_id` hid.

        Raises NotFound for a path between a song and itself, and if one of them was never listened to.
        """
        if start_id == end_id:
            raise NotFound("Those are the same song, so there is no way between them. Name two.")
        ends = [start_id, end_id]
        for each in ends:
            await self._engine.catalog.card(guild_id, each, channels)
        hidden = await self._engine.history.hidden(guild_id, user_id)
        candidates = await self._engine.chooser.candidates(guild_id, channels, NO_STEERING, hidden | {*ends})
        tracks, vectors = await self._engine.library.side_by_side(
            guild_id, candidates.tracks, ends, channels=channels
        )
        if not set(ends) <= set(tracks):
            raise NotFound(UNHEARD_PART)
        wanted = max(length, MIN_PATH_LENGTH)
        usable = _once(tracks, await self._engine.library.facts(guild_id), ends, channels)
        while True:
            way = await asyncio.to_thread(
                walk, vectors, tracks.index(start_id), tracks.index(end_id), wanted, usable
            )
            steps = [tracks[place] for place in way]
            alike, likeness = await self._engine.chooser.alike(guild_id, steps, channels)
            again = [way[step] for step in _repeats(steps, likeness)]
            if not again:
                break
            usable[again] = False
        cards = await self._engine.catalog.cards(guild_id, steps, channels)
        return Path(tuple(cards), _remarks(wanted, alike))

    async def _tracks(self, guild_id: int, ingredient: Ingredient, channels: VisibleChannels) -> list[int]:
        """The tracks that stand for an ingredient. Raises NotFound if nothing is known of it."""
        if ingredient.track_id is not None:
            card = await self._engine.catalog.card(guild_id, ingredient.track_id, channels)
            if card.id not in await self._engine.vectors.get(guild_id, [card.id]):
                raise NotFound(UNHEARD_PART)
            return [card.id]
        if ingredient.user_id is not None:
            taste = await self._engine.taste(guild_id, ingredient.user_id, channels, datetime.now(UTC))
            found = strongest(taste, +1)[:MAX_EXAMPLES]
            if not found:
                raise NotFound(
                    "I know nothing of that member's taste yet: they haven't 👍 or shared anything."
                )
            return found
        tagged = Steering(tags=(ingredient.tag,), long=True, talk=True)
        found = list((await self._engine.chooser.candidates(guild_id, channels, tagged)).tracks)
        if not found:
            raise NotFound("No song here is tagged “{tag}”.", tag=ingredient.tag)
        return found[:: max(1, -(-len(found) // MAX_EXAMPLES))]


@dataclass(frozen=True, eq=False)
class _Mixed:
    """n tracks with their scores, which of them are out, and their (n, v) matches with what was added."""

    tracks: Sequence[int]
    scores: Array
    out: NDArray[np.bool_]
    voices: Sequence[int]
    matches: Array

    @property
    def wanted(self) -> Scored:
        """Those that are not out."""
        rows = np.flatnonzero(~self.out)
        return Scored([self.tracks[int(row)] for row in rows], self.scores[rows])

    def pick(self, card: TrackCard) -> Pick:
        """A track with what of the ingredients it is closest to."""
        row = self.tracks.index(card.id)
        closest = int(np.argmax(self.matches[row]))
        match = percent(float(self.matches[row, closest]))
        return Pick(
            card,
            float(self.scores[row]),
            Reason(ReasonKind.ASKED, match, self.voices[closest] if match else None),
        )


def _remarks(wanted: int, alike: Matches) -> str:
    """What to know about a path of n songs with these (n, n) matches: that it is short, or where it jumps."""
    found = len(alike)
    short = f"Only {count(found, 'song')}: there are no others to step on." if found < wanted else ""
    jumps = [step for step in range(1, found) if alike[step - 1, step] <= JUMP_MATCH]
    jump = (
        f"From song {jumps[0]} to song {jumps[0] + 1} it jumps: nothing here sounds like both."
        if jumps
        else ""
    )
    return f"{short} {jump}".strip()


def _repeats(steps: Sequence[int], likeness: Likeness) -> list[int]:
    """Places between the ends where the same recording stands as elsewhere before, or at the end."""
    last = len(steps) - 1
    return [
        here
        for here in range(1, last)
        if any(frozenset((steps[here], steps[other])) in likeness.same for other in (*range(here), last))
    ]


def _once(
    tracks: Sequence[int], facts: Mapping[int, Facts], ends: Collection[int], channels: VisibleChannels
) -> NDArray[np.bool_]:
    """(n,) which tracks may stand on a path: of those called the same one, and none called like an end."""
    seen = {_called(facts[track_id], channels) for track_id in ends}
    usable = np.zeros(len(tracks), np.bool_)
    for place, track_id in enumerate(tracks):
        name = _called(facts[track_id], channels)
        usable[place] = not name[0] or name not in seen
        seen.add(name)
    return usable


def _called(facts: Facts, channels: VisibleChannels) -> tuple[str, str]:
    song = SongName.of(facts.track_id, *facts.names(channels)[0])
    return song.artist, song.title
