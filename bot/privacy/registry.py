"""Every trace there is: what export and erasure walk through."""

from sqlalchemy import delete, select

from bot.library.opt_outs import STANDS, opted_out
from bot.privacy.answer_traces import MENTIONS, QUESTIONS
from bot.privacy.members import of_member
from bot.privacy.song_traces import HIDDEN, LINKS, PLAYLISTS, SHARES, VOTES
from bot.privacy.traces import Erasing, ExportEntry, Reading, Trace, iso
from models import Member, OptOut


async def _export_profile(reading: Reading) -> list[ExportEntry]:
    member = await reading.session.get(Member, (reading.guild_id, reading.user_id))
    return [{"name": member.name, "digests_mention_you": not member.quiet}] if member else []


async def _erase_profile(erasing: Erasing) -> None:
    theirs = of_member(Member, erasing.guild_id, erasing.user_id)
    await erasing.session.execute(delete(Member).where(theirs))


async def _export_opt_outs(reading: Reading) -> list[ExportEntry]:
    query = select(OptOut).where(of_member(OptOut, reading.guild_id, reading.user_id)).order_by(OptOut.since)
    rows = await reading.session.scalars(query)
    return [{"since": iso(row.since), "until": iso(row.until)} for row in rows]


async def _erase_opt_outs(erasing: Erasing) -> None:
    """Past ones only: whoever opted out and is forgotten stays out."""
    theirs = of_member(OptOut, erasing.guild_id, erasing.user_id)
    await erasing.session.execute(delete(OptOut).where(theirs, ~STANDS))
    erasing.stays_out = await opted_out(erasing.session, erasing.guild_id, erasing.user_id)


PROFILE = Trace(
    "profile",
    "Your name as last seen, and whether digests mention you",
    (Member.user_id, Member.name),
    _export_profile,
    _erase_profile,
)

OPT_OUTS = Trace(
    "opt_outs",
    "When you had me keep nothing (`/privacy opt-out`); without an end it stands, also after `/privacy forget`",
    (OptOut.user_id,),
    _export_opt_outs,
    _erase_opt_outs,
)

# In the order in which an export names them. They are erased in reverse: what goes with a share depends on what else
# there is of its message.
TRACES = (PROFILE, OPT_OUTS, SHARES, VOTES, LINKS, QUESTIONS, MENTIONS, HIDDEN, PLAYLISTS)
