"""The application's registered commands, and what Discord refuses when they are registered.

https://docs.discord.com/developers/interactions/application-commands
"""

import re
from collections.abc import Iterator, Sequence

from discord_sandbox.rules.errors import ApiError, BodyErrors, Json, JsonPath, keys
from discord_sandbox.world.clock import Snowflakes

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)

NAME = re.compile(r"[-_'\w]{1,32}")
COMMAND_KEYS = keys(
    "id application_id guild_id version type name name_localizations description description_localizations "
    "options default_member_permissions dm_permission nsfw contexts integration_types handler"
)
OPTION_KEYS = keys(
    "type name name_localizations description description_localizations required choices options "
    "channel_types min_value max_value min_length max_length autocomplete"
)
CHOICE_KEYS = frozenset({"name", "name_localizations", "value"})
CHAT_LIMIT, MENU_LIMIT, OPTION_LIMIT, CHOICE_LIMIT, SIZE_LIMIT = 100, 15, 25, 25, 8000


class Commands:
    """The registered commands, global ones and each guild's own."""

    def __init__(self, ids: Snowflakes, application_id: int) -> None:
        self._ids = ids
        self._application_id = application_id
        self._kept: dict[int | None, list[Json]] = {}

    def registered(self, guild_id: int | None) -> list[Json]:
        """The commands of one guild, or the global ones for None."""
        return self._kept.get(guild_id, [])

    def overwrite(self, guild_id: int | None, bodies: Sequence[Json]) -> list[Json]:
        """Replace all of them; a command keeps its id by its name. Raises 50035."""
        form = BodyErrors()
        _check_counts(bodies, form)
        for index, body in enumerate(bodies):
            _check_command(body, form, [index])
        form.raise_if_any()
        known = {(c["type"], c["name"]): c["id"] for c in self.registered(guild_id)}
        self._kept[guild_id] = [self._complete(body, guild_id, known) for body in bodies]
        return self.registered(guild_id)

    def upsert(self, guild_id: int | None, body: Json) -> Json:
        """Create a command, or replace the one of that name and type."""
        key = (body.get("type") or CHAT, body.get("name"))
        others = [c for c in self.registered(guild_id) if (c["type"], c["name"]) != key]
        return self.overwrite(guild_id, [*others, body])[-1]

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Remove one. Raises 10063."""
        command = self.get(guild_id, command_id)
        self._kept[guild_id] = [c for c in self.registered(guild_id) if c is not command]

    def get(self, guild_id: int | None, command_id: int) -> Json:
        """One by its id. Raises 10063."""
        for command in self.registered(guild_id):
            if command["id"] == str(command_id):
                return command
        raise ApiError.known(10063)

    def find(self, guild_id: int, name: str, kind: int) -> Json | None:
        """The command of that name in a guild; its own commands take precedence over global ones."""
        for command in [*self.registered(guild_id), *self.registered(None)]:
            if (command["type"], command["name"]) == (kind, name):
                return command
        return None

    def _complete(self, body: Json, guild_id: int | None, known: dict[tuple[int, str], str]) -> Json:
        kind = body.get("type") or CHAT
        needed = body.get("default_member_permissions")
        complete = body | {
            "id": known.get((kind, body["name"]), str(self._ids.new())),
            "application_id": str(self._application_id),
            "version": str(self._ids.new()),
            "type": kind,
            "description": body.get("description") or "",
            "default_member_permissions": None if needed is None else str(needed),
            "nsfw": body.get("nsfw", False),
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
        }
        return complete | {"guild_id": str(guild_id)} if guild_id else complete


def leaf_options(command: Json) -> Iterator[tuple[tuple[str, ...], list[Json]]]:
    """Every way to call a command: the path of subcommands, and its options."""
    options = command.get("options") or []
    nested = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not nested:
        yield (), options
    for option in nested:
        for names, inner in leaf_options(option):
            yield (option["name"], *names), inner


def _check_counts(bodies: Sequence[Json], form: BodyErrors) -> None:
    kinds = [body.get("type") or CHAT for body in bodies]
    for kind, limit in ((CHAT, CHAT_LIMIT), (USER_MENU, MENU_LIMIT), (MESSAGE_MENU, MENU_LIMIT)):
        if kinds.count(kind) > limit:
            message = f"Maximum number of application commands reached ({limit})."
            form.add([], "APPLICATION_COMMANDS_MAX", message)
    named = [(kind, body.get("name")) for kind, body in zip(kinds, bodies, strict=True)]
    for index, key in enumerate(named):
        if key in named[:index]:
            message = "Application command names must be unique"
            form.add([index, "name"], "APPLICATION_COMMANDS_DUPLICATE_NAME", message)


def _check_command(body: Json, form: BodyErrors, path: JsonPath) -> None:
    form.unknown_keys(path, body, COMMAND_KEYS)
    if (body.get("type") or CHAT) != CHAT:
        form.too_long([*path, "name"], body.get("name") or "", 32, 1)
        if body.get("description"):
            message = "Context menu commands cannot have description"
            form.add([*path, "description"], "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message)
        return
    _check_naming(body, form, path)
    _check_options(body.get("options") or [], form, path, depth=0)
    if _size(body) > SIZE_LIMIT:
        message = f"Command exceeds maximum size ({SIZE_LIMIT})"
        form.add(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def _check_naming(body: Json, form: BodyErrors, path: JsonPath) -> None:
    name = body.get("name") or ""
    if not NAME.fullmatch(name) or name != name.lower():
        message = "Command name is invalid: 1 to 32 lower-case letters, digits, - and _."
        form.add([*path, "name"], "APPLICATION_COMMAND_INVALID_NAME", message)
    if body.get("description"):
        form.too_long([*path, "description"], body["description"], 100, 1)
    else:
        form.missing([*path, "description"])


def _check_options(options: list[Json], form: BodyErrors, path: JsonPath, *, depth: int) -> None:
    form.too_long([*path, "options"], options, OPTION_LIMIT)
    seen_optional = False
    names = [option.get("name") for option in options]
    if len(set(names)) < len(names):
        message = "Option names must be unique"
        form.add([*path, "options"], "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
    for index, option in enumerate(options):
        here = [*path, "options", index]
        form.unknown_keys(here, option, OPTION_KEYS)
        _check_naming(option, form, here)
        if option.get("type") in (SUBCOMMAND, GROUP):
            _check_nesting(options, option, form, here, depth)
            continue
        if option.get("required") and seen_optional:
            message = "Required options must be placed before non-required options"
            form.add(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        seen_optional = seen_optional or not option.get("required")
        _check_choices(option, form, here)


def _check_nesting(siblings: list[Json], option: Json, form: BodyErrors, path: JsonPath, depth: int) -> None:
    mixed = any(sibling.get("type") not in (SUBCOMMAND, GROUP) for sibling in siblings)
    if mixed or depth > 1 or (depth == 1 and option["type"] == GROUP):
        message = "Sub-commands and sub-command groups stand alone, at most two levels deep"
        form.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        return
    inside = depth + 1 if option["type"] == GROUP else 2
    _check_options(option.get("options") or [], form, path, depth=inside)


def _check_choices(option: Json, form: BodyErrors, path: JsonPath) -> None:
    choices = option.get("choices") or []
    form.too_long([*path, "choices"], choices, CHOICE_LIMIT)
    if choices and option.get("autocomplete"):
        message = "An option has either choices or autocomplete"
        form.add(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", message)
    check_choices(choices, form, [*path, "choices"])


def check_choices(choices: Sequence[Json], form: BodyErrors, path: JsonPath) -> None:
    """Add an error for every choice, registered or autocompleted, that Discord refuses."""
    for index, choice in enumerate(choices):
        form.unknown_keys([*path, index], choice, CHOICE_KEYS)
        form.too_long([*path, index, "name"], choice.get("name") or "", 100, 1)
        value = choice.get("value")
        if value is None:
            form.missing([*path, index, "value"])
        elif isinstance(value, str):
            form.too_long([*path, index, "value"], value, 100, 1)


def _size(body: Json) -> int:
    texts = [body.get("name"), body.get("description")]
    choices = [str(choice.get(key, "")) for choice in body.get("choices") or [] for key in ("name", "value")]
    own = sum(len(text) for text in [*texts, *choices] if text)
    return own + sum(_size(option) for option in body.get("options") or [])
