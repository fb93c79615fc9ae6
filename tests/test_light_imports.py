"""Files of values and rules load no vector database, model, decoder or machine learning library."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = ("av", "librosa", "qdrant_client", "sklearn", "torch")

PACKAGES = ("bot", "models", *(f"discord_sandbox/{room}" for room in ("rules", "transcript", "world")))

# What computes with a heavy library, or opens everything; whatever is not named here imports lightly.
MAY_BE_HEAVY = {
    "bot.audio.decode_worker",
    *(
        f"bot.embedders.{name}"
        for name in ("musicnn", "musicnn_net", "openl3", "openl3_fast", "openl3_net", "panns")
    ),
    *(f"bot.embedders.{name}" for name in ("pickles", "spectrogram", "wav2vec2")),
    "bot.vectors.server",
    *(f"bot.cli.{name}" for name in ("demo_run", "sandbox_run", "story")),
}
IMPORT_ALL = """
import json, sys
from importlib import import_module
for module in json.load(sys.stdin):
    import_module(module)
    if loaded := [name for name in {heavy} if name in sys.modules]:
        sys.exit(f"{{module}} loads {{', '.join(loaded)}}")
"""
IMPORT_WITHOUT = """
import json, sys
from importlib import import_module

class Refused(Exception): ...

class Refuser:
    def find_spec(self, name, path=None, target=None):
        if name in {heavy}:
            raise Refused

sys.meta_path.insert(0, Refuser())
for module in json.load(sys.stdin):
    try:
        import_module(module)
    except Refused:
        continue
    print(module)
"""


def modules() -> list[str]:
    """Every module of these packages."""
    files = [file.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]


def run(script: str, names: Iterable[str]) -> str:
    """What a fresh interpreter prints on importing these modules."""
    done = subprocess.run(
        [sys.executable, "-c", script.format(heavy=HEAVY)],
        input=json.dumps(sorted(names)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_is_not_named_imports_nothing_heavy():
    run(IMPORT_ALL, set(modules()) - MAY_BE_HEAVY)


def test_what_is_named_imports_something_heavy():
    assert set(modules()) >= MAY_BE_HEAVY
    assert run(IMPORT_WITHOUT, MAY_BE_HEAVY) == ""
