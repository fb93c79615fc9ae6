"""Canonical keys for links, so that the same source is recognised before anything is downloaded; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, parse_qs, quote, urlsplit, urlunsplit

import idna

from bot.errors import Failure, Refused

# Named here because yt-dlp doesn't know them all: in the pages of some it would find another song.
DRM_HOSTS = (
    *(
        "open.spotify.com",
        "play.spotify.com",
        "spotify.link",
        "spoti.fi",
        "music.apple.com",
        "itunes.apple.com",
    ),
    *("tidal.com", "deezer.com", "deezer.page.link", "pandora.com"),
)
DRM_SCHEMES = ("spotify", "deezer", "tidal")
TRACKING = (
    *("si", "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid"),
    *("igsh", "igshid", "mc_cid", "mc_eid", "ref_src"),
)
DEFAULT_PORTS = {"http": 80, "https": 443}

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ALLOWED = "%!$&'()*+,/:;=?@[]"  # what stands in a path or query as it is, besides the unreserved

YOUTUBE_HOSTS = ("youtube.com", "youtube-nocookie.com", "youtubekids.com")
YOUTUBE_ID = re.compile(r"(?!videoseries|live_stream)[0-9A-Za-z_-]{11}")
YOUTUBE_PATH = re.compile(r"/(?:shorts|live|embed|v|e)/([^/]+)/?")
# Sites whose links carry the id that yt-dlp gives the medium in the end, with the key that this makes.
SITES = (
    (
        ("vimeo.com",),
        r"/(?:video/|channels/[^/]+/|groups/[^/]+/videos/|(?:album|showcase)/\d+/video/)?(\d+)(?:/[0-9a-f]{10})?/?",
        "vimeo:{}",
    ),
    (("tiktok.com",), r"/(?:@[\w.-]*/video|embed(?:/v2)?|share/video)/(\d+)/?", "tiktok:{}"),
    (
        ("twitter.com", "x.com"),
        r"/(?:i/web|\w+)/status(?:es)?/(\d+)(?:/(?:video|photo)/1)?/?",
        "twitter:{}",
    ),
    (("twitch.tv",), r"/(?:videos|\w+/v(?:ideo)?)/(\d+)/?", "twitchvod:v{}"),
    (
        ("cdn.discordapp.com", "media.discordapp.net"),
        r"/(?:ephemeral-)?attachments/\d+/(\d+)/[^/]+",
        "discord:{}",
    ),
)


@dataclass(frozen=True)
class Identity:
    """`key` names a source ("youtube:ID", "url:https://…") whatever form its link has; `url` is what to fetch."""

    key: str
    url: str


def identify(url: str) -> Identity:
    """The identity of a link. Raises Refused: BLOCKED, DRM, or UNSUPPORTED for what is no link.

    Where a site's links carry the id of the medium, that is the key; else the link without fragment, tracking,
    default port and variants of spelling (RFC 3986, 6.2.2). Who may be reached is not decided here but by egress.py.
    """
    parts = _normalised(url)
    host, plain = parts.hostname or "", urlunsplit(parts)
    if _is_within(host, DRM_HOSTS) or host.startswith("music.amazon."):
        raise Refused(Failure.DRM)
    if video := _youtube_id(host, parts):
        return Identity(f"youtube:{video}", f"https://www.youtube.com/watch?v={video}")
    for hosts, path, key in SITES:
        if _is_within(host, hosts) and (match := re.fullmatch(path, parts.path)):
            return Identity(key.format(match[1]), plain)
    return Identity(f"url:{plain}", plain)


def _youtube_id(host: str, parts: SplitResult) -> str | None:
    if host == "youtu.be":
        video = parts.path.strip("/")
    elif not _is_within(host, YOUTUBE_HOSTS):
        return None
    elif match := YOUTUBE_PATH.fullmatch(parts.path):
        video = match[1]
    else:
        video = parse_qs(parts.query).get("v", [""])[0] if parts.path.rstrip("/") == "/watch" else ""
    return video if YOUTUBE_ID.fullmatch(video) else None


def _is_within(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _normalised(url: str) -> SplitResult:
    text = url.strip()
    try:
        text.encode()  # refuses halves of surrogate pairs
        parts = urlsplit(text)
        port = parts.port
        host = _host(parts.hostname or "")
    except ValueError:
        raise _unreadable(text) from None
    if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc or CONTROL.search(text):
        raise _unreadable(text)
    netloc = host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    return SplitResult(parts.scheme, netloc, _escaped(parts.path) or "/", _query(parts.query), "")


def _unreadable(text: str) -> Refused:
    scheme, colon, _ = text.partition(":")
    if scheme.lower() in DRM_SCHEMES:
        return Refused(Failure.DRM)
    return Refused(Failure.BLOCKED if colon else Failure.UNSUPPORTED)


def _host(name: str) -> str:
    """A host in the one form that is compared and dialled. Raises ValueError for what is no host."""
    if ":" in name:
        address = IPv6Address(name)
        if address.scope_id:
            raise ValueError("an address of one network card")
        return f"[{address}]"
    host = (
        name.removesuffix(".") if name.isascii() else idna.encode(name, uts46=True).decode().removesuffix(".")
    )
    if not HOST.fullmatch(host):
        raise ValueError("not a host")
    return host


def _query(query: str) -> str:
    return "&".join(part for part in _escaped(query).split("&") if part and not _is_tracking(part))


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in TRACKING or name.startswith("utm_")


def _escaped(text: str) -> str:
    """The same with every character escaped that must be, and no other."""
    return quote(ESCAPE.sub(_unescaped, text), safe=ALLOWED)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return "%25"
    character = chr(int(escape[1], 16))
    return character if character in UNRESERVED else escape[0].upper()
