"""Commands that Discord doesn't let a bot register, and calls that its client doesn't let a member make."""

from typing import Any

import pytest

from discord_sandbox import ApiError, Permission, Sandbox, SandboxError, SandboxGuild, SandboxMember
from discord_sandbox.world.guild import Channel
from tests.discord_sandbox.client import Raw

Json = dict[str, Any]


def command(**changes: Any) -> Json:
    return {"name": "similar", "description": "Similar songs", **changes}


def option(**changes: Any) -> Json:
    return {"type": 3, "name": "track", "description": "Which", **changes}


def choices(count: int) -> list[Json]:
    return [{"name": str(n), "value": str(n)} for n in range(count)]


REFUSED: dict[str, list[Json]] = {
    "upper case": [command(name="Similar")],
    "space in a name": [command(name="similar songs")],
    "name too long": [command(name="x" * 33)],
    "no description": [command(description="")],
    "description too long": [command(description="x" * 101)],
    "required after optional": [
        command(options=[option(), option(name="link", required=True)]),
    ],
    "26 options": [command(options=[option(name=f"o{n}") for n in range(26)])],
    "26 choices": [command(options=[option(choices=choices(26))])],
    "choices and autocomplete": [command(options=[option(choices=choices(2), autocomplete=True)])],
    "choice too long": [command(options=[option(choices=[{"name": "x" * 101, "value": "a"}])])],
    "upper case option": [command(options=[option(name="Track")])],
    "option without description": [command(options=[option(description=None)])],
    "an option twice": [command(options=[option(), option()])],
    "a command twice": [command(), command()],
    "unknown key": [command(colour=1)],
    "unknown option key": [command(options=[option(colour=1)])],
    "group in a group": [
        command(options=[option(type=2, name="a", options=[option(type=2, name="b", options=[])])])
    ],
    "subcommand beside an option": [command(options=[option(), option(type=1, name="sub")])],
    "menu with a description": [{"name": "Add", "type": 3, "description": "a"}],
    "101 commands": [command(name=f"c{n}") for n in range(101)],
    "too large in all": [
        command(options=[option(name=f"o{n}", choices=[{"name": "x" * 100, "value": f"{k}" * 50} for k in range(3)])
                         for n in range(20)])
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(sandbox: Sandbox, raw: Raw, name: str) -> None:
    sandbox.schema = None
    path = f"/applications/{sandbox.bot.id}/commands"
    status, answer = await raw("PUT", path, REFUSED[name])
    assert (status, answer["code"]) == (400, 50035)
    assert sandbox.registered() == []


async def test_a_command_keeps_its_id(sandbox: Sandbox, raw: Raw) -> None:
    path = f"/applications/{sandbox.bot.id}/commands"
    _, [first] = await raw("PUT", path, [command()])
    _, [again, _] = await raw("PUT", path, [command(description="Better"), command(name="other")])
    assert again["id"] == first["id"]
    assert (await raw("GET", path))[1][0]["description"] == "Better"
    assert (await raw("DELETE", f"{path}/{first['id']}"))[0] == 204
    assert (await raw("DELETE", f"{path}/{first['id']}"))[1]["code"] == 10063
    assert [c["name"] for c in sandbox.registered()] == ["other"]


async def test_another_applications_commands_are_out_of_reach(sandbox: Sandbox, raw: Raw) -> None:
    assert (await raw("PUT", "/applications/1/commands", [command()]))[0] == 403
    path = f"/applications/{sandbox.bot.id}/guilds/1/commands"
    assert (await raw("PUT", path, [command()]))[1]["code"] == 50001


@pytest.fixture
async def ann(sandbox: Sandbox) -> SandboxMember:
    options = [
        option(required=True, autocomplete=True),
        option(type=4, name="count", min_value=1, max_value=10),
        option(type=3, name="mode", choices=choices(2)),
        option(type=6, name="who"),
        option(type=7, name="where", channel_types=[0]),
    ]
    sub = option(type=1, name="channel", options=[option(type=5, name="on", required=True)])
    sandbox.commands.overwrite(
        None,
        [
            command(options=options),
            command(name="settings", options=[sub], default_member_permissions=Permission.MANAGE_GUILD),
            {"name": "Add to library", "type": 3},
        ],
    )
    guild = sandbox.add_guild("Club")
    guild.add_channel("music")
    return guild.add_member("Ann")


def music(ann: SandboxMember) -> Channel:
    channel = next(iter(ann.guild.channels.values()))
    assert isinstance(channel, Channel)
    return channel


CALLS: dict[str, tuple[str, Json, str]] = {
    "unknown command": ("simular", {}, "No command"),
    "unknown subcommand": ("similar a", {}, "no command"),
    "subcommand left out": ("settings", {}, "may not"),
    "required option missing": ("similar", {}, "requires"),
    "unknown option": ("similar", {"track": "1", "tracks": "2"}, "no option"),
    "text for a number": ("similar", {"track": "1", "count": "2"}, "doesn't take"),
    "truth for a number": ("similar", {"track": "1", "count": True}, "doesn't take"),
    "number for a text": ("similar", {"track": 1}, "doesn't take"),
    "number out of range": ("similar", {"track": "1", "count": 11}, "doesn't take"),
    "not one of the choices": ("similar", {"track": "1", "mode": "7"}, "doesn't take"),
    "text for a member": ("similar", {"track": "1", "who": "Bob"}, "doesn't take"),
}


@pytest.mark.parametrize("name", CALLS)
async def test_the_members_client_refuses(ann: SandboxMember, name: str) -> None:
    called, options, reason = CALLS[name]
    with pytest.raises(SandboxError, match=reason):
        await ann.command(music(ann), called, **options)


async def test_a_voice_channel_where_a_text_channel_is_asked_for(ann: SandboxMember) -> None:
    assert isinstance(ann.guild, SandboxGuild)
    voice = ann.guild.add_channel("voice", type=2)
    with pytest.raises(SandboxError, match="doesn't take"):
        await ann.command(music(ann), "similar", track="1", where=voice)


async def test_default_permissions_hide_a_command(ann: SandboxMember) -> None:
    with pytest.raises(SandboxError, match="may not"):
        await ann.command(music(ann), "settings channel", on=True)
    assert isinstance(ann.guild, SandboxGuild)
    ann.set_roles(ann.guild.add_role("Mods", permissions=Permission.MANAGE_GUILD))
    answer = await ann.command(music(ann), "settings channel", on=True)
    assert answer.error == "The application did not respond"


async def test_commands_need_a_permission_in_the_channel(ann: SandboxMember) -> None:
    music(ann).set_overwrite(ann, deny=Permission.USE_APPLICATION_COMMANDS)
    with pytest.raises(ApiError, match="50013"):
        await ann.command(music(ann), "similar", track="1")


async def test_autocomplete_only_where_it_is_offered(ann: SandboxMember) -> None:
    with pytest.raises(SandboxError, match="no choices"):
        await ann.autocomplete(music(ann), "similar", "count", "1")
    with pytest.raises(SandboxError, match="failed"):
        await ann.autocomplete(music(ann), "similar", "track", "1")
