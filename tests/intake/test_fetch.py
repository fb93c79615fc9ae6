import pytest


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "wav", "m4a", "webm", "flac"])
async def test_direct(web, fetcher, folder, clip, suffix):
    url = web.serve(f"/My%20song.{suffix}", clip(suffix))
    web.serve(f"/My song.{suffix}", clip(suffix))
    f = await fetcher.fetch(url, folder)
    print(f, web.hits)
    assert f.path.read_bytes() == clip(suffix)
