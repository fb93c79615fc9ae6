"""Tests of benchmarks/openl3.py and windows.py: that they still measure; how fast is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.windows import budgets, kept

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "openl3.py"


def test_the_benchmark_compares_every_way() -> None:
    command = [sys.executable, str(BENCHMARK), "--windows", "2", "--rounds", "1", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    rows = {row["name"]: row for row in document["results"]}
    assert list(rows) == ["naive", "fp32", "fast"]
    assert document["windows"] == 2
    assert document["threads"] == 2
    assert all(row["ms_per_window"] > 0 and row["gflops"] > 0 for row in rows.values())
    assert min(row["lowest_cosine_to_fp32"] for row in rows.values()) >= 0.9995


def test_the_more_windows_the_less_a_vector_moves() -> None:
    random = np.random.default_rng(0)
    clips = [(random.normal(size=32) + random.normal(size=(30, 32))).astype(np.float32) for _ in range(12)]
    rows = budgets(clips, 200, 20)
    assert [row["budget"] for row in rows] == [5, 10, 20, 30, 60, 120]
    moved = [row["median_moved"] for row in rows]
    assert moved == sorted(moved, reverse=True)
    assert 0 < rows[-1]["median_moved"] < rows[0]["median_moved"]
    assert rows[0]["nearest_kept"] < rows[-1]["nearest_kept"] <= 1


def test_neighbours_are_kept_whatever_their_order() -> None:
    before = np.tile(np.arange(13.0), (13, 1))
    turned = before.copy()
    turned[:, 3:] = turned[:, :2:-1]
    assert kept(before, before) == 1
    assert kept(before, turned) > 0.9
    assert kept(before, -before) < 0.9
