"""Form fields as HTML: the options of a command, the inputs of a modal."""

from html import escape

from discord_sandbox.page.text import label_of
from discord_sandbox.rules.component_rules import LABEL, ROW, SELECTS, STRING_SELECT, TEXT, TEXT_INPUT, walk
from discord_sandbox.rules.errors import Json
from discord_sandbox.world.command_client import OPTION_OF_MENU
from discord_sandbox.world.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    USER,
)
from discord_sandbox.world.model import CATEGORY, MemberState

PARAGRAPH = 2


def option_field(option: Json, speaker: MemberState) -> str:
    """An option of a command as a labelled field; an empty one isn't sent."""
    name = escape(option["name"])
    needed = " required" if option.get("required") else ""
    about = escape(option.get("description") or "")
    common = f'name="{name}" title="{about}"{needed}'
    mark = '<span aria-hidden="true">*</span>' if needed else ""
    return f'<label class="option"><span>{name}{mark}</span>{_control(option, common, speaker)}</label>'


def _control(option: Json, common: str, speaker: MemberState) -> str:
    kind = option["type"]
    if option.get("choices"):
        return _select([(str(c["value"]), c["name"]) for c in option["choices"]], common)
    if kind == BOOLEAN:
        return _select([("true", "True"), ("false", "False")], common)
    if kind in (USER, ROLE, CHANNEL, MENTIONABLE):
        wanted = {"type": kind, "channel_types": option.get("channel_types")}
        return _select([(e["value"], e["label"]) for e in _entities(speaker, wanted)], common)
    if kind == ATTACHMENT:
        return f'<input type="file" {common}>'
    least, most = ("min_value", "max_value") if kind in (INTEGER, NUMBER) else ("min_length", "max_length")
    names = ("min", "max") if kind in (INTEGER, NUMBER) else ("minlength", "maxlength")
    limits = "".join(
        f' {name}="{option[key]}"'
        for name, key in zip(names, (least, most), strict=True)
        if option.get(key) is not None
    )
    if option.get("autocomplete"):
        combobox = 'role="combobox" aria-expanded="false" aria-controls="offers" autocomplete="off"'
        return f"<input {common} data-suggest {combobox}>"
    kinds = {INTEGER: 'type="number" step="1"', NUMBER: 'type="number" step="any"'}
    return f'<input {kinds.get(kind, "")} {common}{limits} autocomplete="off">'


def _select(options: list[tuple[str, str]], common: str) -> str:
    some = "".join(f'<option value="{escape(value)}">{escape(label)}</option>' for value, label in options)
    return f'<select {common}><option value="">–</option>{some}</select>'


def entities(speaker: MemberState, menu: Json) -> list[Json]:
    """What a menu of members, roles or channels offers, as options."""
    return _entities(speaker, menu | {"type": OPTION_OF_MENU[menu["type"]]})


def _entities(speaker: MemberState, wanted: Json) -> list[Json]:
    guild, kind = speaker.guild, wanted["type"]
    found: list[tuple[int, str]] = []
    if kind in (USER, MENTIONABLE):
        found += [(member.id, f"@{member.name}") for member in guild.members.values()]
    if kind in (ROLE, MENTIONABLE):
        found += [(role.id, f"@{role.name.removeprefix('@')}") for role in guild.roles.values()]
    if kind == CHANNEL:
        types = wanted.get("channel_types")
        found += [
            (c.id, label_of(c))
            for c in guild.channels.values()
            if speaker.can_see(c) and c.type != CATEGORY and (not types or c.type in types)
        ]
    return [{"value": str(id_), "label": label} for id_, label in found]


def modal_form(modal: Json, speaker: MemberState) -> str:
    """A modal's title and fields."""
    fields = "".join(_modal_part(part, speaker) for part in modal["components"])
    return f'<h2 id="modal-title">{escape(modal["title"])}</h2>{fields}'


def _modal_part(part: Json, speaker: MemberState) -> str:
    if part["type"] == TEXT:
        return f"<p>{escape(part['content'])}</p>"
    wrapped = part if part["type"] == LABEL else {}
    about = f"<small>{escape(wrapped['description'])}</small>" if wrapped.get("description") else ""
    inner = [c for c in walk([part]) if c["type"] not in (ROW, LABEL)]
    labels = [escape(wrapped.get("label") or field.get("label") or "") for field in inner]
    return "".join(
        f'<label class="asked"><span>{label}</span>{about}{_asked(field, speaker)}</label>'
        for label, field in zip(labels, inner, strict=True)
    )


def _asked(field: Json, speaker: MemberState) -> str:
    needed = " required" if field.get("required", True) else ""
    common = f'name="{escape(field["custom_id"])}"{needed}'
    if field["type"] == TEXT_INPUT:
        limits = "".join(
            f' {name}="{field[key]}"'
            for name, key in (("minlength", "min_length"), ("maxlength", "max_length"))
            if field.get(key) is not None
        )
        value, hint = escape(field.get("value") or ""), escape(field.get("placeholder") or "")
        if field.get("style") == PARAGRAPH:
            return f'<textarea rows="4" placeholder="{hint}" {common}{limits}>{value}</textarea>'
        return f'<input value="{value}" placeholder="{hint}" {common}{limits} autocomplete="off">'
    if field["type"] in SELECTS:
        options = field.get("options") or [] if field["type"] == STRING_SELECT else entities(speaker, field)
        several = " multiple" if (field.get("max_values") or 1) > 1 else ""
        some = "".join(f'<option value="{escape(o["value"])}">{escape(o["label"])}</option>' for o in options)
        return f"<select {common} data-list{several}>{some}</select>"
    return "<em>This field can't be filled in here.</em>"
