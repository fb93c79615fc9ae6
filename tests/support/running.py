"""The real bot in this process, connected to the sandbox, and a server with members who use it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import client
from bot.client import Earworm
from bot.settings import Settings
from discord_sandbox import Channel, Permission, Sandbox, SandboxMember, text_of
from models import Base, Guild, MessageTrack, Share, Source, Track, TrackVector
from tests.support.http import Site
from tests.support.songs import File

START_SECONDS = 90.0
PATIENCE = 60.0  # for a song's way through the pipeline, on a busy machine
LISTENING = "Listening…"


def settings_for(discord: Sandbox, web: Site, home: Path, **changes: object) -> Settings:
    """The settings of a bot that may fetch from the sandbox's CDN and from `web`."""
    values: dict[str, object] = {
        "discord_token": discord.token,
        "discord_api_base": discord.api_base,
        "discord_gateway_url": discord.gateway_url,
        "home": home,
        "embedders": "mfcc",
        "egress_allow": f"127.0.0.1:{discord.port},127.0.0.1:{web.port}",
    }
    return Settings.load(**values | changes)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Earworm]:
    """The bot as `earworm run` runs it, from the moment on that it is connected."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    ready: asyncio.Future[Earworm] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(client.run(settings, ready=ready.set_result))
    first: list[asyncio.Future[Any]] = [ready, serving]
    try:
        await asyncio.wait(first, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        assert ready.done(), "the bot did not connect"
        yield ready.result()
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
    if not serving.cancelled():
        serving.result()


@dataclass(frozen=True)
class AnnouncedShare:
    """A member's message and the bot's reply to it."""

    message: dict[str, Any]
    reply: dict[str, Any]

    @property
    def text(self) -> str:
        return text_of(self.reply)


@dataclass(frozen=True)
class WrittenSong:
    """A track for `Club.add_songs`: it sounds as the first numbers of its vector say; by Ann in #music unless told."""

    title: str
    artist: str = ""
    sounds: Sequence[float] = (1.0,)
    by: SandboxMember | None = None
    channel: Channel | None = None
    at: datetime | None = None
    url: str = ""


class Club:
    """A server of its own for a test: a music channel, a hall, three members and a moderator."""

    def __init__(self, discord: Sandbox, site: Site, name: str) -> None:
        self.discord = discord
        self.web = site
        self.guild = discord.add_guild(name)
        mods = self.guild.add_role("Mods", permissions=Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES)
        self.music = self.guild.add_channel("music")
        self.hall = self.guild.add_channel("hall")
        self.ann, self.bo, self.cleo = (self.guild.add_member(name) for name in ("Ann", "Bo", "Cleo"))
        self.mod = self.guild.add_member("Mod", roles=[mods])

    async def listen(self, channel: Channel | None = None, *, on: bool = True) -> None:
        """Let the moderator make a channel a music channel."""
        answer = await self.mod.command(
            self.hall, "settings channel", channel=channel or self.music, listen=on
        )
        await answer.message()

    # -- shares --------------------------------------------------------------------------------------------

    async def share(
        self,
        member: SandboxMember,
        text: str = "",
        files: Sequence[File] = (),
        *,
        channel: Channel | None = None,
        **options: Any,
    ) -> AnnouncedShare:
        """Post something and wait until the bot has announced what became of it."""
        message = await member.post(channel or self.music, text, files=files, **options)
        return AnnouncedShare(message, await self.reply_to(message))

    async def reply_to(self, message: dict[str, Any], *, timeout: float = PATIENCE) -> dict[str, Any]:
        """The bot's one reply to a message, once nothing of it is still on its way."""
        channel = self.guild.channels[int(message["channel_id"])]

        def settled() -> dict[str, Any] | None:
            return next((r for r in self.replies_to(message) if is_settled(channel, r)), None)

        found: dict[str, Any] = await self.discord.wait_for(settled, timeout)
        assert len(self.replies_to(message)) == 1, self.replies_to(message)
        return found

    def replies_to(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """Every reply of the bot's to a message."""
        channel = self.guild.channels[int(message["channel_id"])]
        return [
            m for m in channel.messages if answers(m, message) and int(m["author"]["id"]) == self.guild.bot.id
        ]

    async def settled(self, answer: Any, *, timeout: float = PATIENCE) -> dict[str, Any]:
        """What a command said in the end."""

        def said() -> dict[str, Any] | None:
            return next((m for m in answer.responses if is_settled(answer.channel, m)), None)

        found: dict[str, Any] = await self.discord.wait_for(said, timeout)
        return found

    def hold(self, path: str, data: bytes) -> tuple[str, asyncio.Event]:
        """A link to a file that is sent only once the event is set."""
        let_go = asyncio.Event()

        async def send(request: web.Request) -> web.Response:
            await let_go.wait()
            return web.Response(body=data, content_type="audio/mpeg")

        return self.web.on(path, send), let_go

    # -- tracks that are simply there ----------------------------------------------------------------------

    async def add_song(self, bot: Earworm, title: str, artist: str = "", **about: Any) -> int:
        """A track, about which `about` says the rest of `WrittenSong`; its id."""
        [track_id] = await self.add_songs(bot, [WrittenSong(title, artist, **about)])
        return track_id

    async def add_songs(self, bot: Earworm, songs: Sequence[WrittenSong]) -> list[int]:
        """Tracks, each shared in a message without a link; their ids. All at once costs a fraction of one by one."""
        messages = [
            await (song.by or self.ann).post(song.channel or self.music, "♫", at=song.at) for song in songs
        ]
        store = bot.services.store
        async with store.begin() as session:
            await session.execute(store.insert(Guild).values(id=self.guild.id).on_conflict_do_nothing())
            rows = [
                (self._track(bot, song), int(message["id"]))
                for song, message in zip(songs, messages, strict=True)
            ]
            session.add_all([track for track, _ in rows])
            await session.flush()
            for place, (song, (track, message_id)) in enumerate(zip(songs, rows, strict=True)):
                at = song.at or now() + timedelta(microseconds=place)  # no two at once
                session.add_all(self._shared(song, track.id, message_id, at))
        track_ids = [track.id for track, _ in rows]
        await bot.services.refresher.refresh_points(self.guild.id, track_ids)
        return track_ids

    def _track(self, bot: Earworm, song: WrittenSong) -> Track:
        vector = np.zeros(bot.services.primary.dimension, dtype="<f4")
        vector[: len(song.sounds)] = song.sounds
        track = Track(guild_id=self.guild.id, seconds=200.0, created_at=now())
        track.vectors = [TrackVector(name=bot.services.primary.vector_name, data=vector.tobytes())]
        return track

    def _shared(self, song: WrittenSong, track_id: int, message_id: int, at: datetime) -> list[Base]:
        about = {"track_id": track_id, "guild_id": self.guild.id}
        key = f"url:{song.url}" if song.url else f"discord:{message_id}"
        share = Share(
            **about,
            message_id=message_id,
            channel_id=(song.channel or self.music).id,
            user_id=(song.by or self.ann).id,
            url=song.url,
            shared_at=at,
            source=Source(**about, key=key, url=song.url, title=song.title, artist=song.artist),
        )
        return [share, MessageTrack(**about, message_id=message_id)]


def now() -> datetime:
    return datetime.now(UTC)


def answers(reply: dict[str, Any], message: dict[str, Any]) -> bool:
    """Whether one message is a reply to another."""
    return (reply.get("message_reference") or {}).get("message_id") == message["id"]


def is_settled(channel: Channel, message: dict[str, Any]) -> bool:
    """Whether a reply says what became of every link, and has its thumbs if it should."""
    text = text_of(message)
    if not text or LISTENING in text:
        return False
    return "🎵" not in text or set(channel.reactions(message)) >= {"👍", "👎"}


async def eventually(check: Any, timeout: float = 60.0) -> Any:
    """The first true value of a coroutine function that is asked again and again."""
    async with asyncio.timeout(timeout):
        while not (found := await check()):  # noqa: ASYNC110 -- nothing tells of a change in the database
            await asyncio.sleep(0.05)
    return found
