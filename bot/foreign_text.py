"""Makes what members, tags, pages and file names say harmless, before it stands among words of our own (pure).

`readable` is for places that know no markup (menus, buttons, terminals), `harmless` for Discord's Markdown.
"""

import re
import unicodedata
from collections.abc import Iterator

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MAX_MARKS = 8  # upon one letter: enough for every script, too few to paint over the lines around it
JOINERS = frozenset("\u200c\u200d")  # within emoji, Persian and Indic words
NO_WIDTH = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # letters and marks that show nothing
# Controls, formats (the zero-width ones, tags, bidi), halves of characters, private use, line breaks.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
MARKS = frozenset({"Mn", "Me", "Mc"})

MARKUP = re.compile(r"[\\`*_~|<>\[\]]")
MASS_MENTION = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
# Discord makes a link of whatever has a scheme, and an invite of discord.gg/… also without one.
SCHEME = re.compile(r":(?=//)")
HOST_WITH_PATH = re.compile(r"\.(?=[\w-]+/)")
# What is a heading, a small line or a list at the beginning of a line; quotes are markup anyway.
BEGINNING = re.compile(r"^(?=[#+-])|^(\d+)(?=[.)])")


def readable(text: str, length: int) -> str:
    """One line of at most `length` characters in which each is seen, and none reaches far beyond its place."""
    line = " ".join("".join(_seen(text)).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def harmless(text: str, length: int) -> str:
    """The same for Discord's Markdown: it formats nothing, mentions nobody, links to nothing.

    `length` is without the backslashes, which nobody sees.
    """
    escaped = MARKUP.sub(r"\\\g<0>", readable(text, length))
    escaped = BEGINNING.sub(lambda found: f"{found[1] or ''}\\", escaped)
    escaped = HOST_WITH_PATH.sub(r"\\.", SCHEME.sub(r"\\:", escaped))
    return MASS_MENTION.sub("@\u200b", escaped)


def _seen(text: str) -> Iterator[str]:
    marks, before = 0, " "
    for character in text:
        category = unicodedata.category(character)
        if character.isspace():
            character = " "
        elif character in JOINERS:
            if before.isspace() or before in JOINERS:
                continue
        elif category in UNSEEN or character in NO_WIDTH:
            continue
        marks = marks + 1 if category in MARKS else marks if character in JOINERS else 0
        if marks <= MAX_MARKS:
            before = character
            yield character
