"""What members should know about their suggestions."""

from itertools import permutations

from bot.suggestions.notes import FAR, LEFT_OUT, UNHEARD, told


def test_what_left_out_as_many_is_named_in_one_order_whatever_was_met_first():
    numbers = [("key", 2), ("tag", 2), (UNHEARD, 2), (FAR, 5), ("tempo", 0)]
    said = {told(0, dict(order)) for order in permutations(numbers)}
    assert said == {
        "Nothing is left to suggest. Left out: 5 no more alike than by chance, 2 not listened to yet, "
        "2 without the tag, 2 in another key."
    }
    assert list(LEFT_OUT).index(UNHEARD) < list(LEFT_OUT).index("tag") < list(LEFT_OUT).index("key")
