"""REST requests: authorised, rate limited and parsed, then handled and answered in Discord's form."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import BodyPartReader, web

from discord_sandbox.api.faults import Faults
from discord_sandbox.api.rate_limits import RateLimits
from discord_sandbox.gateway.gateway import Gateway
from discord_sandbox.rules.errors import ApiError, BodyErrors
from discord_sandbox.rules.openapi import Schema
from discord_sandbox.world.commands import Commands
from discord_sandbox.world.guild import Channel, SandboxGuild
from discord_sandbox.world.interactions import Interactions
from discord_sandbox.world.messages import Messages, Upload
from discord_sandbox.world.model import Message
from discord_sandbox.world.permissions import Permission
from discord_sandbox.world.user import User
from discord_sandbox.world.world import World

PREFIX = "/api/v10"
BODY_LIMIT = 110 * 1024 * 1024


@dataclass(frozen=True)
class ApiState:
    """Everything that requests read and change."""

    world: World
    guilds: dict[int, SandboxGuild]
    messages: Messages
    commands: Commands
    interactions: Interactions
    gateway: Gateway
    developer: User


@dataclass
class Call:
    """One request, parsed."""

    state: ApiState
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    uploads: Mapping[int, Upload]

    def id(self, name: str) -> int:
        """A snowflake in the path. Raises 50035 if it is none."""
        try:
            return int(self.parameters[name])
        except ValueError:
            form = BodyErrors()
            form.add([name], "NUMBER_TYPE_COERCE", f'Value "{self.parameters[name]}" is not snowflake.')
            form.raise_if_any()
            raise

    def channel(self, needed: Permission = Permission.VIEW_CHANNEL) -> Channel:
        """The path's channel. Raises 10003, 50001 if the bot can't see it, 50013 if it lacks `needed` there."""
        channel = self.channel_unchecked()
        channel.guild.bot.require(channel, needed)
        return channel

    def channel_unchecked(self) -> Channel:
        """The path's channel, whatever the bot may do there. Raises 10003."""
        for guild in self.state.guilds.values():
            if found := guild.channels.get(self.id("channel_id")):
                return found
        raise ApiError.known(10003)

    def message(self, needed: Permission = Permission.VIEW_CHANNEL) -> Message:
        """The path's message, if the bot may know of it. Raises 10008 besides what `channel` raises."""
        found = self.channel(needed).store.get(self.id("message_id"))
        if found is None or found.seen_only_by is not None:
            raise ApiError.known(10008)
        return found


class Created(dict[str, Any]):
    """A result with status 201: something was created."""


Handler = Callable[[Call], Awaitable[Any] | Any]
Routes = list[tuple[str, str, Handler]]


@dataclass
class LoggedRequest:
    """A line of the log of requests."""

    method: str
    path: str
    route: str
    body: Any
    status: int
    at: float
    files: tuple[str, ...] = ()


class Rest:
    """Turns requests into calls of handlers and their results into responses."""

    def __init__(
        self, state: ApiState, *, token: str, schema: Schema | None, limits: RateLimits, faults: Faults
    ) -> None:
        self._state = state
        self._token = token
        self._schema = schema
        self._limits = limits
        self._faults = faults
        self.requests: list[LoggedRequest] = []
        self.violations: list[str] = []
        self.in_flight = 0
        self.outage: int | None = None
        self.flowing = asyncio.Event()
        self.flowing.set()

    def add_routes(self, app: web.Application, routes: Routes) -> None:
        """Serve these; literal paths go before templates that would match them too."""
        for method, route, handler in sorted(routes, key=lambda entry: entry[1].count("{")):
            app.router.add_route(method, PREFIX + route, self._entry(route, handler))
        app.router.add_route("*", "/api/{rest:.*}", self._entry("", _nowhere))

    def _entry(self, route: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def entry(request: web.Request) -> web.StreamResponse:
            self.in_flight += 1
            try:
                return await self._serve(request, route, handler)
            finally:
                self.in_flight -= 1
                self._state.world.touch()

        return entry

    async def _serve(self, request: web.Request, route: str, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        record = LoggedRequest(request.method, path, route, None, 0, time.time())
        self.requests.append(record)
        await self.flowing.wait()
        major = next(iter(request.match_info.values()), "")
        headers, wait = self._limits.count(request.method, route, major)
        fault = self._faults.take(request.method, path)
        try:
            if self.outage is not None:
                raise ApiError(self.outage, 0, HTTPStatus(self.outage).phrase)
            if fault and fault.status == 429:
                return _limited(fault.retry_after, headers, record, everywhere=fault.everywhere)
            if wait:
                return _limited(wait, headers, record)
            if fault and isinstance(fault.status, int):
                raise ApiError(fault.status, 0, HTTPStatus(fault.status).phrase)
            result = await self._call(request, route, handler, record)
        except ApiError as error:
            if error.code == 50035:
                self.violations.append(f"{request.method} {path}: {json.dumps(error.errors)}")
            return _answer(error.status, error.body(), headers, record)
        if fault and request.transport:
            record.status = -1
            request.transport.abort()
        status = 204 if result is None else 201 if isinstance(result, Created) else 200
        return _answer(status, result, headers, record)

    async def _call(self, request: web.Request, route: str, handler: Handler, record: LoggedRequest) -> Any:
        self._authorise(request, route)
        body, uploads = await _read(request)
        record.body, record.files = body, tuple(upload.name for upload in uploads.values())
        if uploads and body is None:
            body = {}
        if self._schema and body is not None:
            form = BodyErrors()
            self._schema.check(request.method, route, body, form)
            form.raise_if_any()
        call = Call(self._state, request.match_info, request.query, {} if body is None else body, uploads)
        result = handler(call)
        return await result if asyncio.iscoroutine(result) else result

    def _authorise(self, request: web.Request, route: str) -> None:
        carries_token_in_path = route.startswith(("/interactions/", "/webhooks/")) or route == "/gateway"
        if carries_token_in_path or request.headers.get("Authorization") == f"Bot {self._token}":
            return
        raise ApiError(401, 0, "401: Unauthorized")


def _nowhere(_call: Call) -> None:
    raise ApiError(404, 0, "404: Not Found")


def _limited(
    seconds: float | None, headers: Mapping[str, str], record: LoggedRequest, *, everywhere: bool = False
) -> web.Response:
    """A 429: of the route, of the whole bot, or (without a time to wait) of the network in front of Discord."""
    if seconds is None:
        record.status = 429
        return web.Response(status=429, text="error code: 1015")
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
    more = {"Retry-After": str(seconds)} | ({"X-RateLimit-Global": "true"} if everywhere else {})
    return _answer(429, body, {**headers, **more}, record)


def _answer(status: int, body: Any, headers: Mapping[str, str], record: LoggedRequest) -> web.Response:
    record.status = record.status or status
    every = {"Via": "1.1 sandbox", **headers}
    if status == 204:
        return web.Response(status=204, headers=every)
    # Not json_response: Discord's content type has no charset behind it.
    payload = json.dumps(body).encode()
    return web.Response(status=status, body=payload, headers={**every, "Content-Type": "application/json"})


async def _read(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    """The JSON body and the files of a request. Raises 50109."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        return _parsed(raw) if raw else None, {}
    body: Any = None
    uploads: dict[int, Upload] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "Discord takes no nested multipart bodies"
        content = bytes(await part.read(decode=True))
        name = part.name or ""
        if name == "payload_json":
            body = _parsed(content)
        elif name.startswith("files["):
            number = int(name.removeprefix("files[").removesuffix("]"))
            uploads[number] = Upload(part.filename or "unknown", content)
    return body, uploads


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError.known(50109) from None
