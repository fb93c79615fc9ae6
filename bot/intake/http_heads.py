"""HTTP request and response heads as the egress proxy parses and rewrites them; pure."""

import base64
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

END = b"\r\n\r\n"
# They speak of one connection, not of the message (RFC 9110, 7.6.1). Expect, as we never hold a body back.
HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "upgrade",
    "expect",
)


@dataclass(frozen=True)
class ProxyRequest:
    """What a client asks of the proxy: where to connect, and what to say there first."""

    method: str
    scheme: str
    host: str
    port: int
    token: str
    head: bytes

    @property
    def is_tunnel(self) -> bool:
        """Whether it asks for a connection rather than for a page."""
        return self.method == "CONNECT"

    @property
    def target(self) -> str:
        """What it wants to reach, for the log."""
        return f"{self.host}:{self.port}" if self.is_tunnel or self.scheme == "http" else f"{self.scheme}:"

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read either form of request that a proxy hears, up to the empty line. Raises ValueError if it is none."""
        line, fields = _split(raw)
        method, target, _ = line.split(" ")
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return cls(
            method=method,
            scheme=url.scheme,
            host=plain_host(url.hostname or ""),
            port=url.port or 80,
            token=_user(next((value for name, value in fields if name.lower() == "proxy-authorization"), "")),
            head=_joined(f"{method} {path} HTTP/1.1", fields),
        )


def plain_host(host: str) -> str:
    """A host as it is compared: lower case, without brackets and the root's dot."""
    return host.lower().strip("[]").rstrip(".")


def with_connection_close(raw: bytes) -> bytes:
    """The head of a server's response with `Connection: close`. Raises ValueError if it is none.

    A client keeps its connection to a proxy for other hosts too; ours leads to one host only.
    """
    line, fields = _split(raw)
    if not line.startswith("HTTP/1."):
        raise ValueError("not an HTTP answer")
    return _joined(line, fields)


def _split(raw: bytes) -> tuple[str, list[tuple[str, str]]]:
    line, *lines = raw.removesuffix(END).decode("latin-1").split("\r\n")
    return line, [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def _joined(line: str, fields: list[tuple[str, str]]) -> bytes:
    kept = [f"{name}: {value}" for name, value in fields if name.lower() not in HOP_BY_HOP]
    return "\r\n".join([line, *kept, "Connection: close", "", ""]).encode("latin-1")


def _user(authorization: str) -> str:
    """The user of `Basic …`; its decoder's errors are ValueErrors."""
    _, _, credentials = authorization.partition(" ")
    return base64.b64decode(credentials).decode().partition(":")[0]
