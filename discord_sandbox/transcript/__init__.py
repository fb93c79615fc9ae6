"""Renders a channel's conversation: as text for a terminal, or as one self-contained HTML page in Discord's look."""

from discord_sandbox.transcript.page import render_html
from discord_sandbox.transcript.terminal import render_text

__all__ = ["render_html", "render_text"]
