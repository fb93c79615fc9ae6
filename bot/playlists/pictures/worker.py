"""The process that draws: a drawing in a file in, a PNG in a file and its text alternative out."""

from pathlib import Path

from bot.workers import Message, reply, requests


def main() -> None:
    """Draw what is asked, one after the other."""
    for request in requests():
        reply(_painted(request))


def _painted(request: Message) -> Message:
    from pydantic import TypeAdapter

    from bot.playlists.pictures import values
    from bot.playlists.pictures.banner import banner
    from bot.playlists.pictures.cover import cover
    from bot.playlists.pictures.music_map import music_map
    from bot.playlists.pictures.taste_card import taste_card

    written = Path(request["drawing"]).read_bytes()
    match TypeAdapter(getattr(values, request["kind"])).validate_json(written):
        case values.MusicMap() as drawing:
            picture = music_map(drawing)
        case values.TasteCard() as drawing:
            picture = taste_card(drawing)
        case values.Cover() as drawing:
            picture = cover(drawing)
        case values.Banner() as drawing:
            picture = banner(drawing)
        case other:
            raise TypeError(f"{type(other).__name__} is no drawing")
    Path(request["out"]).write_bytes(picture.png)
    return {"alt": picture.alt}


if __name__ == "__main__":
    main()
