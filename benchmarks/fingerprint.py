"""Is the same recording recognised, and nothing else? `python -m benchmarks.fingerprint [--music DIR] [--json]`

Composed songs, and the audio files under DIR, are encoded again, cut, made quieter and resampled. Counted are the
copies that are found and the pairs of different songs that are taken for one. Beside it stands a plain baseline: the
cosine of 80 MFCC statistics, at the lowest threshold that takes no two different songs for one. Then a library of
20,000 tracks of four minutes is searched, half of the time for something that it doesn't have.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import librosa
import numpy as np
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from bot.audio.fingerprint import SKETCH, Fingerprint, fingerprint, from_words, same_recording, to_bytes
from bot.audio.recordings import Recordings
from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.synth import compose

Samples = NDArray[np.float32]
Clip = tuple[Samples, int]
Description = tuple[Fingerprint, NDArray[np.float32]]

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"}
LIBRARY, TRACK_SECONDS = 20_000, 240
PIECE_SECONDS, PIECES = 12, 400
LOOKUPS = 20
ENCODINGS: dict[str, tuple[str, int | None]] = {
    "mp3, 64 kbit/s": (".mp3", 64_000),
    "mp3, 320 kbit/s": (".mp3", 320_000),
    "opus, 48 kbit/s": (".ogg", 48_000),
    "aac, 64 kbit/s": (".m4a", 64_000),
    "flac": (".flac", None),
}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, help="a folder of audio files to use as well")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    clips = [(song.samples.mean(axis=1), song.rate) for seed in (0, 1) for song in compose(seed)]
    if arguments.music:
        clips += [read(path) for path in sorted(arguments.music.rglob("*")) if path.suffix in SUFFIXES]
    report = recognition(clips) | lookup(clips)
    if arguments.json:
        print(json.dumps(report))
    else:
        show(report)


def show(report: dict[str, Any]) -> None:
    """Print the report as a table."""
    songs = report["songs"]
    print(f"{songs} songs            fingerprint   MFCC statistics")
    for what, found in report["found"].items():
        print(f"{what:<22}{found / songs:10.1%}{report['baseline'][what] / songs:15.1%}")
    print(f"{'all copies':<22}{report['share']:10.1%}{report['baseline_share']:15.1%}")
    print(f"false matches: {report['false']} of {report['pairs']} pairs of different songs")
    print(
        f"library of {report['library']}: found {report['right']} of {report['lookups']} ({report['bytes']:.0f} bytes"
        f" a track); median {report['median_ms']:.0f} ms, slowest {report['slowest_ms']:.0f} ms"
    )


# -- recognition -------------------------------------------------------------------------------------------


def recognition(clips: list[Clip]) -> dict[str, Any]:
    """How many copies of each kind are found, by fingerprint and by the baseline, and how many are false."""
    originals = [described(clip) for clip in clips]
    pairs = list(itertools.permutations(range(len(clips)), 2))
    limit = max(float(originals[one][1] @ originals[other][1]) for one, other in pairs)
    copies = all_copies(clips)
    found = {
        what: sum(same_recording(o[0], c[0]) for o, c in paired(originals, copies[what])) for what in copies
    }
    baseline = {
        what: sum(float(o[1] @ c[1]) > limit for o, c in paired(originals, copies[what])) for what in copies
    }
    false = sum(
        same_recording(originals[one][0], kind[other][0])
        for kind in tqdm(copies.values(), desc="comparing")
        for one, other in pairs
    )
    total = len(clips) * len(copies)
    return {
        "songs": len(clips),
        "found": found,
        "share": sum(found.values()) / total,
        "baseline": baseline,
        "baseline_share": sum(baseline.values()) / total,
        "false": false,
        "pairs": len(pairs) * len(copies),
    }


def described(clip: Clip) -> Description:
    """A clip's fingerprint, and for the baseline its MFCC statistics."""
    return fingerprint(*clip), mfcc_statistics(*clip)


def paired(
    originals: list[Description], copies: list[Description]
) -> Iterator[tuple[Description, Description]]:
    """Each original with its copy."""
    return zip(originals, copies, strict=True)


def all_copies(clips: list[Clip]) -> dict[str, list[Description]]:
    """What people do to a song before they post it: each kind with its copy of every clip."""
    copies: dict[str, list[Description]] = {}
    with TemporaryDirectory() as folder:
        for samples, rate in tqdm(clips, desc="copies"):
            for what, (suffix, bit_rate) in ENCODINGS.items():
                path = Path(folder) / f"copy{suffix}"
                write_audio(samples, rate, path, bit_rate=bit_rate)
                copies.setdefault(what, []).append(described(read(path)))
            for what, copy in altered(samples, rate).items():
                copies.setdefault(what, []).append(described(copy))
    return copies


def altered(samples: Samples, rate: int) -> dict[str, Clip]:
    """Copies that no codec touched."""
    return {
        "20 dB quieter": (samples / 10, rate),
        "22.05 kHz": (soxr.resample(samples, rate, 22_050), 22_050),
        "first 3 s missing": (samples[3 * rate :], rate),
        "last 3 s missing": (samples[: -3 * rate], rate),
        "1 s missing at each end": (samples[rate:-rate], rate),
    }


def mfcc_statistics(samples: Samples, rate: int) -> NDArray[np.float32]:
    """Mean, deviation, maximum and minimum of 20 coefficients, normalised."""
    mfcc = librosa.feature.mfcc(y=soxr.resample(samples, rate, 22_050), sr=22_050, n_mfcc=20)
    vector = np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1), mfcc.max(axis=1), mfcc.min(axis=1)])
    normalised: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return normalised


def read(path: Path) -> Clip:
    """A file's samples, one channel."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        frames = [p.to_ndarray() for frame in container.decode(stream) for p in resampler.resample(frame)]
        return np.concatenate(frames, axis=1).mean(axis=0), stream.rate


# -- lookup ------------------------------------------------------------------------------------------------


def lookup(clips: list[Clip]) -> dict[str, Any]:
    """How long a search takes, and how often it is right."""
    random = np.random.default_rng(0)
    pieces = [
        faster_or_slower(clips[number % len(clips)], random) for number in tqdm(range(PIECES), desc="pieces")
    ]
    library = [spliced(pieces, random) for _ in tqdm(range(LIBRARY), desc="library")]
    recordings = Recordings()
    recordings.add([(place, TRACK_SECONDS, to_bytes(track)) for place, track in enumerate(library)])
    times, right = [], 0
    for number in range(LOOKUPS):
        place = int(random.integers(LIBRARY)) if number % 2 else None
        query = spliced(pieces, random) if place is None else damaged(library[place], random)
        began = time.perf_counter()
        near = recordings.shortlist(query, TRACK_SECONDS)
        found = next((key for key in near if same_recording(query, library[key])), None)
        right += found == place
        times.append(1000 * (time.perf_counter() - began))
    return {
        "library": LIBRARY,
        "bytes": float(np.mean([track.nbytes for track in library])),
        "lookups": LOOKUPS,
        "right": right,
        "median_ms": float(np.median(times)),
        "slowest_ms": max(times),
    }


def faster_or_slower(clip: Clip, random: np.random.Generator) -> NDArray[np.uint32]:
    """The words of a piece of a clip at another speed: a recording of its own."""
    samples, rate = clip
    start = int(random.integers(max(1, len(samples) - PIECE_SECONDS * rate)))
    piece = samples[start : start + PIECE_SECONDS * rate]
    return words(fingerprint(soxr.resample(piece, rate, rate * random.uniform(0.7, 1.4), quality="MQ"), rate))


def spliced(pieces: list[NDArray[np.uint32]], random: np.random.Generator) -> Fingerprint:
    """A track of four minutes, made of pieces: other tracks have some of them too."""
    count = TRACK_SECONDS // PIECE_SECONDS
    return from_words(np.concatenate([pieces[place] for place in random.integers(len(pieces), size=count)]))


def damaged(track: Fingerprint, random: np.random.Generator) -> Fingerprint:
    """The same track three seconds later, with a tenth of its bits wrong, as a bad codec leaves it."""
    kept = words(track)[30:]
    wrong = random.random((len(kept), 32)) < 0.1
    return from_words(kept ^ np.packbits(wrong, axis=1, bitorder="little").view("<u4").ravel())


def words(track: Fingerprint) -> NDArray[np.uint32]:
    """What stands after the sketch."""
    return track[SKETCH:]


if __name__ == "__main__":
    main()
