"""Why a song that may be shown isn't suggested."""

from enum import StrEnum


class LeftOut(StrEnum):
    """The rule or filter that left a song out; of equal numbers the reader is told the first one here first."""

    KNOWN = "known"  # the member knows it already
    NEARER_TO_DISLIKED = "unwanted"  # than to anything liked
    NO_MATCH = "far"  # no more alike than by chance
    TAKEN_AWAY = "taken away"  # too much like what was subtracted
    UNPOPULAR = "unpopular"  # without a like
    UNHEARD = "unheard"  # without a vector of the present embedder
    OTHER_VERSION = "twin"  # of a song that is known or suggested already
    ARTIST_LIMIT = "artist"  # enough of this artist are suggested
    WITHOUT_ARTIST = "without"
    TAG = "tag"
    TEMPO = "tempo"
    KEY = "key"
    SHARE = "share"  # not by whom or not when it was asked for
    TRACK = "track"
    LENGTH = "length"
    TALK = "talk"
