"""The decoder process: decodes one untrusted file with PyAV under resource limits, then exits.

Nothing but the named file is ever opened, whatever it refers to, and only sound is decoded.
"""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av
import numpy as np
import soxr
from av.stream import Discard
from numpy.typing import NDArray

from bot.arrays import Samples
from bot.errors import Failure, Refused
from bot.workers.confinement import confine, landlock_version
from bot.workers.serving import WorkerMessage, limit_resources, reply, requests

FORMATS = (
    "3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,m4a,matroska,mov,mp3,mp4,mpc,mpc8,"
    "mpeg,mpegts,ogg,oma,rm,tak,tta,voc,w64,wav,webm,wv"
)
CODECS = (  # those that people share: a decoder is what a hostile file attacks
    "aac,aac_latm,ac3,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,alac,als,amrnb,amrwb,ape,atrac3,"
    "atrac3plus,cook,dca,dsd_lsbf,dsd_lsbf_planar,dsd_msbf,dsd_msbf_planar,eac3,flac,gsm,"
    "gsm_ms,libopencore_amrnb,libopencore_amrwb,libopus,mlp,mp1,mp1float,mp2,mp2float,mp3,"
    "mp3float,mpc7,mpc8,opus,pcm_alaw,pcm_bluray,pcm_dvd,pcm_f32be,pcm_f32le,pcm_f64be,"
    "pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64be,"
    "pcm_s64le,pcm_s8,pcm_u8,speex,tak,truehd,tta,vorbis,wavpack,wmalossless,wmapro,wmav1,"
    "wmav2"
)
GUESSED_LENGTHS = {"aac", "ac3", "dts", "eac3", "loas", "mp3", "mpeg", "mpegts", "wav"}
ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "codec_whitelist": CODECS,  # binds only what FFmpeg decodes by itself, to look into a file
    "max_streams": "100",
}
RATES = range(1_000, 1_000_001)
OPENING_CPU_SECONDS = 5.0  # for a header and tags; of real music it takes hundredths
WATCH_SECONDS = 0.1
MAX_READ_ERRORS = 100
MIN_SECONDS = 0.5  # seconds
SILENCE_LEVEL = 10 ** (-90 / 20)
MAX_SAMPLE_LEVEL = 2**16  # what lies beyond is damage, also in files of floating-point samples
LENGTH_TOLERANCE_SECONDS = 0.25  # seconds: codecs pad the end of a song
MAX_TAG_LENGTH = 200
FRAMES_PER_BLOCK = 64  # frames, so that numpy is not called for every thousand samples
MAX_MEMORY_BYTES = 1 << 30
MAX_OUTPUT_BYTES = 1 << 36


class SampleLayout(NamedTuple):
    """How the samples of a frame lie in it."""

    rate: int
    channels: int
    form: str


def prepare() -> None:
    """What a decoder needs is imported with this module, but for libc, which programs look for that none may start."""
    landlock_version()


def main() -> None:
    """Answer one request, then end."""
    request = next(requests())
    rate = request["max_rate"]
    small = request["mono"] and rate and math.isfinite(request["max_seconds"])
    limit_resources(
        cpu_seconds=math.ceil(request["time_limit"]),
        file_bytes=4 * rate * math.ceil(request["max_seconds"] + 10) if small else MAX_OUTPUT_BYTES,
        data_bytes=MAX_MEMORY_BYTES,
    )
    try:
        _confine(request)
        reply(_decode(request))
    except Refused as refused:
        reply({"refused": refused.kind, "detail": refused.detail})


def _confine(request: WorkerMessage) -> None:
    """Beside Python, the kernel lets nothing be read but the song, and nothing written but its samples; no network."""
    confine(reads=[Path(request["path"])], writes=[Path(request["into"])])


def _decode(request: WorkerMessage) -> WorkerMessage:
    path = Path(request["path"])
    with path.open("rb") as file:
        if file.read(8).startswith(ARCHIVES):
            raise Refused(Failure.NOT_AUDIO, detail="an archive")
    try:
        with cpu_limit(OPENING_CPU_SECONDS):
            container = av.open(str(path), options=OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, UnicodeError) as error:
        raise Refused(Failure.NOT_AUDIO, detail=f"{type(error).__name__}: {error}") from None
    with container, Path(request["into"]).open("wb") as into:
        stream = _sound_of(container)
        _check_claim(container, request["max_seconds"])
        writer = SampleWriter(
            into, request["max_seconds"], mono=request["mono"], max_rate=request["max_rate"]
        )
        for frame in _frames(container, stream):
            writer.write(frame)
        writer.finish(allow_silence=request["allow_silence"])
        facts = {"rate": writer.rate, "channels": writer.channels, "seconds": writer.seconds}
        with cpu_limit(OPENING_CPU_SECONDS):
            return facts | _tags(container, stream)


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """End this process with a refusal if what is done here takes more CPU time, whatever library it is in.

    FFmpeg can't be interrupted, but lets other threads run meanwhile; a thousand tags cost nothing, a hundred thousand
    minutes.
    """
    done = threading.Event()
    end = time.process_time() + seconds

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            if time.process_time() > end:
                reply({"refused": Failure.NOT_AUDIO, "detail": f"more than {seconds:.0f} s of CPU to open"})
                os._exit(0)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def _sound_of(container: av.container.InputContainer) -> av.AudioStream:
    """The stream a player would choose; the others are not even read."""
    chosen = container.streams.best("audio")
    if not isinstance(chosen, av.AudioStream):
        raise Refused(Failure.NOT_AUDIO, detail="no sound stream")
    # Where FFmpeg has no decoder for what the file claims, PyAV has no context.
    if chosen.codec_context is None:
        raise Refused(Failure.NOT_AUDIO, detail="a codec that nothing decodes")
    if chosen.codec_context.name not in CODECS.split(","):
        raise Refused(Failure.NOT_AUDIO, detail=f"a codec named {chosen.codec_context.name}")
    for stream in container.streams:
        if stream is not chosen:
            stream.discard = Discard.all
    chosen.codec_context.thread_count = 1
    return chosen


def _check_claim(container: av.container.InputContainer, max_seconds: float) -> None:
    """Refuse what its header calls too long, where the header knows."""
    guessed = not GUESSED_LENGTHS.isdisjoint(container.format.name.split(","))
    claimed = (container.duration or 0) / av.time_base
    if not guessed and claimed > max_seconds + LENGTH_TOLERANCE_SECONDS:
        raise Refused(Failure.TOO_LONG, detail=f"claims {claimed:.0f} s")


def _frames(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """Every frame that can be decoded; one bad packet must not lose the song, but mostly bad ones are no sound."""
    good = bad = 0
    for packet in _packets(container, stream):
        try:
            frames = stream.decode(packet)
        except av.FFmpegError:
            bad += 1
            continue
        good += len(frames)
        yield from frames
    if bad > good:
        raise Refused(Failure.NOT_AUDIO, detail=f"{bad} bad packets, {good} good frames")


def _packets(
    container: av.container.InputContainer, stream: av.AudioStream
) -> Iterator["av.Packet[av.AudioStream]"]:
    for _ in range(MAX_READ_ERRORS):
        try:
            yield from container.demux(stream)
            return
        except av.FFmpegError:
            continue


def _tags(container: av.container.InputContainer, stream: av.AudioStream) -> dict[str, str]:
    """Title, artist, album and genre: Ogg keeps them with the stream, the others with the file."""
    found = {name.lower(): value for name, value in (stream.metadata | container.metadata).items()}
    found["artist"] = found.get("artist") or found.get("album_artist") or found.get("author") or ""
    return {name: _clean(found.get(name, "")) for name in ("title", "artist", "album", "genre")}


def _clean(tag: str) -> str:
    visible = "".join(letter if letter.isprintable() else " " for letter in tag)
    return " ".join(visible.split())[:MAX_TAG_LENGTH]


class SampleWriter:
    """Turns frames into the samples that were asked for and appends them to a file, a block at a time."""

    def __init__(self, file: BinaryIO, max_seconds: float, *, mono: bool, max_rate: int | None) -> None:
        self.rate = 0
        self.channels = 0
        self._file, self._max_seconds, self._mono, self._max_rate = file, max_seconds, mono, max_rate
        self._kind: SampleLayout | None = None
        self._block: list[NDArray[Any]] = []
        self._resampler: soxr.ResampleStream | None = None
        self._heard = 0.0
        self._written = 0
        self._peak = 0.0

    @property
    def seconds(self) -> float:
        """The length of what was written."""
        return self._written / self.rate

    def write(self, frame: av.AudioFrame) -> None:
        """Append one frame. Raises Refused (TOO_LONG, or NOT_AUDIO for an absurd rate)."""
        kind = SampleLayout(frame.sample_rate, frame.layout.nb_channels, frame.format.name)
        if kind != self._kind:
            self._begin(kind)
        self._heard += frame.samples / kind.rate
        if self._heard > self._max_seconds + LENGTH_TOLERANCE_SECONDS:
            raise Refused(Failure.TOO_LONG, detail=f"more than {self._max_seconds:.0f} s")
        self._block.append(frame.to_ndarray())
        if len(self._block) >= FRAMES_PER_BLOCK:
            self._write_block()

    def finish(self, *, allow_silence: bool) -> None:
        """Append what is still held back. Raises Refused (NOT_AUDIO for nothing at all, or SILENT)."""
        self._end()
        if not self._written:
            raise Refused(Failure.NOT_AUDIO, detail="no samples")
        if not allow_silence and (self.seconds < MIN_SECONDS or self._peak < SILENCE_LEVEL):
            raise Refused(Failure.SILENT, detail=f"{self.seconds:.2f} s, peak {self._peak:.1e}")

    def _begin(self, kind: SampleLayout) -> None:
        """Start, or go on with frames of another kind: some files are glued together out of several."""
        if kind.rate not in RATES:
            raise Refused(Failure.NOT_AUDIO, detail=f"{kind.rate} Hz")
        self._end()
        self._kind = kind
        if not self.rate:
            self.rate = min(kind.rate, self._max_rate or kind.rate)
            self.channels = 1 if self._mono else kind.channels
        if kind.rate != self.rate:
            self._resampler = soxr.ResampleStream(kind.rate, self.rate, self.channels, quality="HQ")

    def _end(self) -> None:
        self._write_block()
        if self._resampler is not None:
            self._append(self._resampler.resample_chunk(np.empty((0, self.channels), np.float32), last=True))
            self._resampler = None

    def _write_block(self) -> None:
        if self._kind is None or not self._block:
            return
        samples = _scaled(np.concatenate(self._block, axis=1), self._kind)
        self._block.clear()
        if self._kind.channels != self.channels:
            mean = np.full((self._kind.channels, self.channels), 1 / self._kind.channels, np.float32)
            samples = samples @ mean
        self._append(self._resampler.resample_chunk(samples) if self._resampler else samples)

    def _append(self, samples: Samples) -> None:
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0)))
        self._written += len(samples)
        self._file.write(samples.astype("<f4", copy=False).tobytes())


def _scaled(values: NDArray[Any], kind: SampleLayout) -> Samples:
    """Samples (n, channels), full scale ±1; whatever is no number or absurdly loud is silence."""
    values = values.T if kind.form.endswith("p") else values.reshape(-1, kind.channels)
    if values.dtype == np.uint8:
        values = values / np.float32(128) - np.float32(1)
    elif values.dtype.kind == "i":
        values = values / 2.0 ** (8 * values.itemsize - 1)
    elif not np.abs(values).max(initial=0) <= MAX_SAMPLE_LEVEL:
        values = np.where(np.abs(values) <= MAX_SAMPLE_LEVEL, values, 0)
    return np.ascontiguousarray(values, dtype=np.float32)


if __name__ == "__main__":
    main()
