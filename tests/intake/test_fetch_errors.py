"""yt-dlp's own errors, as its extractors and downloaders raise them, put into kinds."""

import io
import sys

import pytest
from yt_dlp.networking.common import Response
from yt_dlp.networking.exceptions import HTTPError, IncompleteRead, ProxyError, TransportError
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, UserNotLive

from bot.errors import Failure
from bot.intake.fetch_errors import explain


def wrapped(error: Exception) -> DownloadError:
    """The error as `YoutubeDL` hands it out: its text with a prefix, itself in `exc_info`."""
    try:
        raise error
    except Exception:
        return DownloadError(f"ERROR: {error}", sys.exc_info())


def said(text: str, **options) -> DownloadError:
    return wrapped(ExtractorError(text, expected=True, **options))


def answered(status: int, reason: str = "") -> DownloadError:
    error = HTTPError(Response(io.BytesIO(), "http://a.example/", {}, status=status, reason=reason))
    return said(f"Unable to download webpage: {error}", cause=error)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.FORBIDDEN),
        (401, Failure.LOGIN),
        (403, Failure.FORBIDDEN),
        (404, Failure.GONE),
        (410, Failure.GONE),
        (429, Failure.RATE_LIMITED),
        (451, Failure.GEO),
        (500, Failure.NETWORK),
        (502, Failure.NETWORK),
        (504, Failure.TIMEOUT),
    ],
)
def test_statuses(status, failure):
    assert explain(answered(status)) == failure


def test_a_status_counts_more_than_its_reason_phrase():
    assert explain(answered(503, "Service Unavailable")) == Failure.NETWORK


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (GeoRestrictedError("This video is not available"), Failure.GEO),
        (UnsupportedError("https://a.example/drm-login-removed"), Failure.UNSUPPORTED),
        (UserNotLive(), Failure.LIVE),
        (TransportError("[Errno 111] Connection refused"), Failure.NETWORK),
        (TransportError("The read operation timed out"), Failure.TIMEOUT),
        (ProxyError("Tunnel connection failed: 502 Bad Gateway"), Failure.NETWORK),
        (ProxyError("Tunnel connection failed: 504 Gateway Timeout"), Failure.TIMEOUT),
        (IncompleteRead(10, 20), Failure.NETWORK),
        (OSError(27, "File too large"), Failure.TOO_BIG),
        (OSError(28, "No space left on device"), Failure.CRASHED),
        (MemoryError(), Failure.TOO_BIG),
    ],
)
def test_types(error, failure):
    assert explain(wrapped(error)) == failure
    assert explain(said("Unable to download webpage", cause=error)) == failure


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("This video is DRM protected", Failure.DRM),
        ("The requested site is known to use DRM protection. It will NOT be supported.", Failure.DRM),
        ("Sign in to confirm your age. This video may be inappropriate for some users.", Failure.AGE),
        ("Sign in to confirm you’re not a bot. Use --cookies for the authentication", Failure.FORBIDDEN),
        ("Got HTTP Error 403 caused by Cloudflare anti-bot challenge", Failure.FORBIDDEN),
        ("The uploader has not made this video available in your country", Failure.GEO),
        ("This video is not available from your location due to geo restriction", Failure.GEO),
        ("Private video. Sign in if you've been granted access to this video", Failure.GONE),
        ("Join this channel to get access to members-only content", Failure.LOGIN),
        ("This video is only available for registered users. Use --username and --password", Failure.LOGIN),
        ("Video unavailable. This video has been removed by the uploader", Failure.GONE),
        ("This track is no longer available", Failure.GONE),
        ("Premieres in 3 hours", Failure.LIVE),
        ("This live event will begin in 2 days.", Failure.LIVE),
        ("Your IP has been rate-limited by the site", Failure.RATE_LIMITED),
        ("No video formats found!", Failure.UNSUPPORTED),
        ("Requested format is not available", Failure.UNSUPPORTED),
        ('Unsupported url scheme: "ftp" (requests)', Failure.BLOCKED),
        ("file:// URLs are disabled by default in yt-dlp for security reasons", Failure.BLOCKED),
    ],
)
def test_texts(text, failure):
    assert explain(said(text)) == failure


def test_a_medium_named_like_a_reason_misleads_nobody():
    error = said(
        "Unable to extract title of https://a.example/private-video", video_id="Login DRM", ie="generic"
    )
    assert explain(error) == Failure.UNSUPPORTED


def test_errors_without_any_other_are_read_themselves():
    error = DownloadError(
        "[download] Got error: 8799 bytes read, 8799 more expected. Giving up after 2 retries"
    )
    assert explain(error) == Failure.NETWORK


def test_a_bug_of_an_extractor_is_an_unsupported_page():
    assert explain(KeyError("formats")) == Failure.UNSUPPORTED


def test_errors_that_cause_each_other_come_to_an_end():
    first, second = OSError("connection reset"), ValueError("x")
    first.__cause__, second.__cause__ = second, first
    assert explain(first) == Failure.NETWORK
