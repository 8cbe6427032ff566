import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from tasks.screening.masking import mask, same_values, without_overlaps
from tasks.screening.personal import Span
from tests.unit.screening.rows import chat


def test_one_value_has_one_placeholder_in_the_order_of_the_record():
    record = chat(1, "b@x.org and a@x.org", "a@x.org")
    found = {
        "messages[0].content": [Span(0, 7, "EMAIL", "b@x.org"), Span(12, 19, "EMAIL", "a@x.org")],
        "messages[1].content": [Span(0, 7, "EMAIL", "a@x.org")],
    }
    masked = mask(record, found)
    assert [turn["content"] for turn in masked["messages"]] == ["[EMAIL_1] and [EMAIL_2]", "[EMAIL_2]"]


def test_a_placeholder_that_stands_there_already_is_passed_over():
    record = chat(1, "[EMAIL_1] wrote to a@x.org", "ok")
    masked = mask(record, {"messages[0].content": [Span(19, 26, "EMAIL", "a@x.org")]})
    assert masked["messages"][0]["content"] == "[EMAIL_1] wrote to [EMAIL_2]"


def test_json_stays_json():
    text = '{"card": 4111111111111111, "as_text": "4111111111111111"}'
    spans = [Span(9, 25, "CREDIT_CARD", "4"), Span(39, 55, "CREDIT_CARD", "4")]
    masked = mask(chat(1, "q", text), {"messages[1].content": spans})["messages"][1]["content"]
    assert json.loads(masked) == {"card": "[CREDIT_CARD_1]", "as_text": "[CREDIT_CARD_1]"}


def test_other_spellings_of_a_value_are_found_elsewhere():
    texts = {"a": "call +49 30 901820", "b": '{"tel":"4930901820"}', "c": "493090182055 and 149 30 901820", "d": ""}
    more = same_values(texts, {"a": [Span(5, 18, "PHONE", "+4930901820")]})
    assert {where: [texts[where][s.start : s.end] for s in spans] for where, spans in more.items()} == {
        "a": ["+49 30 901820"],
        "b": ["4930901820"],
        "c": [],
        "d": [],
    }
    texts = {"a": "Ann@X.org", "b": "mailto:ann@x.org ann@x.orgs"}
    assert len(same_values(texts, {"a": [Span(0, 9, "EMAIL", "ann@x.org")]})["b"]) == 1


SPANS = st.lists(
    st.builds(
        lambda start, length, kind: Span(start, start + length, kind, "v"),
        st.integers(0, 20),
        st.integers(1, 8),
        st.sampled_from(["EMAIL", "SECRET"]),
    ),
    max_size=8,
)


@given(SPANS)
def test_what_remains_shares_nothing_and_loses_nothing_that_comes_first(spans):
    chosen = without_overlaps(spans, lambda span: span.kind != "SECRET")
    assert all(left.end <= right.start for left, right in itertools.pairwise(chosen))
    secrets = [span for span in chosen if span.kind == "SECRET"]
    assert secrets == without_overlaps([span for span in spans if span.kind == "SECRET"], lambda _span: 0)
    for span in spans:
        assert any(span.start < other.end and other.start < span.end for other in chosen)
