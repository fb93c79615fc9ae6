"""The composed songs: what the demo and the other tests rely on."""

from collections import Counter

import librosa
import numpy as np
import pytest

from discord_sandbox.music.styles import STYLES
from discord_sandbox.music.synth import ComposedSong, compose


def mfcc_statistics(song: ComposedSong) -> np.ndarray:
    """A plain 80-d vector: mean, deviation, maximum and minimum of 20 coefficients, normalised."""
    mono = librosa.resample(
        song.samples.mean(axis=1), orig_sr=song.rate, target_sr=22_050, res_type="soxr_hq"
    )
    mfcc = librosa.feature.mfcc(y=mono, sr=22_050, n_mfcc=20)
    vector = np.concatenate([mfcc.mean(1), mfcc.std(1), mfcc.max(1), mfcc.min(1)])
    return vector / np.linalg.norm(vector)


def neighbours_of_the_same_style(songs: list[ComposedSong]) -> float:
    """Precision at 3, leave one out; chance gives 3/15."""
    vectors = np.array([mfcc_statistics(song) for song in songs])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    nearest = np.argsort(-likeness, axis=1)[:, :3]
    return float(
        np.mean([[songs[j].style == song.style for j in nearest[i]] for i, song in enumerate(songs)])
    )


def test_there_are_four_stereo_songs_of_each_style(songs: list[ComposedSong]) -> None:
    assert Counter(song.style for song in songs) == dict.fromkeys(STYLES, 4)
    for song in songs:
        assert song.samples.dtype == np.float32
        assert song.samples.shape == (len(song.samples), 2)
        assert 13 < len(song.samples) / song.rate < 18
        assert 0.2 < np.abs(song.samples).max() < 1


def test_neither_title_nor_artist_tells_the_style(songs: list[ComposedSong]) -> None:
    assert len({song.title for song in songs}) == len(songs)
    for artist in {song.artist for song in songs}:
        assert len({song.style for song in songs if song.artist == artist}) == 2
    assert not any(style in f"{song.title} {song.artist}".lower() for song in songs for style in STYLES)


def test_songs_of_one_style_differ_in_key_and_tempo(songs: list[ComposedSong]) -> None:
    for style in STYLES:
        same = [song for song in songs if song.style == style]
        assert len({song.key for song in same}) == 4
        tempos = sorted(song.bpm for song in same)
        assert min(np.diff(tempos)) > 0.02 * tempos[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_plain_timbre_vector_finds_the_style(seed: int, songs: list[ComposedSong]) -> None:
    assert neighbours_of_the_same_style(songs if seed == 0 else compose(seed)) >= 0.85


def test_the_same_seed_gives_the_same_songs_and_another_gives_others(songs: list[ComposedSong]) -> None:
    again, other = compose(0), compose(1)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(songs, again, strict=True))
    assert [song.title for song in again] == [song.title for song in songs]
    assert not {song.samples.tobytes() for song in songs} & {song.samples.tobytes() for song in other}
