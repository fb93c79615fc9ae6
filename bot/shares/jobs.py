"""Job values (request, claim, snapshot) with their lease and retry limits."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.backoff import backoff
from bot.errors import Failure, Refused
from bot.intake.identity import identify
from bot.intake.links import PostedMedia
from models import Job, JobState
from models.share import is_on_command_line

ShareIdentity = tuple[int, int, str]  # server, message, key
WallClock = Callable[[], datetime]
JobValue = TypeVar("JobValue", "Claimed", "JobSnapshot")

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
MAX_DEATHS = 3
FIRST_DELAY = timedelta(seconds=2)
FIRST_SLOW_DELAY = timedelta(seconds=15)  # where a site said that we ask too often
LONGEST_DELAY = timedelta(minutes=10)
DAY = timedelta(days=1)

UNFINISHED_STATES = (JobState.QUEUED, JobState.FETCHING, JobState.ANALYSING)  # not a track yet
UNANNOUNCED_STATES = (JobState.STORED, JobState.FAILED)  # the outcome may still have to be announced

DISCORD_EPOCH_MS = 1_420_070_400_000


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class NewShare:
    """A link or file that somebody posted; `failure` if it is refused before any work."""

    guild_id: int
    channel_id: int
    message_id: int
    user_id: int
    url: str
    key: str
    shared_at: datetime
    name: str = ""
    failure: Failure | None = None
    reason: str = ""
    reply_id: int | None = None  # where the reply stands already: the answer to a command

    @property
    def identity(self) -> ShareIdentity:
        """What tells it from every other: it is saved once."""
        return self.guild_id, self.message_id, self.key

    @property
    def on_command_line(self) -> bool:
        """Whether it was asked for on the command line and not in a message."""
        return is_on_command_line(self.message_id)


def new_share(
    source: PostedMedia,
    *,
    guild_id: int,
    channel_id: int,
    message_id: int,
    user_id: int,
    reply_id: int | None = None,
) -> NewShare:
    """A source found in a message as a share; one that may not be opened is born failed."""
    share = NewShare(
        guild_id=guild_id,
        channel_id=channel_id,
        message_id=message_id,
        user_id=user_id,
        url=source.url,
        key=f"discord:{source.attachment_id}",
        shared_at=_time_of(message_id),
        name=source.name,
        reply_id=reply_id,
    )
    return share if source.attachment_id is not None else identified(share)


def identified(share: NewShare) -> NewShare:
    """The share with its link's key and normal form, or with the reason why it is refused."""
    try:
        identity = identify(share.url)
    except Refused as refusal:
        return replace(share, key=f"refused:{share.url}", failure=refusal.kind, reason=str(refusal))
    return replace(share, key=identity.key, url=identity.url)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job whose lease somebody holds, as it was when it was claimed; `failure` is "" unless it failed."""

    id: int
    owner: str
    guild_id: int
    channel_id: int
    message_id: int
    user_id: int
    url: str
    name: str
    key: str
    shared_at: datetime
    state: JobState
    failure: str
    attempts: int
    deaths: int
    track_id: int | None
    created_at: datetime

    @property
    def on_command_line(self) -> bool:
        """Whether it was asked for on the command line and not in a message."""
        return is_on_command_line(self.message_id)


@dataclass(frozen=True, kw_only=True)
class JobSnapshot:
    """How one link or file stands; `failure` is "" unless it failed, `reason` says why to a member."""

    id: int
    url: str
    name: str
    key: str
    state: JobState
    done: bool
    failure: str
    reason: str
    track_id: int | None
    known: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class MessageSnapshot:
    """How a message's links and files stand, in the order in which they were posted."""

    guild_id: int
    channel_id: int
    message_id: int
    user_id: int
    reply_id: int | None
    jobs: tuple[JobSnapshot, ...]


def from_row(kind: type[JobValue], job: Job) -> JobValue:
    """A row as one of the values above."""
    values = {field.name: getattr(job, field.name) for field in fields(kind)}
    return kind(**{**values, "state": JobState(job.state)})


def retry_delay(attempts: int, *, slow: bool = False) -> timedelta:
    """How long a job waits after so many failed attempts."""
    first = FIRST_SLOW_DELAY if slow else FIRST_DELAY
    return backoff(attempts, first=first, longest=LONGEST_DELAY, jitter=0.5)


def _time_of(message_id: int) -> datetime:
    """When a message was posted: Discord's ids hold the millisecond."""
    return datetime.fromtimestamp(((message_id >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)
