"""Short pieces of music that all differ, as bytes of a file."""

import io
import wave
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from discord_sandbox.music.instruments import RATE
from discord_sandbox.music.styles import STYLES

MIME = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "webm": "video/webm",
    "txt": "text/plain",
}

File = tuple[str, bytes, str]


@lru_cache(maxsize=64)
def samples(number: int, seconds: float = 5.0) -> NDArray[np.float32]:
    """(n,) samples of piece `number`; numbers that are equal modulo 4 are of the same style."""
    random = np.random.default_rng(number)
    play = list(STYLES.values())[number % 4]
    mono: NDArray[np.float32] = play(random, number % 12, 0.5).mixed().mean(axis=1)
    return mono[: int(seconds * RATE)]


@lru_cache(maxsize=256)
def encoded(
    number: int, suffix: str = "mp3", title: str = "", artist: str = "", seconds: float = 5.0
) -> bytes:
    """Piece `number` as a file of this type, with these tags."""
    from discord_sandbox.music.encode import write_audio

    tags = {name: text for name, text in (("title", title), ("artist", artist)) if text}
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"piece.{suffix}"
        write_audio(samples(number, seconds), RATE, path, tags=tags)
        return path.read_bytes()


@lru_cache(maxsize=4)
def plain_tone(seconds: float, rate: int = 8000) -> bytes:
    """A WAV file that is long and yet small."""
    from discord_sandbox.music.encode import write_audio

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tone.wav"
        tone = np.sin(np.arange(int(seconds * rate)) * 0.3) * 0.5
        write_audio(tone.astype(np.float32), rate, path)
        return path.read_bytes()


def clip(number: int, seconds: float = 3.0, rate: int = 16_000) -> bytes:
    """A WAV file of music by dice, quickly made; every number's is another."""
    random = np.random.default_rng(number)
    time_ = np.arange(int(rate * seconds)) / rate
    sound = 0.05 * random.normal(size=len(time_))
    for start in np.arange(0, seconds, 0.25):
        tone = 220 * 2 ** (random.integers(0, 36) / 12)
        since = time_ - start
        sound += (since >= 0) * np.sin(2 * np.pi * tone * since) * np.exp(-4 * np.maximum(since, 0)) * 0.3
    kept = io.BytesIO()
    with wave.open(kept, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
    return kept.getvalue()


def file(
    number: int,
    name: str = "",
    suffix: str = "mp3",
    *,
    title: str = "",
    artist: str = "",
    seconds: float = 5.0,
) -> File:
    """Piece `number` as something to attach: name, bytes, content type."""
    data = encoded(number, suffix, title, artist, seconds)
    return name or f"piece_{number}.{suffix}", data, MIME[suffix]
