"""What every command line costs before it is known to make sense."""

import subprocess
import sys

import pytest

from bot.__main__ import COMMANDS

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
