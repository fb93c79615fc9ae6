"""Tests of bot/embedders/download.py, from a web server on loopback."""

import asyncio
import gzip
import hashlib
from pathlib import Path

import pytest
from aiohttp import web

from bot.embedders.download import atomic_file, download, unpack
from bot.errors import WeightsError
from tests.support.http import Site, site

BODY = bytes(range(256)) * 4096


async def fetch(url: str, part: Path) -> None:
    await asyncio.to_thread(download, url, part)


async def test_a_file_arrives_whole_with_its_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    async with site() as it:
        await asyncio.to_thread(
            download, it.serve("/w", BODY), tmp_path / "w", lambda done, total: seen.append((done, total))
        )
    assert (tmp_path / "w").read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))


async def test_it_goes_on_where_an_earlier_try_stopped(tmp_path: Path) -> None:
    part = tmp_path / "w"
    part.write_bytes(BODY[:1000])
    async with site() as it:
        await fetch(it.serve("/w", BODY), part)
        assert it.seen[0].headers["Range"] == "bytes=1000-"
    assert part.read_bytes() == BODY


async def test_it_starts_again_where_a_server_knows_no_ranges(tmp_path: Path) -> None:
    part = tmp_path / "w"
    part.write_bytes(b"something else")

    async def whole(_request: web.Request) -> web.Response:
        return web.Response(body=BODY)

    async with site() as it:
        await fetch(it.on("/w", whole), part)
    assert part.read_bytes() == BODY


async def test_a_broken_connection_is_taken_up_again(tmp_path: Path) -> None:
    async with site() as it:
        await fetch(it.on("/w", _first_half_only(it)), tmp_path / "w")
        assert it.hits["/w"] == 2
    assert (tmp_path / "w").read_bytes() == BODY


def _first_half_only(it: Site):
    """Hang up in the middle of the first answer; answer the second in full."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if it.hits["/w"] > 1:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            headers = {"Content-Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"}
            return web.Response(body=BODY[start:], status=206, headers=headers)
        response = web.StreamResponse()
        response.content_length = len(BODY)
        await response.prepare(request)
        await response.write(BODY[: len(BODY) // 2])
        request.transport.close()
        return response

    return handler


async def test_a_file_that_is_whole_already_is_not_fetched_again(tmp_path: Path) -> None:
    part = tmp_path / "w"
    part.write_bytes(BODY)

    async def nothing_left(_request: web.Request) -> web.Response:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(BODY)}"})

    async with site() as it:
        await fetch(it.on("/w", nothing_left), part)
    assert part.read_bytes() == BODY


async def test_too_long_a_part_is_thrown_away(tmp_path: Path) -> None:
    part = tmp_path / "w"
    part.write_bytes(BODY + b"more")

    async def ranges(request: web.Request) -> web.Response:
        if "Range" in request.headers:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(BODY)}"})
        return web.Response(body=BODY)

    async with site() as it:
        await fetch(it.on("/w", ranges), part)
    assert part.read_bytes() == BODY


async def test_a_refusal_names_the_host_and_the_status(tmp_path: Path) -> None:
    async with site() as it:
        with pytest.raises(WeightsError, match=r"127\.0\.0\.1: it answered 404"):
            await fetch(it.url("/w"), tmp_path / "w")
    assert not (tmp_path / "w").exists()


async def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    async with site() as it:
        url = it.url("/w")
    with pytest.raises(WeightsError, match="Check the network"):
        await fetch(url, tmp_path / "w")


async def test_a_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def proxy(request: web.Request) -> web.Response:
        return web.Response(body=str(request.url).encode())

    async with site() as it:
        monkeypatch.setenv("http_proxy", it.on("/w", proxy).removesuffix("/w"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        await fetch("http://weights.example/w", tmp_path / "w")
    assert b"weights.example" in (tmp_path / "w").read_bytes()


def test_what_is_kept_appears_at_the_end(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "w"
    with atomic_file(place) as part:
        part.write_bytes(BODY)
        assert not place.exists()
    assert place.read_bytes() == BODY
    assert not part.exists()


def test_after_an_error_the_part_stays_and_the_place_is_untouched(tmp_path: Path) -> None:
    place = tmp_path / "w"
    place.write_bytes(b"old")
    with pytest.raises(WeightsError), atomic_file(place) as part:
        part.write_bytes(b"half")
        raise WeightsError("broken off")
    assert place.read_bytes() == b"old"
    assert part.read_bytes() == b"half"


def test_two_at_once_are_told(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "w") as part:
        part.write_bytes(b"first")
        with pytest.raises(WeightsError, match="Another process"), atomic_file(tmp_path / "w"):
            pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="EARWORM_HOME"), atomic_file(tmp_path / "file" / "w"):
        pass


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(WeightsError, match="No space left"),
        atomic_file(tmp_path / "w"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(BODY)
    assert not (tmp_path / "w").exists()


def test_a_packed_file_is_unpacked_with_its_checksum(tmp_path: Path) -> None:
    part = tmp_path / "w.part"
    part.write_bytes(gzip.compress(BODY))
    assert unpack(part) == hashlib.sha256(BODY).hexdigest()
    assert part.read_bytes() == BODY
    assert list(tmp_path.iterdir()) == [part]


@pytest.mark.parametrize(
    "damaged", [b"no gzip", gzip.compress(BODY)[:-100], gzip.compress(BODY)[:-8] + bytes(8)]
)
def test_a_damaged_packed_file_is_thrown_away(tmp_path: Path, damaged: bytes) -> None:
    part = tmp_path / "w.part"
    part.write_bytes(damaged)
    with pytest.raises(WeightsError, match="damaged"):
        unpack(part)
    assert not list(tmp_path.iterdir())
