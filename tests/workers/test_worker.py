"""Worker processes: what is said, what is limited, and that none outlives its parent."""

import asyncio
import ctypes
import os
import signal
import textwrap
from pathlib import Path

import pytest

from bot.errors import WorkerDied
from bot.workers.worker import LINE_LIMIT
from tests.support.worker import ScriptWorker, assert_killed_with, wait_until_gone
from tests.support.workers import alive

ECHO = """
    for request in requests():
        reply(request)
"""


@pytest.fixture
def script(tmp_path):
    def write(body: str) -> Path:
        path = tmp_path / "worker.py"
        imports = "import os, sys, time\nfrom bot.workers.serving import limit_resources, reply, requests\n"
        path.write_text(imports + textwrap.dedent(body))
        return path

    return write


async def test_requests_are_answered_in_order(script):
    async with ScriptWorker(script(ECHO)) as worker:
        await worker.send({"n": 1})
        await worker.send({"n": 2})
        assert [await worker.receive(20), await worker.receive(20)] == [{"n": 1}, {"n": 2}]


async def test_it_is_gone_after_the_context(script):
    async with ScriptWorker(script(ECHO)) as worker:
        await worker.send({})
        await worker.receive(20)
        pid = worker.pid
        assert worker.alive
    assert not worker.alive
    assert not alive([pid])


async def test_only_named_variables_reach_it(script, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    program = script("for _ in requests(): reply(dict(os.environ))")
    async with ScriptWorker(program, environment={"GIVEN": "yes"}) as worker:
        await worker.send({})
        environment = await worker.receive(20)
    assert environment["GIVEN"] == "yes"
    assert environment["TMPDIR"] == "/somewhere"
    assert environment.keys().isdisjoint({"DISCORD_TOKEN", "NO_PROXY"})


async def test_what_a_library_prints_is_no_answer(script):
    async with ScriptWorker(script("for request in requests(): print('hello'); reply(request)")) as worker:
        await worker.send({"n": 1})
        assert await worker.receive(20) == {"n": 1}


async def test_a_death_is_noticed_and_its_last_words_logged(script, caplog):
    async with ScriptWorker(script("for _ in requests(): sys.exit('out of luck')")) as worker:
        await worker.send({})
        with pytest.raises(WorkerDied):
            await worker.receive(20)
        with pytest.raises(WorkerDied):
            while True:  # the first ones may still fit into the pipe
                await worker.send({})
                await asyncio.sleep(0.01)
    assert "out of luck" in caplog.text


@pytest.mark.parametrize("said", ["'no json\\n'", f"'9' * {LINE_LIMIT * 4} + '\\n'", "'{\"cut\": '"])
async def test_nonsense_and_endless_lines_count_as_death(script, said):
    body = f"for _ in requests(): sys.__stdout__.write({said}); sys.__stdout__.flush(); sys.exit()"
    async with ScriptWorker(script(body)) as worker:
        await worker.send({})
        with pytest.raises(WorkerDied):
            await worker.receive(20)


async def test_a_long_request_arrives_whole(script):
    async with ScriptWorker(
        script("for request in requests(): reply({'n': len(request['text'])})")
    ) as worker:
        await worker.send({"text": "x" * 3 * LINE_LIMIT})
        assert await worker.receive(20) == {"n": 3 * LINE_LIMIT}


async def test_a_frozen_worker_times_out_and_is_ended(script):
    async with ScriptWorker(script(ECHO)) as worker:
        await worker.send({})
        await worker.receive(20)
        pid = worker.pid
        os.kill(pid, signal.SIGSTOP)
        await worker.send({})
        with pytest.raises(TimeoutError):
            await worker.receive(0.1)
    assert not alive([pid])


async def test_a_cancelled_receive_loses_no_line(script):
    async with ScriptWorker(script(ECHO)) as worker:
        waiting = asyncio.create_task(worker.receive(20))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await worker.send({"n": 1})
        assert await worker.receive(20) == {"n": 1}


async def test_a_talkative_worker_cannot_stretch_its_time(script):
    async with ScriptWorker(script("for _ in requests():\n while True: reply({})")) as worker:
        await worker.send({})
        with pytest.raises(TimeoutError):
            async for _ in worker.messages(0.3):
                pass


async def test_unread_output_does_not_keep_it(script):
    async with ScriptWorker(script("for _ in requests():\n while True: reply({'x': 'y' * 9999})")) as worker:
        await worker.send({})
        await worker.receive(20)
        pid = worker.pid
    assert not alive([pid])


async def test_its_children_end_with_it(script):
    body = """
        import subprocess
        for _ in requests():
            reply({"child": subprocess.Popen(["sleep", "1000"]).pid})
    """
    async with ScriptWorker(script(body)) as worker:
        await worker.send({})
        child = (await worker.receive(20))["child"]
    wait_until_gone(child)


async def test_what_it_leaves_to_process_1_is_collected(script):
    """In a container the bot is process 1, to which orphans fall; a subreaper is in the same position."""
    prctl, set_subreaper = ctypes.CDLL(None).prctl, 36
    prctl(set_subreaper, 1, 0, 0, 0)
    try:
        async with ScriptWorker(script(ECHO)) as worker:
            await worker.send({})
            await worker.receive(20)
            group = worker.pid
        with pytest.raises(ChildProcessError):
            os.waitpid(-group, os.WNOHANG)  # noqa: ASYNC222
    finally:
        prctl(set_subreaper, 0, 0, 0, 0)


@pytest.mark.parametrize("state", ["idle", "busy", "frozen"])
def test_kill_9_of_the_parent_ends_the_worker_and_its_children(script, tmp_path, state):
    program = script("""
        import re, subprocess
        for request in requests():
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
        from tests.support.worker import ScriptWorker

        async def main():
            async with ScriptWorker(Path({str(program)!r})) as worker:
                await worker.send({{"state": {state!r}}})
                child = (await worker.receive(20))["child"]
                if {state!r} == "frozen":
                    os.kill(worker.pid, signal.SIGSTOP)
                print(worker.pid, child, flush=True)
                await asyncio.sleep(1000)

        asyncio.run(main())
        """)
    )
    assert_killed_with(parent)


async def test_limits_hold(script):
    body = """
        for request in requests():
            limit_resources(cpu_seconds=1000, file_bytes=1000, data_bytes=1 << 28, open_files=32)
            said = {}
            for name, attempt in {
                "file": lambda: open(request["path"], "wb").write(bytes(50_000)),
                "data": lambda: bytearray(1 << 29),
                "open": lambda: [os.dup(0) for _ in range(64)],
            }.items():
                try:
                    attempt()
                    said[name] = "allowed"
                except (OSError, MemoryError) as error:
                    said[name] = type(error).__name__
            reply(said)
    """
    program = script(body)
    async with ScriptWorker(program) as worker:
        await worker.send({"path": str(program.with_name("out"))})
        assert await worker.receive(20) == {"file": "OSError", "data": "MemoryError", "open": "OSError"}


async def test_the_processor_time_is_limited(script):
    body = """
        for _ in requests():
            limit_resources(cpu_seconds=1, file_bytes=1000, data_bytes=1 << 30)
            while True: pass
    """
    async with ScriptWorker(script(body)) as worker:
        await worker.send({})
        with pytest.raises(WorkerDied):
            await worker.receive(60)
