"""What the kernel itself lets a worker reach: Landlock, in Linux 5.13 and newer.

It holds also against native code that was taken over, which an audit hook doesn't; https://docs.kernel.org/userspace-api/landlock.html.
A rule names what may be reached; everything else is refused, and also to what the worker starts.
"""

import os
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from landlockpy import AccessFS, AccessNet, LandlockError, Ruleset, Scope, abi_version

from bot.errors import Failure, Refused

TCP_FROM = 4  # the version of Landlock from which on it knows of TCP
READ = AccessFS.READ_FILE | AccessFS.READ_DIR
WRITE = (
    READ
    | AccessFS.WRITE_FILE
    | AccessFS.TRUNCATE
    | AccessFS.MAKE_REG
    | AccessFS.MAKE_DIR
    | AccessFS.REMOVE_FILE
    | AccessFS.REMOVE_DIR
    | AccessFS.REFER
)
OF_A_FILE = AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.EXECUTE
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")


def landlock_version() -> int:
    """Which version of Landlock the kernel has; 0 where it has none, or somebody keeps us from it."""
    try:
        return abi_version()
    except LandlockError:
        return 0


def says() -> str:
    """What holds workers on this machine, for a person."""
    version = landlock_version()
    if not version:
        return "no Landlock in this kernel (Linux 5.13 or newer has it): workers are held by limits and an audit hook"
    network = (
        "and TCP only to our own proxy" if version >= TCP_FROM else "but its version doesn't know of networks"
    )
    return f"Landlock {version}: what fetches and decodes reaches its own files only, {network}"


def confine(
    *,
    reads: Iterable[Path] = (),
    writes: Iterable[Path] = (),
    runs: Iterable[Path] = (),
    ports: Iterable[int] = (),
) -> None:
    """Let this process, for good, reach nothing but these files and folders, programs and TCP ports, and Python itself.

    Nothing happens where the kernel can't; what isn't there is left out. Only the calling thread is confined, and what
    it starts from now on. Raises Refused where the kernel has Landlock and won't confine: unconfined, nothing is done.
    """
    if not landlock_version():
        return
    try:
        _restrict(reads, writes, runs, ports)
    except OSError as error:
        raise Refused(
            Failure.CRASHED,
            detail=f"the kernel has Landlock {landlock_version()}, but refuses to confine a worker with it "
            f"({error.strerror}), so none works. Let this user and container use it, or switch it off in the kernel",
        ) from None


def refusal() -> str:
    """Why the kernel refuses to confine a worker, tried with a thread that ends thereby; "" if it doesn't."""
    refusals: list[str] = []

    def confine_thread() -> None:
        try:
            confine()
        except Refused as refused:
            refusals.append(refused.detail)

    thread = threading.Thread(target=confine_thread)  # never one of a pool, which would stay confined
    thread.start()
    thread.join()
    return "".join(refusals)


def _restrict(
    reads: Iterable[Path], writes: Iterable[Path], runs: Iterable[Path], ports: Iterable[int]
) -> None:
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in (*_python(), *reads):
            _allow(rules, path, READ)
        for path in writes:
            _allow(rules, path, WRITE)
        for path in runs:
            _allow(rules, path, READ | AccessFS.EXECUTE)
        for port in ports:
            rules.allow_port(port, AccessNet.CONNECT_TCP)
        rules.restrict()


def _allow(rules: Ruleset, path: Path, rights: AccessFS) -> None:
    if path.exists():
        rules.allow_path(path, rights if path.is_dir() else rights & OF_A_FILE)


def _python() -> Iterator[Path]:
    """What Python may still import, and the libraries that this may load."""
    yield from map(Path, {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()})
    yield Path(__file__).parents[1]  # our own modules, and not what else may lie in the folder of a clone
    yield from map(Path, LIBRARIES)


def certificates() -> Iterator[Path]:
    """Where a system keeps the certificates that TLS is checked with."""
    if named := os.environ.get("SSL_CERT_FILE"):
        yield Path(named)
    yield from map(Path, ("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates"))


def loaders() -> Iterator[Path]:
    """The programs that Linux runs every other program with."""
    for folder in ("/lib", "/lib64"):
        yield from Path(folder).glob("ld-*.so*")
