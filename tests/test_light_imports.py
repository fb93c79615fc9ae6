"""Files of values and rules load no vector database, model, decoder or machine learning library."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = ("av", "librosa", "qdrant_client", "sklearn", "torch")

# What computes with a heavy library, or opens everything; whatever is not named here imports lightly.
MAY_BE_HEAVY = {
    "bot.audio.decode_worker",
    *(
        f"bot.embedders.{name}"
        for name in ("mfcc", "musicnn", "musicnn_net", "openl3", "openl3_fast", "openl3_net", "panns")
    ),
    *(f"bot.embedders.{name}" for name in ("pickles", "spectrogram", "wav2vec2")),
    *(f"bot.vectors.{name}" for name in ("collection", "qdrant_thread", "search", "storage")),
    *("bot.pictures.places", "bot.playlists.music_maps"),
    *("bot.services", "bot.client"),
    *(f"bot.cli.{name}" for name in ("demo_run", "ingester", "sandbox_run", "similar_answer", "story")),
}
IMPORT_ALL = """
import json, sys
from importlib import import_module
for module in json.load(sys.stdin):
    import_module(module)
    if loaded := [name for name in {heavy} if name in sys.modules]:
        sys.exit(f"{{module}} loads {{', '.join(loaded)}}")
"""


def modules() -> list[str]:
    """Every module of bot/ and models/."""
    files = [file for package in ("bot", "models") for file in sorted((ROOT / package).rglob("*.py"))]
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files
    ]


def test_what_is_not_named_imports_nothing_heavy():
    light = [module for module in modules() if module not in MAY_BE_HEAVY]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL.format(heavy=HEAVY)],
        input=json.dumps(light),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_named_is_there():
    assert set(modules()) >= MAY_BE_HEAVY
