"""A link or a file posted in a music channel becomes a track."""

import pytest

from bot.client import Earworm
from tests.support.running import Club
from tests.support.songs import encoded, file

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_an_attachment_gets_a_sign_and_one_reply(bot: Earworm, club: Club) -> None:
    told = await club.share(club.ann, files=[file(1, title="Blue Kite", artist="The Ladders")])
    assert "🎧" in club.music.reactions(told.message)
    assert told.reply["content"] == f"🎵 **Blue Kite** by The Ladders · 0:05 · shared by {club.ann.mention}"
    assert told.reply["mentions"] == []
    assert club.music.reactions(told.reply) == {"👍": ["Earworm"], "👎": ["Earworm"]}
    page = await bot.services.catalog.search(club.guild.id, "", None)
    assert [card.label for card in page.cards] == ["The Ladders – Blue Kite"]


async def test_a_link(club: Club) -> None:
    link = club.web.serve("/songs/first.mp3", encoded(2, title="First Link"))
    told = await club.share(club.bo, f"listen to this: <{link}>!")
    assert told.reply["content"].startswith("🎵 **First Link** · 0:05")
