"""A tempo as somebody asks for it (pure, and quick to import)."""

import re

from bot.errors import NotFound

NUMBER = r"(\d{1,3}(?:\.\d+)?)"
ASKED = re.compile(rf"\s*{NUMBER}(?:\s*(?:-|–|to|…)\s*{NUMBER})?\s*(?:bpm)?\s*", re.IGNORECASE)
AROUND = 0.06  # of a tempo that is given as one number: what people take for the same


def named_tempo(text: str) -> tuple[float, float]:
    """Lowest and highest beats a minute: "90-110" as it says, "120" give or take six per cent. Raises NotFound."""
    match = ASKED.fullmatch(text)
    low, high = (float(match[1]), float(match[2] or match[1])) if match else (0.0, 0.0)
    if not low or not high:
        raise NotFound("I can't read that tempo. Write it like 120, or 90-110.")
    return (low, high) if match and match[2] else (low * (1 - AROUND), low * (1 + AROUND))
