"""Who can see a channel: discord.py's own rules, for every member there could be."""

from itertools import chain, combinations
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.visibility import (
    ADMINISTRATOR,
    CONNECT,
    VIEW_CHANNEL,
    ChannelKind,
    ChannelView,
    GuildView,
    OverwriteView,
    audience_can_see,
    channels_for_audience,
    channels_for_member,
    member_can_see,
)

OWNER, BOT, ANN = 1, 2, 3
DJ, STAFF, MUTED = 10, 11, 12
ALLOW = OverwriteView(allow=VIEW_CHANNEL)
DENY = OverwriteView(deny=VIEW_CHANNEL)


def server(everyone: int = VIEW_CHANNEL | CONNECT, **changes) -> GuildView:
    roles = {DJ: 0, STAFF: 0, MUTED: 0}
    return GuildView(owner_id=OWNER, bot_id=BOT, everyone=everyone, roles=roles | changes.get("roles", {}))


def channel(number: int = 100, **views) -> ChannelView:
    return ChannelView(number, **views)


def test_an_open_channel_is_seen_from_everywhere():
    assert audience_can_see(server(), channel(1), channel(2))


def test_a_private_channel_is_not_seen_from_an_open_one():
    private = channel(2, everyone=DENY, roles={STAFF: ALLOW})
    assert not audience_can_see(server(), channel(1), private)
    assert audience_can_see(server(), private, channel(1))


def test_channels_for_the_same_roles_see_each_other():
    one = channel(1, everyone=DENY, roles={STAFF: ALLOW})
    two = channel(2, everyone=DENY, roles={STAFF: ALLOW, DJ: ALLOW})
    assert audience_can_see(server(), one, two)
    assert not audience_can_see(server(), two, one)


def test_one_role_that_is_kept_out_of_the_share_hides_it():
    assert not audience_can_see(server(), channel(1), channel(2, roles={MUTED: DENY}))


def test_being_let_in_by_one_role_wins_over_being_kept_out_by_another():
    open_to_dj = channel(1, everyone=DENY, roles={DJ: ALLOW})
    muted = channel(2, everyone=DENY, roles={DJ: ALLOW, MUTED: DENY})
    assert audience_can_see(server(), open_to_dj, muted)


def test_two_roles_together_can_see_the_one_channel_but_not_the_other():
    answer = channel(1, everyone=DENY, roles={DJ: ALLOW})
    share = channel(2, roles={MUTED: DENY})
    assert not audience_can_see(server(), answer, share)


def test_a_role_that_grants_seeing_everywhere_counts():
    guild = server(everyone=0, roles={DJ: VIEW_CHANNEL})
    assert audience_can_see(guild, channel(1), channel(2))
    assert not audience_can_see(guild, channel(1, roles={STAFF: ALLOW}), channel(2))


@pytest.mark.parametrize(
    ("own", "expected"), [({ANN: ALLOW}, False), ({OWNER: ALLOW}, True), ({BOT: ALLOW}, True)]
)
def test_a_member_let_in_by_name_must_see_the_share_too_but_owner_and_bot_are_no_audience(own, expected):
    staff_only = channel(2, everyone=DENY, roles={STAFF: ALLOW})
    assert (
        audience_can_see(server(), channel(1, everyone=DENY, roles={STAFF: ALLOW}, members=own), staff_only)
        is expected
    )


def test_a_member_kept_out_of_the_share_by_name_hides_it():
    assert not audience_can_see(server(), channel(1), channel(2, members={ANN: DENY}))


def test_administrators_need_no_permission_and_are_no_counterexample():
    guild = server(roles={STAFF: ADMINISTRATOR})
    locked = channel(1, everyone=DENY)
    assert audience_can_see(guild, locked, channel(2, everyone=DENY))
    assert member_can_see(guild, ANN, [STAFF], locked)
    assert not member_can_see(guild, ANN, [DJ], locked)
    assert member_can_see(guild, OWNER, [], locked)


def test_reading_along_in_a_voice_channel_takes_connect():
    voice = channel(2, kind=ChannelKind.VOICE, roles={MUTED: OverwriteView(deny=CONNECT)})
    assert not audience_can_see(server(), channel(1), voice)
    assert member_can_see(server(), ANN, [], voice)
    assert not member_can_see(server(), ANN, [MUTED], voice)
    assert audience_can_see(server(), channel(1), channel(2, kind=ChannelKind.VOICE))


def test_a_public_thread_is_seen_like_its_parent():
    parent = channel(1, everyone=DENY, roles={DJ: ALLOW})
    thread = channel(5, kind=ChannelKind.THREAD, parent=parent)
    assert audience_can_see(server(), parent, thread)
    assert audience_can_see(server(), thread, parent)
    assert not audience_can_see(server(), channel(9), thread)
    assert member_can_see(server(), ANN, [DJ], thread)
    assert not member_can_see(server(), ANN, [], thread)


def test_a_private_thread_is_seen_only_from_itself():
    thread = channel(5, kind=ChannelKind.PRIVATE_THREAD, parent=channel(1))
    assert audience_can_see(server(), thread, thread)
    assert not audience_can_see(server(), channel(1), thread)
    assert audience_can_see(server(), thread, channel(1))
    assert not member_can_see(server(), ANN, [], thread)
    assert member_can_see(server(), OWNER, [], thread)


def test_a_thread_whose_parent_is_unknown_is_hidden_and_sees_nothing():
    lost = channel(5, kind=ChannelKind.THREAD)
    assert not audience_can_see(server(), channel(1), lost)
    assert not audience_can_see(server(), lost, channel(1))
    assert not member_can_see(server(), ANN, [], lost)


def test_overwrites_of_deleted_roles_let_nobody_in():
    gone = 99
    assert not member_can_see(server(), ANN, [gone], channel(1, everyone=DENY, roles={gone: ALLOW}))


def test_the_channels_of_an_answer():
    private = channel(2, everyone=DENY, roles={DJ: ALLOW})
    thread = channel(3, kind=ChannelKind.PRIVATE_THREAD, parent=channel(1))
    every = [channel(1), private, thread]
    assert channels_for_audience(server(), channel(1), every) == {1}
    assert channels_for_member(server(), ANN, [DJ], every) == {1, 2}
    assert channels_for_member(server(), ANN, [], every, here=thread.id) == {1, 3}


BITS = st.sampled_from([0, VIEW_CHANNEL, CONNECT, VIEW_CHANNEL | CONNECT])
OVERWRITES = st.builds(OverwriteView, BITS, BITS)
ROLES = [10, 11, 12, 13]
PEOPLE = [3, 4]
CHANNELS = st.builds(
    ChannelView,
    st.just(0),
    st.sampled_from([ChannelKind.TEXT, ChannelKind.VOICE]),
    OVERWRITES,
    st.dictionaries(st.sampled_from(ROLES), OVERWRITES),
    st.dictionaries(st.sampled_from(PEOPLE), OVERWRITES, max_size=2),
)
GUILDS = st.builds(
    GuildView,
    st.just(OWNER),
    st.just(BOT),
    BITS,
    st.fixed_dictionaries({role: st.one_of(BITS, st.just(ADMINISTRATOR)) for role in ROLES}),
)


@settings(max_examples=400, deadline=None)
@given(GUILDS, CHANNELS, CHANNELS)
def test_the_audience_is_every_member_there_could_be(guild, answer, share):
    answer, share = renumber(answer, 1), renumber(share, 2)
    every_set = chain.from_iterable(combinations(ROLES, n) for n in range(len(ROLES) + 1))
    expected = all(
        member_can_see(guild, person, roles, share)
        for roles in every_set
        for person in (*PEOPLE, 5)
        if member_can_see(guild, person, roles, answer)
    )
    assert audience_can_see(guild, answer, share) is expected


def renumber(view: ChannelView, number: int) -> ChannelView:
    return ChannelView(number, view.kind, view.everyone, view.roles, view.members)


@settings(max_examples=200, deadline=None)
@given(GUILDS, CHANNELS, st.sets(st.sampled_from(ROLES)), st.sampled_from([OWNER, *PEOPLE]))
def test_a_member_sees_what_discord_py_says(guild, view, roles, person):
    assert member_can_see(guild, person, roles, view) is discord_py_says(guild, view, roles, person)


def discord_py_says(guild: GuildView, view: ChannelView, role_ids: set[int], person: int) -> bool:
    """The same question put to discord.py's own objects."""

    def role(number: int, bits: int) -> dict:
        return {
            "id": number,
            "name": str(number),
            "permissions": str(bits),
            "position": 1,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
        }

    state = discord.Client(intents=discord.Intents.none())._connection
    everyone = 7
    roles = [role(everyone, guild.everyone), *(role(r, bits) for r, bits in guild.roles.items())]
    server: Any = {"id": everyone, "name": "s", "owner_id": guild.owner_id, "roles": roles}
    theirs = discord.Guild(data=server, state=state)
    overwrites = [
        (everyone, 0, view.everyone),
        *((r, 0, o) for r, o in view.roles.items()),
        *((m, 1, o) for m, o in view.members.items()),
    ]
    data: Any = {
        "id": 50,
        "type": 2 if view.kind is ChannelKind.VOICE else 0,
        "name": "c",
        "position": 0,
        "bitrate": 64000,
        "user_limit": 0,
        "permission_overwrites": [
            {"id": i, "type": t, "allow": str(o.allow), "deny": str(o.deny)} for i, t, o in overwrites
        ],
    }
    made = (discord.VoiceChannel if view.kind is ChannelKind.VOICE else discord.TextChannel)(
        state=state, guild=theirs, data=data
    )
    user = {"id": person, "username": "p", "discriminator": "0", "avatar": None}
    about: Any = {"user": user, "roles": list(role_ids), "flags": 0}
    member = discord.Member(data=about, guild=theirs, state=state)
    permissions = made.permissions_for(member)
    return permissions.view_channel and (view.kind is not ChannelKind.VOICE or permissions.connect)
