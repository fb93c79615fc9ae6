"""The page is for this machine and this page only, whatever lies in its files."""

import re

import aiohttp
import pytest

from discord_sandbox.page import DemoServer, SandboxPage
from tests.discord_sandbox.page.visitor import Visitor


async def test_only_its_own_address_is_answered(page: SandboxPage, bo: Visitor) -> None:
    for host, status in (("127.0.0.1", 200), ("localhost", 200), ("evil.example", 403)):
        async with bo.session.get("/", headers={"Host": f"{host}:{page.port}"}) as answer:
            assert answer.status == status
    async with bo.session.get("/events", headers={"Host": "127.0.0.1"}) as answer:
        assert answer.status == 403


async def test_other_pages_can_do_nothing(club: DemoServer, page: SandboxPage, bo: Visitor) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"as": "1", "in": "1", "text": "hello"}', content_type="application/json")
    for path in ("/do/post", "/extras/0"):
        async with bo.session.post(path, data=form(), headers={"Origin": "http://evil.example"}) as answer:
            assert answer.status == 403
    async with bo.session.post("/extras/0", headers={"Origin": page.address.rstrip("/")}) as answer:
        assert answer.status == 200
    assert [message["content"] for message in club.music.messages] == ["announced"]


async def test_nothing_is_loaded_from_elsewhere(bo: Visitor) -> None:
    async with bo.session.get("/") as answer:
        html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert addresses and all(address.startswith(("/static/", "data:,")) for address in addresses)
    assert "<script>" not in html and "style=" not in html
    for address in filter(lambda a: a.startswith("/static/"), addresses):
        async with bo.session.get(address) as answer:
            assert answer.status == 200
            text = await answer.text()
        for module in re.findall(r'from "\./(\w+\.js)"', text):
            async with bo.session.get(f"/static/{module}") as answer:
                assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/server.py", "/do/nothing", "/files/1/a", "/songs/99"]
)
async def test_what_is_not_there_is_not_found(bo: Visitor, path: str) -> None:
    method = bo.session.post if path.startswith("/do/") else bo.session.get
    async with method(path) as answer:
        assert answer.status == 404


async def test_a_posted_page_is_downloaded_not_shown(bo: Visitor) -> None:
    files = [("a.html", b"<script>1</script>", "text/html"), ("a.svg", b"<svg/>", "image/svg+xml")]
    posted = await bo.member.post(bo.channel, files=files)
    for file in posted["attachments"]:
        async with bo.session.get(f"/files/{file['id']}/{file['filename']}") as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == "attachment"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_players_get_the_part_they_ask_for(bo: Visitor) -> None:
    posted = await bo.member.post(bo.channel, files=[("a.mp3", b"0123456789", "audio/mpeg")])
    address = f"/files/{posted['attachments'][0]['id']}/a.mp3"
    async with bo.session.get(address, headers={"Range": "bytes=3-5"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"345")
        assert answer.headers["Content-Range"] == "bytes 3-5/10"
    async with bo.session.get(address) as answer:
        assert (answer.content_type, await answer.read()) == ("audio/mpeg", b"0123456789")


async def test_nonsense_is_refused(bo: Visitor) -> None:
    assert await bo.do("post") == 400
    assert await bo.do("delete", message="not a number") == 400
    async with bo.session.post("/do/post", json={"text": "hello"}) as answer:
        assert answer.status == 400


async def test_a_taken_port_is_an_error(club: DemoServer, page: SandboxPage) -> None:
    with pytest.raises(OSError, match="in use"):
        await SandboxPage(
            club.guild, speaker=club.members[0], here=club.music, songs=club.songs, port=page.port
        ).open()
