"""The controls of a conversation (buttons, menus, reactions), drawn without function for a static page."""

import base64
from collections.abc import Sequence
from html import escape

from discord_sandbox.rules.component_rules import LINK
from discord_sandbox.rules.errors import Json
from discord_sandbox.world.cdn import Attachment
from discord_sandbox.world.model import Message

BUTTON_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary"}
LINK_ICON = (
    '<svg class="out" viewBox="0 0 24 24" width="14" height="14" aria-hidden="true"><path fill="currentColor" '
    'd="M14 3h7v7h-2V6.400l-9.300 9.300-1.400-1.400L17.600 5H14zM5 5h6v2H7v10h10v-4h2v6H5z"/></svg>'
)


class Widgets:
    """Draws them; files of up to `file_bytes` are embedded. An interactive page overrides these methods."""

    def __init__(self, file_bytes: int = 0) -> None:
        self.file_bytes = file_bytes

    def address(self, file: Attachment) -> str | None:
        """A file's URL within the page; None for one that is too large."""
        if len(file.content) > self.file_bytes:
            return None
        kind = escape(file.content_type.partition(";")[0])
        return f"data:{kind};base64,{base64.b64encode(file.content).decode()}"

    def button(self, button: Json) -> str:
        """A button; a link opens its address."""
        url = button.get("url") or ""
        if button["style"] == LINK and url.startswith(("http://", "https://")):
            target = 'target="_blank" rel="noopener noreferrer nofollow"'
            return f'<a class="{look(button)}" href="{escape(url)}" {target}>{face(button)}{LINK_ICON}</a>'
        return f'<span class="{look(button)}">{face(button)}</span>'

    def menu(self, menu: Json) -> str:
        """A menu to choose from."""
        return f'<div class="select">{escape(placeholder(menu))}<span>⌄</span></div>'

    def reaction(self, reaction: Json, _names: Sequence[str], *, own: bool) -> str:
        """An emoji and how many reacted with it; `_names` says who."""
        emoji = escape(reaction["emoji"]["name"])
        shown = f'<span class="emoji">{emoji}</span>{reaction["count"]}'
        return f'<span class="reaction{" own" if own else ""}">{shown}</span>'

    def file_name(self, name: str, _file: Attachment) -> str:
        """A file's name on its card."""
        return escape(name)

    def picture(self, picture: str, _file: Attachment) -> str:
        """A picture, perhaps with a way to enlarge it."""
        return picture

    def dismiss(self) -> str:
        """The text or button that dismisses an ephemeral message."""
        return "<span>Dismiss message</span>"

    def tools(self, _message: Message) -> str:
        """The toolbar of a message."""
        return ""


def look(button: Json) -> str:
    """A button's CSS classes."""
    return (
        f"button {BUTTON_STYLES.get(button['style'], 'secondary')}{' off' if button.get('disabled') else ''}"
    )


def face(button: Json) -> str:
    """A button's emoji and label."""
    emoji = (button.get("emoji") or {}).get("name") or ""
    label = button.get("label") or ""
    shown = f'<span class="emoji">{escape(emoji)}</span>' if emoji else ""
    return shown + (f"<span>{escape(label)}</span>" if label else "")


def placeholder(menu: Json) -> str:
    """A menu's text while nothing is chosen."""
    return menu.get("placeholder") or "Make a selection"
