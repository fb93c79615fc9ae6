"""What every command line costs before it is known to make sense."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from bot.__main__ import COMMANDS, main

HEAVY = (
    "discord",
    "librosa",
    "onnxruntime",
    "qdrant_client",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "torch",
    "yt_dlp",
)
# What the list of commands does without: even the lightest of these takes longer to import than it takes to print.
NOT_FOR_HELP = ("aiohttp", "numpy", "pydantic", "pydantic_settings", "tqdm", *HEAVY)
ASK = """
import sys
from bot.__main__ import parser
try:
    parser(sys.argv[1:]).parse_args(sys.argv[1:])
except SystemExit:
    pass
print(*(name for name in {heavy} if name in sys.modules))
"""


@pytest.mark.parametrize("words", [["--help"], ["nonsense"], *([command, "--help"] for command in COMMANDS)])
def test_help_and_refusals_wait_for_nothing_that_takes_seconds_to_import(words):
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(heavy=HEAVY), *words], capture_output=True, text=True, check=True
    )
    assert asked.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("words", [["--help"], ["nonsense"], ["--version"]])
def test_what_names_no_command_loads_only_the_standard_library(words):
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(heavy=NOT_FOR_HELP), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.splitlines()[-1] == ""


def test_every_command_has_a_module_that_takes_its_arguments():
    modules = [import_module(f"bot.cli.{name}") for name in COMMANDS]
    assert all(callable(module.add_arguments) and callable(module.run) for module in modules)


def test_the_list_of_commands_names_each_with_its_summary(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert exit_.value.code == 0
    assert all(re.search(rf"{name} {re.escape(summary)}", shown) for name, summary in COMMANDS.items())


def test_the_version_is_the_packages(capsys):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"earworm {project['version']}\n"
