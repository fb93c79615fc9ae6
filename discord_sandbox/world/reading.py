"""Extracts text and buttons from a message payload."""

from discord_sandbox.rules.component_rules import BUTTON, texts, walk
from discord_sandbox.rules.errors import Json


def text_of(message: Json) -> str:
    """All that a message says: content, embeds and text displays, one below the other."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
        parts += [f"{item['name']}\n{item['value']}" for item in embed.get("fields") or []]
        parts.append((embed.get("footer") or {}).get("text"))
    return "\n".join(part for part in [*parts, *texts(message["components"])] if part)


def buttons_of(message: Json) -> list[Json]:
    """Every button of a message, in order."""
    return [c for c in walk(message["components"]) if c["type"] == BUTTON]


def loose_files(message: Json) -> list[Json]:
    """The attachments that no embed and no layout of the message shows."""
    shown = _shown_files([message["embeds"], message["components"]])
    return [file for file in message["attachments"] if file["id"] not in shown]


def _shown_files(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_shown_files, value))
    if not isinstance(value, dict):
        return set()
    own = {value["attachment_id"]} if "attachment_id" in value else set()
    return own.union(*map(_shown_files, value.values()))
