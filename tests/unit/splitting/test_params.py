"""What an operator may ask of splitting."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.splitting.params import SplittingParams


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"validation": 0}, "greater than or equal to 0.01"),
        ({"test": -0.1}, "greater than or equal to 0"),
        ({"validation": 0.3, "test": 0.3}, "leave less than half"),
        ({"method": "sorted"}, "'random', 'hash' or 'time'"),
        ({"near_threshold": 0.4}, "greater than or equal to 0.5"),
        ({"on_leak": "ignore"}, "'remove' or 'fail'"),
        ({"on_rare": "drop"}, "'train', 'merge' or 'fail'"),
        ({"on_undated": "drop"}, "'fail' or 'train'"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"ratio": 1}, "Extra inputs"),
        ({"group_by": ("a", "a")}, "name each field once"),
        ({"group_by": ("a", "")}, "leave none empty"),
        ({"method": "time"}, "method time needs time_field"),
        ({"time_field": "sent"}, "time_field only count for method time"),
        ({"method": "time", "time_field": "sent", "test_from": "soon"}, "'soon' is no time"),
        ({"method": "time", "time_field": "sent", "test": 0, "test_from": "2025-01-01"}, "share for the test is 0"),
        (
            {"method": "time", "time_field": "s", "test_from": "2025-01-01", "validation_from": "2025-01-01"},
            "must lie before test_from",
        ),
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SplittingParams(**wrong)


def test_all_that_does_not_fit_together_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        SplittingParams(validation=0.4, test=0.4, time_field="sent", test_from="2025-01-01")
    assert "leave less than half" in str(caught.value)
    assert "time_field, test_from only count for method time" in str(caught.value)


def test_names_of_groups_may_be_written_as_one_text() -> None:
    assert SplittingParams(group_by="").group_by == ()
    assert SplittingParams(group_by="customer").group_by == ("customer",)
    assert SplittingParams(group_by=" customer, conversation ") == SplittingParams(
        group_by=("customer", "conversation")
    )
