"""The interactive parts of a conversation: buttons, menus, reactions and a message's tools."""

from collections.abc import Sequence
from html import escape

from discord_sandbox.page.fields import entities
from discord_sandbox.rules.component_rules import LINK, STRING_SELECT
from discord_sandbox.rules.errors import Json
from discord_sandbox.transcript.widgets import Widgets, face, look, placeholder
from discord_sandbox.world.cdn import Attachment
from discord_sandbox.world.model import MemberState, Message
from discord_sandbox.world.permissions import Permission

ICONS = {
    "pick": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-4 7a1.500 1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3zm8 0a1.500 "
    "1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3zm-4 9c-2.500 0-4.500-1.500-5-3.500h10c-.5 2-2.500 3.500-5 3.500z",
    "reply": "M10 8V3L2 10.500 10 18v-5c5 0 9 1.500 12 6-.5-6-4-11-12-11z",
    "edit": "M16.500 3 21 7.500 8 20.500 3 21.500l1-5z",
    "more": "M5 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
}
QUICK_REACTIONS = ("👍", "👎")


class LiveWidgets(Widgets):
    """Draws them as one member sees them; the page's script reads the `data-` attributes."""

    def __init__(self, viewer: MemberState) -> None:
        super().__init__()
        self.viewer = viewer

    def address(self, file: Attachment) -> str | None:
        """Where the page serves the file; the same each time, so that nothing is loaded twice."""
        return f"/files/{file.id}/{file.name}"

    def button(self, button: Json) -> str:
        """A button to click."""
        if button["style"] == LINK:
            return super().button(button)
        off = " disabled" if button.get("disabled") else ""
        custom_id = escape(button.get("custom_id") or "")
        return f'<button type="button" class="{look(button)}" data-click="{custom_id}"{off}>{face(button)}</button>'

    def menu(self, menu: Json) -> str:
        """A select menu; one with several choices is a list of checkboxes."""
        off = " disabled" if menu.get("disabled") else ""
        label, custom_id = escape(placeholder(menu)), escape(menu["custom_id"])
        options = menu.get("options") or [] if menu["type"] == STRING_SELECT else entities(self.viewer, menu)
        if menu["max_values"] == 1:
            some = "".join(
                f'<option value="{escape(o["value"])}"{" selected" if o.get("default") else ""}>{_option(o)}</option>'
                for o in options
            )
            first = f'<option value="">{label}</option>'
            return f'<select class="select" data-select="{custom_id}" aria-label="{label}"{off}>{first}{some}</select>'
        ticks = "".join(
            f'<label><input type="checkbox" value="{escape(o["value"])}"{" checked" if o.get("default") else ""}{off}> '
            f"{_option(o)}</label>"
            for o in options
        )
        done = f'<button type="button" class="button primary" data-choose="{custom_id}"{off}>Choose</button>'
        return f'<details class="select several"><summary>{label}</summary>{ticks}{done}</details>'

    def reaction(self, reaction: Json, names: Sequence[str], *, own: bool) -> str:
        """A reaction to toggle; it says who reacted."""
        emoji = escape(reaction["emoji"]["name"])
        about = escape(f"{reaction['emoji']['name']} {reaction['count']}: {', '.join(names)}")
        shown = f'<span class="emoji">{emoji}</span>{reaction["count"]}'
        pressed = (
            f'data-react="{emoji}" aria-pressed="{str(own).lower()}" aria-label="{about}" title="{about}"'
        )
        return f'<button type="button" class="reaction{" own" if own else ""}" {pressed}>{shown}</button>'

    def file_name(self, name: str, file: Attachment) -> str:
        """A link that downloads the file."""
        return f'<a href="{self.address(file)}" download="{escape(name)}">{escape(name)}</a>'

    def picture(self, picture: str, file: Attachment) -> str:
        """A link to the picture alone."""
        return f'<a class="zoom" href="{self.address(file)}" target="_blank">{picture}</a>'

    def dismiss(self) -> str:
        """A button that dismisses an ephemeral message."""
        return '<button type="button" class="plain" data-do="dismiss">Dismiss message</button>'

    def tools(self, message: Message) -> str:
        """React, reply, edit, and a menu with the rest; an ephemeral message has none of them."""
        if message.seen_only_by is not None:
            return ""
        mine = message.author is self.viewer.user
        may_delete = mine or self.viewer.can(message.channel, Permission.MANAGE_MESSAGES)
        quick = "".join(
            f'<button type="button" class="emoji" data-react="{emoji}" aria-label="React with {emoji}">{emoji}</button>'
            for emoji in QUICK_REACTIONS
        )
        parts = [quick, _tool("pick", "Add a reaction"), _tool("reply", "Reply")]
        if mine:
            parts.append(_tool("edit", "Edit", f' data-text="{escape(message.content)}"'))
        parts.append(_tool("more", "More", f' aria-haspopup="menu" data-delete="{int(may_delete)}"'))
        return f'<div class="tools" role="group" aria-label="Message actions">{"".join(parts)}</div>'


def _tool(what: str, label: str, more: str = "") -> str:
    path = f'<path fill="currentColor" d="{ICONS[what]}"/>'
    icon = f'<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">{path}</svg>'
    named = f'data-do="{what}" aria-label="{label}" title="{label}"'
    return f'<button type="button" {named}{more}>{icon}</button>'


def _option(option: Json) -> str:
    emoji = (option.get("emoji") or {}).get("name") or ""
    about = f" · {option['description']}" if option.get("description") else ""
    return escape(f"{emoji} {option['label']}{about}".strip())
