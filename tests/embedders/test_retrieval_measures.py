"""Tests of bot/embedders/retrieval_measures.py."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.embedders.retrieval_measures import compare, cosines, fused, judge, judged, queries, unrelated

candidates = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6).filter(
    lambda drawn: any(wanted for _, wanted in drawn)
)


def as_defined(ranked: list[bool]) -> tuple[float, float, float]:
    """P_5, Rprec and map of one ranking, in the words of trec_eval's manual."""
    total = sum(ranked)
    found = [place for place, wanted in enumerate(ranked, 1) if wanted]
    precisions = [sum(ranked[:place]) / place for place in found]
    return sum(ranked[:5]) / 5, sum(ranked[:total]) / total, sum(precisions) / total


@given(candidates)
@settings(max_examples=60, deadline=None)
def test_ties_are_averaged_over_every_order_that_they_allow(drawn: list[tuple[int, bool]]) -> None:
    orders = [order for order in permutations(drawn) if list(order) == sorted(order, key=lambda c: -c[0])]
    expected = np.mean([as_defined([wanted for _, wanted in order]) for order in orders], axis=0)
    scores, relevant = (np.array(column) for column in zip(*drawn, strict=True))
    assert np.allclose(judge(scores.astype(float), relevant), expected)


@given(st.permutations(range(12)), st.sets(st.integers(0, 11), min_size=1))
@settings(max_examples=60, deadline=None)
def test_without_ties_average_precision_is_scikit_learns(scores: list[int], wanted: set[int]) -> None:
    from sklearn.metrics import average_precision_score

    relevant = np.isin(np.arange(12), list(wanted))
    ranked = judge(np.array(scores, dtype=float), relevant)
    assert ranked[2] == pytest.approx(average_precision_score(relevant, scores))


def test_a_ranking_that_was_counted_by_hand() -> None:
    # Wanted at the places 1, 3 and 6 of 8.
    relevant = np.array([True, False, True, False, False, True, False, False])
    p5, r_precision, average = judge(-np.arange(8.0), relevant)
    assert (p5, r_precision) == pytest.approx((2 / 5, 2 / 3))
    assert average == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)


def test_precision_is_over_five_even_where_fewer_can_be_found() -> None:
    assert judge(np.array([2.0, 1.0]), np.array([True, False]))[0] == pytest.approx(1 / 5)


def test_when_everything_ties_it_is_what_chance_gives() -> None:
    random = np.random.default_rng(0)
    relevant = np.arange(20) < 4
    shuffled = [judge(random.permutation(20).astype(float), relevant) for _ in range(10_000)]
    assert np.allclose(judge(np.zeros(20), relevant), np.mean(shuffled, axis=0), atol=0.01)


def test_only_who_has_company_asks_but_everybody_is_a_candidate() -> None:
    labels = ["a", "a", "alone", None, None]
    assert queries(labels).tolist() == [0, 1]
    # The first's nearest is a distractor, and the second's nearest the first.
    scores = np.zeros((5, 5))
    scores[0] = [9, 1, 0, 2, 0.5]
    scores[1] = [1, 9, 0, 0, 0.5]
    assert judged(scores, labels)[:, 2].tolist() == pytest.approx([1 / 2, 1])


def test_songs_without_a_label_have_nothing_in_common() -> None:
    assert not len(queries([None, None]))


def test_cosines_do_not_depend_on_length() -> None:
    similar = cosines(np.array([[3, 0], [0, 2], [5, 5]], np.float32))
    assert np.allclose(similar, [[1, 0, 0.5**0.5], [0, 1, 0.5**0.5], [0.5**0.5, 0.5**0.5, 1]])


def test_fused_are_the_reciprocal_ranks() -> None:
    one = np.array([[9, 0.3, 0.2, 0.1], [0] * 4, [0] * 4, [0] * 4])
    other = np.array([[9, 0.1, 0.3, 0.2], [0] * 4, [0] * 4, [0] * 4])
    together = fused([one, other])[0]
    assert together[1:] == pytest.approx([1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62])


def test_what_ties_shares_a_rank_when_fused() -> None:
    scores = np.array([[0, 5, 5, 1], [0] * 4, [0] * 4, [0] * 4])
    assert fused([scores])[0, 1:] == pytest.approx([1 / 61.5, 1 / 61.5, 1 / 63])


def test_equal_places_in_another_order_tie_exactly() -> None:
    random = np.random.default_rng(0)
    ranked = [random.permutation(4).astype(float) for _ in range(3)]
    rows = np.stack([np.stack([row] * 5) for row in (np.append(0, r) for r in ranked)])
    again = np.stack([rows[1], rows[2], rows[0]])
    assert np.array_equal(fused(list(rows)), fused(list(again)))


@pytest.fixture
def labels() -> list[str | None]:
    """Thirty songs by six, and five of nobody."""
    return [*"abcdef" * 5, *[None] * 5]


@pytest.fixture
def rankings(labels: list[str | None]) -> dict[str, np.ndarray]:
    """A ranking that knows something, one that knows less, and one that knows nothing."""
    names = np.array([label or "" for label in labels])
    same = (names[:, None] == names[None, :]).astype(float)
    noise = np.random.default_rng(1).normal(size=same.shape)
    return {"random": 0 * same, "good": 2 * same + noise, "fair": 1.6 * same + noise}


def test_the_better_ranking_stands_first_and_leads(
    rankings: dict[str, np.ndarray], labels: list[str | None]
) -> None:
    comparison = compare(rankings, labels)
    assert comparison.queries == 30
    assert [standing.name for standing in comparison.standings] == ["good", "fair", "random"]
    leads = {(lead.first, lead.second): lead for lead in comparison.leads}
    assert list(leads) == [("good", "fair"), ("good", "random"), ("fair", "random")]
    assert all(lead.is_above_zero("map") for lead in comparison.leads)
    good, random = comparison.standings[0], comparison.standings[-1]
    lead = leads["good", "random"]
    assert lead.differences["map"] == pytest.approx(good.means["map"] - random.means["map"])


def test_an_interval_is_the_one_of_the_central_limit_theorem(
    rankings: dict[str, np.ndarray], labels: list[str | None]
) -> None:
    good = compare(rankings, labels).standings[0]
    averages = judged(rankings["good"], labels)[:, 2]
    half = 1.96 * averages.std() / len(averages) ** 0.5
    expected = (good.means["map"] - half, good.means["map"] + half)
    assert good.intervals["map"] == pytest.approx(expected, abs=0.015)


def test_a_difference_is_between_the_same_queries(
    rankings: dict[str, np.ndarray], labels: list[str | None]
) -> None:
    """Two rankings that differ a little for every query alike: apart their intervals overlap, paired they don't."""
    comparison = compare({name: rankings[name] for name in ("good", "fair")}, labels)
    good, fair = comparison.standings
    assert good.intervals["map"][0] < fair.intervals["map"][1]
    assert comparison.leads[0].is_above_zero("map")


def test_a_ranking_does_not_lead_itself(rankings: dict[str, np.ndarray], labels: list[str | None]) -> None:
    (lead,) = compare({"one": rankings["good"], "two": rankings["good"]}, labels).leads
    assert set(lead.differences.values()) == {0.0}
    assert not lead.is_above_zero("map")


def test_comparing_again_gives_the_same_intervals(
    rankings: dict[str, np.ndarray], labels: list[str | None]
) -> None:
    assert compare(rankings, labels) == compare(rankings, labels)


def test_unrelated_are_songs_of_different_labels_and_all_of_no_label() -> None:
    scores = np.array([[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    assert unrelated(scores, ["a", "a", None]) == pytest.approx(0.2)
    assert unrelated(scores, [None, None, None]) == pytest.approx(0.3)
    assert np.isnan(unrelated(scores, ["a", "a", "a"]))
