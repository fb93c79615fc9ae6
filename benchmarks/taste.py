"""Do members get what they like? `python -m benchmarks.taste [FOLDER] [--embedder NAME] [--seeds N] [--tune] [--json]`

Simulated members of a server whose library is the songs of FOLDER (a folder of songs for each label; songs in single/
have none) together with composed songs (labels: their styles), or composed songs alone. A member likes one or two
labels, and reacts to songs by chance: 👍 if it has their label, else 👎, in one case with 10% of the reactions wrong.
Then every other song is ranked: `hit` is the share of members with a song that they like among the first ten,
`ndcg` looks at all ten.

`ours` ranks as /recommend does before it leaves out versions and more than two of an artist, `sound` the same without
what other members like. Beside them stand chance, popularity, the nearest to the song liked last, and Qdrant's
recommend: `plain`, its best_score over the embedder's vectors as they are, and all three strategies over the same
vectors as ours. Gains are ours against these, with their 95% intervals over members.

Labels and composed songs are split in two: --tune compares settings on one half (seeds below 1000), the report is
about the other half. Vectors are kept in the temporary folder for the next time.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.listening import heard
from bot.arrays import Array
from bot.embedders import EMBEDDERS, weights
from bot.embedders.base import normalised
from bot.settings import Settings
from bot.suggestions import scoring
from bot.suggestions.ranking import Ranked, strongest, votes_of, with_colikes
from bot.suggestions.steering import DIVERSITY, MIN_DIVERSITY_WITHOUT_LIKES, Adventure, diversified
from bot.taste.colike import CoLikeModel, learn, usable_votes
from bot.taste.evidence import taste_of, vote_events
from bot.taste.feedback import Vote
from bot.vectors.calibration import Calibrator
from models import VoteKind

REACTIONS = (0, 1, 3, 10, 30)
TOP = 10
MEMBERS = 20
COMPOSED = 6  # seeds of sixteen songs
LIKES = 0.5  # of the reactions, while there are enough songs to like
KEPT_BACK = 0.34  # of the songs that a member likes are never reacted to, so that something is left to find
WRONG = 0.1
REPORTED = 1000  # the first seed of what is reported; smaller ones are for tuning
NOW = datetime(2026, 11, 20, tzinfo=UTC)
BEST_FIRST = ("openl3", "musicnn", "mfcc")
CASES = {"one taste": (1, 0.0), "two tastes": (2, 0.0), "two tastes, 10% wrong": (2, WRONG)}


@dataclass(frozen=True)
class SimulatedServer:
    """n songs: (n, n) matches, cosines of the vectors as they are, and (n,) labels, "" for none."""

    matches: NDArray[np.float32]
    cosines: NDArray[np.float32]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class SimulatedMember:
    """What somebody likes, (n,), and their votes so far, oldest first."""

    id: int
    relevant: NDArray[np.bool_]
    votes: list[Vote]


@dataclass(frozen=True)
class SimulatedView:
    """What a ranking may know: a member's votes so far, the others' and what these teach, and an order by chance."""

    world: SimulatedServer
    member: SimulatedMember
    others: list[Vote]
    model: CoLikeModel | None
    chance: Array

    def liked(self, kind: int = 1) -> list[int]:
        """The songs voted on so, the latest first."""
        return [vote.track_id for vote in reversed(self.member.votes) if vote.kind == kind]

    def popularity(self) -> Array:
        """By how many others a song is liked rather than disliked."""
        lead = np.zeros(len(self.chance))
        for vote in self.others:
            lead[vote.track_id] += vote.kind
        return lead + 0.5 * self.chance


Way = Callable[[SimulatedView], Array]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", help="a folder of labelled folders (composed songs alone)"
    )
    parser.add_argument("--embedder", choices=list(EMBEDDERS), help="the best whose weights are at hand")
    parser.add_argument("--seeds", type=int, default=20, help=f"servers of {MEMBERS} members")
    parser.add_argument("--tune", action="store_true", help="compare settings on the other half of the songs")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    home = Settings.load().home
    embedder = arguments.embedder or next(name for name in BEST_FIRST if weights.available(name, home))
    vectors, labels = listened(arguments.folder, embedder)
    half = world(vectors, labels, embedder, reported=not arguments.tune)
    first = 0 if arguments.tune else REPORTED
    ways = settings_to_try() if arguments.tune else WAYS
    results = {
        case: compare(half, ways, range(first, first + arguments.seeds), *how) for case, how in CASES.items()
    }
    report = {"embedder": embedder, "songs": len(half.labels), "members": MEMBERS, "results": results}
    print(json.dumps(report) if arguments.json else table(report))


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = [f"{report['embedder']}, {report['songs']} songs; hit rate@10 / nDCG@10 after so many reactions"]
    for case, ways in report["results"].items():
        lines.append(f"\n{case:<24}" + "".join(f"{n:>14}" for n in REACTIONS))
        for name, row in ways.items():
            cells = (
                f"{cell['hit']:6.2f} / {cell['ndcg']:.3f}"
                if "hit" in cell
                else f"{cell['ndcg']:+.3f} ±{cell['within']:.3f}"
                for cell in row.values()
            )
            lines.append(f"{name:<24}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


# -- songs -------------------------------------------------------------------------------------------------


def listened(folder: Path | None, embedder: str) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Vectors and labels of the folder's songs and of composed ones; a composed one's label has its seed's parity."""
    files = sorted((str(path), path.stat().st_size) for path in folder.glob("*/*")) if folder else []
    key = hashlib.sha256(repr(("raw", embedder, COMPOSED, files)).encode()).hexdigest()[:16]
    kept = Path(tempfile.gettempdir()) / "earworm-benchmarks" / f"{key}.npz"
    if not kept.exists():
        found = (heard(folder, embedder) if folder else []) + heard(None, embedder, seeds=COMPOSED)
        kept.parent.mkdir(exist_ok=True)
        labels = np.array([song.label for song in found], dtype=str)
        np.savez(kept, vectors=np.stack([song.raw for song in found]), labels=labels)
    with np.load(kept) as arrays:
        return arrays["vectors"], arrays["labels"]


def world(
    vectors: NDArray[np.float32], labels: NDArray[np.str_], embedder: str, *, reported: bool
) -> SimulatedServer:
    """Every second label, songs without one in turn, and every second composed seed, calibrated by themselves."""
    composed = len(labels) - COMPOSED * 16
    names = sorted(set(labels[:composed]) - {""})
    mine = set(names[reported::2])
    odd = np.arange(len(labels)) % 2 == reported
    seed_is_odd = (np.arange(len(labels)) - composed) // 16 % 2 == reported
    wanted = np.where(labels == "", odd, np.isin(labels, list(mine)))
    wanted[composed:] = seed_is_odd[composed:]
    calibrator = Calibrator(EMBEDDERS[embedder], int(wanted.sum()))
    calibrator.add(vectors[wanted])
    calibration = calibrator.build()
    placed = np.stack([calibration.apply(raw) for raw in vectors[wanted]])
    plain = np.stack([normalised(raw) for raw in vectors[wanted]])
    return SimulatedServer(calibration.match(placed @ placed.T), plain @ plain.T, labels[wanted])


# -- members -----------------------------------------------------------------------------------------------


def server(songs: SimulatedServer, seed: int, tastes: int, wrong: float) -> list[SimulatedMember]:
    """Members who reacted as often as the last column says."""
    random = np.random.default_rng(seed)
    names = sorted(set(songs.labels) - {""})
    members = []
    for number in range(1, MEMBERS + 1):
        relevant = np.isin(songs.labels, random.choice(names, tastes, replace=False))
        order = list(reactions(relevant, random))[: max(REACTIONS)]
        wrongly = random.random(len(order)) < wrong
        votes = [
            Vote(
                song,
                number,
                VoteKind.LIKE if relevant[song] != mistaken else VoteKind.DISLIKE,
                NOW - timedelta(days=len(order) - turn),
            )
            for turn, (song, mistaken) in enumerate(zip(order, wrongly, strict=True))
        ]
        members.append(SimulatedMember(number, relevant, votes))
    return members


def reactions(relevant: NDArray[np.bool_], random: np.random.Generator) -> Iterator[int]:
    """Songs in the order that they are reacted to."""
    liked, others = (list(random.permutation(np.flatnonzero(which))) for which in (relevant, ~relevant))
    liked = liked[: len(liked) - max(2, round(KEPT_BACK * len(liked)))]
    while liked or others:
        yield int((liked if liked and (not others or random.random() < LIKES) else others).pop())


# -- ways to rank ------------------------------------------------------------------------------------------


def nearest_to_last(view: SimulatedView) -> Array:
    """How near it is to the song liked last."""
    liked = view.liked()
    return view.world.matches[:, liked[0]].astype(np.float64) if liked else view.chance


def qdrant(strategy: Callable[..., Array], *, as_they_are: bool = False) -> Way:
    """One of Qdrant's strategies; chance where it has nothing to go by."""

    def way(view: SimulatedView) -> Array:
        table = view.world.cosines if as_they_are else view.world.matches
        liked, disliked = table[:, view.liked()], table[:, view.liked(-1)]
        enough = liked.shape[1] or (disliked.shape[1] and strategy is not scoring.average_vector)
        return strategy(liked, disliked) if enough else view.chance

    return way


def ours(
    view: SimulatedView, *, others: bool = True, diversity: float = DIVERSITY[Adventure.BALANCED]
) -> Array:
    """As /recommend ranks: higher is earlier; what it leaves out for sounding like a dislike comes last."""
    taste = taste_of(vote_events(view.member.votes), NOW, own=True)
    evidence = (*strongest(taste, +1), *strongest(taste, -1))
    if not evidence:
        return spread(view, view.popularity(), max(diversity, MIN_DIVERSITY_WITHOUT_LIKES))
    ranked = Ranked(
        tracks=tuple(range(len(view.chance))),
        evidence=evidence,
        weights=np.array([taste.weights[song] for song in evidence]),
        matches=view.world.matches[:, list(evidence)],
    )
    if others and view.model:
        ranked = with_colikes(ranked, view.model, votes_of(taste))
    least = diversity if ranked.likes else max(diversity, MIN_DIVERSITY_WITHOUT_LIKES)
    places = spread(view, ranked.order, least)
    return places - len(places) * ranked.unwanted


def spread(view: SimulatedView, order: Array, diversity: float) -> Array:
    """The same with the songs that come next unlike those before; songs reacted to come last."""
    left = np.setdiff1d(np.arange(len(order)), [vote.track_id for vote in view.member.votes])
    pool = left[np.lexsort((view.chance[left], -order[left]))]
    close = scoring.closeness(view.world.matches[np.ix_(pool, pool)])
    places = np.full(len(order), -np.inf)
    places[pool[list(diversified(order[pool], close, diversity, len(pool)))]] = -np.arange(len(pool))
    return places


WAYS: dict[str, Way] = {
    "ours": ours,
    "sound": lambda view: ours(view, others=False),
    "plain": qdrant(scoring.best_score, as_they_are=True),
    "best_score": qdrant(scoring.best_score),
    "average_vector": qdrant(scoring.average_vector),
    "sum_scores": qdrant(scoring.sum_scores),
    "nearest to last": nearest_to_last,
    "popularity": SimulatedView.popularity,
    "chance": lambda view: view.chance,
}


def settings_to_try() -> dict[str, Way]:
    """Ours with other settings; each is put back before the next."""

    def with_setting(name: str, value: float) -> Way:
        def way(view: SimulatedView) -> Array:
            before = getattr(scoring, name)
            setattr(scoring, name, value)
            try:
                return ours(view, others=False)
            finally:
                setattr(scoring, name, before)

        return way

    def with_diversity(value: float) -> Way:
        return lambda view: ours(view, others=False, diversity=value)

    reaches = {
        f"reach {value}": with_setting("LENGTH_SCALE", value) for value in (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
    }
    doubts = {f"doubt {value}": with_setting("PRIOR_WEIGHT", value) for value in (0.1, 0.5, 1.0, 3.0)}
    spreads = {f"diversity {value}": with_diversity(value) for value in (0.0, 0.05, 0.1, 0.2, 0.4)}
    return {"plain": WAYS["plain"], "average_vector": WAYS["average_vector"]} | reaches | doubts | spreads


# -- measuring ---------------------------------------------------------------------------------------------


def compare(
    songs: SimulatedServer, ways: dict[str, Way], seeds: range, tastes: int, wrong: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Each way's means by the number of reactions, and what ours gains."""
    found: dict[str, dict[int, list[tuple[float, float]]]] = {
        name: {n: [] for n in REACTIONS} for name in ways
    }
    for seed in seeds:
        members = server(songs, seed, tastes, wrong)
        for member in members:
            others = [vote for other in members if other is not member for vote in other.votes]
            votes = usable_votes(others)
            model = (
                learn(*zip(*((vote.user_id, vote.track_id, vote.kind) for vote in votes), strict=True))
                if votes
                else None
            )
            chance = np.random.default_rng([seed, member.id]).random(len(songs.labels))
            for count in REACTIONS:
                view = SimulatedView(
                    songs,
                    SimulatedMember(member.id, member.relevant, member.votes[:count]),
                    others,
                    model,
                    chance,
                )
                for name, way in ways.items():
                    found[name][count].append(judged(way(view), view))
    means = {name: {str(n): _mean(rows) for n, rows in by.items()} for name, by in found.items()}
    if "ours" in ways:
        for other in ("plain", "best_score", "average_vector"):
            means[f"gain on {other}"] = {str(n): _gain(found["ours"][n], found[other][n]) for n in REACTIONS}
    return means


def judged(scores: Array, view: SimulatedView) -> tuple[float, float]:
    """Whether one of the first ten is liked, and their nDCG; equal ones come in turn by chance."""
    left = np.setdiff1d(np.arange(len(scores)), [vote.track_id for vote in view.member.votes])
    first = left[np.lexsort((view.chance[left], -scores[left]))][:TOP]
    gains = view.member.relevant[first]
    discounts = 1 / np.log2(np.arange(2, TOP + 2))
    ideal = discounts[: min(TOP, int(view.member.relevant[left].sum()))].sum()
    return float(gains.any()), float(gains @ discounts[: len(first)] / ideal)


def _mean(rows: list[tuple[float, float]]) -> dict[str, float]:
    hit, ndcg = np.mean(rows, axis=0)
    return {"hit": float(hit), "ndcg": float(ndcg)}


def _gain(ours_: list[tuple[float, float]], plain: list[tuple[float, float]]) -> dict[str, float]:
    differences = np.array(ours_)[:, 1] - np.array(plain)[:, 1]
    within = 1.96 * differences.std() / np.sqrt(len(differences))
    return {"ndcg": float(differences.mean()), "within": float(within)}


if __name__ == "__main__":
    main()
