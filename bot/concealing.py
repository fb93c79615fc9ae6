"""Keeps passwords, tokens and keys out of whatever is printed or logged."""

import re
from collections.abc import Collection
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "•••"
SHORTEST = (
    3  # letters: to hide shorter pieces would hide ordinary words, and hides nothing that isn't guessed
)
SCHEME = re.compile(r"[a-z][a-z0-9+]{0,30}")
PLACE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]*)(:\d+)?(/[\w./ ~-]*)?")
SECRET_PARAMETER = re.compile(r"(?i)(?:pass|pwd|secret|token|key)[^=&?]*=([^&]*)")
DELIMITERS = re.compile(r"[@/:?#&=]+")


def shown(address: str) -> str:
    """An address without user, password and parameters; only its scheme where it can't be told which is which."""
    scheme, found, rest = address.partition("://")
    if not (found and SCHEME.fullmatch(scheme)):
        return HIDDEN
    before, _, parameters = rest.partition("?")
    place = before.rpartition("@")[2]
    told = "@" not in parameters and "#" not in rest and PLACE.fullmatch(place)
    return f"{scheme}://{place if told else HIDDEN}"


def secrets_in(address: str) -> frozenset[str]:
    """What may be a password in an address, also in one that is written wrongly, and its pieces, in every coding."""
    rest = address.partition("://")[2] or address
    found = {rest.rpartition("@")[0].lstrip("/").partition(":")[2], *SECRET_PARAMETER.findall(rest)}
    found |= {piece for secret in found for piece in DELIMITERS.split(secret)}
    found |= {unquote(secret) for secret in found} | {unquote_plus(secret) for secret in found}
    found |= {quote(secret, safe="") for secret in found} | {quote_plus(secret) for secret in found}
    return frozenset(secret for secret in found if len(secret) >= SHORTEST)


def conceal(text: str, secrets: Collection[str]) -> str:
    """The text with every secret in it hidden, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
