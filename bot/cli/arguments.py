"""Argument types that several commands share."""

import argparse


def discord_id(text: str) -> int:
    """A server's or member's id, as Discord gives them. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text[:20]) >= 2**63:
        raise argparse.ArgumentTypeError(f"write an id of Discord's, a number, instead of {text[:40]!r}")
    return int(text)


def count_argument(text: str) -> int:
    """An argument that counts something, from 1 to 1000. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= 1000:
        raise argparse.ArgumentTypeError(f"write a number from 1 to 1000 instead of {text!r}")
    return int(text)
