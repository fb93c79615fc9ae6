"""Parses Discord's markdown into a tree, for the page and the terminal to render.

https://support.discord.com/hc/articles/210298617
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

INLINE = re.compile(
    r"""
      \\(?P<escape>[^\w\s])
    | (?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)
    | \*\*(?P<bold>.+?)\*\*(?!\*)
    | __(?P<underline>.+?)__(?!_)
    | ~~(?P<strike>.+?)~~
    | \|\|(?P<spoiler>.+?)\|\|
    | \*(?=\S)(?P<star>(?:\*\*|[^*])+?)(?<=\S)\*(?!\*)
    | (?<!\w)_(?=\S)(?P<italic>(?:__|[^_])+?)(?<=\S)_(?!\w)
    | \[(?P<label>[^\]\n]+)\]\(<?(?P<href>https?://[^\s<>)]+)>?\)
    | <(?P<angle>https?://[^\s<>]+)>
    | (?P<url>https?://[^\s<>]*[^\s<>.,;:!?'")\]*_~|])
    | <@!?(?P<user>\d+)>
    | <@&(?P<role>\d+)>
    | <\#(?P<channel>\d+)>
    | <t:(?P<time>-?\d{1,12})(?::(?P<style>[tTdDfFR]))?>
    | </(?P<command>[^:<>]+):\d+>
    | <a?:(?P<emoji>\w+):\d+>
    """,
    re.VERBOSE | re.DOTALL,
)
NESTED = ("bold", "underline", "strike", "spoiler", "star", "italic")
PLAIN = ("user", "role", "channel", "command", "emoji")

HEADING = re.compile(r"(#{1,3})\s+(.+)")
SUBTEXT = re.compile(r"-#\s+(.+)")
ITEM = re.compile(r"(\s*)([-*]|\d{1,10}\.)\s+(.+)")
FENCE = re.compile(r"```(?:([\w+#.-]+)\n)?\n?(.*?)\n?```", re.DOTALL)


@dataclass(frozen=True)
class Node:
    """A piece of text: its kind, what it says, and the pieces inside it."""

    kind: str
    text: str = ""
    children: tuple["Node", ...] = field(default=())
    extra: str = ""


def parse(text: str) -> tuple[Node, ...]:
    """A message's text as blocks, each with what stands inside."""
    return tuple(_blocks(text))


def parse_inline(text: str) -> tuple[Node, ...]:
    """One line or title: no headings, lists or quotes."""
    return tuple(_inline(text))


def _blocks(text: str) -> Iterator[Node]:
    position = 0
    for fence in FENCE.finditer(text):
        yield from _lines(text[position : fence.start()].rstrip("\n"))
        yield Node("fence", fence[2], extra=fence[1] or "")
        position = fence.end() + (text[fence.end() : fence.end() + 1] == "\n")
    yield from _lines(text[position:])


def _lines(text: str) -> Iterator[Node]:
    if not text:
        return
    lines = text.split("\n")
    while lines:
        if lines[0].startswith(">>> "):
            yield Node("quote", children=parse("\n".join([lines[0][4:], *lines[1:]])))
            return
        quoted = _leading(lines, lambda line: line.startswith("> ") or line == ">")
        if quoted:
            yield Node("quote", children=parse("\n".join(line[2:] for line in quoted)))
            continue
        if items := _leading(lines, lambda line: ITEM.fullmatch(line) is not None):
            yield Node("list", children=tuple(_item(line) for line in items))
            continue
        yield _line(lines.pop(0))


def _leading(lines: list[str], belongs: Callable[[str], bool]) -> list[str]:
    taken = []
    while lines and belongs(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _item(line: str) -> Node:
    found = ITEM.fullmatch(line)
    assert found is not None, "the line was found to be an item"
    depth = min(len(found[1]) // 2, 5)
    mark = found[2] if found[2][0].isdigit() else "•" if depth == 0 else "◦"
    return Node("item", str(depth), parse_inline(found[3]), mark)


def _line(line: str) -> Node:
    if heading := HEADING.fullmatch(line):
        return Node("heading", str(len(heading[1])), parse_inline(heading[2]))
    if subtext := SUBTEXT.fullmatch(line):
        return Node("subtext", children=parse_inline(subtext[1]))
    return Node("line", children=parse_inline(line))


def _inline(text: str) -> Iterator[Node]:
    position = 0
    for found in INLINE.finditer(text):
        if found.start() > position:
            yield Node("text", text[position : found.start()])
        yield _found(found)
        position = found.end()
    if position < len(text):
        yield Node("text", text[position:])


def _found(found: "re.Match[str]") -> Node:
    parts = found.groupdict()
    for kind in NESTED:
        if parts[kind] is not None:
            return Node("italic" if kind == "star" else kind, children=parse_inline(parts[kind]))
    for kind in PLAIN:
        if parts[kind] is not None:
            return Node(kind, parts[kind])
    if parts["escape"] is not None:
        return Node("text", parts["escape"])
    if parts["code"] is not None:
        return Node("code", parts["code"].strip() or parts["code"])
    if parts["time"] is not None:
        return Node("time", parts["time"], extra=parts["style"] or "f")
    if parts["href"] is not None:
        return Node("link", parts["href"], parse_inline(parts["label"]))
    url = parts["angle"] or parts["url"]
    return Node("link", url, (Node("text", url),))
