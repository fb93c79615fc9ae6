"""A conversation to look at: as text in a terminal, or as one self-contained page in Discord's look."""

from discord_sandbox.transcript.page import render_html
from discord_sandbox.transcript.terminal import render_text

__all__ = ["render_html", "render_text"]
