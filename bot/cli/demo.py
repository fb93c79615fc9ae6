"""`earworm demo`: the whole story on loopback, without a token and without a network."""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from bot import client
from bot.audio.synth import compose
from bot.cli.loopback import START_SECONDS, beside, best_embedder, lend_weights, listening_with
from bot.client import Earworm
from bot.playlists.export import write_digest
from bot.sandbox.server import Sandbox
from bot.sandbox.story import Numbers, Radio, Stage, Story
from bot.sandbox.transcript import render_html, render_text
from bot.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("demo", help="the whole story on loopback: no token, no network")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="where its files go")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Play the story, print the channel and the numbers, and leave the files."""
    began = time.monotonic()
    out: Path = arguments.out
    await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    embedder = best_embedder(settings.home)
    print(
        "Earworm, on a Discord that runs on this machine. The members and their songs are made up; the bot is real.\n"
    )
    print(listening_with(embedder) + "\n")
    with tempfile.TemporaryDirectory(prefix="earworm-demo-") as folder:
        numbers = await _play(embedder, settings.home, Path(folder), out)
    print(_numbers(numbers))
    print(
        f"Took {time.monotonic() - began:.0f} s. Open {out / 'channel.html'} to see the channel as Discord shows it;"
    )
    print("the digest's files are beside it. To run Earworm on your server: put DISCORD_TOKEN=… into .env")
    print(
        "(the README says where it comes from), then: earworm models pull openl3, earworm doctor, earworm run."
    )
    return 0


async def _play(embedder: str, home: Path, folder: Path, out: Path) -> Numbers:
    async with Sandbox() as discord, Radio().on_air() as radio:
        stage = Stage.build(discord)
        ready: asyncio.Future[Earworm] = asyncio.get_running_loop().create_future()
        settings = _settings(discord, radio, embedder, home, folder)
        bot = asyncio.create_task(client.run(settings, ready=ready.set_result))
        try:
            earworm = await beside(bot, asyncio.wait_for(ready, START_SECONDS))
            await discord.ready(START_SECONDS)
            story = Story(stage, earworm, await asyncio.to_thread(compose), radio, folder)
            numbers = await beside(bot, story.tell(lambda line: print(f"✓ {line}", flush=True)))
            await _leave(stage, earworm, out)
        finally:
            bot.cancel()
            await asyncio.wait([bot])
    return numbers


async def _leave(stage: Stage, bot: Earworm, out: Path) -> None:
    """Print the channel, and write it and the digest's files."""
    print("\n" + render_text(stage.music, width=min(100, shutil.get_terminal_size().columns)) + "\n")
    (out / "channel.html").write_text(render_html(stage.guild, stage.music), encoding="utf-8")
    services = bot.services
    names = {member.id: member.name for member in (stage.ann, stage.bo, stage.cleo, stage.dev)}
    content = await services.digests.preview(stage.guild.id, None, now=stage.discord.clock.now())
    write_digest(content, out, names)


def _settings(discord: Sandbox, radio: Radio, embedder: str, home: Path, folder: Path) -> Settings:
    here = folder / "home"
    lend_weights(home, here)
    return Settings.own(
        discord_token=discord.token,
        discord_api_base=discord.api_base,
        discord_gateway_url=discord.gateway_url,
        home=here,
        embedders=(embedder,),
        egress_allow=f"127.0.0.1:{discord.port},127.0.0.1:{radio.port}",
    )


def _numbers(numbers: Numbers) -> str:
    lines = [
        ("nearest songs that are of the same style", numbers.neighbours, numbers.neighbours_by_chance),
        ("recommended after 👍 on two songs of a style", numbers.liked_style, numbers.liked_style_by_chance),
    ]
    table = "\n".join(f"  {what:<46} {ours:4.0%}   by chance {chance:4.0%}" for what, ours, chance in lines)
    return f"Does it hear? Titles, artists and tags say nothing about the four styles.\n{table}\n"
