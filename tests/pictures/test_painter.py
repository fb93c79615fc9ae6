"""Pictures that are made in a process of their own."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.errors import WorkerDied
from bot.pictures.banner import banner
from bot.pictures.cover import cover
from bot.pictures.music_map import music_map
from bot.pictures.painter import Painter
from bot.pictures.taste_card import taste_card
from bot.pictures.values import Drawing
from tests.support import pictures


async def test_every_kind_is_painted_in_order_as_it_would_be_here():
    plan, card, record, head = (
        pictures.music_map(40, 3, name="日本 🎧"),
        pictures.taste_card("Ada"),
        pictures.cover(),
        pictures.banner("A week"),
    )
    painted = await Painter().paint(plan, card, record, head)
    assert painted == [music_map(plan), taste_card(card), cover(record), banner(head)]


async def test_a_map_of_5000_tracks_goes_through():
    (picture,) = await Painter().paint(pictures.music_map(5000, 12))
    assert "5,000 songs" in picture.alt


async def test_a_painter_that_is_killed_says_so_and_the_next_picture_is_painted():
    painter = Painter()
    painting = asyncio.create_task(painter.paint(*[pictures.cover()] * 50))
    os.kill(await started(painter), signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await painting
    assert len(await painter.paint(pictures.cover())) == 1


async def test_a_painter_that_takes_too_long_says_so():
    painter = Painter(patience=0.01)
    with pytest.raises(WorkerDied, match="too long"):
        await painter.paint(pictures.cover())


async def test_no_process_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    painter = Painter()
    painting = asyncio.create_task(painter.paint(pictures.cover()))
    pid = await started(painter)
    await painting
    assert painter.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_two_who_ask_at_once_both_get_theirs():
    painter = Painter()
    wanted: list[Drawing] = [pictures.cover("one"), pictures.cover("two")]
    (one,), (two,) = await asyncio.gather(*(painter.paint(value) for value in wanted))
    assert "“one”" in one.alt
    assert "“two”" in two.alt


async def started(painter: Painter) -> int:
    """The painter's process, once there is one."""
    while painter.pid is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return painter.pid
