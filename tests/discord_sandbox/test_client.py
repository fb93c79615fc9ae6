"""discord.py, unmodified, does what a music bot does."""

import asyncio
import io

import discord
from discord import app_commands, ui

from discord_sandbox import Sandbox
from tests.discord_sandbox.client import Client, connected


async def test_a_post_is_answered_edited_and_reacted_to(sandbox: Sandbox) -> None:
    sandbox.grant(message_content=True)
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    ann = guild.add_member("Ann")
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True, guild_reactions=True)
    client = Client(intents=intents)

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.author == client.user:
            return
        await message.add_reaction("🎧")
        reply = await message.reply("listening…", mention_author=False)
        await reply.edit(content="", embed=discord.Embed(title="Song", description=message.content))
        await reply.add_reaction("👍")
        assert client.user
        await message.remove_reaction("🎧", client.user)

    async with connected(sandbox, client):
        posted = await ann.post(music, "https://example.org/a.mp3", files=[("a b.mp3", b"x", "audio/mpeg")])
        await sandbox.wait_for(lambda: len(music.messages) == 2 and "reactions" in music.messages[1])
        await sandbox.quiet(0.2)
        first, reply = music.messages
        assert first["id"] == posted["id"]
        assert first["attachments"][0]["filename"] == "a_b.mp3"
        assert "reactions" not in first
        assert reply["referenced_message"]["id"] == first["id"]
        assert reply["mentions"] == []
        assert reply["embeds"][0]["description"] == "https://example.org/a.mp3"
        assert reply["reactions"][0]["me"]
        await ann.react(reply, "👍")
        assert music.reactions(reply) == {"👍": ["Earworm", "Ann"]}
        await sandbox.wait_for(lambda: len(client.events("raw_reaction_add")) == 3)
        assert client.events("raw_reaction_add")[-1].member.display_name == "Ann"
    assert sandbox.violations == []


async def test_commands_buttons_selects_modals_and_files(sandbox: Sandbox) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    ann = guild.add_member("Ann")
    client = Client()

    class ReasonModal(ui.Modal, title="More"):
        why = ui.TextInput(label="Why?")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            await interaction.response.send_message(f"because {self.why.value}", ephemeral=True)

    class Buttons(ui.View):
        @ui.button(label="More", emoji="👍", custom_id="more")
        async def more(self, interaction: discord.Interaction, _: ui.Button) -> None:
            await interaction.response.edit_message(content="changed", view=None)

        @ui.button(label="Why", custom_id="why")
        async def why(self, interaction: discord.Interaction, _: ui.Button) -> None:
            await interaction.response.send_modal(ReasonModal())

        @ui.select(
            custom_id="pick", options=[discord.SelectOption(label="A"), discord.SelectOption(label="B")]
        )
        async def pick(self, interaction: discord.Interaction, select: ui.Select) -> None:
            await interaction.response.defer()
            await interaction.followup.send("picked " + select.values[0])

    @client.tree.command(description="Similar songs")
    @app_commands.describe(track="which", file="a file", who="whose")
    async def similar(
        interaction: discord.Interaction,
        track: str,
        count: app_commands.Range[int, 1, 10] = 3,
        file: discord.Attachment | None = None,
        who: discord.Member | None = None,
        where: discord.TextChannel | None = None,
        loud: bool = False,
    ) -> None:
        await interaction.response.defer()
        size = len(await file.read()) if file else 0
        text = f"{track} {count} {size} {who and who.display_name} {where and where.id} {loud}"
        await interaction.edit_original_response(content=text, view=Buttons())
        await interaction.followup.send("psst", ephemeral=True, file=discord.File(io.BytesIO(b"n"), "n.txt"))

    @similar.autocomplete("track")
    async def choices(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=current + "!", value="1")]

    group = app_commands.Group(
        name="settings", description="Settings", default_permissions=discord.Permissions(manage_guild=True)
    )

    @group.command(description="Channel")
    async def channel(interaction: discord.Interaction, on: bool) -> None:
        await interaction.response.send_message(f"on {on}", ephemeral=True)

    client.tree.add_command(group)

    @client.tree.context_menu(name="Add to library")
    async def add(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(message.content + message.attachments[0].filename)

    async with connected(sandbox, client):
        await client.tree.sync()
        assert await ann.autocomplete(music, "similar", "track", "wo") == [{"name": "wo!", "value": "1"}]
        file = ("c.mp3", b"12345", "audio/mpeg")
        answer = await ann.command(
            music, "similar", track="1", count=2, file=file, who=ann, where=music, loud=True
        )
        assert answer.deferred
        shown = await answer.message()
        assert shown["content"] == f"1 2 5 Ann {music.id} True"
        await sandbox.wait_for(lambda: len(answer.responses) == 2)
        whisper = answer.responses[1]
        assert whisper["flags"] & 64
        assert len(music.messages) == 1
        assert [m["id"] for m in music.seen_by(ann)] == [shown["id"], whisper["id"]]
        assert shown["interaction"]["name"] == "similar"

        picked = await ann.select(shown, "B")
        assert (await picked.message())["content"] == "picked B"
        asked = await ann.click(shown, label="Why")
        assert asked.modal
        sent = await ann.submit_modal(
            asked, **{asked.modal["components"][0]["components"][0]["custom_id"]: "x"}
        )
        assert (await sent.message())["content"] == "because x"
        clicked = await ann.click(shown, emoji="👍")
        assert (await clicked.message())["content"] == "changed"
        assert clicked.responses == []

        mod = guild.add_member("Mod", roles=[guild.add_role("Mods", permissions=1 << 5)])
        done = await mod.command(music, "settings channel", on=True)
        assert (await done.message())["content"] == "on True"
        posted = await ann.post(music, "hello", files=[file])
        added = await ann.menu(music, "Add to library", posted)
        assert (await added.message())["content"] == "helloc.mp3"
    assert sandbox.violations == []


async def test_a_components_v2_layout(sandbox: Sandbox, client: Client) -> None:
    guild = sandbox.add_guild("Club")
    music = guild.add_channel("music")
    await sandbox.wait_for(lambda: client.get_channel(music.id))

    class Layout(ui.LayoutView):
        row = ui.ActionRow()

        @row.button(label="One", custom_id="one")
        async def one(self, interaction: discord.Interaction, _: ui.Button) -> None:
            await interaction.response.defer()

    layout = Layout()
    thumbnail = ui.Thumbnail("attachment://a.png", description="cover")
    section = ui.Section(ui.TextDisplay("## Song"), accessory=thumbnail)
    gallery = ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png"))
    link = ui.Section("jump", accessory=ui.Button(url="https://discord.com/channels/1/2/3", label="Jump"))
    layout.add_item(ui.Container(section, ui.Separator(), gallery, link, accent_colour=0xFF0000))
    file = discord.File(io.BytesIO(b"png"), "a.png", description="cover")
    sent = await client.get_channel(music.id).send(view=layout, file=file)
    assert sent.flags.components_v2
    row, container = music.messages[0]["components"]
    assert row["components"][0]["custom_id"] == "one"
    assert container["components"][0]["accessory"]["media"]["url"].startswith("http://127.0.0.1")
    assert isinstance(container["id"], int)
    assert sandbox.violations == []


async def test_a_modal_of_labels(sandbox: Sandbox) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    ann = music.guild.add_member("Ann")
    client = Client()

    class TimeModal(ui.Modal, title="When?"):
        note = ui.TextDisplay("The weekly digest")
        zone = ui.Label(text="Zone", component=ui.TextInput(custom_id="zone"))
        day = ui.Label(
            text="Day",
            component=ui.Select(
                custom_id="day", options=[discord.SelectOption(label=d) for d in ("Mon", "Tue")]
            ),
        )

        async def on_submit(self, interaction: discord.Interaction) -> None:
            zone, day = self.zone.component, self.day.component
            assert isinstance(zone, ui.TextInput) and isinstance(day, ui.Select)
            await interaction.response.send_message(f"{zone.value} {day.values[0]}")

    @client.tree.command(description="Set")
    async def digest(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(TimeModal())

    async with connected(sandbox, client):
        await client.tree.sync()
        asked = await ann.command(music, "digest")
        sent = await ann.submit_modal(asked, zone="Europe/Oslo", day=["Tue"])
        assert (await sent.message())["content"] == "Europe/Oslo Tue"
    assert sandbox.violations == []


async def test_members_come_and_go(sandbox: Sandbox) -> None:
    sandbox.grant(members=True)
    guild = sandbox.add_guild("Club")
    async with connected(sandbox, Client(intents=discord.Intents(guilds=True, members=True))) as client:
        known = client.get_guild(guild.id)
        ann = guild.add_member("Ann")
        await sandbox.wait_for(lambda: known.get_member(ann.id))
        ann.set_roles(guild.add_role("Mods"))
        await sandbox.wait_for(lambda: len(known.get_member(ann.id).roles) == 2)
        guild.remove_member(ann)
        await sandbox.wait_for(lambda: not known.get_member(ann.id))


async def test_many_members_at_once(sandbox: Sandbox, client: Client) -> None:
    music = sandbox.add_guild("Club").add_channel("music")
    members = [music.guild.add_member(f"Member {n}") for n in range(10)]

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.author != client.user:
            await message.add_reaction("🎧")
            await (await message.reply("working")).edit(content="done")

    await asyncio.gather(*(m.post(music, str(n)) for n in range(5) for m in members))
    await sandbox.wait_for(lambda: [m["content"] for m in music.messages].count("done") == 50, 20)
    answered = [m["message_reference"]["message_id"] for m in music.messages if m["content"] == "done"]
    assert len(set(answered)) == 50
    assert sandbox.violations == []
