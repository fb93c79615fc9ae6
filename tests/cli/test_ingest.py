"""`earworm ingest`: files and links into a library, as a person or a program calls it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.__main__ import main
from bot.cli import ingest
from bot.cli.sources import find
from bot.errors import EarwormError, WeightsError
from bot.services import Services
from bot.settings import Settings
from models import Job, Share, Track
from tests.support.commands import run
from tests.support.http import site
from tests.support.songs import clip, encoded

GUILD = 42
USER = 9


@pytest.fixture
def here(settings: Settings) -> Settings:
    """Settings with an embedder that needs no weights."""
    return settings.model_copy(update={"embedders": ("mfcc",)})


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with two songs, one of them twice, a text and a hidden file."""
    folder = tmp_path / "music"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a harbour.mp3").write_bytes(encoded(1, "mp3", title="Harbour", artist="Ana Lind"))
    (folder / "deeper" / "night_bus.wav").write_bytes(clip(2, 5.0))
    (folder / "deeper" / "z copy.mp3").write_bytes((folder / "a harbour.mp3").read_bytes())
    (folder / "notes.txt").write_text("no music")
    (folder / ".hidden.mp3").write_bytes(clip(3, 5.0))
    return folder


async def results(
    settings: Settings, capsys: pytest.CaptureFixture[str], *words: object
) -> list[dict[str, Any]]:
    """What a run with --json prints, and nothing else."""
    assert await run(ingest, settings, *words, "--guild", GUILD, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document.keys() == {"results"}
    return list(document["results"])


async def rows(settings: Settings, table: type[Any]) -> list[Any]:
    async with Services.open(settings) as services, services.store.session() as session:
        return list(await session.scalars(select(table).where(table.guild_id == GUILD)))


# -- what is named -----------------------------------------------------------------------------------------


def test_a_folder_stands_for_the_songs_in_it(music: Path) -> None:
    assert [Path(item.source).name for item in find([str(music)])] == [
        "a harbour.mp3",
        "night_bus.wav",
        "z copy.mp3",
    ]


def test_a_link_has_its_key_and_shows_only_its_host() -> None:
    (item,) = find(["https://youtu.be/dQw4w9WgXcQ?si=secret"])
    assert (item.source, item.key, item.reason) == ("youtu.be", "youtube:dQw4w9WgXcQ", "")


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd",
        "data:audio/wav;base64,AAAA",
        "ftp://music.example/secret.mp3",
        "rtmp://music.example/secret",
        "javascript:alert(1)",
        "https://open.spotify.com/track/secret",
        "http://user:secret@music.example/a.mp3",
        "/nowhere/secret.mp3",
        "nowhere",
        "x" * 5000,
        "https://" + "x" * 5000,
        "",
    ],
)
def test_what_can_never_be_taken_in_is_refused_before_any_work(source: str) -> None:
    (item,) = find([source])
    assert 15 <= len(item.reason) <= 300
    assert "secret" not in item.reason
    assert item.url == ""


def test_nothing_to_take_in_is_no_song(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (folder, pipe) = find([str(tmp_path), str(tmp_path / "pipe")])
    assert "no audio or video file" in folder.reason
    assert "no file" in pipe.reason


# -- what becomes of it ------------------------------------------------------------------------------------


async def test_files_become_tracks_that_are_recognised_again(
    here: Settings, music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await results(here, capsys, music, "--user", USER)
    assert [(r["title"], r["artist"], r["status"]) for r in first] == [
        ("Harbour", "Ana Lind", "added"),
        ("night bus", "", "added"),
        ("Harbour", "Ana Lind", "known"),
    ]
    assert first[0]["id"] == first[2]["id"] != first[1]["id"]
    assert first[0]["seconds"] == pytest.approx(5.0, abs=0.1)

    again = await results(here, capsys, music / "a harbour.mp3", "--user", USER)
    assert [(r["id"], r["status"]) for r in again] == [(first[0]["id"], "known")]

    assert len(await rows(here, Track)) == 2
    shares = await rows(here, Share)
    assert {(s.channel_id, s.message_id, s.user_id) for s in shares} == {(0, -USER, USER)}
    assert {(job.state, job.done) for job in await rows(here, Job)} == {("announced", True)}
    assert (music / "a harbour.mp3").exists()
    assert not [path for path in (here.home / "work").rglob("*") if path.is_file()]


async def test_a_link_becomes_a_track(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with site() as web:
        link = web.serve("/tide.mp3", encoded(5, "mp3", title="Tide"))
        allowing = here.model_copy(update={"egress_allow": frozenset([web.origin])})
        (result,) = await results(allowing, capsys, link)
    assert (result["title"], result["status"], result["source"]) == ("Tide", "added", "127.0.0.1")


async def test_a_person_reads_a_line_for_each_and_sees_a_bar(
    here: Settings, music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        EarwormError, match=r"^1 of these 4 could not be taken in\. The first one, notes\.txt: I can't find"
    ):
        await run(ingest, here, music, music / "notes.txt", "--guild", GUILD)
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert sorted(line.split()[0] for line in lines) == ["added", "added", "failed", "known"]
    assert any(line.startswith("added  Ana Lind – Harbour (0:05), track ") for line in lines)
    assert "4/4" in printed.err


async def test_what_failed_before_is_tried_again_when_asked_again(
    here: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with site() as web:
        allowing = here.model_copy(update={"egress_allow": frozenset([web.origin])})
        link = web.url("/later.wav")
        with pytest.raises(EarwormError):
            await run(ingest, allowing, link, "--guild", GUILD)
        web.serve("/later.wav", clip(6, 5.0))
        (result,) = await results(allowing, capsys, link)
    assert result["status"] == "added"


async def test_a_site_that_is_down_is_said_at_once(here: Settings) -> None:
    async with site() as web:
        link, origin = web.url("/secret.mp3"), web.origin
    allowing = here.model_copy(update={"egress_allow": frozenset([origin])})
    with pytest.raises(EarwormError, match="couldn't reach"):
        await run(ingest, allowing, link, "--guild", GUILD)
    (job,) = await rows(here, Job)
    assert (job.failure, job.attempts, job.done) == ("network", 0, True)


async def test_a_playlist_or_text_is_no_song(
    here: Settings, music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    playlist = music / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:5,x\n{music / 'a harbour.mp3'}\n")
    fake = music / "fake.mp3"
    fake.write_text("This is no song. " * 100)
    with pytest.raises(EarwormError, match="None of these 2"):
        await run(ingest, here, playlist, fake, "--guild", GUILD, "--json")
    document = json.loads(capsys.readouterr().out)
    assert [(r["status"], r["id"]) for r in document["results"]] == [("failed", None)] * 2
    assert await rows(here, Track) == []


def test_a_refusal_is_one_line_and_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARWORM_HOME", str(tmp_path / "home"))
    assert main(["ingest", "file:///etc/passwd", "--guild", str(GUILD)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert 15 <= len(line) <= 300
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_file_that_is_no_song_is_refused_before_anything_is_opened(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARWORM_HOME", str(tmp_path / "home"))
    fake = tmp_path / "fake.mp3"
    fake.write_text("This is no song. " * 100)
    assert main(["ingest", str(fake), "--guild", str(GUILD), *words]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("earworm: I can't find any sound in that.")
    assert not words or json.loads(printed.out)["results"][0]["status"] == "failed"
    assert not (tmp_path / "home").exists()


async def test_without_weights_nothing_is_tried_again(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(clip(7))
    with pytest.raises(WeightsError, match="earworm models pull openl3"):
        await run(ingest, settings, tmp_path / "song.wav", "--guild", GUILD)


@pytest.mark.parametrize("number", ["-1", "x", str(2**63)])
def test_an_id_that_is_none_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ingest", "a.mp3", f"--guild={number}"])
    assert ended.value.code == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
