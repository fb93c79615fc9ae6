"""The sandbox is a package of its own, and its README tells the truth."""

import re
import subprocess
import sys
from pathlib import Path

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
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT.parent, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert "discord_sandbox" in loaded
    assert not loaded & {"bot", "cogs", "models", "migrations", "discord"}


def test_the_example_of_the_readme_works():
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT.parent, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "earworm says pong\n"), ran.stderr
