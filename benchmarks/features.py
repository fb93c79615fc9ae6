"""Are tempo and key right, and what do they cost? `python -m benchmarks.features [--seeds N] [--json]`

Composed songs know their tempo and key. Tempo counts as right within 2%, and apart from that when it is half or double;
a key when it is the same, and apart from that the relative one. Beside it stands a plain baseline: librosa's tempo
and its chroma against the same key profiles.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
from tqdm import tqdm

from bot.audio.features import measure
from bot.audio.key import MAJOR, MINOR, NAMES
from discord_sandbox.music.styles import STYLES
from discord_sandbox.music.synth import ComposedSong, compose

WITHIN = 0.02
Guess = tuple[float, str]
COLUMNS = ("tempo", "octave", "key", "relative")


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4, help="how many times sixteen songs")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    songs = [song for seed in range(arguments.seeds) for song in compose(seed)]
    report = {"earworm": judged(songs, ours), "librosa": judged(songs, librosas)}
    if arguments.json:
        print(json.dumps({"songs": len(songs)} | report))
        return
    for name, result in report.items():
        print(f"{name} ({result['seconds_a_minute']:.2f} s of CPU a minute)")
        print(f"{'':<10}" + "".join(f"{column:>10}" for column in COLUMNS))
        for style in (*STYLES, "all"):
            print(f"{style:<10}" + "".join(f"{result[style][column]:>10.1%}" for column in COLUMNS))


def judged(songs: list[ComposedSong], guess: Callable[[ComposedSong], Guess]) -> dict[str, Any]:
    """Per style and over all, the share of songs with the right tempo, its octave, the key, and its relative."""
    guess(songs[0])  # what is compiled or loaded once is not counted
    began, seconds = time.process_time(), sum(len(song.samples) / song.rate for song in songs)
    guesses = [guess(song) for song in tqdm(songs, desc=guess.__name__)]
    cost = 60 * (time.process_time() - began) / seconds
    verdicts = [verdict(song, *guessed) for song, guessed in zip(songs, guesses, strict=True)]
    report: dict[str, Any] = {"seconds_a_minute": cost}
    for style in (*STYLES, "all"):
        rows = [right for song, right in zip(songs, verdicts, strict=True) if style in (song.style, "all")]
        report[style] = dict(zip(COLUMNS, np.mean(rows, axis=0).tolist(), strict=True))
    return report


def verdict(song: ComposedSong, tempo: float, key: str) -> tuple[bool, bool, bool, bool]:
    """Whether tempo, its octave, the key and its relative are right."""
    ratio = tempo / song.bpm
    octave = min(abs(ratio * 2 - 1), abs(ratio / 2 - 1)) < WITHIN
    return abs(ratio - 1) < WITHIN, octave, key == song.key, key == relative(song.key)


def relative(key: str) -> str:
    """The key with the same notes in the other mode."""
    tonic, mode = key.split()
    up, other = (9, "minor") if mode == "major" else (3, "major")
    return f"{NAMES[(NAMES.index(tonic) + up) % 12]} {other}"


def ours(song: ComposedSong) -> Guess:
    """What Earworm measures; everything else it measures is in the cost too."""
    features = measure(song.samples, song.rate)
    return features.tempo, features.key


def librosas(song: ComposedSong) -> Guess:
    """What librosa's functions give as they are."""
    mono = librosa.resample(
        song.samples.mean(axis=1), orig_sr=song.rate, target_sr=22_050, res_type="soxr_hq"
    )
    tempo = librosa.feature.tempo(y=mono, sr=22_050)[0]
    chroma = librosa.feature.chroma_stft(y=mono, sr=22_050).mean(axis=1)
    profiles = [np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)]
    best = int(np.argmax([np.corrcoef(chroma, profile)[0, 1] for profile in profiles]))
    return float(tempo), f"{NAMES[best % 12]} {'major' if best < 12 else 'minor'}"


if __name__ == "__main__":
    main()
