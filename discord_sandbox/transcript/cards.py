"""Embeds, layouts, buttons and files as HTML."""

from html import escape

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
    THUMBNAIL,
)
from discord_sandbox.rules.errors import Json
from discord_sandbox.transcript.context import Context, file_size, link
from discord_sandbox.world.cdn import Attachment

NOTE_ICON = (
    '<svg class="glyph" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path fill="currentColor" '
    'd="M9 4v10.2A3.5 3.5 0 1 0 11 17V8h7V4z"/></svg>'
)
PAGE_ICON = (
    '<svg class="glyph" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path fill="currentColor" '
    'd="M6 2h8l5 5v15H6zm7 1.5V8h4.500z"/></svg>'
)


def draw_embed(embed: Json, context: Context) -> str:
    """An embed."""
    colour = embed.get("color")
    style = f' style="--accent:#{int(colour):06x}"' if colour else ""
    parts = [_embed_author(embed, context)]
    if title := embed.get("title"):
        shown = context.inline(title)
        parts.append(f'<div class="title">{link(embed["url"], shown) if embed.get("url") else shown}</div>')
    if embed.get("description"):
        parts.append(f'<div class="text">{context.markdown(embed["description"])}</div>')
    parts.append(_embed_fields(embed, context))
    parts.append(_picture(embed.get("image"), context, "image"))
    footer = (embed.get("footer") or {}).get("text")
    if footer:
        parts.append(f'<div class="footer">{escape(footer)}</div>')
    thumbnail = _picture(embed.get("thumbnail"), context, "thumb")
    return f'<article class="embed"{style}><div class="body">{"".join(parts)}</div>{thumbnail}</article>'


def _embed_author(embed: Json, context: Context) -> str:
    about = embed.get("author") or {}
    if not about.get("name"):
        return ""
    name = context.inline(about["name"])
    return f'<div class="by">{link(about["url"], name) if about.get("url") else name}</div>'


def _embed_fields(embed: Json, context: Context) -> str:
    shown = [
        f'<div class="field{" inline" if field.get("inline") else ""}"><div class="field-name">'
        f"{context.inline(field['name'])}</div>{context.markdown(field['value'])}</div>"
        for field in embed.get("fields") or []
    ]
    return f'<div class="fields">{"".join(shown)}</div>' if shown else ""


def draw(component: Json, context: Context) -> str:
    """A component with its children."""
    kind = component["type"]
    if kind == TEXT:
        return f'<div class="text">{context.markdown(component["content"])}</div>'
    if kind == BUTTON:
        return context.widgets.button(component)
    if kind in SELECTS:
        return context.widgets.menu(component)
    if kind == SEPARATOR:
        line = "" if component.get("divider", True) else " bare"
        wide = " wide" if component.get("spacing") == 2 else ""
        return f'<hr class="separator{line}{wide}">'
    if kind in (THUMBNAIL, GALLERY, FILE):
        return _media(component, context)
    inner = "".join(draw(child, context) for child in component["components"])
    if kind == SECTION:
        side = draw(component["accessory"], context)
        return f'<div class="section"><div>{inner}</div><div class="accessory">{side}</div></div>'
    if kind == CONTAINER:
        colour = component.get("accent_color")
        style = f' style="--accent:#{int(colour):06x}"' if colour is not None else ""
        return f'<div class="container{" accented" if style else ""}"{style}>{inner}</div>'
    return f'<div class="row">{inner}</div>' if kind == ROW else inner


def _media(component: Json, context: Context) -> str:
    kind = component["type"]
    if kind == THUMBNAIL:
        return _picture(component["media"], context, "thumb", component.get("description"))
    if kind == FILE:
        file = context.file(component["file"].get("attachment_id"))
        return draw_file(context.guild.world.cdn.payload(file), context) if file else ""
    items = component["items"]
    shown = "".join(_picture(item["media"], context, "tile", item.get("description")) for item in items)
    return f'<div class="gallery" data-count="{len(items)}">{shown}</div>'


def _picture(media: Json | None, context: Context, look: str, description: str | None = None) -> str:
    if not media or not media.get("url"):
        return ""
    file = context.file(media.get("attachment_id"))
    drawn = _drawn(file, context, look, description) if file else ""
    return drawn or f'<span class="{look} absent" title="{escape(description or "")}">{NOTE_ICON}</span>'


def _drawn(file: Attachment, context: Context, look: str, description: str | None) -> str:
    """A picture with its description as alt text; empty for other files and those too large for the page."""
    source = context.widgets.address(file)
    if source is None or not file.content_type.startswith("image/"):
        return ""
    picture = f'<img class="{look}" src="{source}" alt="{escape(description or file.name)}">'
    shown = context.widgets.picture(picture, file)
    if not description:
        return shown
    return f'<div class="described">{shown}<span class="alt" title="{escape(description)}">ALT</span></div>'


def draw_file(about: Json, context: Context) -> str:
    """A file under a message: picture, player or card."""
    file = context.file(about["id"])
    if file is None:
        return ""
    kind = file.content_type
    if picture := _drawn(file, context, "picture", file.description):
        return picture
    source = context.widgets.address(file)
    if kind.startswith("video/") and source:
        return f'<video class="picture" controls preload="none" src="{source}"></video>'
    name, size = context.widgets.file_name(about["filename"], file), file_size(about["size"])
    is_sound = kind.startswith("audio/") and "mpegurl" not in kind  # a playlist is called audio, but is text
    sign = NOTE_ICON if is_sound else PAGE_ICON
    head = f'<div class="file-name">{name}</div><div class="file-size">{size}</div>'
    card = f'<div class="file-head">{sign}<div>{head}</div></div>'
    if is_sound and source:
        player = (
            f'<audio controls preload="none" src="{source}" aria-label="{escape(about["filename"])}"></audio>'
        )
        return f'<div class="file audio">{card}{player}</div>'
    return f'<div class="file">{card}</div>'
