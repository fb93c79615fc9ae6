"""Documents name only files that exist, so that who follows them arrives."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("*/*.md")) if ".venv" not in path.parts)
OWN = r"(?:bot|cogs|models|migrations|tests|benchmarks|discord_sandbox|docs)/"
NAMED = re.compile(rf"`({OWN}[\w./-]*)`|\]\(((?:{OWN})?[\w.-]+\.(?:md|png))\)")
DEFINED = re.compile(r"`([\w/]+\.py)` `(\w+)`")


def named(text: str) -> list[str]:
    """The project's files and folders that a document names in code or links to."""
    return [code or link for code, link in NAMED.findall(text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    missing = [
        name for name in named(text) if not (ROOT / name).exists() and not (document.parent / name).exists()
    ]
    assert missing == []


def test_every_name_behind_a_file_is_defined_there() -> None:
    for document in DOCUMENTS:
        for file, name in DEFINED.findall(document.read_text()):
            defined = rf"^(?: *(?:async )?def |class |){name}\b"
            assert re.search(defined, (ROOT / file).read_text(), re.MULTILINE), (
                f"{document.name}: {file} {name}"
            )


def test_what_is_missing_is_found() -> None:
    assert named("see `bot/nothing.py` and [this](docs/NOTHING.md)") == ["bot/nothing.py", "docs/NOTHING.md"]


def test_the_architecture_draws_every_room_and_no_other() -> None:
    picture, _, _ = (ROOT / "docs/ARCHITECTURE.md").read_text().partition("## Three walks")
    drawn = set(re.findall(r"^ {6}(\w+) {2,}", picture, re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")}
    assert drawn == rooms - {"cli"}, "cli is named below the picture"
