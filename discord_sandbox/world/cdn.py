"""Attachments: stored bytes behind signed addresses that expire, as on cdn.discordapp.com."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from discord_sandbox.rules.errors import Json

FILE_LIMIT = 10 * 1024 * 1024


@dataclass(eq=False)
class Attachment:
    """A file on the CDN."""

    id: int
    channel_id: int
    name: str
    content: bytes
    content_type: str
    description: str | None = None
    title: str | None = None
    seconds: float | None = None
    ephemeral: bool = False


class Cdn:
    """Keeps files, signs their addresses and serves them while an address is valid."""

    def __init__(self, *, lifetime: float) -> None:
        self.base = ""
        self._lifetime = lifetime
        self._key = secrets.token_bytes(16)
        self._files: dict[int, Attachment] = {}

    def keep(self, file: Attachment) -> Attachment:
        """Store a file."""
        self._files[file.id] = file
        return file

    def find(self, file_id: int) -> Attachment | None:
        """A stored file."""
        return self._files.get(file_id)

    def url(self, file: Attachment) -> str:
        """A signed URL that expires."""
        issued = int(time.time())
        expires = f"{issued + self._lifetime:.0f}"
        path = f"/attachments/{file.channel_id}/{file.id}/{file.name}"
        ex, is_ = f"{int(expires):x}", f"{issued:x}"
        return f"{self.base}{path}?ex={ex}&is={is_}&hm={self._sign(path, ex, is_)}&"

    def payload(self, file: Attachment) -> Json:
        """An attachment as Discord describes it."""
        url = self.url(file)
        data: Json = {
            "id": str(file.id),
            "filename": file.name,
            "size": len(file.content),
            "url": url,
            "proxy_url": url,
            "content_type": file.content_type,
        }
        optional = {"description": file.description, "title": file.title, "duration_secs": file.seconds}
        data |= {key: value for key, value in optional.items() if value is not None}
        if file.seconds is not None:
            data["waveform"] = "AAAA"
        return data | {"ephemeral": True} if file.ephemeral else data

    async def serve(self, request: web.Request) -> web.Response:
        """Serve one download; 404 if the URL expired or was altered, or the file was deleted."""
        ex, is_, hm = (request.query.get(key, "") for key in ("ex", "is", "hm"))
        file = self._files.get(int(request.match_info["attachment_id"]))
        signed = hmac.compare_digest(hm, self._sign(request.path, ex, is_))
        if file is None or not signed or int(ex, 16) <= time.time():
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, headers={"Content-Type": file.content_type})

    def forget(self, files: list[Attachment]) -> None:
        """Delete files."""
        for file in files:
            self._files.pop(file.id, None)

    def _sign(self, path: str, ex: str, is_: str) -> str:
        return hmac.new(self._key, f"{path}?{ex}&{is_}".encode(), hashlib.sha256).hexdigest()


def clean_name(name: str) -> str:
    """A file's name as Discord stores it: spaces become underscores, unusual characters go."""
    kept = re.sub(r"[^A-Za-z0-9._-]", "", name.strip().replace(" ", "_"))
    return kept if kept.strip("._-") else f"unknown{kept if kept.startswith('.') else ''}"
