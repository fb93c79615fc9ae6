"""Checks that the server a command names has a library, and which embedder it was analysed with."""

import sys
from typing import TYPE_CHECKING

from bot.errors import NotFound

if TYPE_CHECKING:
    from bot.services import Services

MAX_NAMED_SERVERS = 5  # servers


async def check_server(services: "Services", guild_id: int, *, or_empty: bool = False) -> None:
    """Raise NotFound for a server without tracks; `or_empty`: unless no server has any."""
    servers = await services.catalog.guilds()
    if not servers and not or_empty:
        raise NotFound(f"No server {guild_id} here, and no music at all yet. earworm ingest adds some.")
    if servers and guild_id not in servers:
        named = ", ".join(map(str, servers[:MAX_NAMED_SERVERS])) + (
            ", …" if len(servers) > MAX_NAMED_SERVERS else ""
        )
        raise NotFound(f"No server {guild_id} here. Servers with music: {named}.")
    await _tell_who_answers(services, guild_id)


async def _tell_who_answers(services: "Services", guild_id: int) -> None:
    """Say on standard error if the library is known by other embedders than the one that is set."""
    generation = await services.vectors.generations.current(guild_id)
    if generation is None or services.primary.vector_name in generation.searched:
        return
    infos = [services.vectors.info_of(name) for name in generation.searched]
    names = ", ".join(info.name for info in infos if info)
    if names:
        print(
            f"earworm: answered by {names}: {services.primary.name} has not heard this library yet.",
            file=sys.stderr,
        )
