"""Every error that Earworm raises on purpose; `str(error)` is a sentence that a member may read.

EarwormError
├── SettingsError       a setting is missing or wrong
├── Refused             a link or file cannot become a track; carries a Failure kind
├── WorkerDied          a worker process ended without an answer
├── EmbedderError       an embedder cannot embed these samples
│   └── WeightsError    its weights are missing, damaged or of another layout
├── StorageFailed       the database or the vectors cannot be read or written right now
│   ├── StorageBusy     another process holds the local vector storage
│   └── VectorsFailed   the vectors alone can't be read or written right now
│       └── StorageDamaged  what is stored can't be read and has to be made anew
├── BackupFailed        a backup can't be made or put back
├── LeaseLost           another worker has this job now, or its message was deleted
├── AnnounceLater       what became of a share can't be told right now; try again later
├── Busy                too much is asked at once; ask again
├── NotFound            no such track, member, guild, …
└── NotAllowed          this member may not do that
    └── OptedOut        a member wants nothing of theirs kept
"""

from enum import StrEnum

from bot.foreign_text import harmless, readable

MAX_WORDS = 60  # characters of what somebody wrote that are repeated to them


class EarwormError(Exception):
    """The base of all of them; where a {name} stands in its sentence, one of the foreign `words` does."""

    def __init__(self, sentence: str = "", **words: str) -> None:
        named = {name: readable(text, MAX_WORDS) for name, text in words.items()}
        super().__init__(sentence.format(**named) if words else sentence)
        escaped = {name: harmless(text, MAX_WORDS) for name, text in words.items()}
        self.in_markdown = sentence.format(**escaped) if words else sentence


class SettingsError(EarwormError):
    """A setting is missing or wrong; says which and what to write instead."""


class WorkerDied(EarwormError):
    """A worker process ended, or was ended, without an answer."""


class EmbedderError(EarwormError):
    """An embedder cannot embed these samples."""


class WeightsError(EmbedderError):
    """Weights are missing, damaged or of another layout; says what to do."""


class StorageFailed(EarwormError):
    """The database or the vectors cannot be read or written right now: a full disk, a lock, a lost server."""


class StorageBusy(StorageFailed):
    """Another process holds the local vector storage."""


class VectorsFailed(StorageFailed):
    """The vectors alone can't be read or written right now; what is in the database is safe."""


class StorageDamaged(VectorsFailed):
    """What is stored can't be read and has to be made anew from the database."""


class BackupFailed(EarwormError):
    """A backup can't be made or put back; says why, and what to do."""


class LeaseLost(EarwormError):
    """Another worker has this job now, or its message was deleted: a late result is refused."""


class AnnounceLater(EarwormError):
    """What became of a share can't be told right now, as Discord is out of reach; try again later."""


class Busy(EarwormError):
    """Too much is asked at once, or what was asked takes too long; says when to ask again."""


class NotFound(EarwormError):
    """No such track, member or guild."""


class NotAllowed(EarwormError):
    """This member may not do that."""


class OptedOut(NotAllowed):
    """A member wants nothing of theirs kept; without a sentence it is said to themselves."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence or "You opted out, so I keep nothing of yours. `/privacy opt-in` takes that back."
        )


class Failure(StrEnum):
    """Why a link or file could not become a track."""

    DRM = "drm"
    LOGIN = "login"
    GEO = "geo"
    AGE = "age"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    LIVE = "live"
    TOO_LONG = "too_long"
    TOO_BIG = "too_big"
    UNSUPPORTED = "unsupported"
    BLOCKED = "blocked"
    NOT_AUDIO = "not_audio"
    SILENT = "silent"
    QUOTA = "quota"
    CRASHED = "crashed"
    WITHDRAWN = "withdrawn"
    RATE_LIMITED = "rate_limited"
    NETWORK = "network"
    TIMEOUT = "timeout"
    SLOW = "slow"

    @property
    def transient(self) -> bool:
        """Whether trying again later may help."""
        return self in {Failure.RATE_LIMITED, Failure.NETWORK, Failure.TIMEOUT, Failure.CRASHED}


SENTENCES = {
    Failure.DRM: "That service locks its songs (DRM). Share it from another place, or attach the file.",
    Failure.LOGIN: "That page needs a login, so I can't listen to it. Share a public link, or attach the file.",
    Failure.GEO: "That song isn't available where I run. Share it from another place, or attach the file.",
    Failure.AGE: "That page asks for proof of age, so I can't listen to it. Share it from another place.",
    Failure.GONE: "Nothing is there any more: the song was removed, is private, or the link has a typo.",
    Failure.FORBIDDEN: "That site refused to let me in. Share the song from another place, or attach the file.",
    Failure.LIVE: "That is a live stream; share a recording instead.",
    Failure.TOO_LONG: "That is longer than I may listen to. Share a single song.",
    Failure.TOO_BIG: "That file is bigger than I may download. Share a smaller version.",
    Failure.UNSUPPORTED: "I found no song behind that link. Share a link to one song, or attach the file.",
    Failure.BLOCKED: "That link leads to a private or unusual address, so I don't open it. Share a public link.",
    Failure.NOT_AUDIO: "I can't find any sound in that. Share an audio or video file.",
    Failure.SILENT: "That is silent or too short to listen to.",
    Failure.QUOTA: "That is enough songs for today; share it again tomorrow.",
    Failure.CRASHED: "Listening to that failed every time I tried, so I gave up on it.",
    Failure.WITHDRAWN: "The message was deleted.",
    Failure.RATE_LIMITED: "That site keeps asking me to slow down. Share it again later.",
    Failure.NETWORK: "I couldn't reach that site, also after several tries. Share it again later.",
    Failure.SLOW: "That arrives too slowly to listen to. Share it from another place, or attach the file.",
    Failure.TIMEOUT: "That took too long to download. Share it again later, or attach the file.",
}


class Refused(EarwormError):
    """A link or file cannot become a track.

    `kind` says why, `str()` says it to a member, `detail` is for the log only.
    """

    def __init__(self, kind: Failure, sentence: str = "", *, detail: str = "") -> None:
        super().__init__(sentence or SENTENCES[kind])
        self.kind = kind
        self.detail = detail
