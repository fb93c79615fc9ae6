"""Four styles of music that differ in tempo, timbre, harmony, rhythm and register.

The songs of one style differ in key, tempo, chords, tune and the details of their instruments.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from discord_sandbox.music.instruments import (
    RATE,
    Wave,
    bell,
    distorted,
    hat,
    kick,
    plucked,
    snare,
    sustained,
)

Random = np.random.Generator
Option = TypeVar("Option")

SECONDS = 15
TAIL_SECONDS = 0.6
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
PENTATONIC = (0, 2, 3, 4, 6, 7, 9, 10)  # degrees of the minor scale
MODES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


def _one_of(random: Random, options: Sequence[Option]) -> Option:
    return options[int(random.integers(len(options)))]


class Score:
    """A song while it is being written: notes are placed by beats in about 15 s of stereo."""

    def __init__(self, bpm: float, beats_per_bar: int, tonic: int, mode: str, level: float) -> None:
        self.bpm = bpm
        self.key = f"{NAMES[tonic]} {mode}"
        self.beat = 60 / bpm
        self.bars = max(1, round(SECONDS / self.beat / beats_per_bar))
        self.beats_per_bar = beats_per_bar
        self._tonic, self._steps, self._level = tonic, MODES[mode], level
        self._samples = np.zeros(
            (int((self.bars * beats_per_bar * self.beat + TAIL_SECONDS) * RATE), 2), np.float32
        )

    def note(self, degree: int, octave: int) -> int:
        """The MIDI note of a degree of the scale above the tonic of that octave."""
        turns, step = divmod(degree, 7)
        return 12 * (octave + 1 + turns) + self._tonic + self._steps[step]

    def add(self, wave: Wave, bar: int, beat: float, gain: float, pan: float = 0.0) -> None:
        """Play a wave at that beat; `pan` from -1 (left) to 1 (right)."""
        start = int((bar * self.beats_per_bar + beat) * self.beat * RATE)
        piece = wave[: len(self._samples) - start]
        for side, share in ((0, 1 - pan), (1, 1 + pan)):
            self._samples[start : start + len(piece), side] += np.float32(gain * share / 2) * piece

    def echo(self, beats: float, gain: float) -> None:
        """Repeat everything twice, each time weaker and on the other side."""
        delay = int(beats * self.beat * RATE)
        for _ in range(2):
            self._samples[delay:] += np.float32(gain) * self._samples[:-delay, ::-1]

    def mixed(self) -> NDArray[np.float32]:
        """The song at its level (the loudest sample), faded out at its end."""
        fade = np.linspace(1, 0, int(TAIL_SECONDS * RATE), dtype=np.float32)
        self._samples[-len(fade) :] *= fade[:, None]
        return self._samples * np.float32(self._level / np.abs(self._samples).max())


def _drifting(random: Random, tonic: int, place: float) -> Score:
    """Slow pads of four-note chords with a sparse bell; no drums."""
    sheet = Score(62 + 14 * place + random.uniform(-1, 1), 4, tonic, _one_of(random, ["major", "minor"]), 0.4)
    spectrum = [1.0, random.uniform(0.2, 0.5), 0.15, random.uniform(0.02, 0.1), 0.03]
    chords = _one_of(random, [[0, 3, 0, 4], [0, 5, 3, 0], [0, 2, 3, 0], [0, 4, 5, 0]])
    ratio = _one_of(random, [1.0, 2.0, 3.5])
    for bar in range(sheet.bars):
        root = chords[bar % len(chords)]
        seconds = 4.6 * sheet.beat
        for third in range(4):
            for side, detune in ((-0.8, -0.06), (0.8, 0.06)):
                note = sheet.note(root + 2 * third, 3) + detune
                pad = sustained(note, seconds, spectrum, attack=0.25 * seconds, release=0.3 * seconds)
                sheet.add(pad, bar, 0, 0.5, side)
        sheet.add(sustained(sheet.note(root, 2), seconds, [1, 0.3], attack=0.3, release=0.8), bar, 0, 0.6)
        for beat in range(4):
            degree = root + 2 * int(random.integers(0, 4))
            chime = bell(sheet.note(degree, 5), 1.6, ratio=ratio, decay=3)
            sheet.add(chime, bar, beat, 0.5, random.uniform(-0.6, 0.6))
    sheet.echo(0.75, 0.35)
    return sheet


def _pulsing(random: Random, tonic: int, place: float) -> Score:
    """Four on the floor: kick, clap, open hats, an off-beat bass and stabs of detuned saws."""
    sheet = Score(119 + 11 * place + random.uniform(-0.8, 0.8), 4, tonic, "minor", 0.85)
    saw = [1 / k for k in range(1, 40)]
    drum, clap = kick(punch=random.uniform(130, 260)), snare(random, tone=random.uniform(300, 420))
    closed, opened = hat(random, seconds=0.05), hat(random, seconds=random.uniform(0.12, 0.2))
    chords = _one_of(random, [[0, 5, 0, 6], [0, 3, 0, 4], [0, 0, 5, 6], [0, 6, 5, 0]])
    stabs = _one_of(random, [(0, 0.75, 1.5, 2.5, 3.25), (0.5, 1.5, 2.5, 3.5), (0, 1.5, 3, 3.5)])
    length = random.uniform(0.18, 0.32)
    for bar in range(sheet.bars):
        root = chords[bar % len(chords)]
        for beat in range(4):
            sheet.add(drum, bar, beat, 1.1)
            sheet.add(closed, bar, beat + 0.25, 0.5, -0.3)
            sheet.add(opened, bar, beat + 0.5, 0.8, 0.3)
            sheet.add(closed, bar, beat + 0.75, 0.5, -0.3)
        sheet.add(clap, bar, 1, 0.7)
        sheet.add(clap, bar, 3, 0.7)
        bass = sustained(sheet.note(root, 1), sheet.beat * 0.45, saw[:12], attack=0.004, release=0.05)
        for half in range(8):
            sheet.add(bass, bar, half / 2, 0.25 if half % 2 == 0 else 0.5)
        for side, detune in ((-0.7, -0.09), (0.7, 0.09)):
            stab = _chord(sheet, root, detune, saw, length)
            for when in stabs:
                sheet.add(stab, bar, when, 0.3, side)
    return sheet


def _chord(sheet: Score, root: int, detune: float, spectrum: Sequence[float], seconds: float) -> Wave:
    notes = [sheet.note(root + 2 * third, 4) + detune for third in range(3)]
    waves = [sustained(note, seconds, spectrum, attack=0.005, release=0.7 * seconds) for note in notes]
    return waves[0] + waves[1] + waves[2]


def _fingerpicked(random: Random, tonic: int, place: float) -> Score:
    """A waltz on plucked strings: bass, chord, chord, and a tune on top."""
    sheet = Score(92 + 40 * place + random.uniform(-2, 2), 3, tonic, "major", 0.6)
    brightness, decay = random.uniform(0.5, 0.66), random.uniform(1.1, 1.9)
    strings: dict[int, Wave] = {}

    def pluck(note: int, bar: int, beat: float, gain: float, pan: float) -> None:
        if note not in strings:
            strings[note] = plucked(note, 1.3, brightness=brightness, decay=decay)
        sheet.add(strings[note], bar, max(0, beat + random.normal(0, 0.006)), gain, pan)

    chords = _one_of(random, [[0, 3, 0, 4], [0, 5, 3, 4], [0, 4, 3, 0], [0, 3, 4, 4]])
    tune = int(random.integers(4, 8))
    for bar in range(sheet.bars):
        root = chords[bar % len(chords)]
        pluck(sheet.note(root if bar % 2 == 0 else root + 4, 2), bar, 0, 1.0, -0.2)
        for beat in (1, 2):
            for third in range(3):
                pluck(sheet.note(root + 2 * third, 3), bar, beat + 0.02 * third, 0.45, 0.3 * (third - 1))
            pluck(sheet.note(root + 2 * int(random.integers(0, 3)), 3), bar, beat + 0.5, 0.3, 0.2)
        for when in _one_of(random, [(0, 1, 2), (0, 2), (0, 1, 1.5, 2), (0, 1.5)]):
            tune = int(np.clip(tune + _one_of(random, [-2, -1, 1, 2]), 2, 11))
            degree = root + 2 * round((tune - root) / 2) if when == 0 else tune
            pluck(sheet.note(degree, 4), bar, when, 0.8, 0.15)
    return sheet


def _driving(random: Random, tonic: int, place: float) -> Score:
    """Fast distorted power chords with a full drum kit, and a lead that wails over them."""
    sheet = Score(142 + 32 * place + random.uniform(-1.5, 1.5), 4, tonic, "minor", 0.98)
    drum = kick(punch=random.uniform(60, 110), seconds=0.18)
    rattle = snare(random, tone=random.uniform(170, 230))
    ride, crash = hat(random, seconds=0.11), hat(random, seconds=1.1)
    drive = random.uniform(2.5, 5)
    chords = _one_of(random, [[0, 2, 3, 0], [0, 5, 2, 0], [0, 0, 2, 6], [0, 3, 0, 2]])
    kicks = _one_of(random, [(0, 2.5), (0, 1.5, 2), (0, 0.5, 2, 2.5)])
    tune = 3
    for bar in range(sheet.bars):
        root = chords[bar % len(chords)]
        low = sheet.note(root, 2)
        chug = distorted([low, low + 7, low + 12], sheet.beat * 0.48, drive=drive, decay=1.5)
        for half in range(8):
            sheet.add(chug, bar, half / 2, 0.8 if half % 2 else 1.0, -0.5 if half % 2 else 0.5)
            sheet.add(ride, bar, half / 2, 0.7, -0.4)
        sheet.add(sustained(low - 12, sheet.beat * 4, [1, 0.6, 0.4], attack=0.01, release=0.1), bar, 0, 0.4)
        for when in kicks:
            sheet.add(drum, bar, when, 1.3)
        sheet.add(rattle, bar, 1, 1.1)
        sheet.add(rattle, bar, 3, 1.1)
        if bar % 4 == 0:
            sheet.add(crash, bar, 0, 1.0, 0.4)
        for when in _one_of(random, [(0, 1.5, 2, 3), (0, 2, 3.5), (0, 1, 2, 3)]):
            tune = int(np.clip(tune + _one_of(random, [-2, -1, 1, 2]), 0, len(PENTATONIC) - 1))
            lead = distorted([sheet.note(PENTATONIC[tune], 4)], sheet.beat, drive=drive, decay=1)
            sheet.add(lead, bar, when, 0.6, 0.2)
    return sheet


STYLES = {"ambient": _drifting, "dance": _pulsing, "folk": _fingerpicked, "rock": _driving}
