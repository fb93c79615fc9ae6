"""Templates: each job gets a process of its own, which shares nothing with others, and none outlives the bot."""

import asyncio
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.audio.decode import decode_template
from bot.errors import WorkerDied
from bot.intake.fetch import fetch_template
from bot.workers import template as templates
from bot.workers.template import ForkedWorker, Template
from tests.support.worker import ScriptTemplate, assert_killed_with, wait_until_gone
from tests.support.workers import alive

PROGRAM = """
import os, random, signal, ssl, sys
from bot.workers.serving import limit_resources, reply, requests

seen = []

def prepare():
    seen.append("prepared")

def main():
    for request in requests():
"""
ECHO = "reply(request)"
DIE = "os.kill(os.getpid(), signal.SIGSEGV) if request['die'] else reply({})"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    def write(body: str) -> Path:
        path = tmp_path / "forked_program.py"
        path.write_text(PROGRAM + textwrap.indent(textwrap.dedent(body), " " * 8))
        return path

    return write


@pytest.fixture
async def template_of(script: Callable[[str], Path]) -> AsyncIterator[Callable[[str], Template]]:
    made: list[Template] = []

    def make(body: str) -> Template:
        made.append(ScriptTemplate(script(body)))
        return made[-1]

    yield make
    for template in made:
        await template.close()


def status(pid: int | None, name: str) -> int:
    """A number in what the kernel says of a process."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1])


def children(pid: int | None) -> list[int]:
    """The children of a process, the dead ones that nobody collected too."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def open_files() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def ask(template: Template, request: dict) -> dict:
    """One job's answer."""
    async with ForkedWorker(template) as worker:
        await worker.send(request)
        return await worker.receive(30)


async def test_nothing_runs_before_the_first_job_and_one_process_serves_all(template_of):
    template = template_of(ECHO)
    assert template.pid is None
    assert await ask(template, {"n": 1}) == {"n": 1}
    first = template.pid
    assert await ask(template, {"n": 2}) == {"n": 2}
    assert template.pid == first is not None


async def test_a_job_finds_nothing_of_another(template_of):
    template = template_of("""
        seen.append(request["name"])
        os.environ["SEEN"] = os.environ.get("SEEN", "") + request["name"]
        reply({
            "pid": os.getpid(), "group": os.getpgrp(), "session": os.getsid(0), "seen": seen,
            "said": os.environ["SEEN"], "random": random.random(), "tls": ssl.RAND_bytes(8).hex(),
            "files": sorted(os.listdir("/proc/self/fd")),
        })
    """)
    async with ForkedWorker(template) as one, ForkedWorker(template) as other:
        await one.send({"name": "one"})
        first = await one.receive(30)
        await other.send({"name": "other"})
        second = await other.receive(30)
        assert (one.pid, other.pid) == (first["pid"], second["pid"])
    for answer, name in (
        (first, "one"),
        (second, "other"),
        (await ask(template, {"name": "later"}), "later"),
    ):
        assert (answer["seen"], answer["said"]) == (["prepared", name], name)
        assert answer["group"] == answer["session"] == answer["pid"]
        assert answer["files"] == [
            "0",
            "1",
            "2",
            "3",
            "4",
        ]  # its streams, its pulse, and the folder that it looks at
    assert first["pid"] != second["pid"]
    assert first["random"] != second["random"]
    assert first["tls"] != second["tls"]


async def test_only_named_variables_reach_it(template_of, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    template = template_of("reply(dict(os.environ) | {'early': open('/proc/self/environ').read()})")
    async with ForkedWorker(template, environment={"GIVEN": "yes"}) as worker:
        await worker.send({})
        environment = await worker.receive(30)
    assert (environment["GIVEN"], environment["TMPDIR"]) == ("yes", "/somewhere")
    assert "DISCORD_TOKEN" not in environment
    assert "secret" not in environment["early"]
    assert "GIVEN" not in (await ask(template, {}))


async def test_limits_bind_the_job_alone(template_of):
    template = template_of("""
        if request["limit"]:
            limit_resources(cpu_seconds=1, file_bytes=1000, data_bytes=1 << 30)
            while True: pass
        reply({})
    """)
    with pytest.raises(WorkerDied):
        await ask(template, {"limit": True})
    assert await ask(template, {"limit": False}) == {}


async def test_it_and_what_it_started_are_gone_after_the_context(template_of):
    template = template_of("import subprocess; reply({'child': subprocess.Popen(['sleep', '1000']).pid})")
    async with ForkedWorker(template) as worker:
        await worker.send({})
        child = (await worker.receive(30))["child"]
        pid = worker.pid
        assert worker.alive
    assert not worker.alive
    assert alive([pid]) == []
    wait_until_gone(child)


async def test_a_crash_is_told_and_ends_neither_other_jobs_nor_those_to_come(template_of, caplog):
    template = template_of(DIE)
    async with ForkedWorker(template) as other:
        crashed_from = template.pid
        with pytest.raises(WorkerDied):
            await ask(template, {"die": True})
        await other.send({"die": False})
        assert await other.receive(30) == {}
        assert other.alive
        assert await ask(template, {"die": False}) == {}
        assert template.pid != crashed_from, "what was attacked once could be attacked again"
    assert not other.alive
    wait_until_gone(crashed_from)


async def test_its_last_words_are_logged(template_of, caplog):
    with pytest.raises(WorkerDied):
        await ask(template_of("sys.exit('out of luck')"), {})
    assert "out of luck" in caplog.text


async def test_a_template_that_died_is_started_again(template_of):
    template = template_of(ECHO)
    async with ForkedWorker(template) as running:
        os.kill(template.pid, signal.SIGKILL)
        wait_until_gone(template.pid)
        await running.send({"n": 1})
        assert await running.receive(30) == {"n": 1}
        assert await ask(template, {"n": 2}) == {"n": 2}
        pid = running.pid
    wait_until_gone(pid)  # killed, but only a template could say when the kernel is done with it


async def test_a_job_whose_template_dies_before_it_starts_has_died(template_of):
    template = template_of(ECHO)
    await ask(template, {})
    os.kill(template.pid, signal.SIGSTOP)
    starting = asyncio.create_task(ask(template, {}))
    await asyncio.sleep(0.05)
    os.kill(template.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await starting
    assert await ask(template, {"n": 2}) == {"n": 2}


async def test_a_template_that_hangs_is_replaced(template_of, monkeypatch):
    template = template_of(ECHO)
    await ask(template, {})
    hung = template.pid
    os.kill(hung, signal.SIGSTOP)
    monkeypatch.setattr(templates, "START_SECONDS", 0.2)
    with pytest.raises(WorkerDied):
        await ask(template, {})
    monkeypatch.undo()
    assert alive([hung]) == []
    assert await ask(template, {"n": 1}) == {"n": 1}


async def test_a_module_that_cannot_be_imported_is_a_death(script):
    async with ScriptTemplate(script("1 / 'zero' if this is no python")) as template:
        with pytest.raises(WorkerDied):
            await ask(template, {})


async def test_a_cancelled_start_leaves_no_worker(template_of):
    template = template_of(ECHO)
    await ask(template, {})
    os.kill(template.pid, signal.SIGSTOP)
    starting = asyncio.create_task(ask(template, {}))
    await asyncio.sleep(0.05)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    os.kill(template.pid, signal.SIGCONT)
    await ask(template, {})
    async with asyncio.timeout(20):
        while len(children(template.pid)) > 1:  # its guard  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_many_jobs_leave_nothing_and_come_from_several_templates(template_of):
    others = set(children(os.getpid()))
    template = template_of("reply({'ballast': len(bytearray(1 << 22))})")
    await ask(template, {})
    used, files, seen = status(template.pid, "VmRSS"), open_files(), set()
    for _ in range(50):
        await asyncio.gather(*(ask(template, {}) for _ in range(4)))
        seen.add(template.pid)
        assert len(children(template.pid)) <= 5  # its guard, and those that are being collected
    assert 200 // templates.MAX_FORKS <= len(seen) <= 200 // templates.MAX_FORKS + 1
    assert status(template.pid, "VmRSS") < used + 1024
    assert open_files() <= files
    async with asyncio.timeout(20):
        while set(children(os.getpid())) - others - {template.pid}:  # noqa: ASYNC110 -- the retired end by themselves
            await asyncio.sleep(0.01)


async def test_an_idle_template_is_gone(template_of, monkeypatch):
    monkeypatch.setattr(templates, "IDLE_SECONDS", 0.1)
    template = template_of(ECHO)
    await ask(template, {})
    idle = template.pid
    async with asyncio.timeout(20):
        while template.pid is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    wait_until_gone(idle)
    assert await ask(template, {"n": 1}) == {"n": 1}


@pytest.mark.parametrize("make", [fetch_template, decode_template])
async def test_what_is_forked_has_a_single_thread(make):
    async with make() as template, ForkedWorker(template) as worker:
        assert status(template.pid, "Threads") == 1
        assert status(worker.pid, "Threads") == 1


@pytest.mark.parametrize("state", ["idle", "busy", "frozen"])
def test_kill_9_of_the_bot_ends_the_template_the_worker_and_its_children(script, tmp_path, state):
    program = script("""
        import re, subprocess
        reply({"child": subprocess.Popen(["sleep", "1000"]).pid})
        if request["state"] == "busy":
            re.match("(a+)+$", "a" * 64 + "b")  # never ends, and holds the interpreter's lock
    """)
    parent = tmp_path / "parent.py"
    parent.write_text(
        textwrap.dedent(f"""
        import asyncio, os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from bot.workers.template import ForkedWorker
        from tests.support.worker import ScriptTemplate

        async def main():
            async with ScriptTemplate(Path({str(program)!r})) as template, ForkedWorker(template) as worker:
                await worker.send({{"state": {state!r}}})
                child = (await worker.receive(30))["child"]
                if {state!r} == "frozen":
                    os.kill(worker.pid, signal.SIGSTOP)
                    os.kill(template.pid, signal.SIGSTOP)
                print(template.pid, worker.pid, child, flush=True)
                await asyncio.sleep(1000)

        asyncio.run(main())
        """)
    )
    assert_killed_with(parent)
