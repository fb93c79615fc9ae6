"""Do others' likes help? `python -m benchmarks.colike [--likes FILE.csv] [--seeds N] [--json]`

Servers whose members' true tastes are known: a member likes what their few hidden factors and a track's agree on, and a
track's sound tells part of its factors. Members vote on some tracks, popular ones more often, one vote in ten wrongly.
Then the rest is ranked; nDCG@10 against the truth, by how many members there are and how often each voted. `fused` is
what /recommend does: with too few votes the same as `sound`. `gain` is fused against sound with its 95% interval.

With a file of real likes (columns member, track, value; a value above 0 is a like, another number a dislike) a fifth
of each member's likes is held back, and the ways that need no sound are asked for them.

`word2vec` (the likes of a member as a sentence) is there where gensim is installed. Settings come from other seeds.
"""

import argparse
import csv
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.arrays import Array
from bot.suggestions import scoring
from bot.taste.colike import FACTORS, CoLikeModel, learn, usable_votes
from bot.taste.feedback import Vote
from models import VoteKind

SIZES = (
    (4, 10),
    (8, 20),
    (16, 20),
    (16, 40),
    (32, 20),
    (32, 40),
    (64, 20),
    (64, 40),
)  # members, votes of each
TRACKS, TASTES, STYLES = 300, 8, 20
TOLD = (0.3, 0.6)  # how much of a track's factors its sound tells
LIKED = 0.15  # of all tracks by each member
WRONG = 0.1
ASKED = 12  # members of a server
TOP = 10
REPORTED = 1000  # the first seed
HELD_BACK = 0.2
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Server:
    """(n, n) matches of tracks by sound, (m, n) who really likes what, and each member's votes."""

    matches: Array
    truth: NDArray[np.bool_]
    votes: list[list[Vote]]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--likes", type=Path, metavar="CSV", help="real likes: member,track,value")
    parser.add_argument("--seeds", type=int, default=6, help="servers of each size")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    rows = real(arguments.likes) if arguments.likes else simulated(arguments.seeds)
    if arguments.json:
        print(json.dumps({"results": rows}))
        return
    for row in rows:
        print(
            "  ".join(
                f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
                for key, value in row.items()
            )
        )


# -- simulated ---------------------------------------------------------------------------------------------


def simulated(seeds: int) -> list[dict[str, Any]]:
    """A row for each size of server and each telling of sound."""
    return [
        measured(members, votes, told, range(REPORTED, REPORTED + seeds))
        for told in TOLD
        for members, votes in SIZES
    ]


def measured(members: int, votes: int, told: float, seeds: range) -> dict[str, Any]:
    """Mean nDCG@10 of every way."""
    found: dict[str, list[float]] = {}
    for seed in seeds:
        place = server(seed, members, votes, told)
        everything = [vote for mine in place.votes for vote in mine]
        model, words = taught(everything), word2vec(everything)
        for member, mine in enumerate(place.votes[:ASKED]):
            others = [vote for vote in everything if vote.user_id != member]
            left = np.setdiff1d(np.arange(TRACKS), [vote.track_id for vote in mine])
            for name, scores in ranked(
                place, mine, others, model, words, bool(usable_votes(everything)), left
            ).items():
                found.setdefault(name, []).append(ndcg(scores, place.truth[member], left))
    gains = np.array(found["fused"]) - np.array(found["sound"])
    row: dict[str, Any] = {
        "told": told,
        "members": members,
        "votes": votes,
        "used": bool(usable_votes(everything)),
    }
    row |= {name: float(np.mean(values)) for name, values in found.items()}
    return row | {"gain": float(gains.mean()), "within": float(1.96 * gains.std() / np.sqrt(len(gains)))}


def server(seed: int, members: int, votes: int, told: float) -> Server:
    """Members and tracks by chance."""
    random = np.random.default_rng(seed)
    styles = random.normal(size=(STYLES, TASTES))
    tracks = styles[random.integers(STYLES, size=TRACKS)] + 0.6 * random.normal(size=(TRACKS, TASTES))
    wishes = random.normal(size=(members, TASTES))
    liking = wishes @ tracks.T / np.sqrt(TASTES) + 0.3 * random.normal(size=TRACKS)
    truth = liking >= np.quantile(liking, 1 - LIKED, axis=1, keepdims=True)
    sound = np.sqrt(told) * tracks / tracks.std()
    sound = np.hstack([sound, np.sqrt(1 - told) * random.normal(size=sound.shape)])
    sound /= np.linalg.norm(sound, axis=1, keepdims=True)
    cosines = sound @ sound.T
    chance = float(np.median(cosines))
    seen = random.permutation(1 / np.sqrt(np.arange(1, TRACKS + 1)))
    cast = [list(voted(member, truth[member], seen, votes, random)) for member in range(members)]
    return Server((cosines - chance) / (1 - chance), truth, cast)


def voted(
    member: int, likes: NDArray[np.bool_], seen: Array, count: int, random: np.random.Generator
) -> Sequence[Vote]:
    """A member's votes: on what is seen often, and four times as readily on what they like."""
    readily = seen * np.where(likes, 4, 1)
    chosen = random.choice(TRACKS, count, replace=False, p=readily / readily.sum())
    wrong = random.random(count) < WRONG
    return [
        Vote(int(track), member, VoteKind.LIKE if likes[track] != mistaken else VoteKind.DISLIKE, NOW)
        for track, mistaken in zip(chosen, wrong, strict=True)
    ]


def ranked(
    place: Server,
    mine: list[Vote],
    others: list[Vote],
    model: CoLikeModel,
    words: Any,
    used: bool,
    left: NDArray[np.intp],
) -> dict[str, Array]:
    """Scores of all tracks by every way."""
    songs = [vote.track_id for vote in mine]
    weights = np.array([1.0 if vote.kind > 0 else -1.5 for vote in mine])
    sound = scoring.score(scoring.closeness(place.matches[:, songs]), weights)
    liked = np.zeros(TRACKS)
    for vote in others:
        liked[vote.track_id] += vote.kind
    als = preferred(model, mine, TRACKS)
    scores = {"popularity": liked, "sound": sound, "als": als}
    if words is not None:
        scores["word2vec"] = likened(words, mine, TRACKS)
    scores["fused"] = fused(sound, als, model.weight, left) if used and als.any() else sound
    return scores


def fused(sound: Array, als: Array, weight: float, left: NDArray[np.intp]) -> Array:
    """As /recommend fuses what may be suggested."""
    scores = np.zeros(len(sound))
    scores[left] = scoring.fuse([sound[left], als[left]], [1.0, weight])
    return scores


# -- real --------------------------------------------------------------------------------------------------


def real(path: Path) -> list[dict[str, Any]]:
    """How well held-back likes are found without any sound."""
    random = np.random.default_rng(REPORTED)
    votes = read(path)
    tracks = 1 + max(vote.track_id for vote in votes)
    members: dict[int, list[Vote]] = {}
    for vote in votes:
        members.setdefault(vote.user_id, []).append(vote)
    held = {member: held_back(mine, random) for member, mine in members.items()}
    known = [vote for vote in votes if vote.track_id not in held[vote.user_id]]
    model, words = taught(known), word2vec(known)
    liked = np.zeros(tracks)
    for vote in known:
        liked[vote.track_id] += vote.kind
    found: dict[str, list[float]] = {}
    for member, wanted in held.items():
        mine = [vote for vote in members[member] if vote.track_id not in wanted]
        truth = np.isin(np.arange(tracks), list(wanted))
        left = np.setdiff1d(np.arange(tracks), [vote.track_id for vote in mine])
        ways = {"chance": random.random(tracks), "popularity": liked, "als": preferred(model, mine, tracks)}
        if words is not None:
            ways["word2vec"] = likened(words, mine, tracks)
        for name, scores in ways.items() if wanted else ():
            found.setdefault(name, []).append(ndcg(scores, truth, left))
    return [
        {"members": len(members), "tracks": tracks, "votes": len(votes), "used": bool(usable_votes(known))}
        | {name: float(np.mean(values)) for name, values in found.items()}
    ]


def read(path: Path) -> list[Vote]:
    """Votes from the file's rows, members and tracks numbered; of several on one track the last."""
    numbers: tuple[dict[str, int], dict[str, int]] = ({}, {})
    votes = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            member, track = (
                names.setdefault(row[column], len(names))
                for names, column in zip(numbers, ("member", "track"), strict=True)
            )
            votes[member, track] = Vote(
                track, member, VoteKind.LIKE if float(row["value"]) > 0 else VoteKind.DISLIKE, NOW
            )
    return list(votes.values())


def held_back(mine: list[Vote], random: np.random.Generator) -> set[int]:
    """A fifth of a member's likes."""
    likes = [vote.track_id for vote in mine if vote.kind > 0]
    return (
        set(random.choice(likes, round(HELD_BACK * len(likes)), replace=False).tolist()) if likes else set()
    )


# -- ways --------------------------------------------------------------------------------------------------


def taught(votes: list[Vote]) -> CoLikeModel:
    """What all votes teach by ALS, however few there are."""
    return learn(*zip(*((vote.user_id, vote.track_id, vote.kind) for vote in votes), strict=True))


def preferred(model: CoLikeModel, mine: list[Vote], tracks: int) -> Array:
    """What ALS makes of all tracks; 0 for what nobody voted on."""
    scores = np.zeros(tracks)
    for track, value in model.preferences({vote.track_id: vote.kind for vote in mine}).items():
        scores[track] = value
    return scores


def word2vec(votes: list[Vote]) -> Any:
    """gensim's vectors of tracks; None where it isn't installed or has too little to read."""
    sentences: dict[int, list[str]] = {}
    for vote in votes:
        if vote.kind > 0:
            sentences.setdefault(vote.user_id, []).append(str(vote.track_id))
    counts = np.unique([word for sentence in sentences.values() for word in sentence], return_counts=True)[1]
    if importlib.util.find_spec("gensim") is None or not (counts > 1).any():
        return None
    from gensim.models import Word2Vec

    model = Word2Vec(
        list(sentences.values()),
        vector_size=FACTORS,
        window=200,
        min_count=2,
        sg=1,
        epochs=60,
        seed=0,
        workers=1,
    )
    return model.wv


def likened(words: Any, mine: list[Vote], tracks: int) -> Array:
    """The cosine with the middle of a member's likes; −1 for what has no vector."""
    liked = [str(vote.track_id) for vote in mine if vote.kind > 0 and str(vote.track_id) in words]
    scores = np.full(tracks, -1.0)
    if liked:
        middle = np.mean([words.get_vector(word, norm=True) for word in liked], axis=0)
        for track in range(tracks):
            if str(track) in words:
                scores[track] = words.get_vector(str(track), norm=True) @ middle
    return scores


def ndcg(scores: Array, relevant: NDArray[np.bool_], left: NDArray[np.intp]) -> float:
    """nDCG of the first ten of those that are left."""
    first = left[np.argsort(-scores[left], kind="stable")][:TOP]
    discounts = 1 / np.log2(np.arange(2, TOP + 2))
    ideal = discounts[: min(TOP, int(relevant[left].sum()))].sum()
    return float(relevant[first] @ discounts[: len(first)] / ideal) if ideal else 0.0


if __name__ == "__main__":
    main()
