"""`earworm demo` itself: runs the bot in the sandbox, plays the story and writes the results."""

import asyncio
import shutil
from pathlib import Path

from bot import client
from bot.cli.sandboxed_bot import START_SECONDS, share_weights, while_running
from bot.cli.story import Numbers, Radio, Stage, Story
from bot.client import Earworm
from bot.digest.export import write_digest
from bot.settings import Settings
from discord_sandbox.music.synth import compose
from discord_sandbox.server import Sandbox
from discord_sandbox.transcript import render_html, render_text


async def play_demo(embedder: str, home: Path, folder: Path, out: Path) -> Numbers:
    """Play the story with a home in `folder`, print the channel and leave the files in `out`."""
    async with Sandbox() as discord, Radio().on_air() as radio:
        stage = Stage.build(discord)
        ready: asyncio.Future[Earworm] = asyncio.get_running_loop().create_future()
        settings = _settings(discord, radio, embedder, home, folder)
        bot = asyncio.create_task(client.run(settings, ready=ready.set_result))
        try:
            earworm = await while_running(bot, asyncio.wait_for(ready, START_SECONDS))
            await discord.ready(START_SECONDS)
            story = Story(stage, earworm, await asyncio.to_thread(compose), radio, folder)
            numbers = await while_running(bot, story.tell(lambda line: print(f"✓ {line}", flush=True)))
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
    share_weights(home, here)
    return Settings.own(
        discord_token=discord.token,
        discord_api_base=discord.api_base,
        discord_gateway_url=discord.gateway_url,
        home=here,
        embedders=(embedder,),
        egress_allow=f"127.0.0.1:{discord.port},127.0.0.1:{radio.port}",
    )


def results_table(numbers: Numbers) -> str:
    """What was measured, for a person."""
    lines = [
        ("nearest songs that are of the same style", numbers.neighbours, numbers.neighbours_by_chance),
        ("recommended after 👍 on two songs of a style", numbers.liked_style, numbers.liked_style_by_chance),
    ]
    rows = "\n".join(f"  {what:<46} {ours:4.0%}   by chance {chance:4.0%}" for what, ours, chance in lines)
    return f"Does it hear? Titles, artists and tags say nothing about the four styles.\n{rows}\n"
