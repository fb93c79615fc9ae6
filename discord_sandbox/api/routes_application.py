"""REST: the bot itself, its application and its commands, interactions and their webhooks."""

from discord_sandbox.api.rest import Call, Routes
from discord_sandbox.rules.errors import ApiError, Json
from discord_sandbox.world import payloads
from discord_sandbox.world.model import Message

COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


def routes() -> Routes:
    """The paths of this file."""
    made: Routes = [
        ("GET", "/users/@me", me),
        ("GET", "/users/@me/guilds", my_guilds),
        ("POST", "/users/@me/channels", open_direct_channel),
        ("GET", "/users/{user_id}", user),
        ("GET", "/applications/@me", application),
        ("GET", "/oauth2/applications/@me", application),
        ("GET", "/gateway", gateway),
        ("GET", "/gateway/bot", gateway_bot),
        ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback),
        ("POST", WEBHOOK, followup),
        ("GET", WEBHOOK + "/messages/{message_id}", webhook_message),
        ("PATCH", WEBHOOK + "/messages/{message_id}", edit_webhook_message),
        ("DELETE", WEBHOOK + "/messages/{message_id}", delete_webhook_message),
        ("GET", WEBHOOK + "/messages/@original", webhook_message),
        ("PATCH", WEBHOOK + "/messages/@original", edit_webhook_message),
        ("DELETE", WEBHOOK + "/messages/@original", delete_webhook_message),
    ]
    for base in (COMMANDS, GUILD_COMMANDS):
        made += [
            ("GET", base, list_commands),
            ("PUT", base, overwrite_commands),
            ("POST", base, upsert_command),
            ("GET", base + "/{command_id}", get_command),
            ("DELETE", base + "/{command_id}", delete_command),
        ]
    return made


def me(call: Call) -> Json:
    """The bot's user."""
    private = {"verified": True, "mfa_enabled": False, "email": None, "locale": "en-US"}
    return payloads.user(call.state.world.bot) | private


def user(call: Call) -> Json:
    """Any user."""
    found = call.state.world.users.get(call.id("user_id"))
    if found is None:
        raise ApiError.known(10013)
    return payloads.user(found)


def my_guilds(call: Call) -> list[Json]:
    """The guilds that the bot is in."""
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(int(guild.bot.permissions)),
            "features": [],
        }
        for guild in call.state.guilds.values()
    ]


def open_direct_channel(call: Call) -> Json:
    """A direct channel; it can be opened, but nobody takes messages from the bot."""
    found = call.state.world.users.get(int(call.body["recipient_id"]))
    if found is None:
        raise ApiError.known(10013)
    people = [payloads.user(found)]
    return {"id": str(found.id), "type": 1, "last_message_id": None, "recipients": people, "flags": 0}


def application(call: Call) -> Json:
    """The application behind the bot."""
    bot = call.state.world.bot
    flags = call.state.gateway.application_flags()
    return {
        "id": str(bot.id),
        "type": None,
        "name": bot.name,
        "description": "",
        "icon": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": payloads.user(call.state.developer),
        "team": None,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "approximate_guild_count": len(call.state.guilds),
        "bot": payloads.user(bot),
        "tags": [],
    }


def gateway(call: Call) -> Json:
    """Where the gateway is."""
    return {"url": call.state.gateway.url}


def gateway_bot(call: Call) -> Json:
    """Where the gateway is and how many shards and sessions a bot should and may have."""
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return {"url": call.state.gateway.url, "shards": 1, "session_start_limit": limit}


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.state.world.bot.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    if "guild_id" not in call.parameters:
        return None
    if call.id("guild_id") not in call.state.guilds:
        raise ApiError.known(50001)
    return call.id("guild_id")


def list_commands(call: Call) -> list[Json]:
    """The registered commands."""
    return call.state.commands.registered(_scope(call))


def overwrite_commands(call: Call) -> list[Json]:
    """Register these and no others."""
    return call.state.commands.overwrite(_scope(call), call.body or [])


def upsert_command(call: Call) -> Json:
    """Register one."""
    return call.state.commands.upsert(_scope(call), call.body)


def get_command(call: Call) -> Json:
    """One command."""
    return call.state.commands.get(_scope(call), call.id("command_id"))


def delete_command(call: Call) -> None:
    """Remove one command."""
    call.state.commands.delete(_scope(call), call.id("command_id"))


def callback(call: Call) -> Json | None:
    """The first answer to an interaction."""
    token = call.parameters["interaction_token"]
    interactions = call.state.interactions
    answer = interactions.acknowledge(call.id("interaction_id"), token, call.body, call.uploads)
    return answer if _wants_answer(call.query.get("with_response")) else None


def _wants_answer(value: str | None) -> bool:
    return (value or "").lower() in ("1", "true")


def followup(call: Call) -> Json:
    """A further message to an interaction."""
    found = call.state.interactions.find(call.parameters["webhook_token"])
    return payloads.message(call.state.interactions.followup(found, call.body, call.uploads))


def _webhook_target(call: Call) -> Message:
    found = call.state.interactions.find(call.parameters["webhook_token"])
    which = call.parameters.get("message_id", "@original")
    return call.state.interactions.message_of(found, which)


def webhook_message(call: Call) -> Json:
    """A message that answers an interaction."""
    return payloads.message(_webhook_target(call))


def edit_webhook_message(call: Call) -> Json:
    """Change such a message."""
    found = call.state.interactions.find(call.parameters["webhook_token"])
    message = _webhook_target(call)
    return payloads.message(call.state.interactions.edit(found, message, call.body, call.uploads))


def delete_webhook_message(call: Call) -> None:
    """Delete such a message."""
    call.state.messages.delete([_webhook_target(call)])
