"""A channel's conversation as text for a terminal."""

import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from discord_sandbox.rules.component_rules import (
    BUTTON,
    CONTAINER,
    FILE,
    GALLERY,
    ROW,
    SECTION,
    SELECTS,
    SEPARATOR,
    TEXT,
)
from discord_sandbox.rules.errors import Json
from discord_sandbox.rules.message_flags import LOADING
from discord_sandbox.transcript.context import clock_time, file_size
from discord_sandbox.transcript.markdown import Node, parse
from discord_sandbox.transcript.names import Names
from discord_sandbox.world import payloads
from discord_sandbox.world.model import MENU_COMMAND, ChannelState, MemberState
from discord_sandbox.world.reading import loose_files, text_of

MESSAGE_LINK = "https://discord.com/channels/"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
BOLD, DIM, UNDERLINE, BLUE, RESET = "\x1b[1m", "\x1b[2m", "\x1b[4m", "\x1b[38;5;75m", "\x1b[0m"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
MAX_WIDTH = 100


def render_text(
    channel: ChannelState,
    *,
    width: int | None = None,
    colour: bool = False,
    viewer: MemberState | None = None,
) -> str:
    """The conversation, oldest first; `colour` adds ANSI colours. Without a `viewer` it shows all ephemeral messages.

    `width` is in columns, the terminal's by default.
    """
    columns = width or min(MAX_WIDTH, shutil.get_terminal_size().columns)
    writer = TerminalWriter(Names(channel.guild), columns, colour)
    title = f"# {channel.name}" + (f" · {channel.topic}" if channel.topic else "")
    lines = [writer.style(_clean(title)[:columns], BOLD), "─" * columns]
    for message in channel.all_messages:
        if viewer is None or message.seen_only_by in (None, viewer.id):
            shown = payloads.message(message, viewer=viewer.user if viewer else None)
            lines += ["", *writer.message(shown, message.seen_only_by)]
    return "\n".join([*lines, ""])


@dataclass(frozen=True)
class TerminalWriter:
    """Writes messages as lines of at most `width` columns."""

    names: Names
    width: int
    colour: bool

    def style(self, text: str, *codes: str) -> str:
        """The text in a style, where colours are wanted."""
        return f"{''.join(codes)}{text}{RESET}" if self.colour and text and any(codes) else text

    def message(self, message: Json, only: int | None) -> Iterator[str]:
        """One message: its cause, author, content, attachments and components."""
        yield from self._cause(message)
        author = message["author"]
        app = " " + self.style(" APP ", "\x1b[48;5;62m", "\x1b[97m") if author["bot"] and self.colour else ""
        app = app or (" [APP]" if author["bot"] else "")
        yield f"{self._name(author)}{app}  {self.style(clock_time(message), DIM)}"
        if message["flags"] & LOADING:
            yield "  is thinking…"
        yield from self._indented(self.text(message["content"]), "  ")
        for file in loose_files(message):
            yield from self._indented(f"📎 {file['filename']} ({file_size(file['size'])})", "  ")
        for embed in message["embeds"]:
            yield from self._indented(self._embed(embed), "  ▌ ")
        for component in message["components"]:
            yield from self._component(component, "  ")
        if reactions := message.get("reactions"):
            yield "  " + "  ".join(f"{r['emoji']['name']} {r['count']}" for r in reactions)
        if only is not None:
            yield self.style(f"  (only {_clean(self.names.user(only))} can see this)", DIM)

    def text(self, text: str) -> str:
        """Markdown as plain text, styled where colours are wanted."""
        return "\n".join(self._node(node) for node in parse(_clean(text)))

    def _cause(self, message: Json) -> Iterator[str]:
        about = message.get("interaction_metadata") or {}
        if about.get("name"):
            name = about["name"] if message["type"] == MENU_COMMAND else f"/{about['name']}"
            yield (
                self.style("╭─ ", DIM) + self._name(about["user"]) + self.style(f" used {_clean(name)}", DIM)
            )
        elif "message_reference" in message:
            original = message.get("referenced_message")
            said = " ".join(ESCAPE.sub("", self.text(text_of(original))).split()) if original else "(deleted)"
            who = self._name(original["author"]) if original else ""
            space = self.width - 6 - _columns(ESCAPE.sub("", who))
            yield self.style("╭─ ", DIM) + who + self.style(f"  {_cut(said or '(a file)', space)}", DIM)

    def _name(self, user: Json) -> str:
        name = _clean(self.names.user(int(user["id"])))
        colour = self.names.colour(int(user["id"]))
        code = f"\x1b[38;2;{colour >> 16};{colour >> 8 & 255};{colour & 255}m" if colour else ""
        return self.style(name, BOLD, code)

    def _embed(self, embed: Json) -> str:
        parts = [(embed.get("author") or {}).get("name"), embed.get("title")]
        lines = [self.style(self.text(part), BOLD) for part in parts if part]
        lines += [self.text(embed["description"])] if embed.get("description") else []
        for field in embed.get("fields") or []:
            lines.append(f"{self.style(self.text(field['name']), BOLD)}: {self.text(field['value'])}")
        footer = (embed.get("footer") or {}).get("text")
        lines += [self.style(_clean(footer), DIM)] if footer else []
        return "\n".join(lines)

    def _component(self, component: Json, margin: str) -> Iterator[str]:
        kind = component["type"]
        if kind == TEXT:
            yield from self._indented(self.text(component["content"]), margin)
        elif kind == SEPARATOR:
            yield margin + "─" * min(24, self.width - len(margin))
        elif kind == ROW:
            yield from self._indented(" ".join(self._control(c) for c in component["components"]), margin)
        elif kind == GALLERY:
            yield from self._indented("🖼 " * len(component["items"]), margin)
        elif kind == FILE:
            yield from self._indented(
                f"📎 {component['file']['url'].rpartition('/')[2].partition('?')[0]}", margin
            )
        elif kind in (CONTAINER, SECTION):
            inside = margin + "▌ " if kind == CONTAINER else margin
            for child in component["components"]:
                yield from self._component(child, inside)
            if component.get("accessory", {}).get("type") == BUTTON:
                yield from self._indented(self._control(component["accessory"]), inside)

    def _control(self, component: Json) -> str:
        if component["type"] in SELECTS:
            return f"[{_clean(component.get('placeholder') or 'Make a selection')} ▾]"
        emoji = (component.get("emoji") or {}).get("name") or ""
        label = " ".join(part for part in (emoji, component.get("label")) if part)
        return self.style(f"[{_clean(label)}{' ↗' if component.get('url') else ''}]", BLUE)

    def _node(self, node: Node) -> str:
        inner = "".join(self._node(child) for child in node.children)
        if node.kind in ("text", "code", "fence"):
            return node.text
        if node.kind == "link":
            label = "".join(child.text for child in node.children)
            if node.text.startswith(MESSAGE_LINK):
                return f"{inner} ↗"  # to a message, which a terminal can't show
            return self.style(inner, BLUE, UNDERLINE) if label == node.text else f"{inner} ({node.text})"
        if node.kind in ("bold", "heading"):
            return self.style(inner, BOLD)
        if node.kind == "list":
            return "\n".join(self._node(child) for child in node.children)
        if node.kind == "item":
            return f"{'  ' * int(node.text)}{node.extra} {inner}"
        if node.kind == "quote":
            return "\n".join(f"│ {self._node(child)}" for child in node.children)
        return self._mention(node) or inner

    def _mention(self, node: Node) -> str:
        if node.kind in ("user", "role"):
            known = self.names.user if node.kind == "user" else self.names.role
            return self.style(f"@{_clean(known(int(node.text)))}", BLUE)
        if node.kind == "channel":
            return self.style(f"#{_clean(self.names.channel(int(node.text)))}", BLUE)
        if node.kind == "time":
            return self.names.time(int(node.text), node.extra)
        return {"command": f"/{node.text}", "emoji": f":{node.text}:"}.get(node.kind, "")

    def _indented(self, text: str, margin: str) -> Iterator[str]:
        for line in _clean_lines(text):
            yield from (margin + part for part in _wrapped(line, self.width - _columns(margin)))


def _clean(text: str) -> str:
    """The text without control characters, which could inject terminal escapes."""
    return CONTROL.sub("", text)


def _clean_lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _columns(text: str) -> int:
    """How many columns a text takes."""
    widths = (
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text
    )
    return sum(widths)


def _cut(text: str, columns: int) -> str:
    while _columns(text) > columns:
        text = text[:-2] + "…"
    return text


def _wrapped(line: str, columns: int) -> list[str]:
    """The line broken between words; a word that is too long stays whole, so that links can be clicked."""
    indent = " " * (len(line) - len(line.lstrip()))
    lines = [indent]
    for word in line.split():
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
        if lines[-1].strip() and _columns(ESCAPE.sub("", longer)) > columns:
            lines.append(indent + word)
        else:
            lines[-1] = longer
    return lines
