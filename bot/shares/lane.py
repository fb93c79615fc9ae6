"""How long a queue is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    """A queue by its name, how many wait in it or are being worked on, and for how many seconds the oldest of them."""

    name: str
    length: int
    oldest_seconds: float
