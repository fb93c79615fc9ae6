"""The gateway: connections, sessions, and which events each session receives.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from discord_sandbox.gateway.connection import Connection
from discord_sandbox.gateway.session import Session
from discord_sandbox.rules.errors import Json
from discord_sandbox.world import guild_payloads, payloads
from discord_sandbox.world.intents import ALL_INTENTS, Intent
from discord_sandbox.world.model import GuildState
from discord_sandbox.world.world import GatewayEvent, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
RESUMABLE_SECONDS = 120.0
PRIVILEGED = {
    "message_content": (Intent.MESSAGE_CONTENT, 1 << 18),
    "members": (Intent.GUILD_MEMBERS, 1 << 14),
    "presences": (Intent.GUILD_PRESENCES, 1 << 12),
}
ACK_DELAY_SECONDS = 0.05


@dataclass(frozen=True)
class Heartbeat:
    """One heartbeat of a client: seconds since the last one (or the hello), and by how many it was late."""

    after: float
    late: float


class Gateway:
    """Accepts connections and sends each session the events that it may see."""

    def __init__(
        self, world: World, guilds: Mapping[int, GuildState], *, token: str, heartbeat_seconds: float
    ) -> None:
        self.world = world
        self.guilds = guilds
        self.url = ""
        self.heartbeats: list[Heartbeat] = []
        self.closed_with: list[int] = []
        self._token = token
        self._heartbeat_seconds = heartbeat_seconds
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._held: list[GatewayEvent] | None = None
        world.listeners.append(self.dispatch)

    @property
    def connected(self) -> bool:
        """Whether a client is connected and identified."""
        return any(session.connection for session in self._sessions.values())

    def application_flags(self) -> int:
        """The flags of the application: which privileged intents it was granted."""
        return sum(flag for name, (_, flag) in PRIVILEGED.items() if getattr(self.world.granted, name))

    def dispatch(self, event: GatewayEvent) -> None:
        """Send an event to every session that subscribed to such events and may see this one."""
        if self._held is not None:
            self._held.append(event)
            return
        if not event.bot_sees:
            return
        self._drop_expired()
        for session in self._sessions.values():
            if session.wants(event):
                session.forward(event)

    def drop(self, code: int = 1006, *, resumable: bool = True) -> None:
        """Drop every connection; 1006 breaks it without a close frame."""
        for session in list(self._sessions.values()):
            if session.connection:
                session.connection.drop(code)
            if not resumable:
                del self._sessions[session.id]

    def ask_to_reconnect(self) -> None:
        """Send op 7: please connect again and resume."""
        for connection in self._connections:
            connection.send({"op": RECONNECT, "d": None})

    def hold(self) -> None:
        """Keep events back until `release`."""
        self._held = self._held or []

    def release(self, *, times: int = 1, backwards: bool = False) -> None:
        """Send the events that were kept back, each so often, the last one first if `backwards`."""
        held, self._held = self._held or [], None
        for event in reversed(held) if backwards else held:
            for _ in range(times):
                self.dispatch(event)

    def garble(self) -> None:
        """Send every session a malformed event, as Discord has done during incidents."""
        for session in self._sessions.values():
            session.send("MESSAGE_CREATE", {"garbled": True})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Send op 9: the session is invalid, or may be resumed."""
        for session in list(self._sessions.values()):
            if session.connection:
                session.connection.send({"op": INVALID, "d": resumable})
            if not resumable:
                del self._sessions[session.id]

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from hello to its end."""
        socket = web.WebSocketResponse(max_msg_size=4096 * 16, compress=False)
        await socket.prepare(request)
        connection = Connection(socket, request, request.query.get("compress"))
        self._connections.add(connection)
        interval = int(self._heartbeat_seconds * 1000)
        connection.send({"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": interval}})
        try:
            if request.query.get("v") != "10":
                await connection.close(4012)
            await self._receive(connection)
        finally:
            self._connections.discard(connection)
            for session in self._sessions.values():
                if session.connection is connection:
                    session.connection, session.lost_at = None, time.monotonic()
            await connection.finish()
        return socket

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            await connection.close(1001)

    async def _receive(self, connection: Connection) -> None:
        connection.last_beat = time.monotonic()
        async for frame in connection.socket:
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            try:
                message = json.loads(frame.data)
                operation, data = message["op"], message.get("d")
            except (ValueError, KeyError, TypeError):
                await self._refuse(connection, 4002)
                return
            if code := self._handle_operation(connection, operation, data):
                await self._refuse(connection, code)
                return

    async def _refuse(self, connection: Connection, code: int) -> None:
        self.closed_with.append(code)
        await connection.close(code)

    def _handle_operation(self, connection: Connection, operation: int, data: Any) -> int | None:
        """Handle a message of the client; returns the code to close the connection with, if any."""
        if operation == HEARTBEAT:
            self._acknowledge_heartbeat(connection)
            return None
        session = next((s for s in self._sessions.values() if s.connection is connection), None)
        if operation == IDENTIFY:
            return 4005 if session else self._identify(connection, data)
        if operation == RESUME:
            return 4005 if session else self._resume(connection, data)
        if session is None:
            return 4003
        if operation == MEMBERS:
            self._send_members(session, data)
            return None
        return None if operation in (PRESENCE, VOICE) else 4001

    def _acknowledge_heartbeat(self, connection: Connection) -> None:
        now = time.monotonic()
        after = now - connection.last_beat
        connection.last_beat = now
        self.heartbeats.append(Heartbeat(after, max(0.0, after - self._heartbeat_seconds)))
        # Delayed: discord.py records the send time only after sending, and takes an earlier ack for a late one.
        asyncio.get_running_loop().call_later(ACK_DELAY_SECONDS, connection.send, {"op": ACK, "d": None})

    def _identify(self, connection: Connection, data: Json) -> int | None:
        if data.get("token") != self._token:
            return 4004
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            return 4010
        if "intents" not in data or data["intents"] & ~ALL_INTENTS:
            return 4013
        intents = Intent(data["intents"])
        for name, (intent, _) in PRIVILEGED.items():
            if intent in intents and not getattr(self.world.granted, name):
                return 4014
        session = Session(secrets.token_hex(16), intents, (number, count), connection)
        self._sessions[session.id] = session
        self._send_ready(session, sharded="shard" in data)
        return None

    def _send_ready(self, session: Session, *, sharded: bool) -> None:
        number, count = session.shard
        guilds = [g for g in self.guilds.values() if (g.id >> 22) % count == number]
        ready: Json = {
            "v": 10,
            "user": payloads.user(self.world.bot) | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "application": {"id": str(self.world.bot.id), "flags": self.application_flags()},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": ["sandbox"],
        }
        session.send("READY", ready | ({"shard": [number, count]} if sharded else {}))
        if Intent.GUILDS in session.intents:
            every = Intent.GUILD_MEMBERS in session.intents
            for guild in guilds:
                introduced = guild_payloads.guild_create(guild, all_members=every) | {"unavailable": False}
                session.send("GUILD_CREATE", introduced)
        self.world.touch()

    def _resume(self, connection: Connection, data: Json) -> int | None:
        if data.get("token") != self._token:
            return 4004
        self._drop_expired()
        session = self._sessions.get(data.get("session_id") or "")
        missed = session.missed_since(data["seq"]) if session else None
        if session is None or missed is None:
            connection.send({"op": INVALID, "d": False})
            return None
        session.connection = connection
        for text in missed:
            connection.send_text(text)
        session.send("RESUMED", {"_trace": ["sandbox"]})
        self.world.touch()
        return None

    def _drop_expired(self) -> None:
        old = time.monotonic() - RESUMABLE_SECONDS
        for session in list(self._sessions.values()):
            if session.connection is None and session.lost_at < old:
                del self._sessions[session.id]

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        wanted = {int(id_) for id_ in data.get("user_ids") or ()}
        prefix = (data.get("query") or "").lower()
        every = Intent.GUILD_MEMBERS in session.intents
        found = [
            m
            for m in guild.members.values()
            if (m.id in wanted if wanted else (prefix or every) and m.name.lower().startswith(prefix))
        ]
        chunk = {"guild_id": str(guild.id), "chunk_index": 0, "chunk_count": 1, "nonce": data.get("nonce")}
        members = [payloads.member(m) for m in found[: data.get("limit") or None]]
        session.send("GUILD_MEMBERS_CHUNK", chunk | {"members": members, "not_found": []})
