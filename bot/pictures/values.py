"""The values that are drawn (map, taste card, cover, banner), and the picture that comes of them."""

from dataclasses import dataclass

ALT_LENGTH = 1024  # characters: Discord's limit of an attachment's description


@dataclass(frozen=True)
class Picture:
    """A PNG and what it shows in words, for those who can't see it: at most ALT_LENGTH characters."""

    png: bytes
    alt: str


@dataclass(frozen=True)
class MapVibe:
    """A vibe; its colour goes by its id, which lasts from week to week."""

    id: int
    name: str


@dataclass(frozen=True)
class Dot:
    """A track where bot.pictures.positions.map_positions put it, `vibe` an id; `mine`: the asker shared it."""

    x: float
    y: float
    vibe: int | None = None
    mine: bool = False
    new: bool = False


@dataclass(frozen=True)
class MusicMap:
    """A server's tracks by how they sound; `note` is a line below the title, like "12 more songs until vibes"."""

    server: str
    dots: tuple[Dot, ...]
    vibes: tuple[MapVibe, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class TagShare:
    """A part of a whole: a tag with the share (0 to 1) of songs that have it."""

    name: str
    share: float


@dataclass(frozen=True)
class LikedSharer:
    """A member whose songs got that many likes."""

    name: str
    likes: int


@dataclass(frozen=True)
class TasteCard:
    """A member's taste: tags, tempos (bpm) and loudnesses (LUFS) of the songs that they shared or liked.

    `hits` of the `shared` songs were liked by somebody; `sharers` are those whose songs the member likes, most first;
    `closest` is who likes the same, with a match in per cent; the server's medians stand for comparison.
    """

    name: str
    shared: int = 0
    hits: int = 0
    liked: int = 0
    tags: tuple[TagShare, ...] = ()
    tempos: tuple[float, ...] = ()
    loudness: tuple[float, ...] = ()
    server_tempo: float | None = None
    server_loudness: float | None = None
    sharers: tuple[LikedSharer, ...] = ()
    closest: str = ""
    closest_percent: int = 0


@dataclass(frozen=True)
class Cover:
    """A playlist: medians of its tracks' features (as bot.audio.features.Features), its tags, and which tracks."""

    name: str
    track_ids: tuple[int, ...]
    caption: str = ""
    tempo: float = 0.0
    key: str = ""
    loudness: float = -70.0
    brightness: float = 0.0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """So many of something ("song"), and how much that changed, None if that is not known."""

    what: str
    value: int
    change: int | None = None

    @property
    def label(self) -> str:
        """What to write beside the number: "song" if it is 1, else "songs"."""
        return self.what if self.value == 1 else f"{self.what}s"

    def __str__(self) -> str:
        """1 song, 2,000 songs."""
        return f"{self.value:,} {self.label}"


@dataclass(frozen=True)
class Banner:
    """The head of a digest: up to four numbers, and bars of how much was shared on each day (or month).

    `bar_labels` has the bars' names in full ("Friday", "30 November", "November"); the picture has room for letters.
    """

    title: str
    period: str
    numbers: tuple[Number, ...] = ()
    bars: tuple[int, ...] = ()
    bar_labels: tuple[str, ...] = ()


Drawing = MusicMap | TasteCard | Cover | Banner
