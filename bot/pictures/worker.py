"""The child process that draws: a drawing in a file in, a PNG in a file and its text alternative out."""

from pathlib import Path
from typing import TYPE_CHECKING

from bot.workers.serving import WorkerMessage, reply, requests

if TYPE_CHECKING:
    from bot.pictures.values import Drawing, Picture


def main() -> None:
    """Draw what is asked, one after the other."""
    for request in requests():
        reply(_painted(request))


def _painted(request: WorkerMessage) -> WorkerMessage:
    from pydantic import TypeAdapter

    from bot.pictures import values

    written = Path(request["drawing"]).read_bytes()
    picture = _drawn(TypeAdapter(getattr(values, request["kind"])).validate_json(written))
    Path(request["out"]).write_bytes(picture.png)
    return {"alt": picture.alt}


def _drawn(drawing: "Drawing") -> "Picture":
    from bot.pictures import values

    match drawing:
        case values.MusicMap():
            from bot.pictures.music_map import music_map

            return music_map(drawing)
        case values.TasteCard():
            from bot.pictures.taste_card import taste_card

            return taste_card(drawing)
        case values.Cover():
            from bot.pictures.cover import cover

            return cover(drawing)
        case values.Banner():
            from bot.pictures.banner import banner

            return banner(drawing)


if __name__ == "__main__":
    main()
