import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tasks.dedup.unionfind import roots, roots_of

ROWS = 30


def test_the_lowest_row_is_the_root_and_lone_rows_are_their_own():
    assert roots(7, np.array([5, 2, 6]), np.array([2, 3, 1])).tolist() == [0, 1, 2, 2, 4, 2, 1]
    assert roots(2, np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == [0, 1]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)), max_size=40))
def test_groups_are_the_connected_components(pairs):
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    found = roots(ROWS, left, right)
    _, components = connected_components(
        coo_array((np.ones(len(pairs)), (left, right)), shape=(ROWS, ROWS)), directed=False
    )
    lowest = [int(np.flatnonzero(components == component)[0]) for component in components]
    assert found.tolist() == lowest
    assert roots_of(found, np.arange(ROWS)[::-1].copy()).tolist() == lowest[::-1]
