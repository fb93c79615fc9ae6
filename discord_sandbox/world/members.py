"""What a member does with their Discord client: posting, reacting, commands, buttons, modals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from discord_sandbox.rules.component_rules import BUTTON, LINK, SELECTS, STRING_SELECT, walk
from discord_sandbox.rules.errors import ApiError, Json, SandboxError
from discord_sandbox.rules.message_flags import VOICE_MESSAGE
from discord_sandbox.rules.modal_rules import filled
from discord_sandbox.world import payloads
from discord_sandbox.world.command_client import CommandClient
from discord_sandbox.world.commands import MESSAGE_MENU
from discord_sandbox.world.intents import Intent
from discord_sandbox.world.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from discord_sandbox.world.interactions import Interactions
from discord_sandbox.world.messages import MessageDraft, Upload
from discord_sandbox.world.model import ChannelState, MemberState, Message, RoleState
from discord_sandbox.world.permissions import Permission
from discord_sandbox.world.world import GatewayEvent

File = tuple[str, bytes, str]


@dataclass(eq=False)
class SandboxMember(MemberState):
    """A user in one guild, with their Discord client; what Discord refuses to them raises SandboxError."""

    interactions: Interactions

    def set_roles(self, *roles: RoleState) -> None:
        """Give them these roles and no others, as an admin would."""
        self.roles = list(roles)
        self.publish("GUILD_MEMBER_UPDATE", payloads.member(self))

    def join_voice(self, channel: ChannelState | None) -> None:
        """Join a voice channel, or leave the one that they are in."""
        if self.guild.connected.pop(self, None) is None and channel is None:
            return
        if channel is not None:
            self.guild.connected[self] = channel
        data = payloads.voice_state(self, channel)
        intent = Intent.GUILD_VOICE_STATES
        self.guild.world.publish(GatewayEvent("VOICE_STATE_UPDATE", data, self.guild.id, intent))

    def publish(self, event: str, data: Json) -> None:
        """Publish an event about the membership; the bot's own needs no members intent."""
        intent = Intent.INTERACTIONS if self is self.guild.bot else Intent.GUILD_MEMBERS
        data = data | {"guild_id": str(self.guild.id)}
        self.guild.world.publish(GatewayEvent(event, data, self.guild.id, intent))

    async def post(
        self,
        channel: ChannelState,
        content: str = "",
        *,
        files: Sequence[File] = (),
        reply_to: Json | None = None,
        voice: float | None = None,
        at: datetime | None = None,
    ) -> Json:
        """Write a message; files are (name, bytes, content type), `voice` a voice message's seconds.

        `at` dates it back.
        """
        writing = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        self.require(channel, writing | (Permission.ATTACH_FILES if files else writing))
        reference = (int(reply_to["channel_id"]), int(reply_to["id"])) if reply_to else None
        uploads = [Upload(name, data, kind, seconds=voice) for name, data, kind in files]
        flags = VOICE_MESSAGE if voice is not None else 0
        draft = MessageDraft(content=content, uploads=uploads, reference=reference, flags=flags)
        message = self.interactions.messages.create(channel, self.user, draft, at=at)
        return self._shown(message)

    async def edit(self, message: Json, content: str) -> Json:
        """Change one's own message."""
        found = self._find(message)
        if found.author is not self.user:
            raise ApiError.known(50005)
        self.interactions.messages.edit(found, {"content": content})
        return self._shown(found)

    async def delete(self, *messages: Json) -> None:
        """Delete one's own messages, or others' with the permission to manage messages; several: a bulk deletion."""
        found = [self._find(message) for message in messages]
        for message in found:
            if message.author is not self.user and message.seen_only_by != self.id:
                self.require(message.channel, Permission.MANAGE_MESSAGES)
        self.interactions.messages.delete(found)

    async def react(self, message: Json, emoji: str) -> None:
        """Add a reaction."""
        found = self._find(message)
        self.require(found.channel, Permission.READ_MESSAGE_HISTORY)
        if emoji not in found.reactions:
            self.require(found.channel, Permission.ADD_REACTIONS)
        self.interactions.messages.react(found, self.user, emoji)

    async def unreact(self, message: Json, emoji: str, *, of: "SandboxMember | None" = None) -> None:
        """Remove one's own reaction, or somebody else's with the permission to manage messages."""
        found = self._find(message)
        if of is not None:
            self.require(found.channel, Permission.MANAGE_MESSAGES)
        self.interactions.messages.unreact(found, (of or self).user, emoji)

    async def clear_reactions(self, message: Json, emoji: str | None = None) -> None:
        """Remove everybody's reactions, or those with one emoji."""
        found = self._find(message)
        self.require(found.channel, Permission.MANAGE_MESSAGES)
        self.interactions.messages.clear(found, emoji)

    async def command(self, channel: ChannelState, name: str, /, **options: Any) -> Interaction:
        """Use a slash command (`"settings channel"`: a subcommand) and wait until the bot acknowledges it.

        Options are str, int, float, bool, SandboxMember, Role, Channel, or (name, bytes, content type) for a file.
        """
        data = self._client(channel).chat_command(name, options)
        return await self.interactions.start(self, channel, COMMAND, data)

    async def autocomplete(
        self, channel: ChannelState, name: str, focused: str, typed: str = "", /, **options: Any
    ) -> list[Json]:
        """The choices that the bot offers for `typed` in the option `focused`."""
        data = self._client(channel).chat_command(name, options, focused=(focused, typed))
        answer = await self.interactions.start(self, channel, AUTOCOMPLETE, data)
        if answer.error:
            raise SandboxError("Loading options failed.")
        return answer.choices

    async def menu(self, channel: ChannelState, name: str, message: Json) -> Interaction:
        """Use a command from a message's context menu."""
        data = self._client(channel).menu_command(name, MESSAGE_MENU, self._find(message))
        return await self.interactions.start(self, channel, COMMAND, data)

    async def click(
        self,
        message: Json,
        *,
        custom_id: str | None = None,
        label: str | None = None,
        emoji: str | None = None,
    ) -> Interaction:
        """Press the first button of a message that has this custom id, label or emoji."""
        found = self._find(message)
        buttons = [c for c in walk(found.components) if c["type"] == BUTTON]
        wanted = {"custom_id": custom_id, "label": label, "emoji": emoji}
        button = next((b for b in buttons if _matches(b, wanted)), None)
        if button is None:
            there = [_described(b) for b in buttons]
            raise SandboxError(f"No such button; the message has {there}.")
        if button.get("disabled") or button["style"] == LINK:
            raise SandboxError(f"The button {_described(button)} can't be pressed.")
        data = {"custom_id": button["custom_id"], "component_type": BUTTON, "id": button["id"]}
        return await self.interactions.start(self, found.channel, COMPONENT, data, message=found)

    async def select(self, message: Json, *values: str, custom_id: str | None = None) -> Interaction:
        """Choose from a message's select menu, by custom id if it has several."""
        found = self._find(message)
        menus = [c for c in walk(found.components) if c["type"] in SELECTS]
        menu = next((m for m in menus if custom_id in (None, m["custom_id"])), None)
        if menu is None or menu.get("disabled"):
            raise SandboxError("The message has no such menu to choose from.")
        if not menu["min_values"] <= len(values) <= menu["max_values"]:
            raise SandboxError(f"The menu takes {menu['min_values']} to {menu['max_values']} choices.")
        data = {"custom_id": menu["custom_id"], "component_type": menu["type"], "values": list(values)}
        data["id"] = menu["id"]
        if menu["type"] == STRING_SELECT:
            if unknown := set(values) - {option["value"] for option in menu["options"]}:
                raise SandboxError(f"The menu doesn't offer {sorted(unknown)}.")
        else:
            data["resolved"] = self._client(found.channel).chosen(menu, values)
        return await self.interactions.start(self, found.channel, COMPONENT, data, message=found)

    async def submit_modal(self, asked: Interaction, **values: Any) -> Interaction:
        """Fill in and submit the modal that the bot opened, by the fields' custom ids."""
        if asked.modal is None:
            raise SandboxError("That interaction wasn't answered with a modal.")
        data = filled(asked.modal, values)
        message = asked.message_clicked
        start = self.interactions.start
        return await start(self, asked.channel, MODAL, data, message=message, cause=asked)

    def _client(self, channel: ChannelState) -> CommandClient:
        return CommandClient(self, channel, self.interactions)

    def _find(self, message: Json) -> Message:
        channel = self.guild.channels.get(int(message["channel_id"]))
        if channel is None:
            raise ApiError.known(10003)
        self.require(channel, Permission.VIEW_CHANNEL)
        found = channel.store.get(int(message["id"]))
        if found is None or found.seen_only_by not in (None, self.id):
            raise ApiError.known(10008)
        return found

    def _shown(self, message: Message) -> Json:
        return payloads.message(message, viewer=self.user)


def _matches(button: Json, wanted: dict[str, str | None]) -> bool:
    has = {**button, "emoji": (button.get("emoji") or {}).get("name")}
    return all(value is None or has.get(key) == value for key, value in wanted.items())


def _described(button: Json) -> str:
    emoji = (button.get("emoji") or {}).get("name") or ""
    return f"{emoji}{button.get('label') or ''} ({button.get('custom_id') or button.get('url')})"
