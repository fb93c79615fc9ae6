"""Every trace there is: what export and erasure walk through."""

from sqlalchemy import delete

from bot.privacy.answer_traces import MENTIONS, QUESTIONS
from bot.privacy.members import of_member
from bot.privacy.song_traces import HIDDEN, LINKS, PLAYLISTS, SHARES, VOTES
from bot.privacy.traces import Erasing, ExportEntry, Reading, Trace
from models import Member


async def _export_profile(reading: Reading) -> list[ExportEntry]:
    member = await reading.session.get(Member, (reading.guild_id, reading.user_id))
    return [{"name": member.name, "digests_mention_you": not member.quiet}] if member else []


async def _erase_profile(erasing: Erasing) -> None:
    theirs = of_member(Member, erasing.guild_id, erasing.user_id)
    await erasing.session.execute(delete(Member).where(theirs))


PROFILE = Trace(
    "profile",
    "Your name as last seen, and whether digests mention you",
    (Member.user_id, Member.name),
    _export_profile,
    _erase_profile,
)

# In the order in which an export names them. They are erased in reverse: what goes with a share depends on what else
# there is of its message.
TRACES = (PROFILE, SHARES, VOTES, LINKS, QUESTIONS, MENTIONS, HIDDEN, PLAYLISTS)
