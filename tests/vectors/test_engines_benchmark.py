"""That benchmarks/vectors.py measures what it says; which figures it gives is no test's business."""

import pytest

from benchmarks import vectors

ENGINES = ["numpy", "edge", "local mode"]


@pytest.fixture(autouse=True)
def without_a_server(monkeypatch):
    monkeypatch.setattr(vectors, "CONTENDERS", {name: vectors.CONTENDERS[name] for name in ENGINES})


def test_all_engines_give_the_same_answers_as_numpy():
    rows = vectors.compared_engines([300], 2)
    assert [(row["songs"], row["engine"]) for row in rows] == [(300, name) for name in ENGINES]
    for row in rows:
        assert row["agree"] == 1, row
        assert all(row[column] > 0 for column in vectors.COLUMNS), row
    head, *lines = vectors.table({"engines": rows}).splitlines()
    assert head.split() == ["songs", "engine", *vectors.COLUMNS] and len(lines) == len(ENGINES)


def test_answers_that_differ_are_told(monkeypatch):
    answers = {"numpy": [[1, 2], [3]], "edge": [[2, 5], [3]]}
    monkeypatch.setattr(vectors, "CONTENDERS", answers)
    monkeypatch.setattr(vectors, "apart", lambda _, name, *__: {"found": answers[name]})
    assert [row["agree"] for row in vectors.compared_engines([100], 2)] == [1, 0.75]


def test_starts_over_one_and_over_many_servers_are_compared():
    one, many = vectors.compared_servers(2, 1)
    assert (one["servers"], many["servers"]) == (1, 2)
    assert all(value > 0 for row in (one, many) for value in row.values())


def test_similar_is_timed_alone_and_for_two_servers_at_once():
    row = vectors.apart("similar", "", 60, 2)
    assert row["songs"] == 60 and row["vectors"] > 0 and 0 < row["p50"] <= row["p95"] and row["at once"] > 0
