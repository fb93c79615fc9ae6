"""earworm doctor."""

import json

from bot.cli import doctor
from bot.services import Services
from bot.settings import Settings
from discord_sandbox import Sandbox
from tests.support.commands import add_song, run
from tests.support.library import GUILD, add_track


async def test_a_fresh_home_is_told_what_to_do_next(settings: Settings, capsys) -> None:
    openl3 = settings.model_copy(update={"embedders": ("openl3",)})
    assert await run(doctor, openl3) == 0
    told = capsys.readouterr().out
    assert "DISCORD_TOKEN is not set" in told
    assert "earworm models pull openl3" in told
    assert "✓ how openl3 is computed: " in told
    assert "convolutions, float32, " in told


async def test_agreement_is_one_json_document(settings: Settings, capsys) -> None:
    async with Services.open(settings) as services:
        await add_song(services, "Song", [1])
    assert await run(doctor, settings, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(guild["id"], guild["agree"]) for guild in document["guilds"]] == [(GUILD, True)]


async def test_a_lost_point_is_found_and_repaired(settings: Settings, capsys) -> None:
    async with Services.open(settings) as services:
        track = await add_song(services, "Song", [1])
        await services.vectors.remove(GUILD, [track])
    assert await run(doctor, settings) == 0
    assert "1 missing from the vectors" in capsys.readouterr().out
    assert await run(doctor, settings, "--repair") == 0
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
    assert await run(doctor, changed) == 0
    told = capsys.readouterr().out
    assert "still to be listened to with every embedder, by the running bot: 1" in told
    assert "can't be fetched again for that, share them once more: 1: Attached (1)" in told


async def test_a_good_token_gets_the_link_that_invites_the_bot(settings: Settings, capsys) -> None:
    async with Sandbox() as discord:
        pointed = settings.model_copy(
            update={
                "discord_token": discord.token,
                "discord_api_base": discord.api_base,
                "discord_gateway_url": discord.gateway_url,
            }
        )
        assert await run(doctor, pointed) == 0
    told = capsys.readouterr().out
    assert f"oauth2/authorize?client_id={discord.bot.id}&scope=bot" in told
    assert "✗ Message Content Intent" in told


async def test_a_wrong_token_is_named(settings: Settings, capsys) -> None:
    async with Sandbox() as discord:
        pointed = settings.model_copy(update={"discord_token": "wrong", "discord_api_base": discord.api_base})
        assert await run(doctor, pointed) == 0
    assert "Discord rejected DISCORD_TOKEN" in capsys.readouterr().out
