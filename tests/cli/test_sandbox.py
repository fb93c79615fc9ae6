"""`earworm sandbox`: the real bot on a page, from its first line to Ctrl-C."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from bot.__main__ import main
from tests.discord_sandbox.page.visitor import Visitor
from tests.support.songs import encoded

START_SECONDS = 90.0
SONG_SECONDS = 90.0


@contextlib.asynccontextmanager
async def sandbox(folder: Path, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The command as a process in this folder, and what it said once it was ready."""
    (folder / "tmp").mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sandbox", "--port", "0"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder / "tmp"), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        try:
            async with asyncio.timeout(START_SECONDS):
                said = await process.stdout.readuntil(b"Ctrl-C ends it.\n")
        except (asyncio.IncompleteReadError, TimeoutError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise AssertionError((await process.communicate())[1].decode()) from None
        yield process, said.decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def interrupt(process: asyncio.subprocess.Process) -> tuple[int | None, bytes]:
    """Ctrl-C; gives the status and the complaints."""
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        _, complaints = await process.communicate()
    return process.returncode, complaints


@contextlib.asynccontextmanager
async def visiting(said: str) -> AsyncIterator[Visitor]:
    """Whoever the page that was named lets speak at first."""
    found = re.search(r"http://127\.0\.0\.1:\d+/", said)
    assert found, said
    async with aiohttp.ClientSession(found[0]) as session:
        nobody: Any = SimpleNamespace(id="")
        async with Visitor(session, nobody, nobody).watching() as screen:
            await screen.until(lambda s: s.place)
        speaker, channel = (SimpleNamespace(id=screen.place[key]) for key in ("as", "in"))
        yield Visitor(session, speaker, channel)  # type: ignore[arg-type]


async def test_it_says_what_to_try_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=wrong\nDATABASE_URL=postgresql://nobody@127.0.0.1:1/none\n")
    async with sandbox(tmp_path) as (process, said):
        assert "Listening with " in said
        assert said.count("\n  ") == 3
        assert any((tmp_path / "tmp").glob("earworm-sandbox-*/earworm.db"))
        assert await interrupt(process) == (0, b"")
    assert sorted(await asyncio.to_thread(os.listdir, tmp_path)) == [".env", "tmp"]
    assert not any((tmp_path / "tmp").glob("earworm-sandbox-*"))


@pytest.mark.timeout(300)
async def test_a_song_is_listened_to_and_a_home_keeps_it(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    async with sandbox(tmp_path, EARWORM_HOME=home) as (process, said), visiting(said) as visitor:
        async with visitor.watching() as screen:
            song = ("harbour.mp3", encoded(1, title="Harbour", artist="Ana Lind"), "audio/mpeg")
            assert await visitor.do("post", song, text="my song") == {}
            await screen.until(lambda s: "Harbour</strong> by Ana Lind" in s.text, SONG_SECONDS)
        async with visitor.session.post("/extras/1") as answer:
            assert await answer.json() == {}
        assert (await interrupt(process))[0] == 0
    async with (
        sandbox(tmp_path, EARWORM_HOME=home) as (_, said),
        visiting(said) as visitor,
        visitor.watching() as screen,
    ):
        assert await visitor.do("command", name="library", options={"search": "harb"}) == {}
        await screen.until(lambda s: "Harbour" in s.text and "Only you can see this" in s.text, SONG_SECONDS)


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["sandbox", "--port", str(port), "--home", str(tmp_path / "home")]) == 1
    assert capsys.readouterr().err.startswith(f"earworm: Port {port} is taken. Name another one with --port")


@pytest.mark.parametrize("port", ["none", "-1", "65536"])
def test_a_port_is_a_number(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", f"--port={port}"])
    assert ended.value.code == 1
    assert "a port is a number" in capsys.readouterr().err
