"""Tests of bot/cli/models.py."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import pytest

from bot.cli import models
from bot.embedders.weights import WEIGHTS
from bot.errors import WeightsError
from bot.settings import Settings
from tests.support.commands import run

Output = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with nothing in their home, as if `make setup` had fetched nothing either."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    return Settings.load(home=tmp_path / "home")


def put(settings: Settings, name: str, content: bytes, noted: bytes | None = None) -> Path:
    """A weight file that was fetched, with the checksum of `noted` beside it."""
    place = WEIGHTS[name].place(settings.home)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    if noted is not None:
        place.with_name(f"{place.name}.sha256").write_text(
            f"{hashlib.sha256(noted).hexdigest()}  {place.name}\n"
        )
    return place


async def test_list_names_every_file_and_its_source(home: Settings, capsys: Output) -> None:
    place = put(home, "openl3", b"weights")
    await run(models, home, "list", "--json")
    facts = {item["name"]: item for item in json.loads(capsys.readouterr().out)["results"]}
    assert set(facts) == {*WEIGHTS, "mfcc"}
    assert facts["openl3"]["kept"] == str(place)
    assert facts["openl3"]["available"]
    assert facts["panns"] == {
        "name": "panns",
        "available": False,
        "kept": None,
        "from": WEIGHTS["panns"].url,
        "megabytes": 327,
        "checksum": "md5:541141fa2ee191a88f24a3219fff024e",
        "licence": "CC BY 4.0",
    }


async def test_list_tells_a_person_what_to_do(home: Settings, capsys: Output) -> None:
    await run(models, home, "list")
    out = capsys.readouterr().out
    assert "✗ openl3: not here: earworm models pull openl3" in out
    assert "✓ mfcc: needs no weights" in out


async def test_verify_finds_what_is_in_order(home: Settings, capsys: Output) -> None:
    put(home, "openl3", b"weights", noted=b"weights")
    await run(models, home, "verify")
    assert "in order" in capsys.readouterr().out


async def test_verify_finds_what_is_damaged(home: Settings) -> None:
    put(home, "openl3", b"weightz", noted=b"weights")
    with pytest.raises(WeightsError, match="models pull openl3"):
        await run(models, home, "verify")


async def test_verify_has_nothing_to_do_at_first(home: Settings) -> None:
    with pytest.raises(WeightsError, match="No weights"):
        await run(models, home, "verify")


@pytest.mark.parametrize("action", ["pull", "verify"])
async def test_an_unknown_name_is_answered_with_the_known_ones(home: Settings, action: str) -> None:
    with pytest.raises(WeightsError, match="openl3"):
        await run(models, home, action, "openl5")


async def test_pull_leaves_alone_what_is_here(home: Settings, capsys: Output) -> None:
    put(home, "openl3", b"weights", noted=b"weights")
    await run(models, home, "pull", "openl3")
    assert "✓ openl3" in capsys.readouterr().out


async def test_pull_knows_who_needs_nothing(home: Settings, capsys: Output) -> None:
    await run(models, home, "pull", "mfcc")
    assert "needs no weights" in capsys.readouterr().out


def test_without_an_action_it_says_which_there_are(capsys: Output) -> None:
    parser = argparse.ArgumentParser()
    models.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "list|pull|verify" in capsys.readouterr().err
