"""The forms that the page sends: which member does what where, and the files attached."""

import json
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from discord_sandbox.rules.errors import ApiError, Json
from discord_sandbox.world.cdn import FILE_LIMIT
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.members import File, SandboxMember

MAX_FILES, MAX_JSON_BYTES = 10, 1_000_000


@dataclass(frozen=True)
class PageForm:
    """One action of a member; `files` by the field that they were chosen in."""

    member: SandboxMember
    channel: Channel
    data: Json
    files: dict[str, list[File]]

    @property
    def message(self) -> Json:
        """The message that the action is about."""
        return {"id": self.data["message"], "channel_id": str(self.channel.id)}


async def read_form(request: web.Request, guild: SandboxGuild) -> PageForm:
    """A form's JSON (field `payload_json`) and files.

    Raises ApiError for too large a file, KeyError or ValueError for a malformed form.
    """
    data: Json = {}
    files: dict[str, list[File]] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("a form in a form")
        if part.name == "payload_json":
            data = json.loads(await _bounded(part, MAX_JSON_BYTES))
        elif sum(map(len, files.values())) >= MAX_FILES:
            raise ApiError.known(40005)
        else:
            kind = part.headers.get("Content-Type", "").partition(";")[0]
            content = await _bounded(part, FILE_LIMIT)
            files.setdefault(part.name or "", []).append((part.filename or "unknown", content, kind))
    return PageForm(guild.members[int(data["as"])], guild.channels[int(data["in"])], data, files)


async def _bounded(part: BodyPartReader, limit: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        content += chunk
        if len(content) > limit:
            raise ApiError.known(40005)
    return bytes(content)
