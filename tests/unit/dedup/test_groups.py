import pytest

from tasks.dedup.groups import Groups, Removed, check_account
from tasks.errors import DataError


def test_the_first_row_is_kept_whatever_the_order_of_the_pairs():
    pairs = [(3, 4, 0.9), (0, 4, 0.8), (1, 2, 1.0)]
    for order in (pairs, pairs[::-1]):
        groups = Groups(6)
        assert groups.join("minhash", order) == 3
        assert groups.kept() == [0, 1, 5]
        assert groups.removed[3] == Removed("minhash", 0.9, 4)
        assert groups.removed[4] == Removed("minhash", 0.9, 3)


def test_a_later_pass_takes_a_whole_group_along():
    groups = Groups(4)
    groups.join("exact", [(2, 3, 1.0)])
    groups.join("embedding", [(0, 2, 0.91234567)])
    (line,) = groups.lines(["a", "b", "c", "d"])
    assert line == {
        "group": "a",
        "kept": "a",
        "members": [
            {"id": "c", "method": "embedding", "similarity": 0.9123, "like": "a"},
            {"id": "d", "method": "exact", "similarity": 1.0, "like": "c"},
        ],
    }


def test_the_best_similarity_is_shown_and_never_above_one():
    groups = Groups(3)
    groups.join("embedding", [(0, 2, 0.8), (1, 2, 1.0000002), (0, 1, 0.7)])
    assert groups.removed[2] == Removed("embedding", 1.0, 1)


def test_a_sum_that_is_off_by_one_is_an_error():
    check_account(10, 6, 3, 1)
    with pytest.raises(DataError, match="read 10 rows but accounts for 6 unique"):
        check_account(10, 6, 3, 2)
