"""Which addresses are public, and how names become addresses."""

import asyncio
import socket
import threading

import pytest

from bot.intake.addresses import is_public, resolve


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "1.1.1.1",
        "2606:2800:220:1:248:1893:25c8:1946",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
        "2002:5db8:d822::1",
    ],
)
def test_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1"),
        *(
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "240.0.0.1",
            "255.255.255.255",
        ),
        *("192.0.0.9", "192.0.0.10", "192.0.0.171", "192.88.99.1", "224.0.0.1", "239.255.255.250"),
        *("::", "::1", "fd00::1", "fc00::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
        *(
            "2001:db8::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "3fff::1",
            "5f00::1",
            "64:ff9b:1::1",
            "100::1",
        ),
    ],
)
def test_special_addresses_are_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:127.0.0.1",  # mapped
        "::127.0.0.1",  # compatible
        "::ffff:0:127.0.0.1",  # translated
        "64:ff9b::127.0.0.1",  # NAT64
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",  # 6to4
        "2002:c0a8:101::1",
        "2001:0:7f00:1::",  # Teredo
    ],
)
def test_a_private_address_in_disguise_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["", "example.com", "127.1", "0x7f000001", "2130706433", "1.2.3.4:80", "[::1]"]
)
def test_what_is_no_address_is_not(text):
    assert not is_public(text)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f000001", "0x7f.1", "127.1", "localhost"],
)
async def test_every_way_to_write_an_address_resolves_to_it(host):
    assert "127.0.0.1" in await resolve(host, 80)


@pytest.mark.parametrize("host", ["", "no-such-name.invalid", "a" * 300, "nul\x00"])
async def test_what_has_no_address_raises(host):
    with pytest.raises((OSError, ValueError)):
        await resolve(host, 80)


async def test_addresses_come_once_each_and_ipv4_first(monkeypatch):
    def answer(host, port, **_):
        stream = socket.SOCK_STREAM
        first = (socket.AF_INET6, stream, 6, "", ("2606:4700::1111", port, 0, 0))
        return [first, (socket.AF_INET, stream, 6, "", ("1.1.1.1", port)), first]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert await resolve("one.example", 80) == ["1.1.1.1", "2606:4700::1111"]


async def test_a_slow_name_server_holds_nothing_up(monkeypatch):
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer.wait(60) and [])
    asked = asyncio.create_task(resolve("slow.example", 80))
    await asyncio.sleep(0.01)
    assert not asked.done()
    assert await asyncio.to_thread(lambda: "still served") == "still served"
    asked.cancel()
    await asyncio.wait({asked})
    answer.set()
