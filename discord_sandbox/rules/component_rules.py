"""Buttons, menus and layouts: what Discord refuses, and the ids that it gives them.

https://docs.discord.com/developers/components/reference
"""

from collections.abc import Collection, Iterator
from typing import Any

from discord_sandbox.rules.errors import BodyErrors, Json, JsonPath, keys

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD = (
    9,
    10,
    11,
    12,
    13,
    14,
    17,
    18,
    19,
)
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6

V2_LIMIT, TEXT_LIMIT, ROW_LIMIT, BUTTONS_A_ROW, OPTION_LIMIT = 40, 4000, 5, 5, 25
CUSTOM_ID_LIMIT, LABEL_LIMIT = 100, 80

TOP_LEVEL = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
CHILDREN = {
    ROW: frozenset({BUTTON}) | SELECTS,
    CONTAINER: TOP_LEVEL - {CONTAINER},
    SECTION: frozenset({TEXT}),
}
SELECT_KEYS = keys("custom_id placeholder min_values max_values disabled required")
KEYS = {
    ROW: frozenset({"components"}),
    BUTTON: keys("style label emoji custom_id url disabled sku_id"),
    STRING_SELECT: SELECT_KEYS | {"options"},
    SECTION: frozenset({"components", "accessory"}),
    TEXT: frozenset({"content"}),
    THUMBNAIL: frozenset({"media", "description", "spoiler"}),
    GALLERY: frozenset({"items"}),
    FILE: frozenset({"file", "spoiler"}),
    SEPARATOR: frozenset({"divider", "spacing"}),
    CONTAINER: frozenset({"components", "accent_color", "spoiler"}),
} | {kind: SELECT_KEYS | {"default_values", "channel_types"} for kind in SELECTS - {STRING_SELECT}}
CHOOSING: Json = {"min_values": 1, "max_values": 1}
DEFAULTS: dict[int, Json] = {
    THUMBNAIL: {"description": None, "spoiler": False},
    FILE: {"spoiler": False},
    SEPARATOR: {"divider": True, "spacing": 1},
    CONTAINER: {"accent_color": None, "spoiler": False},
    **dict.fromkeys(SELECTS, CHOOSING),
}


def walk(components: Any) -> Iterator[Json]:
    """Every component of a message, modal or part of one, outer ones first."""
    for component in components or []:
        yield component
        yield from walk(component.get("components"))
        yield from walk([component[key] for key in ("accessory", "component") if component.get(key)])


def texts(components: Any) -> Iterator[str]:
    """The contents of all text displays."""
    return (c["content"] for c in walk(components) if c["type"] == TEXT)


def completed(components: list[Json]) -> list[Json]:
    """A copy with what Discord adds before it sends components back: integer ids and left-out values."""
    copied = [_copied(component) for component in components]
    taken = {c["id"] for c in walk(copied) if c.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)
    for component in walk(copied):
        component["id"] = component.get("id") or next(free)
    return copied


def _copied(component: Json) -> Json:
    copy = DEFAULTS.get(component["type"], {}) | {k: v for k, v in component.items() if v is not None}
    if component["type"] == GALLERY:
        copy["items"] = [{"description": None, "spoiler": False} | item for item in component["items"]]
    for key in ("components", "accessory", "component"):
        if isinstance(inner := copy.get(key), list):
            copy[key] = [_copied(child) for child in inner]
        elif inner:
            copy[key] = _copied(inner)
    return copy


def check_components(
    components: list[Json], form: BodyErrors, *, v2: bool, file_names: Collection[str]
) -> None:
    """Add an error for everything that Discord refuses in a message's components."""
    path = ["components"]
    allowed = TOP_LEVEL if v2 else frozenset({ROW})
    if not v2:
        form.too_long(path, components, ROW_LIMIT)
    for index, component in enumerate(components):
        _check(component, form, [*path, index], allowed, file_names)
    every = list(walk(components))
    if len(every) > V2_LIMIT:
        message = f"The maximum number of components in a message is {V2_LIMIT}"
        form.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    if sum(len(c.get("content") or "") for c in every if c.get("type") == TEXT) > TEXT_LIMIT:
        message = f"The total displayable text size exceeds maximum size of {TEXT_LIMIT}"
        form.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
    _check_duplicates(every, form, "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED")
    _check_duplicates(every, form, "id", "COMPONENT_ID_DUPLICATED")


def _check_duplicates(every: list[Json], form: BodyErrors, key: str, code: str) -> None:
    values = [component[key] for component in every if component.get(key)]
    for value in dict.fromkeys(v for v in values if values.count(v) > 1):
        form.add(["components"], code, f"Component {key} cannot be duplicated: {value}")


def _check(
    component: Json, form: BodyErrors, path: JsonPath, allowed: frozenset[int], file_names: Collection[str]
) -> None:
    kind = component.get("type")
    if kind not in allowed:
        message = f'Value of field "type" must be one of {tuple(sorted(allowed))}.'
        form.add([*path, "type"], "UNION_TYPE_CHOICES", message)
        return
    form.unknown_keys(path, component, KEYS[kind] | {"type", "id"})
    if kind == BUTTON:
        _check_button(component, form, path)
    elif kind in SELECTS:
        _check_select(component, form, path)
    elif kind == ROW:
        _check_row(component, form, path)
    elif kind == TEXT:
        form.too_long([*path, "content"], component.get("content") or "", TEXT_LIMIT, 1)
    elif kind == SECTION:
        _check_section(component, form, path, file_names)
    else:
        _check_media_of(component, form, path, file_names)
    for index, child in enumerate(component.get("components") or []):
        _check(child, form, [*path, "components", index], CHILDREN.get(kind, frozenset()), file_names)


def _check_button(button: Json, form: BodyErrors, path: JsonPath) -> None:
    style = button.get("style")
    label, emoji = button.get("label"), button.get("emoji")
    form.too_long([*path, "label"], label, LABEL_LIMIT)
    if style != PREMIUM and not label and not emoji:
        form.add([*path, "label"], "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji.")
    if style == LINK:
        if not str(button.get("url") or "").startswith(("http://", "https://", "discord://")):
            message = 'Scheme must be one of ("http", "https", "discord").'
            form.add([*path, "url"], "URL_TYPE_INVALID_SCHEME", message)
        if button.get("custom_id"):
            form.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_CONFLICT", "A link has no custom id.")
        form.too_long([*path, "url"], button.get("url"), 512)
    elif style != PREMIUM:
        _check_custom_id(button, form, path)
        if button.get("url"):
            form.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_CONFLICT", "Only links have an address.")


def _check_custom_id(component: Json, form: BodyErrors, path: JsonPath) -> None:
    if not component.get("custom_id"):
        form.missing([*path, "custom_id"])
    form.too_long([*path, "custom_id"], component.get("custom_id"), CUSTOM_ID_LIMIT)


def _check_select(select: Json, form: BodyErrors, path: JsonPath) -> None:
    _check_custom_id(select, form, path)
    form.too_long([*path, "placeholder"], select.get("placeholder"), 150)
    if select["type"] != STRING_SELECT:
        return
    options = select.get("options") or []
    form.too_long([*path, "options"], options, OPTION_LIMIT, 1)
    for index, option in enumerate(options):
        for key in ("label", "value"):
            form.too_long([*path, "options", index, key], option.get(key) or "", 100, 1)
        form.too_long([*path, "options", index, "description"], option.get("description"), 100)
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        form.add([*path, "options"], "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Values must differ.")


def _check_row(row: Json, form: BodyErrors, path: JsonPath) -> None:
    inside = row.get("components") or []
    form.too_long([*path, "components"], inside, BUTTONS_A_ROW, 1)
    if any(c.get("type") in SELECTS for c in inside) and len(inside) > 1:
        message = "The specified component exceeds the maximum width"
        form.add([*path, "components"], "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)


def _check_section(section: Json, form: BodyErrors, path: JsonPath, file_names: Collection[str]) -> None:
    form.too_long([*path, "components"], section.get("components") or [], 3, 1)
    if not section.get("accessory"):
        form.missing([*path, "accessory"])
        return
    allowed = frozenset({BUTTON, THUMBNAIL})
    _check(section["accessory"], form, [*path, "accessory"], allowed, file_names)


def _check_media_of(component: Json, form: BodyErrors, path: JsonPath, file_names: Collection[str]) -> None:
    kind = component["type"]
    if kind == GALLERY:
        items = component.get("items") or []
        form.too_long([*path, "items"], items, 10, 1)
        for index, item in enumerate(items):
            check_media(item["media"]["url"], form, [*path, "items", index, "media", "url"], file_names)
    elif kind == THUMBNAIL:
        check_media(component["media"]["url"], form, [*path, "media", "url"], file_names)
    elif kind == FILE:
        check_media(component["file"]["url"], form, [*path, "file", "url"], file_names)
    elif kind == CONTAINER and not component.get("components"):
        form.missing([*path, "components"])


def check_media(url: str | None, form: BodyErrors, path: JsonPath, file_names: Collection[str]) -> None:
    """Add an error for a URL that is neither http(s) nor `attachment://` of an uploaded file."""
    if url is None or url.startswith(("http://", "https://")):
        return
    if not url.startswith("attachment://"):
        message = 'Scheme must be one of ("http", "https").'
        form.add(path, "URL_TYPE_INVALID_SCHEME", message)
    elif url.removeprefix("attachment://") not in file_names:
        code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
        form.add(path, code, "The referenced attachment could not be found")
