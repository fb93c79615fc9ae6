"""`earworm demo`: the whole story on loopback, without a token and without a network."""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from bot import client
from bot.audio.synth import compose
from bot.client import Earworm
from bot.embedders import weights
from bot.playlists.export import write_digest
from bot.sandbox.server import Sandbox
from bot.sandbox.story import Numbers, Radio, Stage, Story
from bot.sandbox.transcript import render_html, render_text
from bot.settings import Settings

BEST_FIRST = ("openl3", "musicnn", "mfcc")
START_SECONDS = 180.0


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
    embedder = _best_embedder(settings.home)
    print(
        "Earworm, on a Discord that runs on this machine. The members and their songs are made up; the bot is real.\n"
    )
    print(_listening_with(embedder))
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
            await _first_of(ready, bot)
            await discord.ready(START_SECONDS)
            story = Story(stage, ready.result(), await asyncio.to_thread(compose), radio, folder)
            numbers = await story.tell(lambda line: print(f"✓ {line}", flush=True))
            await _leave(stage, ready.result(), out)
        finally:
            bot.cancel()
            await asyncio.wait([bot])
    return numbers


async def _first_of(ready: asyncio.Future[Earworm], bot: asyncio.Task[None]) -> None:
    """Wait until the bot is ready, or until it ends before it was; then its error is raised."""
    bot.add_done_callback(lambda _: ready.done() or ready.cancel())
    try:
        await asyncio.wait_for(asyncio.shield(ready), START_SECONDS)
    except asyncio.CancelledError:
        await bot


async def _leave(stage: Stage, bot: Earworm, out: Path) -> None:
    """Print the channel, and write it and the digest's files."""
    print("\n" + render_text(stage.music, width=min(100, shutil.get_terminal_size().columns)) + "\n")
    (out / "channel.html").write_text(render_html(stage.guild, stage.music), encoding="utf-8")
    services = bot.services
    names = {member.id: member.name for member in (stage.ann, stage.bo, stage.cleo, stage.dev)}
    content = await services.digests.preview(stage.guild.id, None, now=stage.discord.clock.now())
    write_digest(content, out, names)


def _best_embedder(home: Path) -> str:
    return next(name for name in BEST_FIRST if weights.available(name, home))


def _listening_with(embedder: str) -> str:
    if embedder == BEST_FIRST[0]:
        return f"Listening with {embedder}.\n"
    return (
        f"Listening with {embedder}, the best that can be had without a download; the weights of {BEST_FIRST[0]} are "
        f"not here (earworm models pull {BEST_FIRST[0]}).\n"
    )


def _settings(discord: Sandbox, radio: Radio, embedder: str, home: Path, folder: Path) -> Settings:
    here = folder / "home"
    here.mkdir()
    if (home / "weights").is_dir():
        (here / "weights").symlink_to((home / "weights").resolve())
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
