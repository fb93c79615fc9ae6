"""Names vibes by how they differ from the rest of the server: deterministic, from a fixed vocabulary."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from bot.errors import NotAllowed
from bot.library.cards import TrackCard
from bot.playlists.songs import MeasuredTrack
from bot.playlists.vibe_words import (
    EITHER,
    GENRES,
    HIGH,
    LOW,
    MAJOR,
    MINOR,
    MOODS,
    SPELLINGS,
    SPOKEN,
    TEXTURES,
    USUAL,
)
from bot.playlists.vibes import Vibe

SEPARATOR = " · "
MAX_NAME_LENGTH = 60
ZERO_WIDTH_JOINER = "\u200d"
MIN_DEVIATION = 0.5  # of the usual spread, that a vibe has to be apart from the rest for a word
MODE_MAJORITY = 0.6  # of the songs in one mode
MIN_GENRE_SHARE = 0.5  # of a vibe's songs that have its genre
MIN_GENRE_LEAD = 0.25  # share by which fewer of the others have it
SPEECH_THRESHOLD = 0.5
BPM = re.compile(r"\d+ bpm")


def name_vibe(songs: Sequence[MeasuredTrack], rest: Sequence[MeasuredTrack], taken: Collection[str]) -> str:
    """A name like "late-night slow · warm · 78 bpm", made of our own words, like none of those `taken`.

    Names are alike if they differ in nothing but the tempo's number.
    """
    used = {_essence(name) for name in taken}
    return next(name for name in _candidates(songs, rest) if name and _essence(name) not in used)


def genre_of(songs: Sequence[MeasuredTrack], rest: Sequence[MeasuredTrack]) -> str:
    """The genre that sets songs apart from the rest: most of them have it, clearly fewer of the others; else ""."""
    inside, outside = _shares(songs), _shares(rest)
    apart = {
        genre: share - outside.get(genre, 0.0)
        for genre, share in inside.items()
        if share > MIN_GENRE_SHARE and share - outside.get(genre, 0.0) >= MIN_GENRE_LEAD
    }
    return min(apart, key=lambda genre: (-apart[genre], genre), default="")


def genres_of(card: TrackCard) -> set[str]:
    """The genres among a track's tags, as we spell them."""
    spelled = (" ".join(tag.casefold().split()) for tag in card.tags)
    return {SPELLINGS.get(tag, tag) for tag in spelled} & GENRES


def names_hidden_genre(name: str, cards: Sequence[TrackCard]) -> bool:
    """Whether a name of ours has a genre that nobody could know from these cards: it was another channel's."""
    named = set(re.split(r" · | to |^from ", name)) & GENRES
    return not named <= set().union(*map(genres_of, cards))


def clean_name(text: str) -> str:
    """A name that an admin gives, on one line. Raises NotAllowed if nothing is left of it, or too much."""
    name = " ".join(
        "".join(" " if c.isspace() else c for c in text if c.isspace() or not _is_hidden(c)).split()
    )
    if not any(c.isalnum() for c in name) or len(name) > MAX_NAME_LENGTH:
        raise NotAllowed(
            f"A vibe's name has 1 to {MAX_NAME_LENGTH} characters, at least one a letter or digit."
        )
    return name


def is_same_name(one: str, other: str) -> bool:
    """Whether two names can't be told apart."""
    return _essence(one) == _essence(other)


def short_name(vibe: Vibe, vibes: Sequence[Vibe]) -> str:
    """As much of a vibe's name as tells it from the others, from the front; all of one that an admin gave."""
    parts = vibe.name.split(SEPARATOR)
    others = [other.name.split(SEPARATOR) for other in vibes if other.id != vibe.id]
    for length in range(1, len(parts)):
        short = SEPARATOR.join(parts[:length])
        if not vibe.named and not any(
            is_same_name(short, SEPARATOR.join(other[:length])) for other in others
        ):
            return short
    return vibe.name


def _candidates(songs: Sequence[MeasuredTrack], rest: Sequence[MeasuredTrack]) -> Iterator[str]:
    """Names from the shortest on; in the end they are numbered, so that there is always another."""
    mood, texture, genre = _mood(songs, rest), _texture(songs, rest), genre_of(songs, rest)
    tempo, key = _tempo(songs), _key(songs)
    yield SEPARATOR.join(filter(None, (mood, genre or texture, tempo)))
    yield SEPARATOR.join(filter(None, (mood, genre, texture, tempo)))
    yield SEPARATOR.join(filter(None, (mood, genre, texture, key, tempo)))
    number = 2 if mood or genre or texture else 1
    while True:
        yield SEPARATOR.join(filter(None, (f"{mood or genre or texture or 'vibe'} {number}", tempo)))
        number += 1


def _mood(songs: Sequence[MeasuredTrack], rest: Sequence[MeasuredTrack]) -> str:
    speech = [value for song in songs if isinstance(value := song.card.features.get("speech"), float)]
    if speech and np.median(speech) > SPEECH_THRESHOLD:
        return SPOKEN
    tempo = _level([s.tempo for s in songs], [s.tempo for s in rest])
    loudness = _level([s.loudness for s in songs], [s.loudness for s in rest])
    if tempo is None and loudness is None:
        return ""
    levels = (tempo or USUAL, loudness or USUAL)
    return MOODS.get((*levels, _mode(songs))) or MOODS[(*levels, EITHER)]


def _texture(songs: Sequence[MeasuredTrack], rest: Sequence[MeasuredTrack]) -> str:
    return TEXTURES.get(_level([s.brightness for s in songs], [s.brightness for s in rest]) or USUAL, "")


def _tempo(songs: Sequence[MeasuredTrack]) -> str:
    tempos = [song.tempo for song in songs if song.tempo]
    return f"{np.median(tempos):.0f} bpm" if tempos else ""


def _key(songs: Sequence[MeasuredTrack]) -> str:
    """The key that most songs are in, as its place on the Camelot wheel."""
    keys = Counter(str(song.key) for song in songs if song.key)
    return min(keys, key=lambda key: (-keys[key], key), default="")


def _mode(songs: Sequence[MeasuredTrack]) -> str:
    modes = [song.key.major for song in songs if song.key]
    if not modes:
        return EITHER
    share = sum(modes) / len(modes)
    return MAJOR if share >= MODE_MAJORITY else MINOR if share <= 1 - MODE_MAJORITY else EITHER


def _level(inside: Sequence[float | None], outside: Sequence[float | None]) -> int | None:
    """Whether songs are lower or higher than the rest in something; None if it wasn't measured."""
    values = [value for value in inside if value is not None]
    others = [value for value in outside if value is not None]
    if not values:
        return None
    if not others:
        return USUAL
    low, high = np.percentile([*values, *others], [16, 84])
    apart = (np.median(values) - np.median(others)) / max((high - low) / 2, 1e-9)
    return HIGH if apart > MIN_DEVIATION else LOW if apart < -MIN_DEVIATION else USUAL


def _shares(songs: Sequence[MeasuredTrack]) -> dict[str, float]:
    counts = Counter(genre for song in songs for genre in genres_of(song.card))
    return {genre: count / len(songs) for genre, count in counts.items()}


def _is_hidden(character: str) -> bool:
    """Whether it shows nothing; the joiner within emoji does."""
    return (
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} and character != ZERO_WIDTH_JOINER
    )


def _essence(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold().replace(ZERO_WIDTH_JOINER, "")
    return " ".join(part for part in plain.split(SEPARATOR) if not BPM.fullmatch(part))
