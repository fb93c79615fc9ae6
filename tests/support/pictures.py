"""Values to draw, and names that are hard to draw."""

import numpy as np

from bot.pictures.values import (
    Banner,
    Cover,
    Dot,
    Drawing,
    LikedSharer,
    MapVibe,
    MusicMap,
    Number,
    TagShare,
    TasteCard,
)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAMES = (
    "Vinyl & Friends",
    "日本の音楽 🎧",
    "🎉🎉🎉",
    "",
    "فيروز و العود " * 6,
    "W" * 200,
    "Zal\u0321\u0347\u034ago \u202eevil\u202c\n\tname",
    "Ζήνων ο Ελεάτης · Чайковский · Łódź · ǆ · Ϡ · Ѻ",
)


def music_map(
    dots: int, vibes: int, *, seed: int = 0, name: str = "Vinyl", apart: float = 1.0, note: str = ""
) -> MusicMap:
    """A server's map: vibes of unequal size, some tracks in none, some the asker's, some new."""
    random = np.random.default_rng(seed)
    centres = 3 * apart * random.normal(size=(max(1, vibes), 2))
    of = np.minimum(random.geometric(0.3, size=dots) - 1, max(0, vibes - 1))
    places = centres[of] + apart * random.normal(size=(dots, 2))
    return MusicMap(
        server=name,
        dots=tuple(
            Dot(
                float(x),
                float(y),
                int(vibe) + 1 if vibes and random.random() < 0.9 else None,
                mine=bool(random.random() < 0.1),
                new=bool(random.random() < 0.1),
            )
            for (x, y), vibe in zip(places, of, strict=True)
        ),
        vibes=tuple(MapVibe(place + 1, f"{name[:40]} {place} · warm · 78 bpm") for place in range(vibes)),
        note=note,
    )


def taste_card(name: str) -> TasteCard:
    """A card with everything on it, under and about this name."""
    return TasteCard(
        name,
        shared=214,
        hits=133,
        liked=1096,
        tags=tuple(TagShare(f"{name} {place}", 0.5 - 0.1 * place) for place in range(5)),
        tempos=tuple(range(80, 180, 7)),
        loudness=(-14.0, -9.5, -8.0, -7.0),
        server_tempo=122.0,
        server_loudness=-9.5,
        sharers=tuple(LikedSharer(f"{place} {name}", 40 - place) for place in range(6)),
        closest=name,
        closest_percent=74,
    )


def cover(name: str = "late-night slow · warm · 78 bpm", **changes: object) -> Cover:
    """A playlist's cover."""
    values: dict[str, object] = {
        "track_ids": (3, 1, 4, 15, 92, 65),
        "caption": "6 songs · 24 min",
        "tempo": 78.0,
        "key": "A minor",
        "loudness": -18.0,
        "brightness": 900.0,
        "tags": ("ambient", "chillout"),
    }
    return Cover(name, **(values | changes))  # type: ignore[arg-type]


def banner(name: str) -> Banner:
    """A week's banner."""
    numbers = (
        Number("song", 42, 7),
        Number("sharer", 9, -2),
        Number("like", 123_456, -12_345),
        Number(name, 2, 0),
    )
    return Banner(name, f"Week 47 · {name}", numbers, (3, 8, 5, 12, 0, 9, 3), DAYS)


def hard() -> list[Drawing]:
    """What is easily drawn wrong: nothing, little, much, and every hard name."""
    drawings: list[Drawing] = [
        MusicMap("Empty", ()),
        MusicMap("One", (Dot(0, 0),), note="11 more songs until vibes"),
        MusicMap("Two", (Dot(0, 0, mine=True), Dot(1, 1, new=True))),
        MusicMap("Same", (Dot(2, 2, 1),) * 40, (MapVibe(1, "dreamy · ambient"),)),
        MusicMap("Line", tuple(Dot(x, 0, 1) for x in range(30)), (MapVibe(1, "dreamy"),)),
        music_map(60, 1),
        music_map(900, 30),
        music_map(300, 40, apart=1e-12),
        TasteCard("Nobody"),
        TasteCard(
            "One", shared=1, hits=1, tags=(TagShare("rock", 0.0),), tempos=(120.0,) * 3, loudness=(-70.0,) * 3
        ),
        Cover("", ()),
        Cover("loud", (1,), tempo=1e9, key="H moll", loudness=99.0, brightness=1e9),
        Banner("", ""),
        Banner("A quiet week", "Week 48", (Number("song", 0, -42),), (0,) * 7),
        Banner(
            "A very long title for a year in music",
            "2025",
            bars=tuple(range(12)),
            bar_labels=tuple("JFMAMJJASOND"),
        ),
    ]
    for name in NAMES:
        drawings += [music_map(80, 6, name=name, note=name), taste_card(name), cover(name), banner(name)]
    return drawings
