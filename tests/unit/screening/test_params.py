import pytest
from pydantic import ValidationError

from tasks.screening.params import KINDS, ScreeningParams


def test_equal_choices_are_equal_values():
    one = ScreeningParams(kinds=("SSN", "EMAIL", "EMAIL"), phone_regions=("us", " DE ", "US"))
    assert one.kinds == ("EMAIL", "SSN")
    assert one.phone_regions == ("DE", "US")
    assert one == ScreeningParams(kinds=("EMAIL", "SSN"), phone_regions=("DE", "US"))


def test_defaults_keep_rows_and_put_secrets_aside():
    params = ScreeningParams()
    assert (params.personal_data, params.secrets, params.refusals) == ("keep", "quarantine", "keep")
    assert params.kinds == KINDS


@pytest.mark.parametrize(
    "values", [{"kinds": ("NAME",)}, {"phone_regions": ("XX",)}, {"phone_regions": ("Germany",)}, {"secrets": "hide"}]
)
def test_what_is_not_known_is_refused(values):
    with pytest.raises(ValidationError):
        ScreeningParams(**values)
