"""Every suffix that a test or the demo writes holds the sound and the tags it was given."""

from pathlib import Path

import av
import numpy as np
import pytest

from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.synth import ComposedSong

TAGS = {"title": "Crème & Brûlée", "artist": "Mira Holt", "album": "First", "genre": "None"}


def read(path: Path) -> tuple[np.ndarray, int, dict[str, str]]:
    """Samples (n, channels), their rate, and the tags with lower-case names."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        frames = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
        tags = {name.lower(): value for name, value in (container.metadata | stream.metadata).items()}
        return np.concatenate(frames, axis=1).T, stream.rate, tags


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".webm", ".opus"])
def test_each_format_keeps_sound_and_tags(suffix: str, songs: list[ComposedSong], tmp_path: Path) -> None:
    song = songs[0]
    path = tmp_path / f"song{suffix}"
    write_audio(song.samples[: 3 * song.rate], song.rate, path, tags=TAGS)
    samples, rate, tags = read(path)
    assert {name: tags[name] for name in TAGS} == TAGS
    assert samples.shape[1] == 2
    assert len(samples) / rate == pytest.approx(3, abs=0.1)
    loudness = np.sqrt(np.mean(song.samples[: 3 * song.rate] ** 2))
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(loudness, rel=0.1)


def test_flac_and_wav_lose_only_the_last_bit(songs: list[ComposedSong], tmp_path: Path) -> None:
    for suffix in (".wav", ".flac"):
        write_audio(songs[1].samples, songs[1].rate, tmp_path / f"song{suffix}")
        samples, rate, _ = read(tmp_path / f"song{suffix}")
        assert rate == songs[1].rate
        assert np.abs(samples - songs[1].samples).max() <= 1 / 32768


def test_mono_and_a_rate_that_the_codec_cannot_have(tmp_path: Path) -> None:
    tone = np.sin(np.arange(11_025, dtype=np.float32) / 10)
    write_audio(tone, 11_025, tmp_path / "tone.ogg")
    samples, rate, _ = read(tmp_path / "tone.ogg")
    assert rate == 48_000
    assert samples.shape[1] == 1
    assert len(samples) == pytest.approx(48_000, abs=1500)


def test_an_unknown_suffix_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't write '\.doc'"):
        write_audio(np.zeros(100, np.float32), 44_100, tmp_path / "song.doc")
    assert not list(tmp_path.iterdir())
