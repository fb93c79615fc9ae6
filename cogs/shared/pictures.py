"""Pictures and files that come with a message; a picture that can't be drawn is left out."""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.errors import EarwormError
from bot.pictures.painter import Painter
from bot.pictures.values import Drawing, Picture

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attached:
    """A picture under the name that it is attached by."""

    name: str
    picture: Picture

    @property
    def file(self) -> discord.File:
        """To send along; its description is the picture in words."""
        return discord.File(io.BytesIO(self.picture.png), filename=self.name, description=self.picture.alt)

    def thumbnail(self) -> ui.Thumbnail[Any]:
        """Small, beside a text."""
        return ui.Thumbnail(f"attachment://{self.name}", description=self.picture.alt)

    def gallery(self) -> ui.MediaGallery[Any]:
        """As wide as the message."""
        item = discord.MediaGalleryItem(f"attachment://{self.name}", description=self.picture.alt)
        return ui.MediaGallery(item)


async def painted(painter: Painter, **drawings: Drawing) -> dict[str, Attached]:
    """A picture of each drawing, by name; none if they can't be drawn, which is no reason to say nothing."""
    try:
        pictures = await painter.paint(*drawings.values()) if drawings else []
    except (EarwormError, OSError) as error:
        log.warning("can't draw %s: %s", ", ".join(drawings), error)
        return {}
    named = zip(drawings, pictures, strict=True)
    return {name: Attached(f"{name.replace('_', '-')}.png", picture) for name, picture in named}


def beside(text: str, picture: Attached | None) -> ui.Item[Any]:
    """A text, with a picture at its side if there is one."""
    return ui.Section(text, accessory=picture.thumbnail()) if picture else ui.TextDisplay(text)


def editable(message: discord.Message) -> ui.LayoutView:
    """What a message of the bot's shows, such that it can be sent back: what is attached stays what is shown.

    Discord's addresses of attachments expire, so a layout must not be sent back with them.
    """
    view = ui.LayoutView.from_message(message, timeout=None)
    names = {file.id: file.filename for file in message.attachments}
    for media in _media(view):
        if media.attachment_id in names:
            media.url = f"attachment://{names[media.attachment_id]}"
    return view


def _media(view: ui.LayoutView) -> Iterator[discord.UnfurledMediaItem]:
    for item in view.walk_children():
        if isinstance(item, ui.Thumbnail | ui.File):
            yield item.media
        elif isinstance(item, ui.MediaGallery):
            yield from (each.media for each in item.items)
