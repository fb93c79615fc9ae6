"""Rendering context: names, viewer, time zone, files."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from html import escape
from zlib import crc32

from discord_sandbox.rules.errors import Json
from discord_sandbox.transcript.markdown import Node, parse, parse_inline
from discord_sandbox.transcript.names import Names
from discord_sandbox.transcript.widgets import Widgets
from discord_sandbox.world.cdn import Attachment
from discord_sandbox.world.clock import moment
from discord_sandbox.world.model import GuildState, MemberState

BLURPLE = "5865f2"
PALETTE = ("3ba55c", "faa61a", "ed4245", "eb459e", "9b59b6", "1abc9c", "e67e22", "3498db", "607d8b")
WRAPPED = {"bold": "strong", "italic": "em", "underline": "u", "strike": "s"}


@dataclass
class Context:
    """Draws markdown, avatars and names; `widgets` draws the controls; times are in `zone`."""

    guild: GuildState
    viewer: MemberState | None
    widgets: Widgets = field(default_factory=Widgets)
    zone: tzinfo = UTC
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = Names(self.guild, self.zone)

    def markdown(self, text: str) -> str:
        """A message's text as HTML."""
        return "".join(self.node(node) for node in parse(text))

    def inline(self, text: str) -> str:
        """A title or label as HTML."""
        return "".join(self.node(node) for node in parse_inline(text))

    def node(self, node: Node) -> str:
        """One piece of markdown as HTML; everything that was written is escaped."""
        inner = "".join(self.node(child) for child in node.children)
        if node.kind == "text":
            return escape(node.text)
        if tag := WRAPPED.get(node.kind):
            return f"<{tag}>{inner}</{tag}>"
        if node.kind == "link":
            return link(node.text, inner)
        if node.kind in ("code", "fence"):
            code = f"<code>{escape(node.text)}</code>"
            return f"<pre>{code}</pre>" if node.kind == "fence" else code
        return self._mention(node) or self._block(node, inner)

    def _mention(self, node: Node) -> str:
        if node.kind == "user":
            shown = f"@{self.names.user(int(node.text))}"
        elif node.kind == "role":
            shown = f"@{self.names.role(int(node.text))}"
        elif node.kind == "channel":
            shown = f"# {self.names.channel(int(node.text))}"
        elif node.kind == "command":
            shown = f"/{node.text}"
        elif node.kind == "time":
            return f'<time class="chip">{escape(self.names.time(int(node.text), node.extra))}</time>'
        elif node.kind == "emoji":
            return escape(f":{node.text}:")
        else:
            return ""
        return f'<span class="mention">{escape(shown)}</span>'

    def _block(self, node: Node, inner: str) -> str:
        if node.kind == "heading":
            return f'<h{node.text} class="md">{inner}</h{node.text}>'
        if node.kind == "quote":
            return f"<blockquote>{inner}</blockquote>"
        if node.kind == "list":
            return f'<div class="list">{inner}</div>'
        if node.kind == "item":
            mark = f'<span class="mark">{escape(node.extra)}</span>'
            return f'<div class="item" style="--depth:{int(node.text)}">{mark}<span>{inner}</span></div>'
        if node.kind == "spoiler":
            return f'<span class="spoiler" tabindex="0">{inner}</span>'
        return f'<div class="{escape(node.kind)}">{inner or "<br>"}</div>'

    def avatar(self, user: Json, *, size: int = 40) -> str:
        """A user's avatar: their initials in a circle of their colour."""
        name = self.names.user(int(user["id"]))
        initials = "".join(word[0] for word in name.split()[:2] if word).upper() or "?"
        colour = BLURPLE if user["bot"] else PALETTE[crc32(name.encode()) % len(PALETTE)]
        return (
            f'<svg class="avatar" width="{size}" height="{size}" viewBox="0 0 40 40" aria-hidden="true">'
            f'<circle cx="20" cy="20" r="20" fill="#{colour}"/>'
            f'<text x="20" y="20.5" dominant-baseline="central" text-anchor="middle" font-size="17" '
            f'font-weight="600" fill="#fff">{escape(initials)}</text></svg>'
        )

    def author(self, user: Json, *, badge: bool = True) -> str:
        """A user's name in their role's colour, with the badge of an app."""
        colour = self.names.colour(int(user["id"]))
        style = f' style="color:#{colour:06x}"' if colour else ""
        app = '<span class="app">APP</span>' if badge and user["bot"] else ""
        return f'<span class="name"{style}>{escape(self.names.user(int(user["id"])))}</span>{app}'

    def file(self, attachment_id: str | int | None) -> Attachment | None:
        """A file of a message."""
        return self.guild.world.cdn.find(int(attachment_id)) if attachment_id else None


def link(url: str, inner: str) -> str:
    """A link; only http(s) addresses become one."""
    if not url.startswith(("http://", "https://")):
        return inner
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow">{inner}</a>'


def clock_time(message: Json, zone: tzinfo = UTC) -> str:
    """When a message was written, as hour and minute."""
    return moment(int(message["id"])).astimezone(zone).strftime("%H:%M")


def file_size(size: int) -> str:
    """A file size in bytes, KB or MB."""
    if size < 1000:
        return f"{size} byte{'s' * (size != 1)}"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
