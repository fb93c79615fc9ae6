"""What one member sees in one channel, as HTML: messages, channel list, header, member list, speaker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from html import escape

from discord_sandbox.page.live import LiveWidgets
from discord_sandbox.rules.errors import Json
from discord_sandbox.transcript.context import Context
from discord_sandbox.transcript.conversation import draw_messages
from discord_sandbox.world.guild import SandboxGuild
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.model import CATEGORY, VOICE, ChannelState, MemberState
from discord_sandbox.world.permissions import Permission

MAX_MESSAGES = 200  # messages of a channel that are shown
LOCK = (
    '<svg class="lock" viewBox="0 0 24 24" width="12" height="12" role="img" aria-label="private"><path '
    'fill="currentColor" d="M6 10V8a6 6 0 1 1 12 0v2h1v11H5V10zm3 0h6V8a3 3 0 1 0-6 0z"/></svg>'
)


@dataclass(frozen=True)
class View:
    """One member's view of one channel."""

    viewer: SandboxMember
    channel: ChannelState
    zone: tzinfo

    def messages(self) -> dict[str, str]:
        """The messages as list items by their id, oldest first."""
        context = Context(self.viewer.guild, self.viewer, LiveWidgets(self.viewer), self.zone)
        return dict(draw_messages(self.channel, context, newest=MAX_MESSAGES))

    def place(self) -> Json:
        """Where the member is, and the regions around the messages as HTML by their element's id."""
        guild, name = self.viewer.guild, self.channel.name
        return {
            "as": str(self.viewer.id),
            "in": str(self.channel.id),
            "title": f"#{name} · {guild.name}",
            "hint": f"Message #{name}" if self._may_write() else "",
            "regions": {
                "guild": escape(guild.name),
                "channels": "".join(self._channels()),
                "head": self._head(),
                "welcome": self._welcome(),
                "people": "".join(self._people()),
                "you": self._you(),
            },
        }

    def _may_write(self) -> bool:
        thread = self.channel.is_thread
        needed = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
        return self.viewer.can(self.channel, needed)

    def _channels(self) -> Iterator[str]:
        every = self.viewer.guild.channels.values()
        for channel in every:
            if channel.type == CATEGORY:
                yield f'<div class="category">{escape(channel.name)}</div>'
            elif not channel.is_thread and self.viewer.can_see(channel):
                yield self._channel(channel)
            threads = (t for t in every if t.parent is channel and t.is_thread and not t.archived)
            yield from (self._channel(thread) for thread in threads if self.viewer.can_see(thread))

    def _channel(self, channel: ChannelState) -> str:
        here = ' aria-current="page"' if channel is self.channel else ""
        look = "channel" + (" here" if here else "") + (" thread" if channel.is_thread else "")
        newest = max((m.id for m in channel.store.values() if m.seen_only_by is None), default=0)
        inner = f'<span class="hash" aria-hidden="true">{_sign(channel)}</span>{escape(channel.name)}'
        inner += LOCK if _is_private(channel) else ""
        return f'<a class="{look}" href="#{self.viewer.id}/{channel.id}" data-newest="{newest}"{here}>{inner}</a>'

    def _head(self) -> str:
        topic = f'<span class="topic">{escape(self.channel.topic)}</span>' if self.channel.topic else ""
        sign = f'<span class="hash" aria-hidden="true">{_sign(self.channel)}</span>'
        return f"{sign}<h1>{escape(self.channel.name)}</h1>{topic}"

    def _welcome(self) -> str:
        name = escape(self.channel.name)
        kind = "thread" if self.channel.is_thread else "channel"
        about = f"<p>{escape(self.channel.topic)}</p>" if self.channel.topic else ""
        return f"<h2>Welcome to #{name}!</h2><p>This is the start of the #{name} {kind}.</p>{about}"

    def _people(self) -> Iterator[str]:
        context = Context(self.viewer.guild, self.viewer)
        seeing = [m for m in self.viewer.guild.members.values() if m.can_see(self.channel)]
        yield f'<h2 class="category">Members here: {len(seeing)}</h2>'
        for member in sorted(seeing, key=lambda m: (m.user.bot, m.name)):
            user = {"id": str(member.id), "bot": member.user.bot}
            inner = f"{context.avatar(user, size=32)}{context.author(user)}"
            if member.user.bot:
                yield f'<div class="person">{inner}</div>'
            else:
                you = ' aria-current="true"' if member is self.viewer else ""
                speak = f'title="Speak as {escape(member.name)}"'
                yield f'<a class="person" href="#{member.id}/{self.channel.id}" {speak}{you}>{inner}</a>'

    def _you(self) -> str:
        context = Context(self.viewer.guild, self.viewer)
        options = "".join(
            f'<option value="{m.id}"{" selected" if m is self.viewer else ""}>{escape(m.name)}{_admin(m)}</option>'
            for m in self.viewer.guild.members.values()
            if not m.user.bot
        )
        avatar = context.avatar({"id": str(self.viewer.id), "bot": False}, size=32)
        return f'{avatar}<label><span>Speaking as</span><select id="speaker">{options}</select></label>'


def view_of(
    guild: SandboxGuild, member: str, channel: str, zone: tzinfo, default: tuple[SandboxMember, ChannelState]
) -> View:
    """The view with these ids; the default's member or channel where one doesn't exist or can't be seen."""
    viewer = guild.members.get(int(member)) if member.isdigit() else None
    if viewer is None or viewer.user.bot:
        viewer = default[0]
    here = default[1]
    named = guild.channels.get(int(channel)) if channel.isdigit() else None
    if named is not None and named.type != CATEGORY and viewer.can_see(named):
        here = named
    return View(viewer, here, zone)


def _sign(channel: ChannelState) -> str:
    return "🔊" if channel.type == VOICE else "#"


def _is_private(channel: ChannelState) -> bool:
    everyone = (channel.parent if channel.is_thread and channel.parent else channel).overwrites.get(
        channel.guild.id
    )
    return channel.is_private_thread or bool(everyone and Permission.VIEW_CHANNEL in everyone.deny)


def _admin(member: MemberState) -> str:
    is_admin = any(Permission.MANAGE_GUILD in role.permissions for role in member.roles)
    return " (admin)" if is_admin else ""
