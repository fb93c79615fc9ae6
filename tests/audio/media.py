"""Files that the decoder meets: good ones, odd ones, and ones made to hurt it."""

import struct
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 44_100
TEN_HOURS = 36_000


def tone(seconds: float, *, rate: int = RATE, hertz: float = 440, gain: float = 0.5) -> NDArray[np.float32]:
    """A sine of (n,) samples."""
    return (gain * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def write_wav(
    path: Path, data: bytes, *, rate: int, channels: int, bits: int, form: int = 1, size: int = 0
) -> Path:
    """A RIFF file byte by byte; `form` 1: integers, 3: floats; `size` is what its header claims, if not the truth."""
    block = channels * bits // 8
    header = struct.pack("<HHIIHH", form, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, bits)
    claimed = size or len(data)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", (claimed + 36) & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + header
        + b"data" + struct.pack("<I", claimed & 0xFFFFFFFF) + data
    )  # fmt: skip
    return path


def write_flac_of_silence(path: Path, seconds: int, *, rate: int = 1_000, claim: int | None = None) -> Path:
    """A few hundred bytes a minute; `claim` replaces the number of samples in the header (0: unknown)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, seconds * rate), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if claim is not None:
        content = bytearray(path.read_bytes())
        content[21] = content[21] & 0xF0 | claim >> 32
        content[22:26] = struct.pack(">I", claim & 0xFFFFFFFF)
        path.write_bytes(content)
    return path


def write_codec(
    path: Path, codec: str, samples: NDArray[np.float32], rate: int, *, bit_rate: int | None = None
) -> Path:
    """One channel (n,) as `write_audio` doesn't write it; an mp3 doesn't say how long it is."""
    options = {"write_xing": "0"} if path.suffix == ".mp3" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_video(path: Path, samples: NDArray[np.float32] | None, *, sounds: int = 1) -> Path:
    """Two seconds of moving grey, with `sounds` sound tracks of the samples (n,) at 44.1 kHz."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        streams = [container.add_stream("aac", rate=RATE, layout="mono") for _ in range(sounds)]
        for number in range(20):
            picture = np.full((48, 64, 3), 10 * number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        if samples is None:
            return path
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def write_picture(path: Path) -> Path:
    """A small PNG."""
    with av.open(str(path), "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1, width=8, height=8, pix_fmt="rgb24")
        container.mux(
            stream.encode(av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8), format="rgb24"))
        )
        container.mux(stream.encode(None))
    return path


def id3_with_cover(picture: bytes) -> bytes:
    """An ID3v2.3 tag that holds a title and a picture."""
    frames = _id3_frame(b"TIT2", b"\x00Only a cover")
    frames += _id3_frame(b"APIC", b"\x00image/png\x00\x03\x00" + picture)
    return _id3(frames)


def id3_with_title(title: str) -> bytes:
    """An ID3v2.3 tag that holds a title."""
    return _id3(_id3_frame(b"TIT2", b"\x00" + title.encode()))


def id3_with_many_tags(count: int) -> bytes:
    """An ID3v2.3 tag that holds so many texts, each of another name."""
    return _id3(b"".join(_id3_frame(b"TXXX", b"\x00name %d\x00text" % number) for number in range(count)))


def _id3(frames: bytes) -> bytes:
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + frames


def _id3_frame(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + b"\x00\x00" + body
