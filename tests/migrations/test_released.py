"""A migration that is released stays as it is: databases that it shaped are out there."""

from hashlib import sha256
from pathlib import Path

import pytest

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
RELEASED = {
    "0001": "ff53d61599a7a9b9a49032797483981ce23f5d89bc1b1ae07a6040d7d6cf401b"
}  # add each when it is released


@pytest.mark.parametrize("number", RELEASED)
def test_a_released_migration_is_untouched(number: str) -> None:
    (file,) = VERSIONS.glob(f"{number}_*.py")
    assert sha256(file.read_bytes()).hexdigest() == RELEASED[number], (
        f"{number} is released; write a new migration: undo the change of {file.name}, change the model, then run "
        '`.venv/bin/python -m migrations "What changes"` (CONTRIBUTING.md).'
    )
