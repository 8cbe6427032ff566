import pytest
from pydantic import ValidationError

from tasks.quality.params import QualityParams


def test_only_too_few_rows_stop_by_default():
    params = QualityParams()
    assert (params.min_rows, params.few_rows) == (100, 500)
    limits = {name: value for name, value in params.model_dump().items() if name.startswith("max_")}
    assert limits.pop("max_labels") == 20
    assert set(limits.values()) == {1.0}


@pytest.mark.parametrize("values", [{"max_drift": 1.1}, {"min_rows": 0}, {"warn_imbalance": 0.5}, {"drift": 1}])
def test_what_makes_no_sense_is_refused(values):
    with pytest.raises(ValidationError):
        QualityParams(**values)
