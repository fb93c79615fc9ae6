"""Somebody who uses the page without a browser."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from discord_sandbox import Channel, SandboxMember

File = tuple[str, bytes, str]


@dataclass(frozen=True)
class Visitor:
    """A member in a channel."""

    session: aiohttp.ClientSession
    member: SandboxMember
    channel: Channel

    def as_(self, member: SandboxMember) -> "Visitor":
        return replace(self, member=member)

    def in_(self, channel: Channel) -> "Visitor":
        return replace(self, channel=channel)

    @property
    def place(self) -> dict[str, str]:
        return {"as": str(self.member.id), "in": str(self.channel.id)}

    async def do(self, action: str, *files: File, field: str = "files", **data: Any) -> Any:
        """What the page's server answers to an action."""
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("payload_json", json.dumps(self.place | data))
        for name, content, kind in files:
            form.add_field(field, io.BytesIO(content), filename=name, content_type=kind)
        async with self.session.post(f"/do/{action}", data=form) as answer:
            return await answer.json() if answer.status == 200 else answer.status

    async def get(self, path: str) -> Any:
        async with self.session.get(path, params=self.place) as answer:
            return await answer.json()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator["Screen"]:
        """What a browser is told of, from now on."""
        async with self.session.get("/events", params=self.place) as answer:
            yield Screen(answer)


class Screen:
    """The place and the messages, as a browser puts them together from the events."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.place: dict[str, Any] = {}
        self.messages: dict[str, str] = {}
        self.events = 0
        self._answer = answer

    @property
    def text(self) -> str:
        return "\n".join(self.messages.values())

    async def until(self, seen: Callable[["Screen"], Any], timeout: float = 10.0) -> None:
        """Read events until the screen shows something. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not seen(self):
                name = (await self._answer.content.readline()).decode().strip()
                if not name.startswith("event: "):
                    continue
                data = json.loads((await self._answer.content.readline()).decode().removeprefix("data: "))
                self.events += 1
                if name == "event: place":
                    self.place = data
                else:
                    known = self.messages | data["html"]
                    self.messages = {key: known[key] for key in data["order"]}
