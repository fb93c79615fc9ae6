"""What changes in front of a member, as Server-Sent Events.

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

TOGETHER_SECONDS = 0.04  # changes that come together are sent together
STILL_HERE_SECONDS = 15.0


async def stream(request: web.Request, world: World, look: Callable[[], View]) -> web.StreamResponse:
    """Send what the view shows, and again whatever of it changed, until the page is closed."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    sent = Sent()
    with world.watched() as changed, contextlib.suppress(ConnectionError):
        while True:
            changed.clear()
            await response.write(sent.news(look()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), STILL_HERE_SECONDS)
            await asyncio.sleep(TOGETHER_SECONDS)
    return response


class Sent:
    """What a page shows by now."""

    def __init__(self) -> None:
        self._place: Json = {}
        self._messages: dict[str, str] = {}

    def news(self, view: View) -> bytes:
        """The events that bring the page up to date; a comment where there is nothing new."""
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
