"""A member who left traces wherever there are any."""

from datetime import timedelta

import pytest

from bot.library.guilds import Guilds
from bot.privacy.export import MemberExport
from bot.privacy.forget import MemberErasure
from bot.suggestions.wording import Reason, ReasonKind
from models import (
    Digest,
    Hidden,
    MessageTrack,
    OptOut,
    PlaylistRecord,
    Reply,
)
from tests.privacy.rows import NAME, OTHER_GUILD, answer, job, mark
from tests.support.library import ANA, BEN, GUILD, HIDDEN, PUBLIC, START, add, add_share, add_track

DAY = timedelta(days=1)


@pytest.fixture
def erasure(store, vectors, refresher):
    return MemberErasure(store, vectors, refresher)


@pytest.fixture
def member_export(store):
    return MemberExport(store)


@pytest.fixture
async def busy(store, refresher):
    """A member who left traces wherever there are any: own and shared tracks, files, marks, answers, jobs, a name."""
    own = await add_track(
        store,
        "Own",
        message=11,
        url=f"https://cdn.example/attachments/{PUBLIC}/77/own.mp3",
        key="discord:77",
        sounds=(1, 0, 0, 0),
    )
    both = await add_track(store, "Both", user=BEN, message=12, url="https://b.example", sounds=(0, 1, 0, 0))
    await add_share(
        store,
        both,
        user=ANA,
        channel=HIDDEN,
        message=13,
        minutes=1,
        url="https://cdn.example/88",
        key="discord:88",
        title="Ana's own name for it",
    )
    await add_share(store, both, user=BEN, message=16, url="https://cdn.example/99", key="discord:99")
    line = await add_track(store, "Line", channel=0, message=-ANA, sounds=(0, 0, 1, 0))
    elsewhere = await add_track(store, "Elsewhere", guild=OTHER_GUILD, message=19, sounds=(0, 0, 0, 1))
    await add(
        store,
        *(
            Reply(message_id=m, guild_id=GUILD, channel_id=PUBLIC, reply_id=m + 10)
            for m in (11, 12, 13, 14, 15)
        ),
        *(
            MessageTrack(message_id=m, track_id=t, guild_id=GUILD)
            for m, t in ((21, own), (22, both), (23, both))
        ),
        *(MessageTrack(message_id=m, track_id=both, guild_id=GUILD) for m in (41, 42, 43)),
        job(11, own, key="discord:77"),
        job(12, both, user=BEN, key="discord:99"),
        job(13, both, key="discord:88"),
        job(13, both, key="discord:99"),
        job(14, key="url:failed", state="failed"),
        job(15, key="url:waiting", state="fetching", done=False),
        job(-ANA, line, key="path:/tmp/line.wav"),
        mark(12, ANA),
        mark(22, ANA, track=both, kind=-1),
        mark(13, BEN),
        mark(41, BEN),
        mark(15, BEN),
        mark(19, ANA, guild=OTHER_GUILD),
        answer(ANA, 41, both, asked_title="What Ana asked about", note="You 👍 only 2 songs so far."),
        answer(ANA, 42, both, private=True),
        answer(BEN, 43, both, member_id=ANA, note="They 👍 only 2 songs so far."),
        answer(BEN, 44, both, private=True, member_id=ANA),
        answer(BEN, 45, both, track_id=own),
        answer(BEN, 46, line),
        answer(
            ANA,
            50,
            both,
            kind="together",
            blend_name=f"A blend of <@{BEN}> and <@{ANA}>",
            why=Reason(ReasonKind.LIKED, carrier=own, when="in May", user_id=BEN),
        ),
        answer(ANA, 51, both, kind="recommend", member_id=BEN),
        answer(
            BEN,
            52,
            both,
            kind="together",
            private=True,
            blend_name=f"A blend of <@{ANA}> and <@{BEN}>",
            why=Reason(ReasonKind.SHARED, carrier=own, when="in May", user_id=ANA),
        ),
        *(
            Digest(guild_id=GUILD, period=f"2026-W{message}", state="posted", channel_id=HIDDEN, **at)
            for message in (48, 49)
            for at in ({"message_id": message, "claimed_until": START, "since": START, "until": START},)
        ),
        OptOut(guild_id=GUILD, user_id=ANA, since=START - 2 * DAY, until=START - DAY),
        *(Hidden(guild_id=GUILD, user_id=user, track_id=both, hidden_at=START) for user in (ANA, BEN)),
        *(
            PlaylistRecord(
                guild_id=GUILD, user_id=user, kind="member", subject=f"{user}", week="2026-W48", **mix
            )
            for user, mix in (
                (ANA, {"name": "Ana's", "created_at": START}),
                (0, {"name": "", "created_at": START}),
            )
        ),
    )
    guilds = Guilds(store)
    await guilds.remember(GUILD, ANA, NAME)
    await guilds.remember(GUILD, BEN, "Ben")
    await guilds.remember(OTHER_GUILD, ANA, "Elsewhere Ana")
    for guild_id, track in ((GUILD, own), (GUILD, both), (GUILD, line), (OTHER_GUILD, elsewhere)):
        await refresher.refresh_point(guild_id, track)
    return {"own": own, "both": both, "line": line, "elsewhere": elsewhere}
