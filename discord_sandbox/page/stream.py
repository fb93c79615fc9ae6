"""Live updates of the page as Server-Sent Events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import contextlib
import json
from collections.abc import Callable

from aiohttp import web

from discord_sandbox.page.view import View
from discord_sandbox.rules.errors import Json
from discord_sandbox.world.world import World

BATCH_SECONDS = 0.04  # changes within this time are sent as one update
KEEPALIVE_SECONDS = 15.0


async def stream(request: web.Request, world: World, view: Callable[[], View]) -> web.StreamResponse:
    """Send the view, and then whatever changes in it, until the page is closed."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    shown = ShownPage()
    with world.watched() as changed, contextlib.suppress(ConnectionError):
        while True:
            changed.clear()
            await response.write(shown.updates(view()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), KEEPALIVE_SECONDS)
            await asyncio.sleep(BATCH_SECONDS)
    return response


class ShownPage:
    """What the browser's page shows already."""

    def __init__(self) -> None:
        self._place: Json = {}
        self._messages: dict[str, str] = {}

    def updates(self, view: View) -> bytes:
        """The events that bring the page up to date; a keep-alive comment if nothing changed."""
        events = b""
        if (place := view.place()) != self._place:
            if (place["as"], place["in"]) != (self._place.get("as"), self._place.get("in")):
                self._messages = {"": ""}
            self._place = place
            events += _event("place", place)
        if (messages := view.messages()) != self._messages:
            fresh = {key: html for key, html in messages.items() if self._messages.get(key) != html}
            self._messages = messages
            events += _event("messages", {"order": list(messages), "html": fresh})
        return events or b": still here\n\n"


def _event(name: str, data: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
