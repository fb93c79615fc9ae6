"""Where the reference data is that developers have beside the repository."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"


def needs(folder: str) -> pytest.MarkDecorator:
    """Skip a test where ../shared/`folder` is missing."""
    return pytest.mark.skipif(not (SHARED / folder).is_dir(), reason=f"needs ../shared/{folder}")
