"""The JSON of a whole guild, as REST and the gateway give it."""

from discord_sandbox.rules.errors import Json
from discord_sandbox.world import payloads
from discord_sandbox.world.clock import iso
from discord_sandbox.world.model import GuildState


def guild(guild: GuildState) -> Json:
    """A guild as REST gives it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "banner": None,
        "splash": None,
        "discovery_splash": None,
        "description": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "owner_id": str(guild.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": str(guild.system_channel.id) if guild.system_channel else None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "home_header": None,
        "incidents_data": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "vanity_url_code": None,
        "max_members": 25_000_000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "roles": [payloads.role(r) for r in guild.roles.values()],
    }


def guild_create(guild_: GuildState, *, all_members: bool) -> Json:
    """A guild as the gateway introduces it; without the members intent only the bot is among its members."""
    members = guild_.members.values() if all_members else [guild_.bot]
    threads = [c for c in guild_.channels.values() if c.is_thread and not c.archived]
    return guild(guild_) | {
        "joined_at": iso(guild_.bot.joined),
        "large": False,
        "member_count": len(guild_.members),
        "members": [payloads.member(m) for m in members],
        "channels": [payloads.channel(c) for c in guild_.channels.values() if not c.is_thread],
        "threads": [payloads.channel(c) for c in threads if guild_.bot.can_see(c)],
        "presences": [],
        "voice_states": [payloads.voice_state(m, c) for m, c in guild_.connected.items()],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
