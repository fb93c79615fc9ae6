"""How the connection to Discord's gateway is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GatewayState:
    """Whether the gateway is connected, and how soon it answers heartbeats.

    `latency`: seconds between the last heartbeat and its answer; `heartbeat_age`: seconds since the last answer. Both
    are infinite, or no number, before the first.
    """

    connected: bool
    latency: float
    heartbeat_age: float
