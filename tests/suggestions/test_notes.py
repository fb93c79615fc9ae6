"""What members should know about their suggestions."""

from itertools import permutations

from bot.suggestions.left_out import LeftOut
from bot.suggestions.notes import LEFT_OUT, counted


def test_what_left_out_as_many_is_named_in_one_order_whatever_was_met_first():
    numbers = [
        (LeftOut.KEY, 2),
        (LeftOut.TAG, 2),
        (LeftOut.UNHEARD, 2),
        (LeftOut.NO_MATCH, 5),
        (LeftOut.TEMPO, 0),
    ]
    said = {counted(0, dict(order)) for order in permutations(numbers)}
    assert said == {
        "Nothing is left to suggest. Left out: 5 no more alike than by chance, 2 not listened to yet, "
        "2 without the tag, 2 in another key."
    }
    order = list(LeftOut)
    assert order.index(LeftOut.UNHEARD) < order.index(LeftOut.TAG) < order.index(LeftOut.KEY)


def test_every_rule_and_filter_has_words():
    assert set(LEFT_OUT) == set(LeftOut)
