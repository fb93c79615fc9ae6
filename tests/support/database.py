"""A database for each test: SQLite's file in the home, or one on the Postgres server at TEST_DATABASE_URL."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from bot.library.store import Store
from bot.settings import Settings

EMPTY = "template0"


async def create(home: Path, template: str) -> Settings:
    """Settings with a home and a database of their own, which is a copy of a template."""
    home.mkdir()  # noqa: ASYNC240 -- nothing else runs meanwhile
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        if template != EMPTY:
            shutil.copy(template, home / "earworm.db")
        return Settings.load(home=home)
    name = f"earworm_{uuid.uuid4().hex}"
    await _run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    url = make_url(server).set(database=name)
    return Settings.load(home=home, database_url=url.render_as_string(hide_password=False))


async def drop(settings: Settings) -> None:
    """Remove the database again; a file goes with its folder."""
    if settings.database_url:
        await _run(f"DROP DATABASE {make_url(settings.database_url).database} WITH (FORCE)")


@contextmanager
def shaped_database(home: Path) -> Iterator[str]:
    """A database with every table and no rows, made once: the template of the tests' databases."""
    settings = _apart(create(home, EMPTY))
    try:
        _apart(_shape(settings))
        yield make_url(settings.database).database or ""
    finally:
        _apart(drop(settings))


async def _shape(settings: Settings) -> None:
    store = await Store.open(settings)
    await store.close()


def _apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread, whose event loop is none of pytest's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _run(statement: str) -> None:
    server = make_url(os.environ["TEST_DATABASE_URL"]).set(drivername="postgresql")
    connection = await asyncpg.connect(server.render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
