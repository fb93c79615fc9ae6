"""The proofs, marked `torture`: what was tried, how often, what was lost and what got in, as a table of the whole run.

A test is one if it is named in `PROOFS` or asks for the fixture `tally`, with which it says more than its name does.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LOST, LET_IN = "lost", "let in"
TESTS = Path(__file__).parents[1]

# The deepest path that leads to a test says what it tries, and whether something could be lost by that, or get in.
PROOFS = {
    "audio/test_decode_attacks.py": ("files made to hurt the decoder", LET_IN),
    "backups/test_backup_file.py": ("backups under load, killed and on full disks", LOST),
    "backups/test_restoring.py": ("restoring what is damaged, foreign or older", LOST),
    "client/test_killed.py": ("kill −9 of the bot, in every stage and around commands", LOST),
    "client/test_killed_digest.py": ("kill −9 of the bot before, while and after it posts a digest", LOST),
    "client/test_outage.py": ("a database that can't be written to", LOST),
    "client/test_restart.py": ("what was posted and pressed while the bot was away", LOST),
    "cogs/shares/test_deleting.py": ("a message deleted while its song is at work", LET_IN),
    "cogs/shares/test_hostile.py": ("hostile titles, tags and names in what is posted", LET_IN),
    "cogs/shares/test_trouble.py": ("what Discord does to bots", LOST),
    "cogs/test_foreign_words.py": ("hostile titles, tags and names in every answer", LET_IN),
    "cogs/test_presses.py": ("buttons and menus replayed from elsewhere", LET_IN),
    "cogs/test_visibility.py": ("songs of hidden channels in every answer", LET_IN),
    "digest/test_posting_races.py": ("races and clocks around a digest", LOST),
    "intake/test_attacks.py": ("pages, playlists and redirects that lead to private addresses", LET_IN),
    "intake/test_audit_guard.py": ("what the fetching process may not do", LET_IN),
    "intake/test_egress.py": ("the proxy asked for private addresses, or without an end", LET_IN),
    "library/test_store.py::test_what_was_committed_survives_kill_9": ("kill −9 right after a commit", LOST),
    "shares/test_crashes.py": ("kill −9 of the pipeline, in every stage and on a full disk", LOST),
    "shares/test_ledger_histories.py": ("random histories of leases, deaths, restarts and clocks", LOST),
    "shares/test_pipeline_trouble.py": (
        "workers that die, sites that fail, replies that can't be made",
        LOST,
    ),
    "suggestions/test_hidden.py": ("two worlds that differ in what the reader can't see", LET_IN),
    "vectors/test_small_disk.py": ("a disk that is full while vectors are written", LOST),
    "workers/test_confinement.py": ("what the kernel refuses to workers", LET_IN),
    "workers/test_template.py::test_kill_9_of_the_bot_ends_the_template_the_worker_and_its_children": (
        "processes that would outlive the bot",
        LET_IN,
    ),
}


@dataclass
class Row:
    """What came of trying one thing, in however many tests."""

    times: int = 0
    lost: int | None = None  # None: that is no question here
    let_in: int | None = None
    failed: list[str] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)

    def add(self, times: int, lost: int | None, let_in: int | None) -> None:
        """Add what one test says."""
        self.times += times
        self.lost = self.lost if lost is None else (self.lost or 0) + lost
        self.let_in = self.let_in if let_in is None else (self.let_in or 0) + let_in


class ProofTally:
    """With which a test says what it tried."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def tried(self, what: str, *, times: int = 1, lost: int | None = None, let_in: int | None = None) -> None:
        """Say how often something was tried and what came of it, which fails the test if that is anything."""
        self._item.user_properties.append(("tried", (what, times, lost, let_in)))
        assert not lost and not let_in, f"{what}: {lost or 0} lost, {let_in or 0} let in"


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> ProofTally:
    """Where a proof says what it tried."""
    return ProofTally(request.node)


def mark(item: pytest.Item) -> None:
    """Mark a collected test if it is a proof."""
    if named := proof_of(item):
        item.user_properties.append(("proves", named))
    if named or "tally" in getattr(item, "fixturenames", ()):
        item.add_marker("torture")


def proof_of(item: pytest.Item) -> tuple[str, str] | None:
    """What a test's path says of it."""
    where = item.path.relative_to(TESTS) if item.path.is_relative_to(TESTS) else item.path
    ways = (f"{where}::{getattr(item, 'originalname', item.name)}", str(where))
    return next((PROOFS[way] for way in ways if way in PROOFS), None)


class Table:
    """The rows of a run, from what the tests' reports say, whichever process they ran in."""

    def __init__(self) -> None:
        self._rows: defaultdict[str, Row] = defaultdict(Row)
        self._trouble: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, report: pytest.TestReport) -> None:
        """Take in what a test reported of its setup, itself, or its end, which comes last."""
        said = [(str(name), value) for name, value in report.user_properties]
        if "torture" not in report.keywords:
            return
        if report.outcome != "passed":
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.nodeid
            self._trouble[report.nodeid][report.outcome] = why.removeprefix("Skipped: ")
        if report.when == "teardown":
            self._add_test(report.nodeid, said, self._trouble.pop(report.nodeid, {}))

    def _add_test(self, test: str, said: list[tuple[str, Any]], trouble: dict[str, str]) -> None:
        tried = [value for name, value in said if name == "tried"]
        what, kind = next((value for name, value in said if name == "proves"), ("", ""))
        if not tried and not trouble:
            tried = [(what or test, 1, 0 if kind == LOST else None, 0 if kind == LET_IN else None)]
        for each in tried:
            self._rows[each[0]].add(*each[1:])
        for name in {each[0] for each in tried} or {what or test.rpartition("::")[2]}:
            if "failed" in trouble:
                self._rows[name].failed.append(test)
            elif "skipped" in trouble:
                self._rows[name].skipped.add(trouble["skipped"])

    def lines(self) -> Iterator[str]:
        """The table, a line each; what failed or wasn't tried says so instead of numbers."""
        for test in self._trouble:  # its process ended before the test did
            self._rows[test].failed.append(test)
        wide = max((len(what) for what in self._rows), default=0)
        yield f"{'tried':{wide}}  {'times':>7}  {'lost':>6}  {'got in':>6}"
        for what, row in sorted(self._rows.items()):
            numbers = f"{row.times:>7,}  {_number(row.lost):>6}  {_number(row.let_in):>6}"
            yield f"{what:{wide}}  {numbers}{_remark(row)}".rstrip()


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _remark(row: Row) -> str:
    if row.failed:
        return f"  FAILED: {_few(row.failed)}"
    return f"  not tried: {_few(row.skipped)}" if row.skipped else ""


def _few(tests: Iterable[str]) -> str:
    names = sorted(set(tests))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


class TablePrinter:
    """Shows the table in the end, where proofs were asked for or TALLY is set."""

    def __init__(self) -> None:
        self._table = Table()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._table.add(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("what was tried")
        for line in self._table.lines():
            terminalreporter.line(line, red="FAILED" in line)


def is_asked_for(config: pytest.Config) -> bool:
    """Whether this run is about the proofs, and is where reports arrive."""
    return (config.option.markexpr == "torture" or "TALLY" in os.environ) and not hasattr(
        config, "workerinput"
    )
