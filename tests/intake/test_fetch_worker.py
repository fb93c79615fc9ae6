"""The process around yt-dlp: guarded and limited before anything is fetched."""

import pytest
from yt_dlp.utils import DownloadCancelled

from bot.errors import Failure
from bot.intake.fetch_worker import CPU_SECONDS, DATA_BYTES, FILE_LIMIT_MARGIN_BYTES, Watch
from bot.workers.template import ForkedWorker
from tests.support.worker import ScriptTemplate

PROGRAM = """
import os, resource, socket
from bot.intake.fetch_worker import fetch, prepare
from bot.workers.serving import reply, requests

def main():
    for job in requests():
        answer = fetch(job)
        try:
            socket.create_connection(("127.0.0.1", job["elsewhere"]))
            answer["elsewhere"] = "reached"
        except PermissionError:
            answer["elsewhere"] = "refused"
        names = ("CPU", "DATA", "FSIZE", "CORE")
        answer["limits"] = [resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in names]
        answer["cwd"] = os.getcwd()
        reply(answer)
"""


async def test_a_fetch_is_guarded_and_limited(web, proxy, folder, tmp_path, clip, secret):
    program = tmp_path / "fetching.py"
    program.write_text(PROGRAM)
    with proxy.grant(max_bytes=1 << 20, seconds=60) as grant:
        job = {
            "url": web.serve("/song.mp3", clip("mp3")),
            "extractor": None,
            "into": str(folder),
            "proxy": grant.proxy_url,
            "max_bytes": 1 << 20,
            "max_seconds": 60,
            "name": "",
            "elsewhere": secret.port,
        }
        async with ScriptTemplate(program) as template, ForkedWorker(template) as worker:
            await worker.send(job)
            answer = await worker.receive(60)
    assert answer["path"] == str(folder / "media.mp3")
    assert answer["elsewhere"] == "refused"
    assert secret.connections == 0
    assert answer["limits"] == [CPU_SECONDS, DATA_BYTES, (1 << 20) + FILE_LIMIT_MARGIN_BYTES, 0]
    assert answer["cwd"] == str(folder)


@pytest.mark.parametrize(
    ("info", "failure"),
    [
        ({"url": "https://a.example/1.mp3", "duration": 60, "filesize": 1000}, None),
        ({"url": "https://a.example/1.mp3"}, None),
        ({"_type": "url", "url": "vimeo:1"}, None),
        ({"formats": [{"url": "rtmp://a.example/1"}, {"url": "https://a.example/1"}]}, None),
        ({"formats": [{"url": "rtmp://a.example/1"}, {"url": "file:///etc/passwd"}]}, Failure.BLOCKED),
        ({"url": "data:audio/mpeg;base64,SUQz"}, Failure.BLOCKED),
        ({"is_live": True}, Failure.LIVE),
        ({"live_status": "is_upcoming"}, Failure.LIVE),
        ({"live_status": "was_live", "duration": 60}, None),
        ({"duration": 61}, Failure.TOO_LONG),
        ({"filesize": 1001}, Failure.TOO_BIG),
    ],
)
def test_what_is_found_is_judged_before_it_is_downloaded(info, failure):
    watch = Watch(max_bytes=1000, max_seconds=60)
    assert watch.match(info, incomplete=False) == failure
    assert watch.failure == failure


@pytest.mark.parametrize(
    "status", [{"downloaded_bytes": 1001}, {"downloaded_bytes": 10, "total_bytes": 1001}]
)
def test_bytes_are_counted(status):
    watch = Watch(max_bytes=1000, max_seconds=60)
    watch.progress({"downloaded_bytes": 1000, "total_bytes": 1000})
    with pytest.raises(DownloadCancelled):
        watch.progress(status)
    assert watch.failure == Failure.TOO_BIG
