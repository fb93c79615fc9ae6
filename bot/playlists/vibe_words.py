"""The vocabulary of vibe names: no text from a web page ever becomes part of a name."""

from collections.abc import Mapping
from types import MappingProxyType

LOW, USUAL, HIGH = -1, 0, +1
MAJOR, MINOR, EITHER = "major", "minor", ""

SPOKEN = "spoken word"

# By tempo, loudness and mode; EITHER where the mode makes no difference or isn't known.
MOODS: Mapping[tuple[int, int, str], str] = MappingProxyType(
    {
        (LOW, LOW, EITHER): "slow and quiet",
        (LOW, LOW, MINOR): "late-night slow",
        (LOW, LOW, MAJOR): "Sunday-morning slow",
        (LOW, USUAL, EITHER): "slow-burning",
        (LOW, USUAL, MAJOR): "unhurried",
        (LOW, HIGH, EITHER): "slow and mighty",
        (USUAL, LOW, EITHER): "hushed",
        (USUAL, LOW, MINOR): "after dark",
        (USUAL, LOW, MAJOR): "easy-going",
        (USUAL, USUAL, EITHER): "steady",
        (USUAL, USUAL, MINOR): "wistful",
        (USUAL, USUAL, MAJOR): "sunny",
        (USUAL, HIGH, EITHER): "big and loud",
        (HIGH, LOW, EITHER): "light-footed",
        (HIGH, USUAL, EITHER): "up-tempo",
        (HIGH, USUAL, MINOR): "restless",
        (HIGH, HIGH, EITHER): "full throttle",
    }
)
TEXTURES: Mapping[int, str] = MappingProxyType({LOW: "warm", HIGH: "bright"})

GENRES = frozenset({
    "00s", "60s", "70s", "80s", "90s", "acid house", "acid jazz", "acoustic", "afrobeat", "alternative",
    "alternative rock", "ambient", "americana", "art pop", "art rock", "ballad", "baroque", "bass music",
    "beats", "big band", "black metal", "bluegrass", "blues", "bossa nova", "breakbeat", "britpop",
    "celtic", "chamber music", "chanson", "chill", "chillout", "chillwave", "chiptune", "choir", "choral",
    "city pop", "classic rock", "classical", "country", "cumbia", "dance", "dancehall", "dark ambient",
    "darkwave", "death metal", "deep house", "disco", "doom metal", "downtempo", "dream pop", "drone",
    "drum and bass", "dub", "dubstep", "easy listening", "electro", "electronic", "electronica",
    "electropop", "emo", "eurodance", "experimental", "fado", "field recording", "film score", "flamenco",
    "folk", "folk rock", "funk", "fusion", "future bass", "game music", "garage rock", "glitch", "gospel",
    "gothic rock", "grime", "grunge", "hard rock", "hardcore", "harp", "harpsichord", "heavy metal",
    "hip hop", "house", "idm", "indie", "indie folk", "indie pop", "indie rock", "industrial",
    "instrumental", "italo disco", "j-pop", "jazz", "jazz fusion", "jungle", "k-pop", "klezmer",
    "krautrock", "latin", "lo-fi", "lounge", "math rock", "mellow", "metal", "metalcore", "minimal",
    "motown", "neo-soul", "new age", "new wave", "noise", "opera", "orchestral", "phonk", "piano", "polka",
    "pop", "pop punk", "pop rock", "post-punk", "post-rock", "progressive house", "progressive metal",
    "progressive rock", "psychedelic", "psychedelic rock", "psytrance", "punk", "punk rock", "ragtime",
    "rap", "reggae", "reggaeton", "rnb", "rock", "rock and roll", "rockabilly", "salsa", "samba",
    "shoegaze", "singer-songwriter", "ska", "slowcore", "smooth jazz", "soft rock", "soul", "soundtrack",
    "space rock", "stoner rock", "strings", "surf rock", "swing", "synth", "synth-pop", "synthwave",
    "tango", "techno", "thrash metal", "trance", "trap", "trip hop", "uk garage", "vaporwave", "vocal jazz",
    "waltz", "world",
})  # fmt: skip
# Other spellings, as pages and taggers have them.
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "chill out": "chillout",
        "chip tune": "chiptune",
        "chiptunes": "chiptune",
        "classic": "classical",
        "d&b": "drum and bass",
        "dnb": "drum and bass",
        "drum & bass": "drum and bass",
        "drum n bass": "drum and bass",
        "hip-hop": "hip hop",
        "hiphop": "hip hop",
        "jpop": "j-pop",
        "kpop": "k-pop",
        "lofi": "lo-fi",
        "oldies": "60s",
        "r&b": "rnb",
        "rock & roll": "rock and roll",
        "rock n roll": "rock and roll",
        "rock'n'roll": "rock and roll",
        "synthpop": "synth-pop",
        "trip-hop": "trip hop",
        "video game music": "game music",
        "vgm": "game music",
    }
)
