"""The server that the page shows."""

import io

import av

from discord_sandbox import Sandbox
from discord_sandbox.page import DemoServer


async def test_a_library_that_is_kept_finds_its_server_again(club: DemoServer) -> None:
    async with Sandbox() as later:
        again = DemoServer.build(later)
    assert again.guild.id == club.guild.id
    assert [m.id for m in again.members] == [m.id for m in club.members]
    assert list(again.guild.channels) == list(club.guild.channels)


async def test_the_members_share_other_songs_each_time(club: DemoServer) -> None:
    await club.share_songs()
    await club.share_songs()
    names = [message["attachments"][0]["filename"] for message in club.music.messages]
    assert len(set(names)) == 16
    assert {message["author"]["global_name"] for message in club.music.messages} == {
        "Ann",
        "Bo",
        "Cleo",
        "Dev",
    }


async def test_a_sample_song_is_music_with_its_title(club: DemoServer) -> None:
    song = (await club.songs.all())[0]
    name, content, kind = await club.songs.as_file(0)
    assert (name.endswith(".mp3"), kind) == (True, "audio/mpeg")
    with av.open(io.BytesIO(content)) as file:
        assert file.metadata["title"] == song.title
        assert file.streams.audio[0].sample_rate
