"""Tests of benchmarks/quantization.py: that it measures what it says."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import quantization


def test_numbers_are_rounded_and_compared_again(tmp_path: Path) -> None:
    songs = quantization.library(np.random.default_rng(1), 600, 1.0)
    shard = quantization.rounded_shard(tmp_path, songs)
    queries = [quantization.nearest(songs, np.array([row])) for row in range(60)]
    full, _ = quantization.answers(shard, queries, quantization.FULL)
    others = [np.argsort(-songs @ song, kind="stable")[1 : 1 + quantization.TOP] for song in songs[:60]]
    assert full == [row.tolist() for row in others]
    rounded, again = (
        quantization.answers(shard, queries, quantization.WAYS[way])[0] for way in ("rounded", "int8")
    )
    assert rounded != full and again == full
    shard.close()


def test_both_questions_are_asked_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "QUESTIONS", 20)
    rows = quantization.measured(200, "closely")
    assert [(row.question, row.way) for row in rows] == [
        (question, way) for question in ("nearest", "best_score") for way in ("full", "rounded", "int8")
    ]
    assert all(0 <= row.order <= row.found <= 1 and row.p50 > 0 for row in rows)
    for full, rounded, again in (rows[:3], rows[3:]):
        assert rounded.found < again.found <= full.found == full.order == 1
