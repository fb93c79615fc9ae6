"""The report of `earworm eval`, as text and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.embedders.retrieval_measures import (
    CONFIDENCE_PERCENT,
    MEASURES,
    RESAMPLES,
    Comparison,
    Intervals,
    Lead,
    Measures,
)
from bot.vectors.calibration import MIN_TRACKS

COLUMN_TITLES = {"precision_at_5": "precision@5", "r_precision": "R-precision", "map": "MAP"}
PAIRED_TITLE = "differences, paired"
COLUMN_WIDTH = 21
DIGITS = 4


@dataclass(frozen=True)
class Ranking:
    """One way to rank songs: `scores` (n, n), a query's in its row, by `embedders`, some of them standardised."""

    name: str
    embedders: tuple[str, ...]
    scores: NDArray[np.float64]
    standardised: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What was compared on what; `unrelated`: the median cosine of songs of different folders, by ranking."""

    folder: Path
    songs: int
    folders: int
    rankings: Mapping[str, Ranking]
    unrelated: Mapping[str, float]
    comparison: Comparison


def document(report: Report, left_out: Mapping[str, str], skipped: Mapping[str, str]) -> str:
    """One JSON object; `results` has a ranking each, the best mean average precision first."""
    results = [
        {
            "id": standing.name,
            "embedders": report.rankings[standing.name].embedders,
            "standardised": report.rankings[standing.name].standardised,
            **_rounded(standing.means),
            "intervals": _rounded_pairs(standing.intervals),
            "unrelated_cosine": _number(report.unrelated.get(standing.name)),
        }
        for standing in report.comparison.standings
    ]
    pairs = [
        {
            "first": lead.first,
            "second": lead.second,
            "differences": _rounded(lead.differences),
            "intervals": _rounded_pairs(lead.intervals),
            "above_zero": {measure: lead.is_above_zero(measure) for measure in MEASURES},
        }
        for lead in report.comparison.leads
    ]
    facts = {
        "folder": str(report.folder),
        "songs": report.songs,
        "folders": report.folders,
        "queries": report.comparison.queries,
        "interval_percent": CONFIDENCE_PERCENT,
        "resamples": RESAMPLES,
        "results": results,
        "pairs": pairs,
        "left_out": [{"id": name, "why": why} for name, why in left_out.items()],
        "skipped": [{"path": path, "why": why} for path, why in skipped.items()],
    }
    return json.dumps(facts, indent=2, ensure_ascii=False)


def text(report: Report, left_out: Mapping[str, str]) -> str:
    """The same as two tables."""
    names = [standing.name for standing in report.comparison.standings]
    pairs = [f"{lead.first} – {lead.second}" for lead in report.comparison.leads]
    first = max(map(len, [*names, *pairs, PAIRED_TITLE])) + 2
    heads = "".join(f"{COLUMN_TITLES[measure]:<{COLUMN_WIDTH}}" for measure in MEASURES)
    lines = [
        f"{report.comparison.queries} songs look for the others of their folder ({report.folders} folders) "
        f"among {report.songs}.",
        f"Means over them, with {CONFIDENCE_PERCENT}% intervals from drawing them again {RESAMPLES} times; "
        "unrelated: median cosine across folders.",
        "",
        f"{'':<{first}}{heads}unrelated",
    ]
    for standing in report.comparison.standings:
        cells = _cells(standing.means, standing.intervals, "")
        unrelated = report.unrelated.get(standing.name)
        last = "" if unrelated is None else f"{unrelated:.3f}"
        lines.append(f"{standing.name:<{first}}{cells}{last}".rstrip())
    lines += ["", f"{PAIRED_TITLE:<{first}}{heads}above 0"]
    for pair, lead in zip(pairs, report.comparison.leads, strict=True):
        lines.append(f"{pair:<{first}}{_cells(lead.differences, lead.intervals, '+')}{_above(lead)}")
    few = [f"Vectors are standardised from {MIN_TRACKS} songs on, as in a server's library; these are fewer."]
    lines += ["", *(few if report.songs < MIN_TRACKS else [])]
    lines += [f"{name} is left out: {why}" for name, why in left_out.items()]
    return "\n".join(lines).rstrip()


def _cells(means: Measures, intervals: Intervals, sign: str) -> str:
    shown = (f"{means[m]:{sign}.3f} ({intervals[m][0]:.2f}, {intervals[m][1]:.2f})" for m in MEASURES)
    return "".join(f"{cell:<{COLUMN_WIDTH}}" for cell in shown)


def _above(lead: Lead) -> str:
    above = [COLUMN_TITLES[measure] for measure in MEASURES if lead.is_above_zero(measure)]
    return ", ".join(above) if above else "none"


def _rounded(values: Measures) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in values.items()}


def _rounded_pairs(values: Intervals) -> dict[str, list[float]]:
    return {name: [round(low, DIGITS), round(high, DIGITS)] for name, (low, high) in values.items()}


def _number(value: float | None) -> Any:
    return None if value is None or not np.isfinite(value) else round(value, DIGITS)
