"""Real recordings on the whole way: posted, named by their tags, and found by how they sound."""

import re

import pytest

from discord_sandbox import text_of
from tests.support.running import Club
from tests.support.shared import SHARED, needs
from tests.support.songs import File

pytestmark = pytest.mark.asyncio(loop_scope="package")

ALBUM = ("diminixed/afternoon-lullaby.ogg", "diminixed/spooled.ogg")
OTHER = "m374lx/speed.ogg"


def recording(path: str) -> File:
    file = SHARED / "music" / path
    return file.name, file.read_bytes(), "audio/ogg"


@needs("music")
async def test_recordings_are_named_and_found_by_their_sound(club: Club) -> None:
    first = await club.share(club.ann, files=[recording(path) for path in ALBUM])
    other = await club.share(club.bo, files=[recording(OTHER)])
    ann, bo = club.ann.mention, club.bo.mention
    assert first.text.splitlines() == [
        f"🎵 **Afternoon Lullaby** by Diminixed · 0:30 · shared by {ann}",
        f"🎵 **Spooled** by Diminixed · 0:30 · shared by {ann}",
    ]
    assert other.text == f"🎵 **Speed** by Alexandre Almeida (M374LX) · 0:21 · shared by {bo}"

    answer = await club.cleo.command(club.hall, "similar", track="afternoon")
    text = text_of(await answer.message())
    assert text.startswith("### Sounds like **Afternoon Lullaby** by Diminixed · 0:30")
    assert re.findall(r"\*\*\d\.\*\* \*\*(\w+)\*\*", text) == ["Spooled"]
    assert "Left out: 1 no more alike than by chance." in text
