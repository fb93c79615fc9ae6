"""An audit hook that confines the fetch worker: network only through the proxy, no program but the JavaScript
runtime, files only in its own folder.

An audit hook sees what Python code does by whatever library, and cannot be taken away again. It is no sandbox against
native code, which is why curl_cffi, whose connections Python cannot see, must not be installed.
"""

import os
import sys
from pathlib import Path
from typing import Any

# Every way to start a program; `subprocess.Popen` is judged by the program.
PROCESS_START_EVENTS = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "pty.spawn",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Guard:
    """An audit hook; `refused` lists the network calls it has refused."""

    def __init__(self, *, proxy: tuple[str, int], folder: Path, runtime: Path) -> None:
        self.refused: list[str] = []
        self._proxy = proxy
        self._folder = os.path.realpath(folder) + os.sep
        self._runtime = str(runtime)

    def install(self) -> None:
        """Watch this process from now on until its end."""
        sys.addaudithook(self._judge)

    def _judge(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith("socket.") and not self._may_talk(event, arguments):
            self.refused.append(event)
            raise PermissionError(f"{event} is not for this process")
        if event == "open" and not self._may_open(arguments[0], arguments[2]):
            raise PermissionError("files are written in the job's folder only")
        if event in PROCESS_START_EVENTS or (
            event == "subprocess.Popen" and os.fspath(arguments[0]) != self._runtime
        ):
            raise PermissionError("no program but the JavaScript runtime is started")

    def _may_talk(self, event: str, arguments: tuple[Any, ...]) -> bool:
        match event:
            case "socket.__new__":
                return True
            case "socket.connect":
                return tuple(arguments[1][:2]) == self._proxy
            case "socket.getaddrinfo":
                return arguments[:2] == self._proxy
        return False

    def _may_open(self, path: object, flags: int) -> bool:
        if not flags & WRITING or isinstance(path, int):
            return True
        place = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        return place == os.devnull or place.startswith(self._folder)
