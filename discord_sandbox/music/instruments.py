"""A few synthetic instruments: each gives one note or one stroke, (n,) float32 around full scale ±1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
TABLE = 4096

Wave = NDArray[np.float32]


def hertz(note: float) -> float:
    """The frequency of a MIDI note number."""
    return float(440 * 2 ** ((note - 69) / 12))


def sustained(
    note: float, seconds: float, spectrum: Sequence[float], *, attack: float, release: float
) -> Wave:
    """An organ-like tone with the given strengths of its harmonics, faded in and out."""
    wave = _cycle(note, seconds, spectrum)
    return wave * _fade(len(wave), attack, release)


def plucked(note: float, seconds: float, *, brightness: float, decay: float) -> Wave:
    """A string: partials fall by `brightness` each and die the sooner the higher they are."""
    time = _time(seconds)
    wave = np.zeros_like(time)
    for partial in range(1, 1 + min(9, int(16_000 / hertz(note)))):
        strength = brightness ** (partial - 1)
        envelope = np.exp(-time * decay * (1 + 0.6 * partial))
        wave += strength * envelope * np.sin((2 * np.pi * hertz(note) * partial * 1.0002**partial) * time)
    return _single(wave * _fade(len(wave), 0.002, 0.03) / 2)


def bell(note: float, seconds: float, *, ratio: float, decay: float) -> Wave:
    """Two sines, one modulating the other (frequency modulation), dying away."""
    time = _time(seconds)
    envelope = np.exp(-time * decay)
    angle = 2 * np.pi * hertz(note) * time
    wave = envelope * np.sin(angle + 1.4 * envelope * np.sin(ratio * angle))
    return _single(wave * _fade(len(wave), 0.004, 0.05))


def distorted(notes: Sequence[float], seconds: float, *, drive: float, decay: float) -> Wave:
    """Strings through an overdriven amplifier and a dull loudspeaker."""
    spectrum = [1 / harmonic for harmonic in range(1, 13)]
    clean = np.sum([_cycle(note, seconds, spectrum) for note in notes], axis=0)
    driven = np.tanh(drive * clean * np.exp(-_time(seconds) * decay))
    loudspeaker = np.hanning(13) / np.hanning(13).sum()
    return _single(np.convolve(driven, loudspeaker, mode="same") * _fade(len(driven), 0.003, 0.02))


def kick(*, punch: float, seconds: float = 0.3) -> Wave:
    """A bass drum: a sine that falls from `punch` Hz above 48 Hz."""
    time = _time(seconds)
    angle = 2 * np.pi * (48 * time - punch / 28 * np.exp(-28 * time))
    return _single(np.sin(angle) * np.exp(-time * 11) * _fade(len(time), 0.001, 0.02))


def snare(random: np.random.Generator, *, tone: float, seconds: float = 0.22) -> Wave:
    """A snare drum: noise over a short tone of `tone` Hz."""
    time = _time(seconds)
    rattle = random.standard_normal(len(time), dtype=np.float32) * np.exp(-time * 19)
    return _single(0.45 * rattle + 0.5 * np.sin(2 * np.pi * tone * time) * np.exp(-time * 27))


def hat(random: np.random.Generator, *, seconds: float = 0.06) -> Wave:
    """A hi-hat or a cymbal: noise without its lows, dying within `seconds`."""
    time = _time(seconds)
    noise = np.diff(random.standard_normal(len(time) + 2, dtype=np.float32), n=2)
    return _single(0.2 * noise * np.exp(-time * (5 / seconds)))


def _single(wave: NDArray[Any]) -> Wave:
    return wave.astype(np.float32, copy=False)


def _time(seconds: float) -> Wave:
    return np.arange(int(seconds * RATE), dtype=np.float32) / np.float32(RATE)


def _cycle(note: float, seconds: float, spectrum: Sequence[float]) -> Wave:
    """A periodic wave, read from a table of one cycle that has no harmonic above 18 kHz."""
    strengths = spectrum[: max(1, int(18_000 / hertz(note)))]
    sines = np.zeros(TABLE // 2 + 1, dtype=np.complex64)
    sines[1 : 1 + len(strengths)] = np.asarray(strengths) * (-0.5j * TABLE)
    table = _single(np.fft.irfft(sines))
    step = hertz(note) / RATE * TABLE
    places = (np.arange(int(seconds * RATE)) * step).astype(np.int64) & (TABLE - 1)
    return _single(table[places])


def _fade(length: int, attack: float, release: float) -> Wave:
    envelope = np.ones(length, dtype=np.float32)
    rise, fall = min(length, int(attack * RATE)), min(length, int(release * RATE))
    envelope[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    envelope[length - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return envelope
