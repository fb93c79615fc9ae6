"""How far something has come, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def byte_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many bytes of how many are done; 0 of them: nobody knows."""
    with tqdm(unit="B", unit_scale=True, desc=name, leave=False, disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        yield show
