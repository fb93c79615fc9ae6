"""What the files around the code say of it is so."""

import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]


def pinned(package: str) -> str:
    """The version of a package that constraints.txt pins."""
    (version,) = re.findall(
        rf"^{re.escape(package)}==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
    return version


def test_every_test_that_a_promise_rests_on_is_there() -> None:
    named = set(re.findall(r"tests/[\w/.]+", (ROOT / "SECURITY.md").read_text()))
    assert len(named) > 10
    assert {path for path in named if not (ROOT / path).is_file()} == set()


def test_every_promise_names_a_test() -> None:
    promises = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert promises
    assert [line for line in promises if "`tests/" not in line] == []


@pytest.mark.parametrize("package", ["ruff", "check-jsonschema"])
def test_a_commit_is_checked_by_the_versions_that_are_pinned(package: str) -> None:
    repositories = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")["repos"]
    (revision,) = (each["rev"] for each in repositories if package in each["repo"])
    assert revision.removeprefix("v") == pinned(package)


def test_everything_that_a_package_reads_is_installed_with_it() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packages = [name.removesuffix("*") for name in setuptools["packages"]["find"]["include"]]
    read = {
        path
        for name in packages
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    }
    installed = {
        f"{package}: {pattern}": read & set((ROOT / package.replace(".", "/")).glob(pattern))
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
    }
    assert read - set().union(*installed.values()) == set()
    assert [pattern for pattern, files in installed.items() if not files] == []
