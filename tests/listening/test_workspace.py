"""Audio is gone when its job is, and what a killed run left is swept by the next."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.listening.workspace import Workspace

MAKE_AND_HOLD = """
import asyncio, sys
from pathlib import Path
from bot.listening.workspace import Workspace

async def main():
    workspace = Workspace(Path(sys.argv[1]))
    await workspace.open()
    async with workspace.directory("job-1") as directory:
        (directory / "song.mp3").write_bytes(b"sound")
        print(directory, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def no_tmpdir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_jobs_directory_is_gone_afterwards_whatever_happens(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    await workspace.open()
    with pytest.raises(ZeroDivisionError):
        async with workspace.directory("job-7") as directory:
            (directory / "song.mp3").write_bytes(b"sound")
            assert directory.is_relative_to(tmp_path / "work")
            _ = 1 / 0
    assert files(tmp_path) == []
    await workspace.close()
    assert list((tmp_path / "work").iterdir()) == []


async def test_tmpdir_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    workspace = Workspace(tmp_path / "home")
    await workspace.open()
    async with workspace.directory("job-7") as directory:
        assert directory.is_relative_to(tmp_path / "elsewhere")
    await workspace.close()
    assert not (tmp_path / "home").exists()


def test_the_next_run_sweeps_what_a_killed_one_left_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE_AND_HOLD, str(tmp_path)]
    killed, living = (subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2))
    try:
        left, used = (Path(process.stdout.readline().decode().strip()) for process in (killed, living))
        killed.kill()
        killed.wait()
        assert (left / "song.mp3").exists()
        unrelated = tmp_path / "work" / "other"
        unrelated.mkdir()
        Workspace(tmp_path).sweep()
        assert not left.parent.exists()
        assert (used / "song.mp3").exists()
        assert unrelated.exists()
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


async def test_a_directory_that_somebody_tidied_away_is_made_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    await workspace.open()
    for run in (tmp_path / "work").iterdir():
        run.rmdir()
    async with workspace.directory("job-1") as directory:
        assert directory.is_dir()
    await workspace.close()
