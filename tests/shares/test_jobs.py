"""A posted link or file as a share."""

from bot.errors import Failure
from bot.intake.links import PostedMedia
from bot.shares.jobs import new_share
from tests.support.library import GUILD


def test_a_link_becomes_a_share_with_its_own_key_and_time() -> None:
    made = new_share(
        PostedMedia(url="https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3"),
        guild_id=GUILD,
        channel_id=5,
        message_id=1_306_000_000_000_000_000,
        user_id=7,
    )
    assert made.key == "youtube:dQw4w9WgXcQ"
    assert made.shared_at.date().isoformat() == "2024-11-12"


def test_a_link_that_may_not_be_opened_becomes_a_share_that_says_why() -> None:
    made = new_share(
        PostedMedia(url="https://open.spotify.com/track/1"),
        guild_id=GUILD,
        channel_id=5,
        message_id=1,
        user_id=7,
    )
    assert made.failure is Failure.DRM
    assert made.reason


def test_a_file_is_known_by_the_number_of_its_attachment() -> None:
    made = new_share(
        PostedMedia(url="https://cdn.example/song.mp3?ex=1", name="song.mp3", attachment_id=42),
        guild_id=GUILD,
        channel_id=5,
        message_id=1,
        user_id=7,
    )
    assert (made.key, made.url, made.name) == ("discord:42", "https://cdn.example/song.mp3?ex=1", "song.mp3")
