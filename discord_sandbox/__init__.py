"""A Discord on loopback: REST (/api/v10), gateway (/gateway) and attachments, for an unmodified discord.py client.

It speaks JSON and imports no discord.py. It refuses what Discord refuses, with Discord's codes.

    async with Sandbox(schema=None) as discord:          # schema: path of Discord's openapi.json, or Schema(path)
        discord.grant(message_content=True)              # no privileged intent is granted at first
        guild = discord.add_guild("Club")                # more than one is fine
        mods = guild.add_role("Mods", permissions=Permission.MANAGE_GUILD, colour=0x3BA55C)
        music = guild.add_channel("music", overwrites={mods: (allow, deny)})      # or private_to=[mods, ann]
        thread = guild.add_thread(music, "later")
        ann = guild.add_member("Ann", roles=[mods])      # bot=True: another bot
        ...start the client: discord.token, discord.api_base, discord.gateway_url...
        await discord.ready()

Members (`SandboxMember`: id, name, mention, set_roles, can, can_see); a refusal raises SandboxError or ApiError:

    message = await ann.post(music, "text", files=[(name, bytes, content_type)], reply_to=message)
    (`voice=seconds` makes it a voice message, `at=datetime` dates it back)
    await ann.edit(message, "text"); await ann.delete(message, ...)               # several: a bulk deletion
    await ann.react(message, "👍"); await ann.unreact(message, "👍", of=bob); await mod.clear_reactions(message, "👍")
    answer = await ann.command(music, "similar", track="12")                      # "settings channel": a subcommand
    choices = await ann.autocomplete(music, "similar", "track", "typed", other=1) # [{"name": …, "value": …}]
    answer = await ann.menu(music, "Add to library", message)
    answer = await ann.click(message, custom_id=…)                                # or label=… or emoji=…
    answer = await ann.select(message, "value", custom_id=…)         # of members, roles, channels: their ids
    answer = await ann.submit_modal(answer, custom_id="value")

Options are str, int, float, bool, SandboxMember, Role, Channel, or (name, bytes, content_type) for an attachment. The
registered commands are checked as Discord's client does: unknown command or option, required option missing, choices,
limits, default member permissions. An `Interaction` is returned once the bot acknowledged it or three seconds are
over: `.deferred`, `.responses` (messages, ephemeral or not, without "is thinking…"), `.updated` (the clicked message
if the bot changed it), `.modal`, `.error`, and `await answer.message(timeout)` for the first response or change.

Messages are dicts in the API's form. `channel.messages` is what everybody sees, oldest first; `channel.seen_by(ann)`
adds what only Ann sees (`message["flags"] & 64`); `channel.reactions(message)` names who reacted. `text_of(message)`
and `buttons_of(message)` (discord_sandbox.world.reading) look into embeds and layouts.

Admins: `channel.set_overwrite(target, allow=, deny=)`, `role.set_permissions(…)`, `ann.set_roles(…)`,
`channel.delete()`, `thread.archive()`, `guild.remove_member(ann)`, `discord.remove_guild(guild)`, and
`channel.unfurl(message, title=, url=)` for a link's preview that appears later. `guild.bot` is the bot's member.

Watching: `discord.requests` (method, path, route, body, status, at, files), `discord.violations` (bodies refused with
50035), `discord.heartbeats` (.late in seconds), `discord.registered(guild)` commands,
`await discord.wait_for(predicate, timeout)`, `await discord.quiet(seconds)`, `await discord.ready()`.

Fault injection: `discord.faults.fail_next("POST", r"/messages$", status=500 | 429 | "drop_after", times=1)` (with
`everywhere=True` a 429 is for the whole bot, with `retry_after=None` it says no time), `discord.pause(status=503)`,
`stall()` (no answer at all) and `resume()` for REST, `discord.drop_gateway(code=1006, resumable=True)`,
`discord.gateway.ask_to_reconnect()` (op 7), `discord.gateway.invalidate(resumable=False)` (op 9),
`discord.gateway.hold()` and `release(times=1, backwards=False)` (events late, twice, out of order),
`discord.gateway.garble()` (a malformed event).

Options of the constructor: `port`, `bot_name`, `heartbeat_seconds`, `answer_within` (3 s, for interactions),
`token_seconds`, `attachment_seconds` (how long files' URLs work), `strict_ratelimits` (real limits, real 429s).

The state survives any client. `discord.clock.travel(timedelta)` moves its wall clock.
`discord_sandbox.transcript` renders a conversation as text (`render_text`) or as a page (`render_html`);
`discord_sandbox.page` is a Discord-like page to use it all in the browser. README.md has a complete example.
"""

from discord_sandbox.rules.errors import ApiError, SandboxError
from discord_sandbox.rules.openapi import Schema
from discord_sandbox.server import Sandbox
from discord_sandbox.world.guild import Channel, Role, SandboxGuild
from discord_sandbox.world.interaction import Interaction
from discord_sandbox.world.members import SandboxMember
from discord_sandbox.world.permissions import Permission
from discord_sandbox.world.reading import buttons_of, text_of

__all__ = [
    "ApiError",
    "Channel",
    "Interaction",
    "Permission",
    "Role",
    "Sandbox",
    "SandboxError",
    "SandboxGuild",
    "SandboxMember",
    "Schema",
    "buttons_of",
    "text_of",
]
