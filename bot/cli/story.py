"""The script of `earworm demo`: made-up members share, react and ask in the sandbox for a week."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import mean

from aiohttp import web

from bot.client import Earworm
from discord_sandbox.music.synth import ComposedSong, write_audio
from discord_sandbox.rules.errors import Json
from discord_sandbox.server import Sandbox
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.permissions import Permission

STEP_TIMEOUT_SECONDS = 90.0  # seconds for one step, on a slow machine
NEIGHBOURS = 3
LIKED_SONGS_PER_STYLE = 2  # songs of a style that a member likes before asking
COMMENTS = (
    "this has been in my head all day",
    "found this one on a rainy evening",
    "play it loud",
    "what do you think?",
    "my neighbour hums this",
    "for the road",
    "short but good",
    "again!",
)
SPOTIFY = "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Numbers:
    """What the demonstration shows beside what chance would give; shares from 0 to 1."""

    neighbours: float
    neighbours_by_chance: float
    liked_style: float
    liked_style_by_chance: float


class Radio:
    """A web site on loopback that has the songs, as links need one."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.port = 0

    @asynccontextmanager
    async def on_air(self) -> AsyncIterator["Radio"]:
        """Serve the files."""
        app = web.Application()
        app.router.add_get("/{name}", self._serve)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    def link(self, file: Path) -> str:
        """A link to a file."""
        self.files[file.name] = file
        return f"http://127.0.0.1:{self.port}/{file.name}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        file = self.files.get(request.match_info["name"])
        return web.FileResponse(file) if file else web.Response(status=404)


@dataclass
class Stage:
    """The server in which it plays, and who plays."""

    discord: Sandbox
    guild: SandboxGuild
    music: Channel
    ann: SandboxMember
    bo: SandboxMember
    cleo: SandboxMember
    dev: SandboxMember

    @classmethod
    def build(cls, discord: Sandbox) -> "Stage":
        """A server with a music channel, an admin and three members."""
        discord.grant(message_content=True)
        discord.clock.travel(timedelta(days=-3))
        guild = discord.add_guild("Late Night Listeners")
        admins = guild.add_role("Admins", permissions=Permission.MANAGE_GUILD, colour=0xE67E22)
        return cls(
            discord=discord,
            guild=guild,
            music=guild.add_channel("music"),
            ann=guild.add_member("Ann", roles=[admins]),
            bo=guild.add_member("Bo"),
            cleo=guild.add_member("Cleo"),
            dev=guild.add_member("Dev"),
        )

    def reply_to(self, message: Json) -> Json | None:
        """The bot's finished reply to a message, once it is there."""
        for other in reversed(self.music.messages):
            reference = other.get("message_reference") or {}
            if reference.get("message_id") == message["id"] and not other["content"].startswith("🎧"):
                return other
        return None


class Story:
    """Acts it all out, step by step."""

    def __init__(
        self, stage: Stage, bot: Earworm, songs: Sequence[ComposedSong], radio: Radio, folder: Path
    ) -> None:
        self.stage = stage
        self.bot = bot
        self.songs = songs
        self.radio = radio
        self.folder = folder
        self.replies: dict[str, Json] = {}  # by title

    @property
    def styles(self) -> Mapping[str, str]:
        """Which style a title is of; nothing that the bot knows tells it."""
        return {song.title: song.style for song in self.songs}

    async def tell(self, say: Say) -> Numbers:
        """Play the whole story; gives the numbers that it comes to."""
        await self.set_up()
        say("Ann made #music a music channel and set up the weekly digest.")
        await self.share()
        say(
            f"Ann, Bo and Cleo shared {len(self.songs)} songs, 12 as links and 4 as files; all were listened to."
        )
        await self.share_again()
        say("Bo shared a song that was there already, in another format, and a link that can't be played.")
        neighbours = await self.neighbours()
        liked_style = await self.tastes()
        await self.ask()
        say("Dev, who shared nothing, liked and disliked a few, then asked /recommend; Cleo asked /similar.")
        await self.look()
        say("Bo asked what this server sounds like (/vibes), and Cleo for the map of its music (/map).")
        await self.digest()
        say("A day later the digest was posted.")
        others = len(self.songs) - 1
        per_style = len(self.songs) // len(set(self.styles.values()))
        return Numbers(
            neighbours=neighbours,
            neighbours_by_chance=(per_style - 1) / others,
            liked_style=liked_style,
            liked_style_by_chance=(per_style - LIKED_SONGS_PER_STYLE)
            / (len(self.songs) - LIKED_SONGS_PER_STYLE),
        )

    # -- the steps -----------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """The admin's part."""
        stage = self.stage
        await (await stage.ann.command(stage.music, "settings channel", channel=stage.music)).message(
            STEP_TIMEOUT_SECONDS
        )
        tomorrow = (stage.discord.clock.now() + timedelta(days=4)).weekday()
        digest = await stage.ann.command(
            stage.music,
            "digest set",
            channel=stage.music,
            weekday=tomorrow,
            hour=18,
            timezone="Europe/Berlin",
        )
        await digest.message(STEP_TIMEOUT_SECONDS)

    async def share(self) -> None:
        """Three members share the songs, three links for each file."""
        sharers = (self.stage.ann, self.stage.bo, self.stage.cleo)
        posted = []
        for number, song in enumerate(self.songs):
            member = sharers[number % len(sharers)]
            comment = COMMENTS[number % len(COMMENTS)]
            posted.append((song, await self._post(member, song, comment, as_file=number % 4 == 3)))
            self.stage.discord.clock.travel(timedelta(hours=3, minutes=41))
        for song, message in posted:
            ready = partial(self._ready, message)
            self.replies[song.title] = await self.stage.discord.wait_for(ready, STEP_TIMEOUT_SECONDS)

    async def _post(self, member: SandboxMember, song: ComposedSong, comment: str, *, as_file: bool) -> Json:
        suffix = ".ogg" if as_file else ".mp3"
        file = self.folder / (song.title.lower().replace(" ", "-") + suffix)
        tags = {"title": song.title, "artist": song.artist}
        await asyncio.to_thread(write_audio, song.samples, song.rate, file, tags=tags)
        if as_file:
            content = (file.name, file.read_bytes(), "audio/ogg")
            return await member.post(self.stage.music, comment, files=[content])
        return await member.post(self.stage.music, f"{comment} {self.radio.link(file)}")

    def _ready(self, message: Json) -> Json | None:
        reply = self.stage.reply_to(message)
        return reply if reply and len(self.stage.music.reactions(reply)) >= 2 else None

    async def share_again(self) -> None:
        """The same recording as another file, and a link that nobody may play."""
        song = self.songs[0]
        again = self.folder / "untitled-3.m4a"
        await asyncio.to_thread(write_audio, song.samples, song.rate, again)
        content = (again.name, again.read_bytes(), "audio/mp4")
        copy = await self.stage.bo.post(self.stage.music, "you have to hear this", files=[content])
        locked = await self.stage.bo.post(self.stage.music, f"and this {SPOTIFY}")
        for message in (copy, locked):
            await self.stage.discord.wait_for(partial(self.stage.reply_to, message), STEP_TIMEOUT_SECONDS)

    async def ask(self) -> None:
        """Votes, and the questions that they answer."""
        stage = self.stage
        liked = min({song.style for song in self.songs})
        favourites = [song.title for song in self.songs if song.style == liked][:LIKED_SONGS_PER_STYLE]
        disliked = next(song.title for song in self.songs if song.style != liked)
        for title in favourites:
            await stage.dev.react(self.replies[title], "👍")
            await stage.bo.react(self.replies[title], "👍")
        await stage.dev.react(self.replies[disliked], "👎")
        await self._votes(LIKED_SONGS_PER_STYLE + 1)
        await self._command(stage.dev, "recommend")
        seed = (await stage.cleo.autocomplete(stage.music, "similar", "track", self.songs[5].title))[0][
            "value"
        ]
        await self._command(stage.cleo, "similar", track=seed)

    async def look(self) -> None:
        """What the server sounds like, in words and as a picture."""
        await self._command(self.stage.bo, "vibes list")
        await self._command(self.stage.cleo, "map")

    async def digest(self) -> None:
        """Let the digest's hour come."""
        clock = self.stage.discord.clock
        guild = await self.bot.services.guilds.get(self.stage.guild.id)
        due = await self.bot.services.digests.next_due(guild, clock.now())
        clock.travel(due - clock.now() + timedelta(seconds=2))
        cog = self.bot.get_cog("digest")
        before = len(self.stage.music.messages)
        await cog.post_all(clock.now())  # type: ignore[union-attr]
        await self.stage.discord.wait_for(
            lambda: len(self.stage.music.messages) > before, STEP_TIMEOUT_SECONDS
        )

    # -- the numbers ---------------------------------------------------------------------------------------

    async def neighbours(self) -> float:
        """The share of each song's nearest songs that are of its style."""
        found = []
        for song in self.songs:
            card = await self._card(song.title)
            picks = (
                await self.bot.services.recommender.similar(
                    self.stage.guild.id, track_id=card, channels=None, limit=NEIGHBOURS
                )
            ).picks
            found += [self.styles.get(pick.card.title) == song.style for pick in picks]
        return mean(found)

    async def tastes(self) -> float:
        """Of what is recommended to Dev, how much is of the style that they gave 👍; each style in its turn."""
        found = []
        for style in sorted(set(self.styles.values())):
            liked = [song.title for song in self.songs if song.style == style][:LIKED_SONGS_PER_STYLE]
            for title in liked:
                await self.stage.dev.react(self.replies[title], "👍")
            await self._votes(LIKED_SONGS_PER_STYLE)
            found.append(await self._share_of(style))
            for title in liked:
                await self.stage.dev.unreact(self.replies[title], "👍")
            await self._votes(0)
        return mean(found)

    async def _share_of(self, style: str) -> float:
        found = await self.bot.services.recommender.recommend(
            self.stage.guild.id, self.stage.dev.id, None, limit=LIKED_SONGS_PER_STYLE
        )
        return sum(self.styles.get(pick.card.title) == style for pick in found.picks) / LIKED_SONGS_PER_STYLE

    async def _votes(self, number: int) -> None:
        """Wait until the bot knows that many votes of Dev's."""
        async with asyncio.timeout(STEP_TIMEOUT_SECONDS):
            votes = self.bot.services.feedback.votes
            while len(await votes(self.stage.guild.id, self.stage.dev.id)) != number:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def _card(self, title: str) -> int:
        return (await self.bot.services.catalog.resolve(self.stage.guild.id, title, None)).id

    async def _command(self, member: SandboxMember, name: str, **options: str) -> None:
        await (await member.command(self.stage.music, name, **options)).message(STEP_TIMEOUT_SECONDS)
