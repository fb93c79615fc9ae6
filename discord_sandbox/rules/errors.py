"""Discord's error responses: HTTP status, error code, message, and the tree of form errors (50035)."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
JsonPath = Sequence[str | int]

API_ERRORS = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20009: (403, "Explicit content cannot be sent to the desired recipient(s)"),
    30003: (400, "Maximum number of pins reached for the channel (50)"),
    30010: (400, "Maximum number of reactions reached (20)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50016: (
        400,
        "Provided too few or too many messages to delete. Must provide at least 2 and at most 100 messages to delete.",
    ),
    50021: (403, "Cannot execute action on a system message"),
    50024: (403, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
}


def keys(names: str) -> frozenset[str]:
    """A set of names from a string of words."""
    return frozenset(names.split())


class SandboxError(Exception):
    """Something that a member's Discord client wouldn't let them do."""


class ApiError(SandboxError):
    """An error response of Discord's API; it is also raised for members whom Discord refuses something."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} ({code}): {message} {errors or ''}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    @classmethod
    def known(cls, code: int) -> "ApiError":
        """The error with one of Discord's documented codes."""
        status, message = API_ERRORS[code]
        return cls(status, code, message)

    def body(self) -> Json:
        """The JSON body of the response."""
        body: Json = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


class BodyErrors:
    """Collects what is wrong with a request's body, as Discord's tree of 50035 errors."""

    def __init__(self) -> None:
        self.tree: Json = {}

    def add(self, path: JsonPath, code: str, message: str) -> None:
        """Add an error for the value at `path`."""
        node = self.tree
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def too_long(self, path: JsonPath, value: Any, limit: int, least: int = 0) -> None:
        """Add an error for a text or list whose length isn't in `least`..`limit`."""
        if value is None or least <= len(value) <= limit:
            return
        if least:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {limit} in length.")
        else:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def missing(self, path: JsonPath) -> None:
        """Add an error for a required value that is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def unknown_keys(self, path: JsonPath, value: Json, known: frozenset[str]) -> None:
        """Add an error for every key that Discord doesn't know."""
        for key in value.keys() - known:
            self.add([*path, key], "UNKNOWN_KEY", f"Unknown key {key!r}.")

    def raise_if_any(self) -> None:
        """Raise 50035 if there are any errors."""
        if self.tree:
            raise ApiError(400, 50035, "Invalid Form Body", self.tree)
