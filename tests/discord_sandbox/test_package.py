"""The sandbox is a package of its own, in layers."""

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import discord_sandbox

ROOT = Path(discord_sandbox.__file__).parent
IMPORT_ALL = """
import importlib, pkgutil, sys
import discord_sandbox
for module in pkgutil.walk_packages(discord_sandbox.__path__, "discord_sandbox."):
    importlib.import_module(module.name)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_it_loads_without_the_bot_and_without_discord_py():
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert "discord_sandbox" in loaded
    assert not loaded & {"bot", "cogs", "models", "migrations", "discord"}


def test_the_example_of_the_readme_works():
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT.parent, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "earworm says pong\n"), ran.stderr


def test_no_module_imports_itself_through_others():
    assert circle(imports_by_module(ROOT)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from sample import b",
        "import sample.b",
        "from sample.b import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sample.b import thing",
        "def late():\n    from sample import b",
    ],
)
def test_a_circle_is_found_however_it_is_imported(tmp_path: Path, source: str):
    package = tmp_path / "sample"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text(source)
    (package / "b.py").write_text("from sample.a import other")
    assert set(circle(imports_by_module(package))) == {"sample.a", "sample.b"}


def imports_by_module(package: Path) -> dict[str, set[str]]:
    """The modules of the package, each with those of them that it imports anywhere, for type checkers alone too."""
    files = {_name(file, package): file for file in package.rglob("*.py")}
    return {name: set(_imported(file, files.keys())) for name, file in files.items()}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """One import circle, from a module back to itself; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _imported(file: Path, modules: Collection[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else node.module for name in names]
        else:
            continue
        yield from (name for name in names if name in modules)


def _name(file: Path, package: Path) -> str:
    return ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
