"""The proxy: what it lets through, what it refuses, and when it cuts."""

import asyncio
import base64
import socket

import pytest
from aiohttp.web import Response

from bot.errors import Failure
from bot.intake import egress
from bot.intake.http_heads import END
from tests.support.http import site

PUBLIC = "2fff::1"  # counts as public and is nobody's, so that dialling it disturbs no one


class FakeResolver:
    """A name server: answers each question with the next list of addresses, the last one over and over."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return answer


@pytest.fixture
async def grant(proxy):
    with proxy.grant(max_bytes=1 << 20, seconds=60) as it:
        yield it


def head(line: str, token: str, *fields: str) -> bytes:
    secret = base64.b64encode(f"{token}:x".encode()).decode()
    named = [line, "Host: the.host", f"Proxy-Authorization: Basic {secret}", *fields]
    return "\r\n".join([*named, "", ""]).encode("latin-1")


async def ask(proxy, message: bytes) -> tuple[int, bytes, bytes]:
    """Say something to the proxy and hear all of its answer: status, head, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(message)
        answer = await reader.read()
    finally:
        writer.close()
    lines, _, body = answer.partition(END)
    return int(lines.split()[1]), lines, body


async def get(proxy, grant, url: str, *fields: str) -> tuple[int, bytes, bytes]:
    return await ask(proxy, head(f"GET {url} HTTP/1.1", grant.token, *fields))


# -- what goes through -------------------------------------------------------------------------------------


async def test_an_allowed_page_comes_through(web, proxy, grant):
    status, _, body = await get(proxy, grant, web.serve("/a", "hello"))
    assert (status, body) == (200, b"hello")
    assert grant.refused is None
    assert grant.failure is None


async def test_the_server_sees_a_plain_request_without_the_token(web, proxy, grant):
    url = web.serve("/a", "hello")
    await get(proxy, grant, f"{url}?q=1", "X-Kept: yes", "Connection: keep-alive")
    [request] = web.seen
    assert request.raw_path == "/a?q=1"
    assert request.headers["X-Kept"] == "yes"
    assert request.headers["Connection"] == "close"
    assert "Proxy-Authorization" not in request.headers


async def test_the_client_is_told_that_the_connection_ends(web, proxy, grant):
    """Else it would send its next request, for another host, to this one's server."""
    _, lines, _ = await get(proxy, grant, web.serve("/a", "hello", Connection="keep-alive"))
    assert b"connection: close" in lines.lower()
    assert b"keep-alive" not in lines.lower()


async def test_a_body_is_handed_on(web, proxy, grant):
    async def echo(request):
        return Response(body=await request.read())

    message = head(f"POST {web.on('/echo', echo)} HTTP/1.1", grant.token, "Content-Length: 5")
    status, _, body = await ask(proxy, message + b"hello")
    assert (status, body) == (200, b"hello")


async def test_a_tunnel_leads_to_an_allowed_host(web, proxy, grant):
    web.serve("/a", "hello")
    message = head(f"CONNECT 127.0.0.1:{web.port} HTTP/1.1", grant.token)
    status, _, inside = await ask(proxy, message + b"GET /a HTTP/1.0\r\n\r\n")
    assert status == 200
    assert inside.startswith(b"HTTP/1.0 200")
    assert inside.endswith(b"hello")


async def test_a_host_name_is_allowed_as_it_is_written(web, open_proxy):
    proxy = await open_proxy({("My.Host", web.port)}, resolve=FakeResolver(["127.0.0.1"]))
    web.serve("/a", "hello")
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        for host in ("my.host", "MY.HOST", "my.host."):
            status, _, body = await get(proxy, grant, f"http://{host}:{web.port}/a")
            assert (status, body) == (200, b"hello")


async def test_the_first_address_that_answers_is_taken(web, open_proxy, monkeypatch):
    monkeypatch.setattr(egress, "DIAL_SECONDS", 1)
    proxy = await open_proxy({("two.example", web.port)}, resolve=FakeResolver([PUBLIC, "127.0.0.1"]))
    web.serve("/a", "hello")
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        status, _, body = await get(proxy, grant, f"http://two.example:{web.port}/a")
    assert (status, body) == (200, b"hello")


# -- what does not -----------------------------------------------------------------------------------------


async def refused(proxy, grant, url: str, secret=None) -> None:
    status, _, _ = await get(proxy, grant, url)
    assert status == 403
    assert grant.refused is not None
    assert grant.failure == Failure.BLOCKED
    if secret:
        assert secret.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",  # decimal
        "0177.0.0.1",  # octal
        "0x7f000001",  # hexadecimal
        "127.1",  # short
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",  # mapped
        "[::127.0.0.1]",  # compatible
        "[64:ff9b::7f00:1]",  # NAT64
        "[fd00::1]",
        "169.254.169.254",
    ],
)
async def test_a_private_address_is_refused_however_it_is_written(proxy, grant, secret, host):
    await refused(proxy, grant, f"http://{host}:{secret.port}/", secret)


async def test_a_tunnel_to_a_private_address_is_refused(proxy, grant, secret):
    status, _, _ = await ask(proxy, head(f"CONNECT 127.0.0.1:{secret.port} HTTP/1.1", grant.token))
    assert (status, grant.refused) == (403, f"127.0.0.1:{secret.port}")
    assert secret.connections == 0


async def test_another_port_of_an_allowed_host_is_refused(proxy, grant, secret):
    await refused(proxy, grant, secret.url(), secret)


async def test_another_name_of_an_allowed_address_is_refused(web, proxy, grant):
    await refused(proxy, grant, f"http://localhost:{web.port}/")
    assert not web.hits


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["10.0.0.1"], ["::1"], ["fd00::1"], ["::ffff:127.0.0.1"]])
async def test_a_name_that_resolves_to_a_private_address_is_refused(open_proxy, secret, answer):
    proxy = await open_proxy(resolve=FakeResolver(answer))
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        await refused(proxy, grant, f"http://evil.example:{secret.port}/", secret)


@pytest.mark.parametrize("answer", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC]])
async def test_a_name_with_one_private_address_among_public_ones_is_refused(open_proxy, secret, answer):
    proxy = await open_proxy(resolve=FakeResolver(answer))
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        await refused(proxy, grant, f"http://mixed.example:{secret.port}/", secret)


async def test_rebinding_finds_no_second_look_up(open_proxy, secret, monkeypatch):
    """The name has a public address when it is checked, and this machine's whenever it is asked for again."""
    monkeypatch.setattr(egress, "DIAL_SECONDS", 0.5)
    names = FakeResolver([PUBLIC], ["127.0.0.1"])
    proxy = await open_proxy(resolve=names)
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        status, _, _ = await get(proxy, grant, f"http://localhost:{secret.port}/")
    assert status in {
        502,
        504,
    }  # nobody is at the address that was checked, which is the one that was dialled
    assert names.asked == 1
    assert secret.connections == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "https://127.0.0.1/a", "file:///etc/passwd", "/a"])
async def test_other_schemes_are_refused(proxy, grant, url):
    await refused(proxy, grant, url)


async def test_a_job_without_a_token_is_told_nothing(web, proxy):
    url = web.serve("/a", "hello")
    for message in (
        f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        head(f"GET {url} HTTP/1.1", "guessed"),
    ):
        status, _, body = await ask(proxy, message)
        assert (status, body) == (407, b"")
    assert not web.hits


async def test_a_token_ends_with_its_job(web, proxy):
    url = web.serve("/a", "hello")
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        assert (await get(proxy, grant, url))[0] == 200
    assert (await get(proxy, grant, url))[0] == 407


async def test_what_is_no_request_is_hung_up_on(proxy):
    for message in (
        b"hello\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"x" * (1 << 17),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(message)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


# -- servers that are not there ----------------------------------------------------------------------------


async def test_an_unknown_name_is_a_bad_gateway(open_proxy):
    async def no_such_name(host, port):
        raise socket.gaierror("no such name")

    proxy = await open_proxy(resolve=no_such_name)
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        status, _, _ = await get(proxy, grant, "http://nowhere.example/")
    assert (status, grant.failure) == (502, None)


async def test_a_closed_port_is_a_bad_gateway(open_proxy):
    async with site() as gone:
        pass
    proxy = await open_proxy({gone.origin})
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        status, _, _ = await get(proxy, grant, gone.url())
    assert (status, grant.failure) == (502, None)


async def test_a_silent_name_server_is_a_gateway_timeout(open_proxy, monkeypatch):
    monkeypatch.setattr(egress, "DIAL_SECONDS", 0.1)

    async def silent(host, port):
        await asyncio.sleep(60)

    proxy = await open_proxy(resolve=silent)
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        status, _, _ = await get(proxy, grant, "http://silent.example/")
    assert status == 504


# -- endless ones ------------------------------------------------------------------------------------------


async def cut(proxy, grant, url: str) -> int:
    """How many bytes came before the connection broke, which it must."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(head(f"GET {url} HTTP/1.1", grant.token))
    count = 0
    try:
        with pytest.raises(ConnectionError):
            while True:
                chunk = await reader.read(1 << 16)
                assert chunk, "what was cut looks complete"
                count += len(chunk)
    finally:
        writer.close()
    return count


async def test_the_byte_budget_cuts(web, proxy):
    with proxy.grant(max_bytes=1_000_000, seconds=60) as grant:
        count = await cut(proxy, grant, web.serve_endlessly("/zeros"))
    assert count <= 1_001_000
    assert grant.failure == Failure.TOO_BIG


async def test_the_byte_budget_is_one_for_all_connections(web, proxy):
    url = web.serve("/a", bytes(60_000))
    with proxy.grant(max_bytes=100_000, seconds=60) as grant:
        await get(proxy, grant, url)
        await cut(proxy, grant, url)
    assert grant.failure == Failure.TOO_BIG


async def test_the_deadline_cuts(web, proxy):
    with proxy.grant(max_bytes=1 << 20, seconds=0.5) as grant:
        await cut(proxy, grant, web.serve_slowly("/drip", bytes(1000)))
        assert grant.failure == Failure.TIMEOUT


async def test_an_answer_that_trickles_is_cut_and_nothing_more_is_asked(web, proxy, monkeypatch):
    monkeypatch.setattr("bot.intake.egress.SLOW_SECONDS", 0.3)
    url = web.serve_slowly("/drip", bytes(1000))
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        await cut(proxy, grant, url)
        assert grant.failure == Failure.SLOW and not grant.failure.transient
        assert (await get(proxy, grant, url))[0] == 403


async def test_what_arrives_fast_enough_may_take_its_time(web, proxy, monkeypatch):
    monkeypatch.setattr("bot.intake.egress.SLOW_SECONDS", 0.05)
    with proxy.grant(max_bytes=4_000_000, seconds=60) as grant:
        await cut(proxy, grant, web.serve_endlessly("/zeros"))
    assert grant.failure == Failure.TOO_BIG


async def test_the_end_of_the_job_cuts(web, proxy):
    url = web.serve_slowly("/drip", bytes(1000))
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        cutting = asyncio.create_task(cut(proxy, grant, url))
        await web.visited.wait()
    await cutting


async def test_closing_cuts(web, open_proxy):
    proxy = await open_proxy({web.origin})
    url = web.serve_slowly("/drip", bytes(1000))
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        cutting = asyncio.create_task(cut(proxy, grant, url))
        await web.visited.wait()
        await proxy.close()
        await cutting


async def test_what_a_server_breaks_off_does_not_look_complete(web, proxy, grant):
    assert await cut(proxy, grant, web.serve_reset("/half", b"half")) > 0
