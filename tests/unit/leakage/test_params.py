"""Values that cannot work together."""

import pytest
from pydantic import ValidationError

from tasks.leakage.params import LeakageParams


def test_a_shortest_run_longer_than_the_run_is_refused() -> None:
    assert LeakageParams(ngram=8, min_ngram=8).ngram == 8
    with pytest.raises(ValidationError, match="min_ngram 8 is longer than ngram 7"):
        LeakageParams(ngram=7)


@pytest.mark.parametrize(
    ("field", "value"),
    [("near_limit", 0.2), ("embedding_limit", 1.1), ("max_overlap", 0), ("listed", 0), ("embedding_rows", -1)],
)
def test_values_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        LeakageParams(**{field: value})
