"""SQLAlchemy tables, one file per subject."""

from models.answer import Answer, AnswerKind, Suggestion
from models.base import NOBODY, Base
from models.digest import Digest, DigestState
from models.generation import GenerationCalibration, GenerationRecord
from models.guild import Guild, Member, MusicChannel, OptOut, Thread
from models.job import Job, JobState
from models.playlist import MapPosition, PlaylistRecord, PlaylistTrack, VibeRecord, VibeTrack
from models.relistening import Relistening
from models.share import Hidden, MessageTrack, Reaction, Reply, Share, VoteKind
from models.track import Source, Track, TrackVector

__all__ = [
    "NOBODY",
    "Answer",
    "AnswerKind",
    "Base",
    "Digest",
    "DigestState",
    "GenerationCalibration",
    "GenerationRecord",
    "Guild",
    "Hidden",
    "Job",
    "JobState",
    "MapPosition",
    "Member",
    "MessageTrack",
    "MusicChannel",
    "OptOut",
    "PlaylistRecord",
    "PlaylistTrack",
    "Reaction",
    "Relistening",
    "Reply",
    "Share",
    "Source",
    "Suggestion",
    "Thread",
    "Track",
    "TrackVector",
    "VibeRecord",
    "VibeTrack",
    "VoteKind",
]
