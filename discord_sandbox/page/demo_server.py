"""The server that the page shows: members, channels, and what can be tried there."""

from dataclasses import dataclass
from datetime import UTC, datetime

from discord_sandbox.page.sample_songs import SampleSongs
from discord_sandbox.server import Sandbox
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.model import CATEGORY
from discord_sandbox.world.permissions import Permission
from discord_sandbox.world.user import User

# Members and channels have the same ids in every sandbox, so that a library that is kept finds them again.
SINCE = datetime(2024, 5, 3, tzinfo=UTC)
PATIENCE = 60.0
SONGS_AT_ONCE = 8
COMMENTS = (
    "this has been in my head all day",
    "play it loud",
    "what do you think?",
    "for the road",
    "again!",
)


@dataclass
class DemoServer:
    """Ann looks after the server; Bo, Cleo and Dev listen."""

    discord: Sandbox
    guild: SandboxGuild
    music: Channel
    members: list[SandboxMember]
    shelf: SampleSongs
    shared: int = 0

    @classmethod
    def build(cls, discord: Sandbox, shelf: SampleSongs | None = None) -> "DemoServer":
        """An empty server: a music channel with a thread, one to talk in, and one that only Ann and Cleo see."""
        discord.grant(message_content=True)
        guild, ids = discord.add_guild("Late Night Listeners"), discord.world.ids
        admins = guild.add_role(
            "Admins", permissions=Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES, colour=0xE67E22
        )
        ann, bo, cleo, dev = (
            guild.add_member(User(ids.new(SINCE), name), roles=[admins] if name == "Ann" else [])
            for name in ("Ann", "Bo", "Cleo", "Dev")
        )

        def new(name: str, **about: object) -> Channel:
            return guild.add_channel(name, channel_id=ids.new(SINCE), **about)  # type: ignore[arg-type]

        new("Text channels", type=CATEGORY)
        music = new("music", topic="Post a link or a file, and Earworm listens to it")
        guild.add_thread(music, "album club", thread_id=ids.new(SINCE))
        new("general", topic="Everything else")
        new("night-shift", topic="Only Ann and Cleo see this", private_to=[ann, cleo])
        return cls(discord, guild, music, [ann, bo, cleo, dev], shelf or SampleSongs())

    async def set_up(self) -> None:
        """Let Ann make the music channel and order a weekly digest, as an admin would."""
        ann = self.members[0]
        await (await ann.command(self.music, "settings channel", channel=self.music)).message(PATIENCE)
        await (await ann.command(self.music, "digest set", channel=self.music)).message(PATIENCE)
        for whisper in self.music.seen_by(ann):
            await ann.delete(whisper)

    async def share_songs(self) -> None:
        """Let the members post a few songs from the shelf's far end, since people take from the near one."""
        count = len(await self.shelf.songs())
        for number in range(self.shared, self.shared + SONGS_AT_ONCE):
            song = await self.shelf.take(count - 1 - number % count)
            member, comment = self.members[number % len(self.members)], COMMENTS[number % len(COMMENTS)]
            await member.post(self.music, comment, files=[song])
        self.shared += SONGS_AT_ONCE
