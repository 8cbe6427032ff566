from collections import Counter
from pathlib import Path

import pytest

from tasks.ingest.budget import HINTS, problem_with
from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS
from tasks.ingest.tally import FileCount, Tally

WHERE = Path("work/quarantine.jsonl")


def tally(read, **reasons):
    bad = sum(reasons.values())
    return Tally(
        [FileCount("a.jsonl", "chat", read, read - bad, bad)],
        Counter(reasons),
        {reason: [f"a.jsonl:{number}" for number in range(1, min(count, 5) + 1)] for reason, count in reasons.items()},
    )


@pytest.mark.parametrize("percent", range(1, 100))
def test_the_share_itself_is_allowed_and_one_row_more_is_not(percent):
    params = IngestParams(max_quarantined_share=percent / 100)
    assert not problem_with(tally(100, bad_json=percent), params, WHERE)
    assert problem_with(tally(1000, bad_json=10 * percent + 1), params, WHERE)


def test_each_reason_has_its_own_budget():
    params = IngestParams(max_quarantined_share=0.05)
    assert not problem_with(tally(100, bad_json=5, too_long=5, empty_user=5), params, WHERE)
    strict = IngestParams(max_quarantined_share=0.05, allowed=("too_long=0.01",))
    assert "more bad rows than allowed for too_long (" in problem_with(
        tally(100, bad_json=5, too_long=2), strict, WHERE
    )
    loose = IngestParams(max_quarantined_share=0, allowed=("too_long=0.5",))
    assert not problem_with(tally(100, too_long=50), loose, WHERE)


def test_the_error_holds_table_places_file_and_advice():
    text = problem_with(tally(200, bad_json=30, too_long=1), IngestParams(), WHERE)
    assert "| bad_json | 30 | 15.00% | 5.00% |\n| too_long | 1 | 0.50% | 5.00% |" in text
    assert "- bad_json (not valid JSON): a.jsonl:1, a.jsonl:2, a.jsonl:3, a.jsonl:4, a.jsonl:5\n" in text
    assert str(WHERE) in text
    assert "'bad_json=0.15' would do" in text


def test_following_the_advice_is_enough():
    bad = tally(1350, bad_json=137)
    text = problem_with(bad, IngestParams(), WHERE)
    assert "'bad_json=0.11' would do" in text
    assert not problem_with(bad, IngestParams(allowed=("bad_json=0.11",)), WHERE)


def test_nothing_left_is_an_error_whatever_is_allowed():
    text = problem_with(tally(4, bad_json=4), IngestParams(max_quarantined_share=1), WHERE)
    assert text.startswith("no row is left: 4 read")
    assert "| bad_json | 4 |" in text
    assert problem_with(tally(0), IngestParams(), WHERE).startswith("no row is left: 0 read from 1 file(s)")


def test_a_parameter_that_would_make_the_rows_good_is_named():
    text = problem_with(tally(100, mixed_format=50, too_long=1), IngestParams(), WHERE)
    assert "ingest.on_mixed=convert" in text
    assert "ingest.max_chars" not in text
    assert set(HINTS) <= REASONS.keys()
