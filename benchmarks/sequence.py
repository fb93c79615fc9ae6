"""Does a playlist flow? `python -m benchmarks.sequence [FOLDER] [--embedder NAME] [--lists N] [--json]`

FOLDER holds folders of songs; without it, composed songs stand in. The total jump (bot.playlists.sequence.jumps) in
Earworm's order, against the mean of random orders of the same songs: of the whole folder, and of lists of twelve. And
what Earworm's order costs beyond the best one of all (Held & Karp 1962), by the sum that it makes small.
"""

import argparse
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.listening import heard, songs_of
from bot.playlists.kinds import PLAYLIST_LENGTH
from bot.playlists.sequence import OrderingProblem, arrange, energy, jumps, problem_of, total_jump
from bot.playlists.songs import MeasuredTrack

ORDERS = 1000
EXACT = 10  # songs


def main() -> None:
    """Measure, and print a few lines or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a folder of folders of songs (composed songs)")
    parser.add_argument("--embedder", default="musicnn")
    parser.add_argument("--lists", type=int, default=40, help="random lists of each length")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    report = measured(songs_of(heard(arguments.folder, arguments.embedder)), arguments.lists)
    if arguments.json:
        print(json.dumps({"embedder": arguments.embedder} | report))
        return
    print(f"{report['songs']} songs, {arguments.embedder}")
    print(f"all songs: {report['all']:.1%} below random")
    print(
        f"lists of {PLAYLIST_LENGTH}: {report['lists_mean']:.1%} below random (the worst {report['lists_least']:.1%})"
    )
    print(
        f"lists of {EXACT}: {report['gap_mean']:.2%} above the best order (at most {report['gap_most']:.2%})"
    )
    print("energy by quarters: " + " ".join(f"{quarter:.2f}" for quarter in report["energy"]))


def measured(songs: list[MeasuredTrack], lists: int) -> dict[str, Any]:
    """All figures, over lists drawn at random."""
    random = np.random.default_rng(0)

    def drawn(size: int) -> list[list[MeasuredTrack]]:
        return [[songs[i] for i in random.choice(len(songs), size, replace=False)] for _ in range(lists)]

    below = [reduction(some, random) for some in drawn(PLAYLIST_LENGTH)]
    gaps = [gap(some) for some in drawn(EXACT)]
    energies = np.array_split(energy(arrange(songs)), 4)
    return {
        "songs": len(songs),
        "all": reduction(songs, random),
        "lists_mean": float(np.mean(below)),
        "lists_least": min(below),
        "gap_mean": float(np.mean(gaps)),
        "gap_most": max(gaps),
        "energy": [float(quarter.mean()) for quarter in energies],
    }


def reduction(songs: list[MeasuredTrack], random: np.random.Generator) -> float:
    """How far the total jump is below the mean of random orders."""
    between = jumps(songs)
    chance = np.mean([total_jump(between, random.permutation(len(songs))) for _ in range(ORDERS)])
    return float(1 - total_jump(between, order_of(songs)) / chance)


def gap(songs: list[MeasuredTrack]) -> float:
    """What Earworm's order costs beyond the best one."""
    songs = sorted(songs, key=lambda song: song.card.id)
    problem = problem_of(songs)
    cost = float(problem.cost(np.array(order_of(songs))))
    return max(0.0, cost / cheapest(problem) - 1)  # rounding may leave a hair less


def order_of(songs: list[MeasuredTrack]) -> list[int]:
    """Earworm's order as places in the list."""
    places = {song.card.id: place for place, song in enumerate(songs)}
    return [places[song.card.id] for song in arrange(songs)]


def cheapest(problem: OrderingProblem) -> float:
    """The cost of the best order: the cheapest way to stand at each song with each set of songs behind."""
    count = len(problem.pairs)
    costs = {(1 << song, song): problem.places[0, song] for song in range(count)}
    for size in range(2, count + 1):
        for chosen in combinations(range(count), size):
            behind = sum(1 << song for song in chosen)
            for last in chosen:
                before = behind ^ (1 << last)
                costs[behind, last] = problem.places[size - 1, last] + min(
                    costs[before, song] + problem.pairs[song, last] for song in chosen if song != last
                )
    return float(min(costs[(1 << count) - 1, last] for last in range(count)))


if __name__ == "__main__":
    main()
