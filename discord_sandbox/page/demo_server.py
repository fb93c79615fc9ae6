"""A ready-made server to try the bot in: four members, four channels and sample songs to share."""

from dataclasses import dataclass
from datetime import UTC, datetime

from discord_sandbox.page.sample_songs import SampleSongs
from discord_sandbox.server import Sandbox
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.model import CATEGORY
from discord_sandbox.world.permissions import Permission
from discord_sandbox.world.user import User

# A fixed creation time gives members and channels the same ids in every run, so that a kept library still fits.
CREATED_AT = datetime(2024, 5, 3, tzinfo=UTC)
REPLY_TIMEOUT = 60.0
SONGS_PER_SHARING = 8
COMMENTS = (
    "this has been in my head all day",
    "play it loud",
    "what do you think?",
    "for the road",
    "again!",
)


@dataclass
class DemoServer:
    """The server: Ann is its admin; Bo, Cleo and Dev are members."""

    discord: Sandbox
    guild: SandboxGuild
    music: Channel
    members: list[SandboxMember]
    songs: SampleSongs
    shared: int = 0

    @classmethod
    def build(cls, discord: Sandbox, songs: SampleSongs | None = None) -> "DemoServer":
        """An empty server: a music channel with a thread, one to talk in, and one that only Ann and Cleo see."""
        discord.grant(message_content=True)
        guild, ids = discord.add_guild("Late Night Listeners"), discord.world.ids
        admins = guild.add_role(
            "Admins", permissions=Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES, colour=0xE67E22
        )
        ann, bo, cleo, dev = (
            guild.add_member(User(ids.new(CREATED_AT), name), roles=[admins] if name == "Ann" else [])
            for name in ("Ann", "Bo", "Cleo", "Dev")
        )

        def new(name: str, **about: object) -> Channel:
            return guild.add_channel(name, channel_id=ids.new(CREATED_AT), **about)  # type: ignore[arg-type]

        new("Text channels", type=CATEGORY)
        music = new("music", topic="Post a link or a file, and Earworm listens to it")
        guild.add_thread(music, "album club", thread_id=ids.new(CREATED_AT))
        new("general", topic="Everything else")
        new("night-shift", topic="Only Ann and Cleo see this", private_to=[ann, cleo])
        return cls(discord, guild, music, [ann, bo, cleo, dev], songs or SampleSongs())

    async def set_up(self) -> None:
        """Let Ann make the music channel and order a weekly digest, as an admin would."""
        ann = self.members[0]
        await (await ann.command(self.music, "settings channel", channel=self.music)).message(REPLY_TIMEOUT)
        await (await ann.command(self.music, "digest set", channel=self.music)).message(REPLY_TIMEOUT)
        for message in self.music.seen_by(ann):
            await ann.delete(message)

    async def share_songs(self) -> None:
        """Let the members post the next few sample songs, last one first, as people tend to try the first ones."""
        count = len(await self.songs.all())
        for number in range(self.shared, self.shared + SONGS_PER_SHARING):
            song = await self.songs.as_file(count - 1 - number % count)
            member, comment = self.members[number % len(self.members)], COMMENTS[number % len(COMMENTS)]
            await member.post(self.music, comment, files=[song])
        self.shared += SONGS_PER_SHARING
