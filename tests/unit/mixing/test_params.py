"""What an operator may ask of mixing."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.mixing.params import MixingParams


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"share": 0.03}, "use 0 .no general rows. or 0.05 to 0.2"),
        ({"share": 0.21}, "less than or equal to 0.2"),
        ({"share": -0.1}, "greater than or equal to 0"),
        ({"files": ()}, "needs files with general rows"),
        ({"shares": 0.1}, "Extra inputs"),
        ({"share_by": "bytes"}, "'rows', 'tokens' or 'characters'"),
        ({"on_short": "ignore"}, "'top_up' or 'fail'"),
        ({"near_threshold": 0.4}, "greater than or equal to 0.5"),
        ({"weights": ("facts",)}, "'facts': write source=weight"),
        ({"weights": ("=2",)}, "'=2': write source=weight"),
        ({"weights": ("facts=0",)}, "above 0"),
        ({"weights": ("facts=inf",)}, "above 0"),
        ({"weights": ("facts=2", "facts=3")}, "named twice"),
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        MixingParams(**wrong)


def test_all_problems_of_the_weights_are_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        MixingParams(weights=("facts", "chats=-1", "a=1", "a=2"))
    assert all(word in str(caught.value) for word in ("'facts'", "'chats=-1'", "'a=2'"))


def test_weights_are_written_alike_and_names_may_hold_an_equals_sign() -> None:
    params = MixingParams(weights=(" chats/year=2024/*.jsonl = 2 ", "*=0.5"))
    assert params.weights == ("chats/year=2024/*.jsonl=2.0", "*=0.5")
    assert params.weighted() == {"chats/year=2024/*.jsonl": 2.0, "*": 0.5}
    assert MixingParams(weights=params.weights) == params
    assert MixingParams().weighted() == {}
