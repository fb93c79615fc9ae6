"""Processes by what stands in their environment, which whatever they start inherits."""

from pathlib import Path


def with_variable(name: str, value: str) -> list[int]:
    """The living processes that were started with this variable."""
    wanted = f"{name}={value}"
    return sorted(
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and wanted in _environment(entry).split("\0")
    )


def _environment(entry: Path) -> str:
    try:
        return (entry / "environ").read_text(errors="replace")
    except OSError:
        return ""
