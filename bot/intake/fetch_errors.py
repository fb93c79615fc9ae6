"""Maps yt-dlp's errors to a `Failure` kind; pure, without importing yt-dlp."""

import re
from collections.abc import Iterator

from bot.errors import Failure

LINKS = re.compile(r"\b\w+://\S+")
BY_TYPE = {
    "GeoRestrictedError": Failure.GEO,
    "UnsupportedError": Failure.UNSUPPORTED,
    "UserNotLive": Failure.LIVE,
    "MemoryError": Failure.TOO_BIG,
}
# What sites and extractors say, most telling first.
BY_TEXT = [
    (re.compile(words, re.IGNORECASE), failure)
    for words, failure in (
        (r"\bDRM\b", Failure.DRM),
        (r"url scheme|file:// URLs are disabled|unknown url type", Failure.BLOCKED),
        (r"confirm your age|age.restrict|age.verif|inappropriate for some", Failure.AGE),
        (r"not a bot|captcha|cloudflare|anti-bot|access denied|impersonat", Failure.FORBIDDEN),
        (r"too many requests|rate.?limit", Failure.RATE_LIMITED),
        (r"your (country|region|location|area)|geo.?(restrict|block)|in certain countries", Failure.GEO),
        (r"premieres? in|live event|not currently live|live.?stream|waiting room", Failure.LIVE),
        (r"(video|track|song|post|account|playlist) is private|private (video|track)", Failure.GONE),
        (r"log ?in|sign ?in|members.only|subscri|registered users|cookies|purchase|premium", Failure.LOGIN),
        (
            r"unavailable|not available any|no longer|removed|deleted|terminated|not exist|not found",
            Failure.GONE,
        ),
        (r"timed? ?out", Failure.TIMEOUT),
        (r"too large", Failure.TOO_BIG),
        (r"no space left", Failure.CRASHED),  # our disk is full, and may not be later
    )
]
BY_STATUS = {
    401: Failure.LOGIN,
    402: Failure.LOGIN,
    404: Failure.GONE,
    408: Failure.TIMEOUT,
    410: Failure.GONE,
    425: Failure.RATE_LIMITED,
    429: Failure.RATE_LIMITED,
    451: Failure.GEO,
    504: Failure.TIMEOUT,
}
NETWORK_TYPES = (
    "TransportError",
    "ProxyError",
    "IncompleteRead",
    "SSLError",
    "CertificateVerifyError",
    "OSError",
)
NETWORK_TEXT = re.compile(
    r"connection|network|resolve|unreachable|bytes read|SSL|unable to download", re.IGNORECASE
)


def explain(error: BaseException) -> Failure:
    """The kind of failure that an error of yt-dlp means, judged by all the errors that led to it."""
    chain = list(_chain(error))
    names = {base.__name__ for link in chain for base in type(link).__mro__}
    texts = [LINKS.sub("", _text(link)) for link in chain]
    if failure := next((BY_TYPE[name] for name in BY_TYPE if name in names), None):
        return failure
    status = next(
        (status for link in chain if isinstance(status := getattr(link, "status", None), int)), None
    )
    said = [text for text in texts if status is None or "HTTP Error" not in text]
    if failure := next((failure for words, failure in BY_TEXT if any(map(words.search, said))), None):
        return failure
    if status is not None:
        return BY_STATUS.get(status, Failure.NETWORK if status >= 500 else Failure.FORBIDDEN)
    if names.intersection(NETWORK_TYPES) or any(map(NETWORK_TEXT.search, texts)):
        return Failure.NETWORK
    return Failure.UNSUPPORTED


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, in yt-dlp's attributes and Python's."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        exc_info = getattr(link, "exc_info", None) or (None, None, None)
        waiting += [exc_info[1], getattr(link, "cause", None), link.__cause__, link.__context__]


def _text(error: BaseException) -> str:
    """What it says, but not what yt-dlp puts in front, where a title could be "Login"; then it says it elsewhere."""
    is_wrapper = (getattr(error, "exc_info", None) or (None,))[0] is not None
    return str(getattr(error, "orig_msg", "") or ("" if is_wrapper else error))
