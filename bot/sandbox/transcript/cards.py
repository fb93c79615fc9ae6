"""Embeds, layouts, buttons and files as HTML."""

from html import escape

from bot.sandbox.components import (
    BUTTON,
    CONTAINER,
    FILE,
    GALLERY,
    LINK,
    ROW,
    SECTION,
    SELECTS,
    SEPARATOR,
    TEXT,
    THUMBNAIL,
)
from bot.sandbox.errors import Json
from bot.sandbox.transcript.context import Context, file_size, link

STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary"}
NOTE = (
    '<svg class="glyph" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path fill="currentColor" '
    'd="M9 4v10.2A3.5 3.5 0 1 0 11 17V8h7V4z"/></svg>'
)
PAGE = (
    '<svg class="glyph" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path fill="currentColor" '
    'd="M6 2h8l5 5v15H6zm7 1.5V8h4.500z"/></svg>'
)
OUT = (
    '<svg class="out" viewBox="0 0 24 24" width="14" height="14" aria-hidden="true"><path fill="currentColor" '
    'd="M14 3h7v7h-2V6.400l-9.300 9.300-1.400-1.400L17.600 5H14zM5 5h6v2H7v10h10v-4h2v6H5z"/></svg>'
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
    """A component with all that is inside it."""
    kind = component["type"]
    if kind == TEXT:
        return f'<div class="text">{context.markdown(component["content"])}</div>'
    if kind == BUTTON:
        return _button(component)
    if kind in SELECTS:
        shown = component.get("placeholder") or "Make a selection"
        return f'<div class="select">{escape(shown)}<span>⌄</span></div>'
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


def _button(button: Json) -> str:
    emoji = (button.get("emoji") or {}).get("name") or ""
    label = button.get("label") or ""
    inner = f'<span class="emoji">{escape(emoji)}</span>' if emoji else ""
    inner += f"<span>{escape(label)}</span>" if label else ""
    look = f"button {STYLES.get(button['style'], 'secondary')}{' off' if button.get('disabled') else ''}"
    url = button.get("url") or ""
    if button["style"] == LINK and url.startswith(("http://", "https://")):
        target = 'target="_blank" rel="noopener noreferrer nofollow"'
        return f'<a class="{look}" href="{escape(url)}" {target}>{inner}{OUT}</a>'
    return f'<span class="{look}">{inner}</span>'


def _media(component: Json, context: Context) -> str:
    kind = component["type"]
    if kind == THUMBNAIL:
        return _picture(component["media"], context, "thumb", component.get("description"))
    if kind == FILE:
        file = context.guild.world.cdn.find(int(component["file"].get("attachment_id") or 0))
        return draw_file(context.guild.world.cdn.payload(file), context) if file else ""
    items = component["items"]
    shown = "".join(_picture(item["media"], context, "tile", item.get("description")) for item in items)
    return f'<div class="gallery" data-count="{len(items)}">{shown}</div>'


def _picture(media: Json | None, context: Context, look: str, description: str | None = None) -> str:
    if not media or not media.get("url"):
        return ""
    source = context.data_url(media.get("attachment_id"))
    alt = escape(description or "")
    if source and source.startswith("data:image/"):
        return f'<img class="{look}" src="{source}" alt="{alt}">'
    return f'<span class="{look} absent" title="{alt}">{NOTE}</span>'


def draw_file(file: Json, context: Context) -> str:
    """A file under a message: picture, player or card."""
    kind = file.get("content_type") or ""
    source = context.data_url(file["id"])
    name, size = escape(file["filename"]), file_size(file["size"])
    about = f'<div class="file-name">{name}</div><div class="file-size">{size}</div>'
    if kind.startswith("image/") and source:
        return f'<img class="picture" src="{source}" alt="{escape(file.get("description") or file["filename"])}">'
    if kind.startswith("audio/"):
        player = f'<audio controls preload="none" src="{source}"></audio>' if source else ""
        look = "file audio" if source else "file"
        return f'<div class="{look}"><div class="file-head">{NOTE}<div>{about}</div></div>{player}</div>'
    if kind.startswith("video/") and source:
        return f'<video class="picture" controls preload="none" src="{source}"></video>'
    return f'<div class="file"><div class="file-head">{PAGE}<div>{about}</div></div></div>'
