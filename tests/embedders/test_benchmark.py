"""Tests of benchmarks/openl3.py: that it still measures; how fast is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

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
