"""Tests of bot/embedders/weights.py; what is fetched comes from loopback."""

import asyncio
import gzip
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.embedders import EMBEDDERS, weights
from bot.embedders.weights import WEIGHTS, available, find, openl3_name, pull, verify
from bot.errors import WeightsError
from tests.support.http import site

BODY = b"numbers" * 10_000
PACKED = gzip.compress(BODY)


@pytest.fixture(autouse=True)
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if `make setup` had fetched nothing."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))


def publish(monkeypatch: pytest.MonkeyPatch, name: str, body: bytes, kind: str) -> None:
    """Let the checksum of `name` be that of `body`."""
    digests = {
        "git": hashlib.sha1(b"blob %d\0" % len(body) + body),
        "md5": hashlib.md5(body),
        "sha256": hashlib.sha256(body),
    }
    file = replace(WEIGHTS[name], checksum=f"{kind}:{digests[kind].hexdigest()}")
    monkeypatch.setattr(weights, "WEIGHTS", {**WEIGHTS, name: file})


def test_every_file_says_where_it_comes_from() -> None:
    for file in WEIGHTS.values():
        assert file.url
        assert file.licence
        assert file.megabytes
        assert file.checksum.partition(":")[0] in ("git", "sha256", "md5", "")


def test_the_default_openl3_file_is_where_it_was_agreed(tmp_path: Path) -> None:
    expected = tmp_path / "weights" / "openl3_audio_mel256_music-v0_4_0.h5"
    assert WEIGHTS[openl3_name("mel256", "music")].place(tmp_path) == expected


def test_openl3_has_a_file_for_every_input_and_content() -> None:
    names = {openl3_name(i, c) for i in ("mel256", "mel128", "linear") for c in ("music", "env")}
    assert len(names) == 6
    assert names <= set(WEIGHTS)


def test_nothing_is_here_at_first(tmp_path: Path) -> None:
    assert not available("openl3", tmp_path)
    with pytest.raises(WeightsError, match="earworm models pull openl3"):
        find("openl3", tmp_path)


def test_mfcc_needs_none(tmp_path: Path) -> None:
    assert available("mfcc", tmp_path)


def test_a_wheel_beside_the_packages_is_found(tmp_path: Path) -> None:
    wheel = tmp_path / "prefix" / "share" / "earworm" / "musicnn-0.1.0-py2.py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(BODY)
    assert available("musicnn", tmp_path)
    assert find("musicnn", tmp_path) == wheel


@pytest.mark.parametrize(("name", "kind"), [("panns", "md5"), ("wav2vec2", "sha256")])
async def test_a_file_is_fetched_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    publish(monkeypatch, name, BODY, kind)
    file_name = WEIGHTS[name].url.rpartition("/")[2].replace("%3D", "=")
    async with site() as it:
        it.serve(f"/mirror/{file_name}", BODY)
        path = await asyncio.to_thread(pull, name, tmp_path, base_url=it.url("/mirror"))
    assert path == find(name, tmp_path)
    assert path.read_bytes() == BODY
    assert verify(name, tmp_path)


async def test_a_packed_file_is_checked_and_kept_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "openl3", PACKED, "git")
    async with site() as it:
        it.serve("/openl3_audio_mel256_music-v0_4_0.h5.gz", PACKED)
        path = await asyncio.to_thread(pull, "openl3", tmp_path, base_url=it.url())
    assert path.read_bytes() == BODY
    assert verify("openl3", tmp_path)


async def test_what_is_here_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "wav2vec2", BODY, "sha256")
    place = WEIGHTS["wav2vec2"].place(tmp_path)
    place.parent.mkdir()
    place.write_bytes(BODY)
    async with site() as it:
        assert await asyncio.to_thread(pull, "wav2vec2", tmp_path, base_url=it.url()) == place
        assert not it.hits


async def test_what_is_damaged_here_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "wav2vec2", BODY, "sha256")
    place = WEIGHTS["wav2vec2"].place(tmp_path)
    place.parent.mkdir()
    place.write_bytes(BODY[:-1])
    with pytest.raises(WeightsError, match="damaged"):
        verify("wav2vec2", tmp_path)
    async with site() as it:
        it.serve("/pytorch_model.bin", BODY)
        await asyncio.to_thread(pull, "wav2vec2", tmp_path, base_url=it.url())
    assert place.read_bytes() == BODY


async def test_something_else_than_the_weights_is_thrown_away(tmp_path: Path) -> None:
    async with site() as it:
        it.serve("/pytorch_model.bin", b"<html>Log in to the hotel's network</html>")
        with pytest.raises(WeightsError, match="another checksum"):
            await asyncio.to_thread(pull, "wav2vec2", tmp_path, base_url=it.url())
    assert not available("wav2vec2", tmp_path)
    assert not WEIGHTS["wav2vec2"].place(tmp_path).with_suffix(".bin.part").exists()


def test_an_unpacked_file_that_changed_is_damaged(tmp_path: Path) -> None:
    place = WEIGHTS["openl3"].place(tmp_path)
    place.parent.mkdir()
    place.write_bytes(BODY)
    place.with_name(f"{place.name}.sha256").write_text(f"{hashlib.sha256(b'').hexdigest()}  {place.name}\n")
    with pytest.raises(WeightsError, match="damaged"):
        verify("openl3", tmp_path)


def test_a_persons_own_file_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    place = WEIGHTS["openl3"].place(tmp_path)
    place.parent.mkdir()
    place.write_bytes(BODY)
    assert not verify("openl3", tmp_path)


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="openl3"):
        pull("openl5", tmp_path)


def test_a_package_comes_through_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = tmp_path / "links"
    links.mkdir()
    wheel = links / "musicnn-0.1.0-py3-none-any.whl"
    _write_wheel(wheel)
    publish(monkeypatch, "musicnn", wheel.read_bytes(), "sha256")
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    path = pull("musicnn", tmp_path / "home")
    assert path.read_bytes() == wheel.read_bytes()
    assert list(path.parent.glob("*.whl*")) == [path] or not list(path.parent.glob("*.part"))


def test_a_package_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WeightsError, match="package index"):
        pull("musicnn", tmp_path / "home")
    assert not available("musicnn", tmp_path / "home")


def _write_wheel(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as wheel:
        info = "musicnn-0.1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: musicnn\nVersion: 0.1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_every_embedder_but_mfcc_has_weights() -> None:
    assert set(EMBEDDERS) - set(WEIGHTS) == {"mfcc"}
