"""DNS resolution, and which IP addresses belong to the public internet."""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from ipaddress import IPv4Address, IPv6Address

# What `is_global` of some supported Python version lets pass.
DENIED = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "64:ff9b:1::/48",  # local NAT64
        "fec0::/10",  # site-local
    )
]
# Prefixes of 96 bits, after which comes an IPv4 address.
WRAPPERS = [
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",  # compatible
        "::ffff:0:0/96",  # mapped
        "::ffff:0:0:0/96",  # translated
        "64:ff9b::/96",  # NAT64
    )
]
SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


def is_public(address: str) -> bool:
    """Whether a literal IPv4 or IPv6 address belongs to the public internet; False for what is no address.

    An IPv4 address inside an IPv6 one is judged as itself, since a gateway may unwrap it.
    """
    try:
        ip = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in DENIED)


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, IPv4 first (half-configured IPv6 is common in containers). Raises OSError, ValueError.

    On a thread of its own: a slow name server must hold up neither the bot's other threads nor its exit.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(outcome: list[str] | Exception) -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def ask() -> None:
        outcome: list[str] | Exception
        try:
            found = {
                str(info[4][0]): None for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            }
            outcome = sorted(found, key=lambda address: ":" in address)
        except (OSError, ValueError) as error:
            outcome = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=ask, name=f"resolve {host[:40]}", daemon=True).start()
    return await answer


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if any(ip in network for network in WRAPPERS):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in SIX_TO_FOUR:
        return IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)
    return ip
