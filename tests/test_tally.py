"""The table of proofs: what several tests tried is summed, and it isn't green where a test is red."""

from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from tests.support.tally import LOST, PROOFS, TESTS, ProofTally, Table

Outcome = Literal["passed", "failed", "skipped"]


def report(test: str, when: str, outcome: Outcome = "passed", **said: Any) -> pytest.TestReport:
    """What a test reports of one of its parts."""
    kind = cast(Literal["setup", "call", "teardown"], when)
    return pytest.TestReport(
        test, ("", 0, ""), {"torture": 1}, outcome, None, kind, user_properties=[*said.items()]
    )


def lines(*reports: pytest.TestReport) -> list[str]:
    table = Table()
    for each in reports:
        table.add(each)
    return [" ".join(line.split()) for line in table.lines()][1:]


def test_what_several_tests_tried_is_summed() -> None:
    said = [report(test, "teardown", tried=("kill −9", 10, 0, None)) for test in ("a", "b")]
    assert lines(*said) == ["kill −9 20 0"]


def test_a_test_that_says_nothing_more_is_tried_once() -> None:
    assert lines(report("a", "teardown", proves=("a full disk", LOST))) == ["a full disk 1 0"]


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_a_failed_test_shows_in_its_row(when: str) -> None:
    failed = report("a", when, "failed", tried=("kill −9", 10, 0, None))
    end = [] if when == "teardown" else [report("a", "teardown", tried=("kill −9", 10, 0, None))]
    passed = report("b", "teardown", tried=("kill −9", 10, 0, None))
    assert lines(failed, *end, passed) == ["kill −9 20 0 FAILED: a"]


def test_a_test_that_failed_before_it_said_anything_shows_by_its_name() -> None:
    assert lines(report("a", "call", "failed"), report("a", "teardown")) == ["a 0 FAILED: a"]


def test_a_test_whose_process_ended_shows() -> None:
    assert lines(report("a", "call", "failed")) == ["a 0 FAILED: a"]


def test_what_was_skipped_was_not_tried() -> None:
    skipped = report("a", "setup", "skipped", proves=("a browser", LOST))
    skipped.longrepr = ("test_a.py", 1, "Skipped: no Chromium here")
    end = report("a", "teardown", proves=("a browser", LOST))
    assert lines(skipped, end) == ["a browser 0 not tried: no Chromium here"]


def test_other_tests_have_no_row() -> None:
    other = report("a", "call", "failed")
    other.keywords = {}
    assert lines(other) == []


def test_who_says_that_something_was_lost_or_let_in_fails() -> None:
    item = SimpleNamespace(user_properties=[])
    tally = ProofTally(cast(pytest.Item, item))
    with pytest.raises(AssertionError, match="kill −9: 3 lost, 0 let in"):
        tally.tried("kill −9", times=20, lost=3)
    with pytest.raises(AssertionError, match="0 lost, 1 let in"):
        tally.tried("a redirect", let_in=1)
    assert item.user_properties == [
        ("tried", ("kill −9", 20, 3, None)),
        ("tried", ("a redirect", 1, None, 1)),
    ]


@pytest.mark.parametrize("named", sorted(PROOFS))
def test_what_is_named_is_there(named: str) -> None:
    where, _, test = named.partition("::")
    assert (TESTS / where).exists()
    assert not test or f"def {test}(" in (TESTS / where).read_text()
