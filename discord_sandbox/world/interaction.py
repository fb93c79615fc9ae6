"""One interaction: the payload that the bot receives, and how the bot responded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from discord_sandbox.rules.errors import Json
from discord_sandbox.rules.message_flags import EPHEMERAL, LOADING
from discord_sandbox.world import payloads
from discord_sandbox.world.cdn import FILE_LIMIT
from discord_sandbox.world.model import ChannelState, MemberState, Message
from discord_sandbox.world.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
PONG, SEND_MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 1, 4, 5, 6, 7, 8, 9


@dataclass(eq=False)
class Interaction:
    """One interaction and how the bot responded to it."""

    world: World
    id: int
    token: str
    kind: int
    member: MemberState
    channel: ChannelState
    data: Json
    deadline: float
    message_clicked: Message | None = None
    cause: "Interaction | None" = None
    response_type: int | None = None
    error: str | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    changed_clicked: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    @property
    def deferred(self) -> bool:
        """Whether the bot asked for more time."""
        return self.response_type in (DEFER, DEFER_UPDATE)

    @property
    def responses(self) -> list[Json]:
        """The messages that the bot responded with and that still exist, without "is thinking…"."""
        made = [] if self.original is None or self.original is self.message_clicked else [self.original]
        standing = [m for m in [*made, *self.followups] if m.id in self.channel.store]
        return [payloads.message(m, viewer=self.member.user) for m in standing if not m.flags & LOADING]

    @property
    def updated(self) -> Json | None:
        """The message whose button was clicked, once the bot changed it in response."""
        clicked = self.message_clicked
        if clicked is None or not self.changed_clicked:
            return None
        return payloads.message(clicked, viewer=self.member.user)

    async def message(self, timeout: float = 60.0) -> Json:
        """The first response, or the changed message. Raises TimeoutError."""

        def shown() -> Json | None:
            return next(iter(self.responses), None) or self.updated

        found: Json = await self.world.wait_for(shown, timeout)
        return found

    def fail(self, reason: str) -> None:
        """Record that the bot didn't respond in time."""
        self.error = reason
        self.settled.set()
        self.world.touch()


def payload(started: Interaction) -> Json:
    """The data of the event INTERACTION_CREATE."""
    guild, channel, member = started.channel.guild, started.channel, started.member
    data: Json = {
        "id": str(started.id),
        "application_id": str(started.world.bot.id),
        "type": started.kind,
        "token": started.token,
        "version": 1,
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
        "channel_id": str(channel.id),
        "channel": payloads.channel(channel) | {"permissions": str(int(member.permissions_in(channel)))},
        "member": payloads.member(member) | {"permissions": str(int(member.permissions_in(channel)))},
        "locale": "en-US",
        "guild_locale": "en-US",
        "app_permissions": str(int(guild.bot.permissions_in(channel))),
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(guild.id)},
        "context": 0,
        "attachment_size_limit": FILE_LIMIT,
        "data": started.data,
    }
    if started.message_clicked:
        data["message"] = payloads.message(started.message_clicked)
    return data


def metadata(found: Interaction) -> Json:
    """A message's `interaction_metadata`."""
    about: Json = {
        "id": str(found.id),
        "type": found.kind,
        "user": payloads.user(found.member.user),
        "authorizing_integration_owners": {"0": str(found.channel.guild.id)},
    }
    if found.kind == COMMAND:
        return about | {"name": _full_name(found.data), "command_type": found.data["type"]}
    if found.kind == COMPONENT and found.message_clicked:
        return about | {"interacted_message_id": str(found.message_clicked.id)}
    return about | ({"triggering_interaction_metadata": metadata(found.cause)} if found.cause else {})


def _full_name(data: Json) -> str:
    names = [data["name"]]
    options: Sequence[Json] = data.get("options") or ()
    while options and options[0]["type"] in (1, 2):
        names.append(options[0]["name"])
        options = options[0].get("options") or ()
    return " ".join(names)


def callback_response(found: Interaction) -> Json:
    """The REST result of the bot's first response, if it asks for one."""
    about: Json = {"id": str(found.id), "type": found.kind}
    answer: Json = {"interaction": about}
    if found.original and found.response_type in (SEND_MESSAGE, DEFER, DEFER_UPDATE, UPDATE):
        about |= {
            "response_message_id": str(found.original.id),
            "response_message_loading": bool(found.original.flags & LOADING),
            "response_message_ephemeral": bool(found.original.flags & EPHEMERAL),
        }
    if found.original and found.response_type in (SEND_MESSAGE, UPDATE):
        answer["resource"] = {"type": found.response_type, "message": payloads.message(found.original)}
    return answer
