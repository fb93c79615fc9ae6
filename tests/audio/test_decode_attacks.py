"""What is no sound, or is made to hurt, is refused with a sentence, soon, and leaves nothing behind."""

import asyncio
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from bot.audio import decode as decoding
from bot.errors import Failure, Refused
from bot.workers.template import ForkedWorker
from discord_sandbox.music.encode import write_audio
from tests.audio.conftest import Decode
from tests.audio.media import (
    RATE,
    TEN_HOURS,
    id3_with_cover,
    id3_with_many_tags,
    id3_with_title,
    tone,
    write_codec,
    write_flac_of_silence,
    write_picture,
    write_video,
    write_wav,
)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """An empty directory for the samples, which has to be empty again after every failure."""
    (tmp_path / "job").mkdir()
    yield tmp_path / "job"
    assert not list((tmp_path / "job").iterdir())


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hours of silence in less than a megabyte, of unknown length says its header."""
    path = write_flac_of_silence(tmp_path_factory.mktemp("bomb") / "bomb.flac", 3 * 3600, claim=0)
    assert path.stat().st_size < 1_000_000
    return path


async def refusal(decode: Decode, path: Path, job: Path, *, max_seconds: float = 60) -> Failure:
    """Why it was refused; asserts that it says so in a sentence."""
    with pytest.raises(Refused) as refused:
        await decode(path, job, max_seconds=max_seconds)
    assert 15 <= len(str(refused.value)) <= 300
    return refused.value.kind


def zipped(song: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("song.mp3", song)
    return archive.getvalue()


@pytest.mark.parametrize("name", ["text", "noise", "nothing", "archive", "picture", "page", "cover"])
async def test_what_is_no_audio_is_refused_whatever_its_name_says(
    decode: Decode, name: str, tmp_path: Path, job: Path
) -> None:
    write_audio(tone(2), RATE, tmp_path / "real.mp3")
    contents = {
        "text": b"These are words, not sounds.\n" * 10_000,
        "noise": np.random.default_rng(0).bytes(1_000_000),
        "nothing": b"",
        "archive": zipped((tmp_path / "real.mp3").read_bytes()),
        "picture": write_picture(tmp_path / "picture.png").read_bytes(),
        "page": b"<!doctype html><html><body><audio src='real.mp3'></audio></body></html>",
        "cover": id3_with_cover((tmp_path / "picture.png").read_bytes()),
    }
    for suffix in (".mp3", ".bin"):
        path = tmp_path / f"share{suffix}"
        path.write_bytes(contents[name])
        assert await refusal(decode, path, job) is Failure.NOT_AUDIO


PLAYLISTS = {
    "m3u": "#EXTM3U\n#EXTINF:2,song\n{song}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{song}\n#EXT-X-ENDLIST\n",
    "pls": "[playlist]\nFile1={song}\nNumberOfEntries=1\n",
    "concat": "ffconcat version 1.0\nfile '{song}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="audio/mp4"><Representation id="0" bandwidth="1">'
    "<BaseURL>{song}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "asx": '<asx version="3.0"><entry><ref href="{song}"/></entry></asx>',
}


@pytest.mark.parametrize("kind", PLAYLISTS)
async def test_a_playlist_is_no_audio_and_what_it_names_is_not_opened(
    decode: Decode, kind: str, tmp_path: Path, job: Path
) -> None:
    write_audio(tone(2), RATE, tmp_path / "song.mp3")
    for suffix in (".mp3", ".m3u8"):
        path = tmp_path / f"list{suffix}"
        path.write_text(PLAYLISTS[kind].format(song=tmp_path / "song.mp3"))
        assert await refusal(decode, path, job) is Failure.NOT_AUDIO


async def test_no_such_file_a_folder_and_a_pipe_are_no_audio(
    decode: Decode, tmp_path: Path, job: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    for path in (tmp_path / "missing.mp3", tmp_path, tmp_path / "pipe.mp3", Path("/dev/zero")):
        assert await refusal(decode, path, job) is Failure.NOT_AUDIO


async def test_a_small_file_that_claims_ten_hours_is_too_long(
    decode: Decode, tmp_path: Path, job: Path
) -> None:
    path = write_flac_of_silence(tmp_path / "claim.flac", 1, claim=TEN_HOURS * 1000)
    assert await refusal(decode, path, job) is Failure.TOO_LONG


async def test_a_wav_that_claims_ten_hours_is_as_long_as_it_is(decode: Decode, tmp_path: Path) -> None:
    data = (tone(2) * 32767).astype("<i2").tobytes()
    path = write_wav(tmp_path / "piped.wav", data, rate=RATE, channels=1, bits=16, size=2**31 - 1)
    assert (await decode(path, tmp_path, max_seconds=60)).seconds == 2


async def test_an_mp3_is_not_judged_by_the_length_that_its_first_bits_suggest(
    decode: Decode, tmp_path: Path
) -> None:
    parts = [(np.zeros(2 * RATE, np.float32), 32_000), (tone(20), 320_000)]
    pieces = [
        write_codec(tmp_path / "part.mp3", "libmp3lame", samples, RATE, bit_rate=bit_rate).read_bytes()
        for samples, bit_rate in parts
    ]
    (tmp_path / "glued.mp3").write_bytes(b"".join(pieces))  # at 32 kbit/s it would last for minutes
    decoded = await decode(tmp_path / "glued.mp3", tmp_path, max_seconds=60)
    assert decoded.seconds == pytest.approx(22, abs=0.3)


async def test_hours_packed_into_little_are_cut_off_while_they_unfold(
    decode: Decode, bomb: Path, job: Path
) -> None:
    assert await refusal(decode, bomb, job) is Failure.TOO_LONG


async def test_the_cap_holds_for_what_is_written_and_spares_what_is_shorter(
    decode: Decode, tmp_path: Path, job: Path
) -> None:
    write_audio(tone(3), RATE, tmp_path / "song.mp3")
    assert await refusal(decode, tmp_path / "song.mp3", job, max_seconds=2) is Failure.TOO_LONG
    assert (await decode(tmp_path / "song.mp3", tmp_path, max_seconds=3)).seconds == pytest.approx(3, abs=0.1)
    no_cap = await decode(tmp_path / "song.mp3", tmp_path, max_seconds=float("inf"))
    assert no_cap.seconds == pytest.approx(3, abs=0.1)


async def test_a_file_of_very_many_streams_is_refused(decode: Decode, tmp_path: Path, job: Path) -> None:
    path = write_video(tmp_path / "many.mkv", tone(0.1), sounds=120)
    assert await refusal(decode, path, job) is Failure.NOT_AUDIO


async def test_a_codec_that_nobody_shares_is_not_let_near_the_file(
    decode: Decode, tmp_path: Path, job: Path
) -> None:
    path = write_codec(tmp_path / "odd.wav", "g722", tone(2, rate=16_000), 16_000)
    assert await refusal(decode, path, job) is Failure.NOT_AUDIO


@pytest.mark.parametrize("form", [0x0000, 0x1234, 0x181C])
async def test_sound_of_a_kind_that_nothing_decodes_is_refused(
    decode: Decode, tmp_path: Path, job: Path, form: int
) -> None:
    path = write_wav(tmp_path / "unknown.wav", bytes(32_000), rate=8_000, channels=1, bits=8, form=form)
    assert await refusal(decode, path, job) is Failure.NOT_AUDIO


@pytest.mark.parametrize("rate", [1, 999, 4_000_000_000])
async def test_a_rate_that_no_sound_has_is_refused(
    decode: Decode, rate: int, tmp_path: Path, job: Path
) -> None:
    path = write_wav(tmp_path / "odd.wav", b"\x00\x20" * 20_000, rate=rate, channels=1, bits=16)
    kind = await refusal(decode, path, job, max_seconds=1e9)
    assert kind is Failure.NOT_AUDIO


async def test_768_khz_and_64_channels_are_heard(decode: Decode, tmp_path: Path) -> None:
    fast = (tone(1, rate=768_000) * 32767).astype("<i2").tobytes()
    path = write_wav(tmp_path / "fast.wav", fast, rate=768_000, channels=1, bits=16)
    decoded = await decode(path, tmp_path, max_seconds=60)
    assert (decoded.rate, len(decoded.samples())) == (48_000, 48_000)
    wide = np.repeat((tone(1) * 32767).astype("<i2")[:, None], 64, axis=1).tobytes()
    path = write_wav(tmp_path / "wide.wav", wide, rate=RATE, channels=64, bits=16)
    decoded = await decode(path, tmp_path, max_seconds=60)
    assert np.abs(decoded.samples() - tone(1)).max() < 1e-4
    assert (await decode(path, tmp_path, max_seconds=60, mono=False)).samples().shape == (RATE, 64)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ForkedWorker]:
    """The workers that were started, as they are."""
    workers: list[ForkedWorker] = []

    class Watched(ForkedWorker):
        async def __aenter__(self) -> Self:
            workers.append(self)
            return await super().__aenter__()

    monkeypatch.setattr(decoding, "ForkedWorker", Watched)
    return workers


async def test_a_decoder_that_takes_too_long_is_ended(
    decode: Decode, bomb: Path, job: Path, started: list[ForkedWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "START_SECONDS", 0.01)
    monkeypatch.setattr(decoding, "MIN_DECODE_SPEED", 1e9)
    monkeypatch.setattr(decoding, "MIN_READ_BYTES_PER_SECOND", 1e9)
    with pytest.raises(Refused, match="took too long") as refused:
        await decode(bomb, job, max_seconds=1e6)
    assert not refused.value.kind.transient  # it would take as long again
    assert not started[0].alive


@pytest.mark.parametrize(("tags", "heard"), [(2_000, True), (100_000, False)])
async def test_more_tags_than_can_be_read_in_seconds_are_refused(
    decode: Decode, tmp_path: Path, job: Path, tags: int, heard: bool
) -> None:
    song = write_codec(tmp_path / "song.mp3", "libmp3lame", tone(2), RATE)
    song.write_bytes(id3_with_many_tags(tags) + song.read_bytes())
    if heard:
        decoded = await decode(song, job, max_seconds=60)
        assert decoded.seconds == pytest.approx(2, abs=0.2)
        decoded.path.unlink()
    else:
        assert await refusal(decode, song, job) == Failure.NOT_AUDIO


async def test_a_cancelled_decoder_is_ended_and_leaves_nothing(
    decode: Decode, bomb: Path, job: Path, started: list[ForkedWorker]
) -> None:
    task = asyncio.create_task(decode(bomb, job, max_seconds=1e6, allow_silence=True))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not started[0].alive


MEASURE = """
import asyncio, json, resource, sys
from pathlib import Path
from bot.audio.decode import Decoder

async def main():
    async with Decoder() as decoder:
        await decoder.decode(Path(sys.argv[1]), Path(sys.argv[2]), max_seconds=1e6, allow_silence=True)

asyncio.run(main())
print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    used = {}
    for seconds in (2, 1800):
        path = write_flac_of_silence(tmp_path / f"{seconds}.flac", seconds, rate=8000)
        ran = subprocess.run([sys.executable, "-c", MEASURE, path, tmp_path], capture_output=True, check=True)
        used[seconds] = json.loads(ran.stdout)
    assert used[1800] - used[2] < 15_000  # kilobytes; the samples are 57,600


async def test_a_cover_of_50_megabytes_and_tags_of_one_cost_no_song(decode: Decode, tmp_path: Path) -> None:
    song = write_codec(tmp_path / "song.mp3", "libmp3lame", tone(2), RATE).read_bytes()
    picture = write_picture(tmp_path / "cover.png").read_bytes()
    covered = tmp_path / "covered.mp3"
    for tags in (id3_with_cover(picture + bytes(50_000_000)), id3_with_title("x" * 1_000_000)):
        covered.write_bytes(tags + song)
        decoded = await decode(covered, tmp_path, max_seconds=60)
        assert decoded.seconds == pytest.approx(2, abs=0.2) and 0 < len(decoded.title) <= 200


async def test_ten_hours_of_silence_are_too_long(decode: Decode, tmp_path: Path, job: Path) -> None:
    path = write_flac_of_silence(tmp_path / "silence.flac", TEN_HOURS)
    assert await refusal(decode, path, job, max_seconds=1_200) is Failure.TOO_LONG
