"""What is measured of a track agrees with what was composed, generated or defined."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from bot.audio.features import Features, measure
from bot.audio.key import NAMES
from bot.audio.loudness import integrated_loudness
from discord_sandbox.music.synth import ComposedSong, compose
from tests.audio.media import RATE, tone


@pytest.fixture(scope="module")
def measured(songs: list[ComposedSong]) -> list[tuple[ComposedSong, Features]]:
    """Songs that are composed in a known tempo and key, and what was measured of them."""
    return [(song, measure(song.samples, song.rate)) for song in [*songs, *compose(5)]]


def relative(key: str) -> str:
    """The key with the same notes in the other mode."""
    tonic, mode = key.split()
    if mode == "major":
        return f"{NAMES[(NAMES.index(tonic) + 9) % 12]} minor"
    return f"{NAMES[(NAMES.index(tonic) + 3) % 12]} major"


def test_the_tempo_of_composed_songs_is_found(measured: list[tuple[ComposedSong, Features]]) -> None:
    ratios = np.array([features.tempo / song.bpm for song, features in measured])
    right = np.abs(ratios - 1) < 0.02
    an_octave_off = (np.abs(ratios / 2 - 1) < 0.02) | (np.abs(ratios * 2 - 1) < 0.02)
    assert np.mean(right) >= 0.9
    assert np.mean(right | an_octave_off) >= 0.95


def test_the_key_of_composed_songs_is_found(measured: list[tuple[ComposedSong, Features]]) -> None:
    assert np.mean([f.key == song.key for song, f in measured]) >= 0.85
    assert np.mean([f.key in {song.key, relative(song.key)} for song, f in measured]) >= 0.9


def clicks(bpm: float, seconds: float = 20) -> np.ndarray:
    """A metronome: a short burst of noise on each beat."""
    samples = np.zeros(int(seconds * RATE), np.float32)
    burst = np.random.default_rng(0).normal(0, 0.3, 600).astype(np.float32) * np.linspace(
        1, 0, 600, dtype=np.float32
    )
    for beat in np.arange(0.1, seconds - 0.1, 60 / bpm):
        samples[int(beat * RATE) : int(beat * RATE) + 600] += burst
    return samples


@pytest.mark.parametrize("bpm", [72, 96, 128, 150, 180])
def test_a_metronome_is_followed_with_confidence(bpm: float) -> None:
    features = measure(clicks(bpm), RATE)
    assert features.tempo == pytest.approx(bpm, rel=0.01)
    assert features.tempo_confidence > 0.7


def test_without_a_pulse_there_is_no_confidence() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * RATE).astype(np.float32)
    assert measure(noise, RATE).tempo_confidence < 0.1


def chord(notes: list[int]) -> np.ndarray:
    """Two seconds of sines at MIDI notes."""
    return np.sum([tone(2, hertz=440 * 2 ** ((note - 69) / 12), gain=0.1) for note in notes], axis=0)


@pytest.mark.parametrize("tonic", [0, 3, 7, 10])
@pytest.mark.parametrize("tuning", [1.0, 2 ** (0.35 / 12)])
def test_a_cadence_is_in_its_key_also_when_tuned_otherwise(tonic: int, tuning: float) -> None:
    major = [[60, 64, 67], [65, 69, 72], [67, 71, 74], [60, 64, 67]]
    minor = [[60, 63, 67], [65, 68, 72], [67, 70, 74], [60, 63, 67]]
    for mode, chords in (("major", major), ("minor", minor)):
        samples = np.concatenate(
            [chord([note + tonic + 12 * np.log2(tuning) for note in notes]) for notes in chords]
        )
        assert measure(samples, RATE).key == f"{NAMES[tonic]} {mode}"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
@pytest.mark.parametrize("rate", [48_000, 22_050])
def test_loudness_passes_the_test_signals_of_ebu_tech_3341(
    levels: list[tuple[float, float]], expected: float, rate: int
) -> None:
    parts = [tone(seconds, rate=rate, hertz=1000, gain=10 ** (level / 20)) for level, seconds in levels]
    stereo = np.repeat(np.concatenate(parts)[:, None], 2, axis=1)
    assert integrated_loudness(stereo, rate) == pytest.approx(expected, abs=0.1)
    assert integrated_loudness(stereo[:, 0], rate) == pytest.approx(expected, abs=0.1)


def test_silence_has_the_lowest_loudness() -> None:
    assert integrated_loudness(np.zeros(RATE, np.float32), RATE) == -70
    assert integrated_loudness(tone(0.2), RATE) == -70


def test_brightness_is_the_middle_of_the_spectrum(measured: list[tuple[ComposedSong, Features]]) -> None:
    assert measure(tone(3, hertz=500), RATE).brightness == pytest.approx(500, rel=0.1)
    assert measure(tone(3, hertz=5000), RATE).brightness == pytest.approx(5000, rel=0.1)
    by_style = {
        style: np.mean([f.brightness for s, f in measured if s.style == style]) for style in ("rock", "folk")
    }
    assert by_style["rock"] > 1.3 * by_style["folk"]


def babble(seconds: float = 12) -> np.ndarray:
    """Something like talk: syllables of gliding buzz through changing formants, with pauses between words."""
    random = np.random.default_rng(1)
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < seconds * RATE:
        length = int(random.uniform(0.1, 0.25) * RATE)
        pitch = np.cumsum(np.linspace(random.uniform(90, 140), random.uniform(90, 140), length)) / RATE
        harmonics = np.arange(1, 30)[:, None]
        formants = random.uniform([300, 900, 2300], [800, 2200, 3000])
        shape = np.sum([np.exp(-(((harmonics * 115 - f) / 150) ** 2)) for f in formants], axis=0)
        voiced = np.sum(shape * np.sin(2 * np.pi * harmonics * pitch), axis=0) * np.hanning(length)
        hiss = random.normal(0, 0.3, int(random.uniform(0.02, 0.08) * RATE))
        pause = np.zeros(int(random.choice([0.02, 0.02, 0.25]) * RATE))
        pieces += [voiced * 0.2, hiss * 0.2, pause]
    return np.concatenate(pieces).astype(np.float32)


def test_music_is_no_speech_and_talk_is(measured: list[tuple[ComposedSong, Features]]) -> None:
    assert max(features.speech for _, features in measured) < 0.2
    assert measure(babble(), RATE).speech > 0.8
    assert measure(clicks(110), RATE).speech < 0.2


@pytest.mark.parametrize("count", [0, 1, 500, 3000])
def test_very_little_sound_has_no_facts_but_numbers(count: int) -> None:
    features = measure(np.ones(count, np.float32), RATE)
    assert (features.tempo, features.key) == (0, "")
    json.dumps(asdict(features), allow_nan=False)


def test_what_is_no_number_is_passed_over() -> None:
    samples = clicks(120)
    samples[5000:5003] = np.nan, np.inf, -np.inf
    features = measure(samples, RATE)
    json.dumps(asdict(features), allow_nan=False)
    assert features.tempo == pytest.approx(120, rel=0.01)
    assert features.loudness == pytest.approx(measure(clicks(120), RATE).loudness, abs=0.5)


def test_a_long_track_is_judged_by_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.concatenate([clicks(80, 40), clicks(150, 20), clicks(80, 40)])
    monkeypatch.setattr("bot.audio.features.MAX_EXCERPT_SECONDS", 20)
    assert measure(samples, RATE).tempo == pytest.approx(150, rel=0.01)


def test_channels_are_heard_together(songs: list[ComposedSong]) -> None:
    song = songs[0]
    both, mono = measure(song.samples, song.rate), measure(song.samples.mean(axis=1), song.rate)
    assert (both.tempo, both.key, both.brightness) == (mono.tempo, mono.key, mono.brightness)
