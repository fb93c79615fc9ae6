"""What people share becomes samples: formats, rates, channels, tags and odd but honest files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bot.errors import Failure, Refused
from discord_sandbox.music.encode import write_audio
from discord_sandbox.music.synth import ComposedSong
from tests.audio.conftest import Decode
from tests.audio.media import RATE, id3_with_cover, tone, write_codec, write_picture, write_video, write_wav


@pytest.fixture
def heard(decode: Decode) -> Decode:
    """Decode a file beside itself."""
    return lambda path, **options: decode(path, path.parent, **{"max_seconds": 60, **options})


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".webm"])
async def test_each_format_gives_its_sound_and_tags(
    heard: Decode, suffix: str, songs: list[ComposedSong], tmp_path: Path
) -> None:
    song, path = songs[0], tmp_path / f"song{suffix}"
    samples = song.samples[: 4 * song.rate]
    tags = {"title": "Déjà Vu", "artist": "Mira Holt", "album": "First", "genre": "Quiet"}
    write_audio(samples, song.rate, path, tags=tags)
    decoded = await heard(path)
    assert (decoded.title, decoded.artist, decoded.album, decoded.genre) == tuple(tags.values())
    assert decoded.channels == 1
    assert decoded.seconds == pytest.approx(4, abs=0.1)
    assert decoded.samples().dtype == np.float32
    assert decoded.samples().shape == (round(decoded.seconds * decoded.rate),)
    assert rms(decoded.samples()) == pytest.approx(rms(samples.mean(axis=1)), rel=0.1)


@pytest.mark.parametrize(
    ("codec", "suffix", "rate"),
    [("aac", ".aac", 44_100), ("aac", ".mov", 44_100), ("mp2", ".mpg", 48_000), ("alac", ".m4a", 44_100),
     ("wavpack", ".wv", 44_100), ("libmp3lame", ".mkv", 44_100), ("libopencore_amrnb", ".3gp", 8_000)],
)  # fmt: skip
async def test_other_formats_that_people_have_are_heard(
    heard: Decode, codec: str, suffix: str, rate: int, tmp_path: Path
) -> None:
    decoded = await heard(write_codec(tmp_path / f"song{suffix}", codec, tone(2, rate=rate), rate))
    assert (decoded.rate, decoded.seconds) == (rate, pytest.approx(2, abs=0.1))
    assert rms(decoded.samples()) == pytest.approx(rms(tone(2)), rel=0.3)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [("wav", "PCM_U8"), ("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("wav", "DOUBLE"),
     ("flac", "PCM_16"), ("flac", "PCM_24"), ("aiff", "PCM_16")],
)  # fmt: skip
async def test_lossless_files_are_exact_at_their_own_rate_and_channels(
    heard: Decode, suffix: str, subtype: str, songs: list[ComposedSong], tmp_path: Path
) -> None:
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, songs[1].samples[:96_000], 96_000, subtype=subtype)
    decoded = await heard(path, mono=False, max_rate=None)
    expected, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert (decoded.rate, decoded.channels) == (rate, 2)
    assert np.array_equal(decoded.samples(), expected)


async def test_mono_is_the_mean_of_the_channels(heard: Decode, tmp_path: Path) -> None:
    channels = np.stack([tone(1), tone(1, hertz=880), np.zeros(RATE, np.float32)], axis=1)
    soundfile.write(tmp_path / "three.wav", channels, RATE, subtype="FLOAT")
    decoded = await heard(tmp_path / "three.wav")
    assert np.allclose(decoded.samples(), channels.mean(axis=1), atol=1e-7)


async def test_a_high_rate_is_lowered_without_aliases(heard: Decode, tmp_path: Path) -> None:
    low, high = tone(1, rate=96_000, hertz=1000), tone(1, rate=96_000, hertz=30_000)
    soundfile.write(tmp_path / "low.wav", low, 96_000)
    soundfile.write(tmp_path / "both.wav", (low + high) / 2, 96_000, subtype="FLOAT")
    kept, both = await heard(tmp_path / "low.wav"), await heard(tmp_path / "both.wav")
    assert kept.rate == both.rate == 48_000
    assert len(both.samples()) == 48_000
    middle = slice(2000, -2000)
    assert np.abs(2 * both.samples()[middle] - kept.samples()[middle]).max() < 1e-3
    assert rms(kept.samples()[middle]) == pytest.approx(rms(low), rel=1e-3)


async def test_a_low_rate_is_left_alone(heard: Decode, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "voice.wav", tone(1, rate=8000), 8000)
    assert (await heard(tmp_path / "voice.wav")).rate == 8000


async def test_the_sound_of_a_video_is_found(heard: Decode, tmp_path: Path) -> None:
    decoded = await heard(write_video(tmp_path / "clip.mp4", tone(2)))
    assert decoded.seconds == pytest.approx(2, abs=0.1)
    assert rms(decoded.samples()) == pytest.approx(rms(tone(2)), rel=0.05)


async def test_a_video_without_sound_is_refused(heard: Decode, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can't find any sound") as refused:
        await heard(write_video(tmp_path / "mute.mp4", None, sounds=0))
    assert refused.value.kind is Failure.NOT_AUDIO


async def test_pieces_glued_together_at_other_rates_and_channels_are_all_heard(
    heard: Decode, tmp_path: Path
) -> None:
    parts = [(tone(1, rate=44_100), 44_100), (np.stack([tone(1, rate=32_000)] * 2, axis=1), 32_000)]
    for number, (samples, rate) in enumerate(parts):
        write_audio(samples, rate, tmp_path / f"{number}.mp3")
    glued = tmp_path / "glued.mp3"
    glued.write_bytes((tmp_path / "0.mp3").read_bytes() + (tmp_path / "1.mp3").read_bytes())
    decoded = await heard(glued)
    assert decoded.seconds == pytest.approx(2, abs=0.15)
    for start in (0.3, 1.4):
        piece = decoded.samples()[int(start * decoded.rate) :][: decoded.rate // 2]
        assert np.argmax(np.abs(np.fft.rfft(piece))) * 2 == pytest.approx(440, abs=3)


def damaged(path: Path, begin: float, end: float) -> Path:
    """The file with garbage between two shares of its length."""
    content = bytearray(path.read_bytes())
    first, last = int(begin * len(content)), int(end * len(content))
    content[first:last] = np.random.default_rng(0).bytes(last - first)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".flac", ".m4a", ".webm"])
async def test_a_damaged_stretch_loses_only_itself(
    heard: Decode, suffix: str, songs: list[ComposedSong], tmp_path: Path
) -> None:
    write_audio(songs[0].samples[: 10 * RATE], RATE, tmp_path / f"song{suffix}")
    assert (await heard(damaged(tmp_path / f"song{suffix}", 0.3, 0.5))).seconds > 5.5


async def test_what_is_mostly_damaged_is_no_audio(
    heard: Decode, songs: list[ComposedSong], tmp_path: Path
) -> None:
    write_audio(songs[0].samples[: 8 * RATE], RATE, tmp_path / "song.m4a")
    with pytest.raises(Refused) as refused:
        await heard(damaged(tmp_path / "song.m4a", 0.15, 0.9))
    assert refused.value.kind is Failure.NOT_AUDIO


async def test_what_is_left_of_a_truncated_file_is_heard(
    heard: Decode, songs: list[ComposedSong], tmp_path: Path
) -> None:
    path = tmp_path / "song.mp3"
    write_audio(songs[0].samples, songs[0].rate, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert (await heard(path)).seconds == pytest.approx(len(songs[0].samples) / RATE / 2, rel=0.1)


async def test_numbers_that_are_none_become_silence(heard: Decode, tmp_path: Path) -> None:
    samples = tone(1)
    samples[1000:1003] = np.nan, np.inf, -1e30
    write_wav(tmp_path / "nan.wav", samples.tobytes(), rate=RATE, channels=1, bits=32, form=3)
    decoded = (await heard(tmp_path / "nan.wav")).samples()
    assert np.array_equal(decoded[1000:1003], [0, 0, 0])
    assert np.array_equal(np.delete(decoded, range(1000, 1003)), np.delete(samples, range(1000, 1003)))


async def test_an_mp3_with_a_cover_is_heard_and_named(heard: Decode, tmp_path: Path) -> None:
    write_audio(tone(2), RATE, tmp_path / "bare.mp3")
    cover = id3_with_cover(write_picture(tmp_path / "cover.png").read_bytes())
    (tmp_path / "song.mp3").write_bytes(cover + (tmp_path / "bare.mp3").read_bytes())
    decoded = await heard(tmp_path / "song.mp3")
    assert decoded.title == "Only a cover"
    assert decoded.seconds == pytest.approx(2, abs=0.1)


async def test_tags_are_cleaned(heard: Decode, tmp_path: Path) -> None:
    tags = {"title": "  Two\n  Lines\x07 ", "album_artist": "Everyone", "album": "x" * 1000}
    write_audio(tone(1), RATE, tmp_path / "tags.flac", tags=tags)
    decoded = await heard(tmp_path / "tags.flac")
    assert decoded.title == "Two Lines"
    assert decoded.artist == "Everyone"
    assert decoded.album == "x" * 200


async def test_a_tag_in_an_unknown_encoding_does_not_hurt(heard: Decode, tmp_path: Path) -> None:
    write_audio(tone(1), RATE, tmp_path / "tags.wav", tags={"title": "Motorhead"})
    content = (tmp_path / "tags.wav").read_bytes().replace(b"Motorhead", "Motörhead".encode("latin-1"))
    (tmp_path / "tags.wav").write_bytes(content)
    assert (await heard(tmp_path / "tags.wav")).title == "Mot\ufffdrhead"


async def test_a_name_is_never_taken_for_an_instruction(heard: Decode, tmp_path: Path) -> None:
    for name in ("concat:a|b.wav", "100%d.wav", "-i.wav", "pipe:0.wav"):
        soundfile.write(tmp_path / name, tone(1), RATE, format="wav")
        assert (await heard(tmp_path / name)).seconds == 1


async def test_silence_and_very_short_sounds_are_refused_unless_wanted(heard: Decode, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(
        tmp_path / "hiss.wav", np.random.default_rng(0).integers(-1, 2, RATE).astype(np.int16), RATE
    )
    soundfile.write(tmp_path / "short.wav", tone(0.3), RATE)
    soundfile.write(tmp_path / "quiet.wav", tone(1, gain=1e-3), RATE)
    for name in ("silent.wav", "hiss.wav", "short.wav"):
        with pytest.raises(Refused, match="silent or too short") as refused:
            await heard(tmp_path / name)
        assert refused.value.kind is Failure.SILENT
        assert (await heard(tmp_path / name, allow_silence=True)).seconds > 0.2
    assert (await heard(tmp_path / "quiet.wav")).seconds == 1
