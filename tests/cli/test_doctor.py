"""earworm doctor."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bot import client
from bot.cli import doctor
from bot.errors import SettingsError
from bot.services import Services
from bot.settings import Settings
from bot.workers import confinement
from discord_sandbox import Sandbox
from tests.support.commands import add_song, run
from tests.support.library import GUILD, add_track

ROOT = Path(__file__).parents[2]


async def doctor_look(settings: Settings) -> str:
    """What `earworm doctor` says of Discord."""
    return "".join(check.says for check in await doctor._discord(settings))


async def start(settings: Settings) -> str:
    """What `earworm run` refuses with."""
    with pytest.raises(SettingsError) as refused:
        await client.run(settings)
    return str(refused.value)


async def test_a_fresh_home_is_told_what_to_do_next(settings: Settings, capsys) -> None:
    openl3 = settings.model_copy(update={"embedders": ("openl3",)})
    assert await run(doctor, openl3) == 1
    told = capsys.readouterr().out
    assert "DISCORD_TOKEN is not set" in told
    assert "earworm models pull openl3" in told
    assert "✓ how openl3 is computed: " in told
    assert "convolutions, float32, " in told
    assert f"✓ confinement of workers: {confinement.says()}" in told
    assert "✓ metrics: off; EARWORM_METRICS=127.0.0.1:9464 has the running bot serve them there" in told


async def test_agreement_is_one_json_document(settings: Settings, capsys) -> None:
    async with Services.open(settings) as services:
        await add_song(services, "Song", [1])
    assert await run(doctor, settings, "--json") == 1  # for want of a token
    document = json.loads(capsys.readouterr().out)
    assert [(guild["id"], guild["agree"]) for guild in document["guilds"]] == [(GUILD, True)]
    assert [check["name"] for check in document["checks"] if not check["ok"]] == [
        "embedder openl3",
        "Discord",
    ]


async def test_a_lost_point_is_found_and_repaired(settings: Settings, capsys) -> None:
    async with Services.open(settings) as services:
        track = await add_song(services, "Song", [1])
        await services.vectors.remove(GUILD, [track])
    assert await run(doctor, settings) == 1
    assert "1 missing from the vectors" in capsys.readouterr().out
    await run(doctor, settings, "--repair")
    assert "database and vectors agree" in capsys.readouterr().out
    async with Services.open(settings) as services:
        assert await services.vectors.ids(GUILD) == {track}


async def test_what_cannot_be_fetched_for_an_embedder_that_was_switched_on_is_named(
    settings: Settings, capsys
) -> None:
    async with Services.open(settings) as services:
        await add_song(services, "Attached", [1])
        await add_track(services.store, "Linked", url="https://song.example/1")
    changed = settings.model_copy(update={"embedders": ("mfcc",)})
    await run(doctor, changed)
    told = capsys.readouterr().out
    assert "still to be listened to with every embedder, by the running bot: 1" in told
    assert "can't be fetched again for that, share them once more: 1: Attached (1)" in told


async def test_a_good_token_gets_the_link_that_invites_the_bot(settings: Settings, capsys) -> None:
    async with Sandbox() as discord:
        pointed = settings.model_copy(
            update={
                "embedders": ("mfcc",),
                "discord_token": discord.token,
                "discord_api_base": discord.api_base,
                "discord_gateway_url": discord.gateway_url,
            }
        )
        assert await run(doctor, pointed) == 1
        told = capsys.readouterr().out
        discord.grant(message_content=True)
        assert await run(doctor, pointed) == 0
    assert f"oauth2/authorize?client_id={discord.bot.id}&scope=bot" in told
    assert "✗ Message Content Intent" in told
    assert "✗" not in capsys.readouterr().out


def test_a_kernel_that_refuses_to_confine_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "refusal", lambda: "the kernel has Landlock 7, but refuses")
    assert doctor._confinement() == doctor.Check("confinement of workers", False, confinement.refusal())


@pytest.mark.parametrize("ask", [doctor_look, start])
async def test_a_discord_that_accepts_and_never_answers_is_told(settings: Settings, ask, monkeypatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.5)
    asked = asyncio.Event()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = settings.model_copy(
        update={
            "embedders": ("mfcc",),
            "discord_token": "token",
            "discord_api_base": f"http://127.0.0.1:{port}/api",
        }
    )
    try:
        async with asyncio.timeout(60):
            assert "can't be reached: no answer for " in await ask(silent)
        assert asked.is_set()
    finally:
        gone.set()
        server.close()


async def test_what_it_makes_nobody_else_may_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {"EARWORM_HOME": str(home), "PATH": os.environ["PATH"], "EARWORM_EMBEDDERS": "mfcc"}
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "doctor", cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    assert await asked.wait() == 1
    made = [home, *home.rglob("*")]
    assert {"earworm.db", "installation", "vectors"} <= {path.name for path in made}
    assert [path for path in made if path.stat().st_mode & 0o077] == []


async def test_a_wrong_token_is_named(settings: Settings, capsys) -> None:
    async with Sandbox() as discord:
        pointed = settings.model_copy(update={"discord_token": "wrong", "discord_api_base": discord.api_base})
        assert await run(doctor, pointed) == 1
    assert "Discord rejected DISCORD_TOKEN" in capsys.readouterr().out
