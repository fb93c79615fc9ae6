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
import pytest
from sqlalchemy import URL, Dialect, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.library import store
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


async def cut_off(settings: Settings) -> None:
    """End every connection to a database on Postgres and let nobody in, as when its server is restarted."""
    name = make_url(settings.database_url).database
    await _run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await _run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def let_in_again(settings: Settings) -> None:
    """Its server is back."""
    await _run(f"ALTER DATABASE {make_url(settings.database_url).database} ALLOW_CONNECTIONS true")


@contextmanager
def shaped_database(home: Path) -> Iterator[str]:
    """A database with every table and no rows, made once: the template of the tests' databases."""
    settings = _apart(create(home, EMPTY))
    try:
        with _compiling_once():
            _apart(_shape(settings))
            yield make_url(settings.database).database or ""
    finally:
        _apart(drop(settings))


@contextmanager
def _compiling_once() -> Iterator[None]:
    """Let all engines share what they made of statements: a fifth of the work of a test on a database."""
    engine_for = store.engine_for
    compiled: dict[Any, Any] = {}
    dialects: dict[str, Dialect] = {}

    def sharing(url: URL) -> AsyncEngine:
        engine = engine_for(url)
        engine.sync_engine.dialect = dialects.setdefault(
            engine.dialect.name, engine.dialect
        )  # part of the keys
        engine.sync_engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "engine_for", sharing)
        yield


async def _shape(settings: Settings) -> None:
    opened = await store.Store.open(settings)
    await opened.close()


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
