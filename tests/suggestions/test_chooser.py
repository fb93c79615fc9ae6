"""From scores to what is shown."""

from itertools import permutations

import numpy as np

from bot.library.facts import Facts, ShareNames
from bot.suggestions.chooser import Scored, _pool


def facts(track_id: int) -> Facts:
    named = ShareNames(1, f"artist {track_id}", f"title {track_id}", frozenset())
    return Facts(track_id, frozenset({1}), (named,), frozenset(), 0.0, "", 200.0, 0.0)


def test_of_equal_scores_the_smaller_id_is_first_in_whatever_order_they_come():
    scores = {1: 0.5, 2: 0.5, 3: 0.9, 4: 0.5, 5: 0.1}
    known = {track_id: facts(track_id) for track_id in scores}
    for order in permutations(scores):
        pool = _pool(Scored(order, np.array([scores[each] for each in order])), known, None, 4)
        assert [song.track_id for song in pool.songs] == [3, 1, 2, 4]
