"""Workers try to reach what isn't theirs by way of the kernel itself, past every hook of Python, and are refused."""

import errno
from pathlib import Path
from typing import Any

import pytest

from bot.workers import confinement
from bot.workers.template import ForkedWorker
from tests.support.http import site
from tests.support.worker import ScriptTemplate, ScriptWorker

DENIED = errno.errorcode[errno.EACCES]
SIGNALS_FROM = 6  # the version of Landlock from which on it knows of them

# libc knows nothing of audit hooks. The attempts: to write and to read, to connect, to run, and to end the bot.
ATTEMPTS = """
import ctypes, errno, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)

def outcome(result):
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]

def try_all(job):
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(job["port"]), bytes([127, 0, 0, 1]))
    elsewhere = os.fsencode(job["elsewhere"])
    words = (ctypes.c_char_p * 2)(b"/bin/true", None)
    return {
        "write": outcome(libc.open(elsewhere + b"/new", os.O_CREAT | os.O_WRONLY, 0o600)),
        "overwrite": outcome(libc.open(elsewhere + b"/secret", os.O_WRONLY)),
        "read": outcome(libc.open(elsewhere + b"/secret", os.O_RDONLY)),
        "list": outcome(libc.open(elsewhere, os.O_RDONLY | os.O_DIRECTORY)),
        "environment of the bot": outcome(libc.open(b"/proc/%d/environ" % job["bot"], os.O_RDONLY)),
        "connect": outcome(libc.connect(libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), address, len(address))),
        "signal": outcome(libc.kill(job["bot"], 0)),
        "run": outcome(libc.execv(b"/bin/true", words)),
    }
"""
FETCHER = """
from pathlib import Path
from bot.intake.fetch_worker import _confine, prepare
from bot.workers.serving import reply, requests

def main():
    job = next(requests())
    _confine(Path(job["own"]), job["proxy"])
    kept = Path(job["own"], "song")
    kept.write_bytes(b"mine")
    reply({"own": kept.read_text()} | try_all(job))
"""
DECODER = """
from pathlib import Path
from bot.audio.decode_worker import _confine, prepare
from bot.workers.serving import reply, requests

def main():
    job = next(requests())
    song, samples = Path(job["own"], "song"), Path(job["own"], "samples")
    _confine({"path": str(song), "into": str(samples)})
    samples.write_bytes(song.read_bytes())
    reply({"own": samples.read_text()} | try_all(job))
"""


@pytest.fixture
def version() -> int:
    """The version of Landlock here; a test that asks for it is for kernels that have it."""
    found = confinement.landlock_version()
    if not found:
        pytest.skip("this kernel has no Landlock, so that it confines nothing")
    return found


@pytest.mark.parametrize("program", [FETCHER, DECODER], ids=["fetching", "decoding"])
async def test_a_worker_reaches_its_own_files_and_nothing_else(
    program: str, version: int, tmp_path: Path
) -> None:
    script, own, elsewhere = tmp_path / "attempts.py", tmp_path / "own", tmp_path / "elsewhere"
    script.write_text(ATTEMPTS + program)
    for folder in (own, elsewhere):
        folder.mkdir()
    for file in (own / "song", own / "samples", elsewhere / "secret"):
        file.write_text("mine")
    async with site() as internal, ScriptTemplate(script) as template, ForkedWorker(template) as worker:
        job = {"own": str(own), "elsewhere": str(elsewhere), "port": internal.port, "proxy": 1}
        await worker.send(job | {"bot": template.pid})
        tried = await worker.receive(60)
    assert tried.pop("own") == "mine"
    expected = dict.fromkeys(tried, DENIED) | {"signal": "EPERM"}
    if version < confinement.TCP_FROM:
        expected["connect"] = "done"
    if version < SIGNALS_FROM:
        expected["signal"] = "done"
    assert tried == expected
    assert [path.name for path in elsewhere.iterdir()] == ["secret"]


async def test_the_proxy_may_be_connected_to(version: int, tmp_path: Path) -> None:
    script = tmp_path / "attempts.py"
    script.write_text(ATTEMPTS + FETCHER)
    async with site() as proxy, ScriptTemplate(script) as template, ForkedWorker(template) as worker:
        job: dict[str, Any] = {"own": str(tmp_path), "elsewhere": "/nonexistent", "bot": template.pid}
        await worker.send(job | {"port": proxy.port, "proxy": proxy.port})
        assert (await worker.receive(60))["connect"] == "done"


REFUSED = """
from pathlib import Path
from bot.audio import decode_worker
from bot.errors import Refused
from bot.intake import fetch_worker
from bot.workers.confinement import confine, refusal
from bot.workers.serving import reply, requests

def main():
    job = next(requests())
    everything = [Path("/")]
    try:
        for _ in range(MOST_LAYERS + 1):
            confine(reads=everything, writes=everything, runs=everything)
    except Refused:
        pass
    reply({"doctor": refusal()})
    reply(fetch_worker.fetch(job))
    decode_worker.requests = lambda: iter([job])
    decode_worker.main()

prepare = fetch_worker.prepare
MOST_LAYERS = 16  # Linux refuses more, one over another
"""


async def test_a_kernel_that_refuses_to_confine_is_told(version: int, tmp_path: Path) -> None:
    program = tmp_path / "refused.py"
    program.write_text(REFUSED)
    limits = {"max_bytes": 1000, "max_seconds": 10.0, "max_rate": 8000, "mono": True, "time_limit": 30}
    files = {"path": str(program), "into": str(tmp_path), "proxy": "http://127.0.0.1:1"}
    async with ScriptTemplate(program) as template, ForkedWorker(template) as worker:
        await worker.send(limits | files)
        said = [await worker.receive(60) for _ in range(3)]
    why = (
        f"the kernel has Landlock {version}, but refuses to confine a worker with it (Argument list too long)"
    )
    assert said[0]["doctor"].startswith(why)
    assert [said[1]["failure"], said[2]["refused"]] == ["crashed", "crashed"]
    assert said[1]["detail"].startswith(why) and said[2]["detail"].startswith(why)


def test_trying_it_confines_nobody_else(version: int, tmp_path: Path) -> None:
    assert confinement.refusal() == ""
    (tmp_path / "own").write_text("mine")
    assert (tmp_path / "own").read_text() == "mine"


async def test_a_kernel_without_it_confines_nothing_and_the_worker_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "worker.py"
    program.write_text(
        "import json, sys\n"
        "from bot.workers import confinement\n"
        "confinement.landlock_version = lambda: 0\n"
        "from bot.workers.serving import reply, requests\n"
        "next(requests())\n"
        "confinement.confine()\n"
        f"reply({{'read': open({str(tmp_path / 'worker.py')!r}).read(6)}})\n"
    )
    async with ScriptWorker(program) as worker:
        await worker.send({})
        assert await worker.receive(60) == {"read": "import"}
    monkeypatch.setattr(confinement, "landlock_version", lambda: 0)
    assert confinement.says().startswith("no Landlock in this kernel")


def test_what_holds_workers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "landlock_version", lambda: 3)
    assert "doesn't know of networks" in confinement.says()
    monkeypatch.setattr(confinement, "landlock_version", lambda: 7)
    assert "TCP only to our own proxy" in confinement.says()
