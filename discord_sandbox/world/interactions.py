"""Interactions: started as a member's client does, and responded to by the bot, within Discord's rules.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import secrets
import time
from dataclasses import replace

from discord_sandbox.rules.errors import ApiError, BodyErrors, Json
from discord_sandbox.rules.message_flags import EPHEMERAL, LOADING
from discord_sandbox.rules.message_rules import CALLBACK_KEYS, WEBHOOK_KEYS
from discord_sandbox.rules.modal_rules import check_modal
from discord_sandbox.world.bodies import Uploads, check_edit, to_draft
from discord_sandbox.world.commands import Commands, check_choices
from discord_sandbox.world.intents import Intent
from discord_sandbox.world.interaction import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFER,
    DEFER_UPDATE,
    MODAL,
    SEND_MESSAGE,
    SHOW_MODAL,
    UPDATE,
    Interaction,
    callback_response,
    metadata,
    payload,
)
from discord_sandbox.world.messages import MessageDraft, Messages
from discord_sandbox.world.model import CHAT_COMMAND, MENU_COMMAND, REPLY, ChannelState, MemberState, Message
from discord_sandbox.world.world import GatewayEvent, World

ALLOWED_RESPONSES = {
    COMMAND: {SEND_MESSAGE, DEFER, SHOW_MODAL},
    COMPONENT: {SEND_MESSAGE, DEFER, DEFER_UPDATE, UPDATE, SHOW_MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {SEND_MESSAGE, DEFER, DEFER_UPDATE, UPDATE},
}
NO_RESPONSE = "The application did not respond"


class Interactions:
    """Starts interactions and accepts the bot's responses to them."""

    def __init__(
        self,
        world: World,
        messages: Messages,
        commands: Commands,
        *,
        answer_within: float,
        token_seconds: float,
    ) -> None:
        self.world = world
        self.messages = messages
        self.commands = commands
        self._answer_within = answer_within
        self._token_seconds = token_seconds
        self._by_token: dict[str, Interaction] = {}

    async def start(
        self,
        member: MemberState,
        channel: ChannelState,
        kind: int,
        data: Json,
        *,
        message: Message | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """Send an interaction to the bot and wait until it is acknowledged, or three seconds are over."""
        loop = asyncio.get_running_loop()
        token = secrets.token_urlsafe(40)
        deadline = time.monotonic() + self._answer_within
        started = Interaction(
            self.world, self.world.ids.new(), token, kind, member, channel, data, deadline, message, cause
        )
        self._by_token[token] = started
        started.timer = loop.call_later(self._answer_within, started.fail, NO_RESPONSE)
        event = GatewayEvent("INTERACTION_CREATE", payload(started), channel.guild.id, Intent.INTERACTIONS)
        self.world.publish(event)
        await started.settled.wait()
        return started

    def close(self) -> None:
        """Stop waiting for responses."""
        for started in self._by_token.values():
            if started.timer:
                started.timer.cancel()
            started.settled.set()

    def find(self, token: str) -> Interaction:
        """The interaction of a webhook token. Raises 50027 if unknown or expired, 10015 before a response."""
        found = self._by_token.get(token)
        if found is None or time.monotonic() > found.deadline - self._answer_within + self._token_seconds:
            raise ApiError.known(50027)
        if found.response_type is None:
            raise ApiError.known(10015)
        return found

    def acknowledge(self, interaction_id: int, token: str, body: Json, uploads: Uploads) -> Json:
        """The bot's first response. Raises 10062 if it is late, 40060 if it isn't the first."""
        found = self._by_token.get(token)
        if found is None or found.id != interaction_id or found.error:
            raise ApiError.known(10062)
        if found.response_type is not None:
            raise ApiError.known(40060)
        kind, data = body.get("type"), body.get("data") or {}
        if kind not in ALLOWED_RESPONSES[found.kind] or (kind == UPDATE and found.message_clicked is None):
            form = BodyErrors()
            form.add(["type"], "BASE_TYPE_CHOICES", "This interaction can't be answered like that.")
            form.raise_if_any()
        self._apply(found, int(kind or 0), data, uploads)
        found.response_type = kind
        if found.timer:
            found.timer.cancel()
        found.settled.set()
        self.world.touch()
        return callback_response(found)

    def followup(self, found: Interaction, body: Json, uploads: Uploads) -> Message:
        """Another message; the first one after a deferral becomes the deferred message, unless that was deleted."""
        original = found.original if found.original and found.original.id in found.channel.store else None
        if found.response_type == DEFER and original and original.flags & LOADING:
            return self.edit(found, original, body, uploads)
        draft = to_draft(body, uploads, known=WEBHOOK_KEYS)
        answered = original.id if original else None
        message = self._respond(found, draft, REPLY if answered else self._kind(found), answered)
        found.followups.append(message)
        return message

    def edit(self, found: Interaction, message: Message, body: Json, uploads: Uploads) -> Message:
        """Change a message of an interaction."""
        files = check_edit(message, body, uploads, known=WEBHOOK_KEYS)
        found.changed_clicked = found.changed_clicked or message is found.message_clicked
        message.flags &= ~LOADING
        self.messages.edit(message, body, files)
        return message

    def message_of(self, found: Interaction, message_id: str) -> Message:
        """A message that this interaction's token may change. Raises 10008."""
        if message_id == "@original":
            message = found.original
        else:
            own = [*found.followups, *([found.original] if found.original else [])]
            message = next((m for m in own if str(m.id) == message_id), None)
        if message is None or message.id not in message.channel.store:
            raise ApiError.known(10008)
        return message

    def _apply(self, found: Interaction, kind: int, data: Json, uploads: Uploads) -> None:
        if kind == SEND_MESSAGE:
            draft = to_draft(data, uploads, known=CALLBACK_KEYS)
            found.original = self._respond(found, draft, self._kind(found), None)
        elif kind == DEFER:
            draft = MessageDraft(flags=data.get("flags", 0) & EPHEMERAL | LOADING)
            found.original = self._respond(found, draft, self._kind(found), None)
        elif kind in (DEFER_UPDATE, UPDATE):
            found.original = found.message_clicked
            if kind == UPDATE and found.message_clicked:
                files = check_edit(found.message_clicked, data, uploads, known=CALLBACK_KEYS)
                found.changed_clicked = True
                self.messages.edit(found.message_clicked, data, files)
        elif kind == CHOICES:
            found.choices = _checked_choices(data)
        elif kind == SHOW_MODAL:
            check_modal(data)
            found.modal = data

    def _respond(self, found: Interaction, draft: MessageDraft, kind: int, answered: int | None) -> Message:
        clicked = found.message_clicked
        reference = (found.channel.id, answered) if answered else None
        if reference is None and clicked and found.kind == COMPONENT:
            reference = (found.channel.id, clicked.id)
        about = metadata(found) | ({"original_response_message_id": str(answered)} if answered else {})
        only = found.member.user.id if draft.flags & EPHEMERAL else None
        answer = replace(
            draft,
            kind=kind,
            reference=reference,
            interaction=about,
            webhook_id=self.world.bot.id,
            seen_only_by=only,
        )
        return self.messages.create(found.channel, self.world.bot, answer)

    def _kind(self, found: Interaction) -> int:
        if found.kind == COMMAND:
            return CHAT_COMMAND if found.data["type"] == 1 else MENU_COMMAND
        return REPLY if found.kind == COMPONENT else CHAT_COMMAND


def _checked_choices(data: Json) -> list[Json]:
    choices: list[Json] = data.get("choices") or []
    form = BodyErrors()
    form.too_long(["data", "choices"], choices, 25)
    check_choices(choices, form, ["data", "choices"])
    form.raise_if_any()
    return choices
