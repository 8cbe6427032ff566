"""Times as rows write them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.splitting.instants import instant, written

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-31T12:00:00Z",
        "2024-01-31T12:00:00",
        "2024-01-31 13:00:00+01:00",
        "20240131T120000Z",
        " 2024-01-31T12:00 ",
        int(NOON),
        NOON * 1e3,
        int(NOON * 1e6),
        int(NOON * 1e9),
        str(int(NOON)),
        f"{NOON * 1e3:.0f}",
    ],
)
def test_one_moment_in_many_spellings(value: Any) -> None:
    assert instant(value) == NOON


@pytest.mark.parametrize("value", [None, "", "yesterday", True, 2024, 20240131, -5, float("nan"), float("inf"), "12"])
def test_what_is_no_time(value: Any) -> None:
    assert instant(value) is None


def test_a_date_is_its_first_moment() -> None:
    assert instant("2024-01-31") == instant("20240131") == NOON - 12 * 3600


@settings(deadline=None)
@given(st.integers(int(1e8), int(1e10) - 1))
def test_what_is_written_is_read(moment: int) -> None:
    assert instant(written(moment)) == moment == instant(moment)
