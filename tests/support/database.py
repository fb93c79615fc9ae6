"""A new database for each test, on the Postgres server at TEST_DATABASE_URL or as SQLite's file."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import URL, make_url


@asynccontextmanager
async def fresh_database() -> AsyncIterator[str]:
    """The address of an empty database, dropped afterwards; "" stands for the file in the home."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    url = make_url(server)
    name = f"earworm_{uuid.uuid4().hex}"
    await _run(url, f"CREATE DATABASE {name} STRATEGY file_copy")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        await _run(url, f"DROP DATABASE {name} WITH (FORCE)")


async def _run(server: URL, statement: str) -> None:
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
