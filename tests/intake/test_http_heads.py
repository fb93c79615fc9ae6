"""Heads of HTTP messages, as the proxy reads and rewrites them."""

import pytest

from bot.intake.http_heads import ProxyRequest, plain_host, with_connection_close


def test_a_page_is_asked_of_its_server_as_a_browser_would():
    raw = (
        b"GET http://User@Example.com:8080/a%20b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nRange: bytes=1-\r\n"
        b"Proxy-Authorization: Basic dG9rZW46eA==\r\nProxy-Connection: keep-alive\r\nconnection: keep-alive\r\n\r\n"
    )
    request = ProxyRequest.parse(raw)
    assert (request.scheme, request.host, request.port, request.token) == (
        "http",
        "example.com",
        8080,
        "token",
    )
    assert request.head == (
        b"GET /a%20b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nRange: bytes=1-\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [("example.com:443", "example.com", 443), ("[2606:4700::1111]:443", "2606:4700::1111", 443)],
)
def test_a_tunnel_names_host_and_port(target, host, port):
    request = ProxyRequest.parse(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    assert request.is_tunnel
    assert (request.host, request.port) == (host, port)


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET http://a:99999/ HTTP/1.1\r\n\r\n",
        b"GET http://[a/ HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nProxy-Authorization: Basic x\r\n\r\n",
    ],
)
def test_what_is_no_request_raises(raw):
    with pytest.raises(ValueError):
        ProxyRequest.parse(raw)


def test_an_answer_says_that_it_is_the_last():
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive\r\n\r\n"
    assert with_connection_close(raw) == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"


def test_what_is_no_answer_raises():
    with pytest.raises(ValueError, match="HTTP"):
        with_connection_close(b"SSH-2.0-OpenSSH\r\n\r\n")


def test_hosts_are_compared_without_case_brackets_and_root():
    assert [plain_host(host) for host in ("Example.COM.", "[::1]", "127.0.0.1")] == [
        "example.com",
        "::1",
        "127.0.0.1",
    ]
