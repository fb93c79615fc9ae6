"""The audit hook, tried in processes of their own that are under guard."""

import sysconfig
from pathlib import Path

import pytest

from tests.support.worker import ScriptWorker

PROGRAM = """
import os, shutil, socket, subprocess, urllib.request
from pathlib import Path
from bot.intake.audit_guard import Guard
from bot.intake.fetch_worker import CPU_SECONDS, DATA_BYTES
from bot.workers.serving import limit_resources, reply, requests

for job in requests():
    os.chdir(job["folder"])
    guard = Guard(proxy=("127.0.0.1", job["port"]), folder=Path(job["folder"]), runtime=Path(job["runtime"]))
    limit_resources(cpu_seconds=CPU_SECONDS, file_bytes=1 << 20, data_bytes=DATA_BYTES)
    guard.install()
    said = {}
    for attempt in job["attempts"]:
        try:
            exec(attempt)
            said[attempt] = "allowed"
        except OSError as error:
            said[attempt] = str(error)
    reply({"said": said, "refused": len(guard.refused)})
"""
DENO = Path(sysconfig.get_path("scripts")) / "deno"


@pytest.fixture
def under_guard(folder, tmp_path, secret):
    """Run lines of Python under guard; `secret` plays the proxy, the port above it is somebody else's."""

    async def run(attempts: list[str]) -> tuple[dict[str, str], int]:
        program = tmp_path / "guarded.py"
        program.write_text(PROGRAM)
        job = {"folder": str(folder), "runtime": str(DENO), "port": secret.port, "attempts": attempts}
        async with ScriptWorker(program) as worker:
            await worker.send(job)
            answer = await worker.receive(30)
        return answer["said"], answer["refused"]

    return run


async def test_what_the_worker_is_for_is_allowed(under_guard):
    attempts = [
        "socket.create_connection(('127.0.0.1', job['port'])).close()",
        "open('song.mp3', 'wb').write(b'x')",
        "open(job['folder'] + '/song.mp3', 'ab').close()",
        "open('/etc/hostname').read()",
        "open(os.devnull, 'w').close()",
        "assert subprocess.check_output([job['runtime'], 'run', '-'], input=b'console.log(6 * 7)') == b'42\\n'",
    ]
    assert await under_guard(attempts) == (dict.fromkeys(attempts, "allowed"), 0)


async def test_no_other_network(under_guard):
    attempts = [
        "socket.create_connection(('127.0.0.1', job['port'] + 1))",
        "socket.socket().connect_ex(('127.0.0.1', job['port'] + 1))",
        "socket.socket(socket.AF_INET6).connect(('::1', job['port']))",
        "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
        "socket.socket(socket.AF_UNIX).connect(b'/run/docker.sock')",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', job['port']))",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.getaddrinfo('secrets.example.org', 80)",
        "socket.gethostbyname('secrets.example.org')",
        "urllib.request.urlopen('http://127.0.0.1:9/')",
    ]
    said, refused = await under_guard(attempts)
    assert [attempt for attempt in attempts if "not for this process" not in said[attempt]] == []
    assert refused == len(attempts)


async def test_no_other_program(under_guard):
    attempts = [
        "subprocess.run(['ffmpeg', '-version'])",
        "subprocess.run(['deno', '--version'])",
        "subprocess.run('true', shell=True)",
        "os.system('true')",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.fork()",
    ]
    said, _ = await under_guard(attempts)
    assert [attempt for attempt in attempts if "no program" not in said[attempt]] == []


async def test_no_file_elsewhere(under_guard):
    attempts = [
        "open('../stolen', 'w')",
        "open(job['folder'] + 'er', 'w')",
        "os.open('/tmp/stolen', os.O_WRONLY | os.O_CREAT)",
        "Path('/tmp/stolen').write_text('x')",
        "os.symlink('/tmp', 'link'); open('link/stolen', 'w')",
        "shutil.copy('/etc/hostname', '/tmp/stolen')",
    ]
    said, _ = await under_guard(attempts)
    assert [attempt for attempt in attempts if "job's folder" not in said[attempt]] == []
