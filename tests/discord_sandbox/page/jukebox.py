"""A small bot that uses all of Discord that a page has to show."""

import io
from typing import Any

import discord
from discord import app_commands, ui

from tests.discord_sandbox.client import Client

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)
Asked = discord.Interaction[Any]


class Why(ui.Modal, title="Tell me more"):
    """Asks one question."""

    why: ui.TextInput[Any] = ui.TextInput(label="Why?", custom_id="why", max_length=50)

    async def on_submit(self, interaction: Asked) -> None:
        await interaction.response.send_message(f"because {self.why.value}", ephemeral=True)


class Panel(ui.View):
    """Buttons and menus."""

    @ui.button(label="Change", custom_id="change", style=discord.ButtonStyle.success)
    async def change(self, interaction: Asked, _button: Any) -> None:
        await interaction.response.edit_message(content="changed")

    @ui.button(label="Why", custom_id="why")
    async def why(self, interaction: Asked, _button: Any) -> None:
        await interaction.response.send_modal(Why())

    @ui.button(label="Silent", custom_id="silent")
    async def silent(self, _interaction: Asked, _button: Any) -> None:
        """Doesn't answer."""

    @ui.button(label="Off", custom_id="off", disabled=True)
    async def off(self, _interaction: Asked, _button: Any) -> None:
        """Can't be pressed."""

    @ui.select(
        custom_id="one", placeholder="Pick a style", options=[discord.SelectOption(label=x) for x in "AB"]
    )
    async def one(self, interaction: Asked, select: Any) -> None:
        await interaction.response.send_message(f"picked {select.values[0]}")

    @ui.select(custom_id="some", max_values=2, options=[discord.SelectOption(label=x) for x in "XYZ"])
    async def some(self, interaction: Asked, select: Any) -> None:
        await interaction.response.send_message("ticked " + "+".join(sorted(select.values)))

    @ui.select(cls=ui.UserSelect, custom_id="who")
    async def who(self, interaction: Asked, select: Any) -> None:
        await interaction.response.send_message(f"chose {select.values[0].display_name}")


class Jukebox(Client):
    """The bot."""

    def __init__(self) -> None:
        super().__init__()
        self.tree.add_command(play)
        self.tree.add_command(silent)
        self.tree.add_command(admin)
        self.tree.add_command(spell)


@app_commands.command(description="Plays anything")
@app_commands.describe(song="What to play", times="How often")
@app_commands.choices(style=[app_commands.Choice(name="Loud", value=11)])
async def play(
    interaction: Asked,
    song: str,
    times: app_commands.Range[int, 1, 9] = 1,
    style: int = 0,
    file: discord.Attachment | None = None,
    who: discord.Member | None = None,
    where: discord.TextChannel | None = None,
    private: bool = False,
) -> None:
    """Answers with everything that it was given, a picture, a file and a panel."""
    size = len(await file.read()) if file else 0
    text = f"{song} {times} {style} {size} {who and who.display_name} {where and where.name}"
    cover = discord.File(io.BytesIO(PIXEL), "cover.png", description="A single dot")
    listed = discord.File(io.BytesIO(b"#EXTM3U"), "list.m3u8")
    await interaction.response.send_message(text, view=Panel(), files=[cover, listed], ephemeral=private)


@play.autocomplete("song")
async def songs(_interaction: Asked, typed: str) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(name=f"{typed} {word}".strip(), value=f"id-{word}") for word in ("Waltz", "Polka")
    ]


@app_commands.command(description="Never answers")
async def silent(_interaction: Asked) -> None:
    """Nothing."""


@app_commands.command(description="For admins")
@app_commands.default_permissions(manage_guild=True)
async def admin(interaction: Asked) -> None:
    await interaction.response.send_message("welcome")


@app_commands.context_menu(name="Spell out")
async def spell(interaction: Asked, message: discord.Message) -> None:
    await interaction.response.send_message("-".join(message.content))
