"""Who may import whom: cogs -> bot -> models, inside bot only downwards through its layers, and each library of
somebody else's only where its job is; nothing in a circle, and no name of a class or a type alias twice.
"""

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
CAMEL_CASE = re.compile(r"[A-Z][A-Za-z]*[a-z][A-Za-z]*")
PACKAGES = ("bot", "cogs", "discord_sandbox", "models", "migrations")

# Bottom first. Each may import what is below it; what stands in one layer may import each other.
LAYERS = (
    {
        "arrays",
        "backlog",
        "batches",
        "backoff",
        "concealing",
        "errors",
        "foreign_text",
        "home",
        "logs",
        "periods",
        "settings",
        "signals",
        "visibility",
        "workers",
    },
    {"intake"},
    {"audio"},
    {"embedders"},
    {"listening"},
    {"backups"},
    {"library"},
    {"vectors"},
    {"shares"},
    {"taste"},
    {"suggestions"},
    {"pictures"},
    {"playlists"},
    {"digest"},
    {"privacy"},
    {"services"},
    {"monitoring"},
    {"client"},
    {"cli"},
    {"__main__"},
)
LAYER_OF = {name: layer for layer, names in enumerate(LAYERS) for name in names}
HIGHEST_FOR_COGS = LAYER_OF["client"]
SANDBOX_USERS = ("bot/cli/",)  # it is a package of its own; the demo and `earworm sandbox` play on it
SQL_ROOMS = ("library", "vectors", "shares", "taste", "suggestions", "playlists", "digest", "privacy")
MAY_IMPORT = {
    "bot": {"bot", "discord_sandbox", "models", "migrations"},
    "cogs": {"cogs", "bot", "models"},
    "discord_sandbox": {"discord_sandbox"},
    "models": {"models"},
    "migrations": {"migrations", "models"},
}

# Everywhere else these are strangers. A name that ends in a slash is a folder.
AT_HOME = {
    "discord": ("cogs/", "bot/client.py", "bot/cli/story.py"),
    "yt_dlp": ("bot/intake/fetch_worker.py",),
    "av": ("bot/audio/decode_worker.py", "discord_sandbox/music/encode.py"),
    "torch": ("bot/embedders/",),
    "h5py": ("bot/embedders/",),
    "librosa": ("benchmarks/",),
    "qdrant_client": ("bot/vectors/server.py",),
    "qdrant_edge": ("bot/vectors/edge.py", "bot/vectors/shard_pool.py"),
    "landlockpy": ("bot/workers/confinement.py",),
    "prometheus_client": ("bot/monitoring/",),
    "PIL": ("bot/pictures/",),
    "anyascii": ("bot/pictures/",),
    "sqlalchemy": (
        "models/",
        "migrations/",
        *(f"bot/{room}/" for room in SQL_ROOMS),
    ),
    "alembic": ("migrations/",),
    "migrations": ("migrations/", "bot/library/store.py", "bot/library/restoring.py"),
    "discord_sandbox": ("discord_sandbox/", *SANDBOX_USERS),
}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """What stands in a file, which nobody changes meanwhile."""
    return ast.parse(path.read_text())


@functools.cache
def imported(path: Path, package: str) -> tuple[str, ...]:
    """What a file imports, which nobody changes meanwhile."""
    return tuple(imports(parsed(path), package))


def violations(root: Path) -> list[str]:
    """Every import below `root` that breaks a rule, as "file imports module"."""
    return [
        f"{file.relative_to(root).as_posix()} imports {module}"
        for package in PACKAGES
        for file in sorted((root / package).rglob("*.py"))
        for module in imported(file, _package_of(file.relative_to(root)))
        if not may_import(file.relative_to(root).as_posix(), module)
    ]


def may_import(file: str, module: str) -> bool:
    """Whether a file (bot/taste/feedback.py) may import a module (bot.library.store)."""
    top = module.split(".")[0]
    own = file.split("/")[0]
    if top in AT_HOME and not any(file == home or file.startswith(home) for home in AT_HOME[top]):
        return False
    if top not in PACKAGES:
        return True
    return top in MAY_IMPORT[own] and (top != "bot" or _is_downwards(file, module))


def _is_downwards(file: str, module: str) -> bool:
    target = LAYER_OF.get([*module.split("."), ""][1])
    if file.startswith("cogs/"):
        return target is not None and target <= HIGHEST_FOR_COGS
    layer = LAYER_OF.get(Path(file).parts[1].removesuffix(".py"))
    return layer is not None and target is not None and target <= layer


def imports(source: ast.Module, package: str) -> Iterator[str]:
    """The modules that a file of this package imports, at the top or inside functions, or by their names."""
    for node in ast.walk(source):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*parts, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]) if _loads(called):
                yield name


def _loads(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in {"import_module", "__import__", "find_spec", "run_module"}


def graph(root: Path) -> dict[str, set[str]]:
    """Which files below `root` each of them imports, as modules (bot.library.store); a package is its __init__."""
    files = {_module_of(path.relative_to(root)): path for p in PACKAGES for path in (root / p).rglob("*.py")}
    return {
        module: {
            target
            for name in imported(path, _package_of(path.relative_to(root)))
            if (target := name if name in files else name.rpartition(".")[0]) in files and target != module
        }
        for module, path in files.items()
    }


def rooms(files: dict[str, set[str]], package: str) -> dict[str, set[str]]:
    """Which rooms of a package (bot.library) import which, by what their files do."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in files.items():
        room = _room_of(module)
        if room.startswith(f"{package}."):
            found[room] |= {_room_of(target) for target in targets} - {room}
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of a graph, each importing the one before it; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def classes(root: Path) -> dict[str, list[str]]:
    """The files that define a class, by its name; more than once if a file defines several of that name."""
    found: dict[str, list[str]] = defaultdict(list)
    for package in (*PACKAGES, "benchmarks", "tests"):
        for path in sorted((root / package).rglob("*.py")):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(path.relative_to(root).as_posix())
    return found


def aliases(root: Path) -> dict[str, list[str]]:
    """The files that assign to a name in CamelCase outside functions and classes, as type aliases are, by the name."""
    found: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            for node in parsed(path).body:
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                        if CAMEL_CASE.fullmatch(name):
                            found[name].append(path.relative_to(root).as_posix())
    return found


def _module_of(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _package_of(file: Path) -> str:
    return ".".join(file.parts[:-1])


def test_the_rules_hold():
    assert violations(ROOT) == []


def test_every_part_of_bot_has_its_layer():
    parts = {path.stem for path in (ROOT / "bot").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} == LAYER_OF.keys()


def test_every_home_is_there():
    homes = {home for homes in AT_HOME.values() for home in homes}
    assert {
        home for home in homes if not (ROOT / home).exists() or home.endswith("/") != (ROOT / home).is_dir()
    } == set()


@pytest.fixture(scope="module")
def files() -> dict[str, set[str]]:
    """Which files of the project each of them imports."""
    return graph(ROOT)


def test_no_files_import_each_other_in_a_circle(files):
    assert circle(files) == []


@pytest.mark.parametrize("package", ["bot", "cogs", "discord_sandbox"])
def test_no_rooms_import_each_other_in_a_circle(package, files):
    assert circle(rooms(files, package)) == []


def test_no_class_name_is_used_twice():
    assert {name: files for name, files in classes(ROOT).items() if len(files) > 1} == {}


def test_no_type_alias_has_the_name_of_another_or_of_a_class():
    classes_of_packages = {
        name: [file for file in files if file.split("/")[0] in PACKAGES]
        for name, files in classes(ROOT).items()
    }
    found = {name: [*files, *classes_of_packages.get(name, [])] for name, files in aliases(ROOT).items()}
    assert {name: files for name, files in found.items() if len(files) > 1} == {}


def test_a_planted_circle_is_found(tmp_path):
    planted = {
        "bot/library/one.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot.taste.two import Two",
        "bot/taste/two.py": "def later():\n    from bot.taste import three",
        "bot/taste/three.py": "import bot.library.one",
        "bot/library/apart.py": "from bot.library import one",
    }
    for file, text in planted.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    files = graph(tmp_path)
    assert set(circle(files)) == {"bot.library.one", "bot.taste.two", "bot.taste.three"}
    assert set(circle(rooms(files, "bot"))) == {"bot.library", "bot.taste"}
    assert circle(rooms(files, "cogs")) == []


def test_a_planted_second_class_of_a_name_is_found(tmp_path):
    for file in ("models/track.py", "tests/test_track.py"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("def test():\n    class Twin: ...\n")
    assert classes(tmp_path) == {"Twin": ["models/track.py", "tests/test_track.py"]}


def test_a_planted_second_type_alias_of_a_name_is_found(tmp_path):
    for file in ("models/track.py", "bot/arrays.py"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("Row = tuple[int, str]\nLIMIT = 1\nT = TypeVar('T')\n")
    assert aliases(tmp_path) == {"Row": ["bot/arrays.py", "models/track.py"]}


def test_the_finder_sees_what_is_there():
    found = set(imports(parsed(ROOT / "bot/library/store.py"), "bot.library"))
    assert {"asyncio", "sqlalchemy.event", "bot.errors.SettingsError", "models.Base", "migrations"} <= found


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/track.py", "from bot.errors import NotFound"),
        ("models/track.py", "import cogs.shares.intake"),
        ("migrations/env.py", "from bot.settings import Settings"),
        ("bot/taste/feedback.py", "import discord"),
        ("bot/taste/feedback.py", "from discord import app_commands"),
        ("bot/services.py", "from cogs import intake"),
        ("bot/client.py", "import cogs.shares.intake"),
        ("bot/client.py", "importlib.import_module('cogs.shares.intake')"),
        ("bot/library/catalog.py", "from bot.taste.feedback import Feedback"),
        ("bot/library/catalog.py", "from bot.taste import feedback"),
        ("bot/library/catalog.py", "from bot import taste"),
        ("bot/library/catalog.py", "from ..taste import feedback"),
        ("bot/library/catalog.py", "from .. import services"),
        ("bot/intake/links.py", "import bot.audio.decode"),
        ("bot/audio/decode.py", "from bot.services import Services"),
        ("bot/errors.py", "from bot.intake import links"),
        ("bot/client.py", "from discord_sandbox import Sandbox"),
        ("discord_sandbox/server.py", "from bot.errors import NotFound"),
        ("discord_sandbox/server.py", "import cogs.library"),
        ("discord_sandbox/server.py", "from models import Track"),
        ("cogs/library.py", "from discord_sandbox import Sandbox"),
        ("bot/newcomer.py", "from bot.errors import NotFound"),
        ("cogs/suggestions/similar.py", "from bot.cli import similar"),
        ("cogs/suggestions/similar.py", "import sqlalchemy as sa"),
        ("cogs/suggestions/similar.py", "import migrations"),
        ("bot/intake/fetch.py", "import yt_dlp.utils"),
        ("bot/audio/decode.py", "import av"),
        ("bot/listening/analyst.py", "import torch"),
        ("bot/suggestions/recommender.py", "from qdrant_client import models"),
        ("bot/cli/doctor.py", "from sqlalchemy import select"),
        ("bot/services.py", "import migrations"),
        ("bot/library/store.py", "from alembic import command"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, file, line):
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(
        dedent(f"""
            import asyncio

            def later():
                {line}
        """)
    )
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cogs/suggestions/similar.py", "import discord"),
        ("cogs/suggestions/similar.py", "from cogs.shared.text import plain"),
        ("cogs/suggestions/similar.py", "from bot.client import Earworm"),
        ("bot/taste/feedback.py", "from bot.library.store import Store"),
        ("bot/library/store.py", "from .guilds import Guilds"),
        ("bot/library/store.py", "import migrations"),
        ("bot/cli/demo.py", "from discord_sandbox.server import Sandbox"),
        ("bot/client.py", "await self.load_extension('cogs.shares.intake')"),
    ],
)
def test_what_is_allowed_is_not_found(tmp_path, file, line):
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(f"async def later(self):\n    {line}\n")
    assert violations(tmp_path) == []
