import json

from hypothesis import given
from hypothesis import strategies as st

from tasks.screening.params import ScreeningParams
from tasks.screening.screen import Screener
from tests.unit.screening.rows import KEY, PHONE, REFUSED, chat


def test_secrets_in_calls_fields_and_rejected_turns_are_found():
    call = {"type": "function", "function": {"name": "f", "arguments": {"deep": [{"token": KEY}]}}}
    row = chat(1, "q", "", rejected=[{"role": "assistant", "content": KEY}], fields={"note": KEY})
    row["messages"][1]["tool_calls"] = [call]
    screened = Screener(ScreeningParams(secrets="mask"), "s").screen(row)
    assert [line["where"] for line in screened.findings] == [
        "messages[1].tool_calls[0].function.arguments.deep[0].token",
        "rejected[0].content",
        "fields.note",
    ]
    assert KEY not in json.dumps(screened.record)
    assert json.dumps(screened.record).count("[SECRET_1]") == 3


def test_a_refusal_is_only_what_the_model_would_learn_to_say():
    screen = Screener(ScreeningParams(refusals="quarantine"), "s").screen
    assert screen(chat(1, "q", REFUSED)).reason == "refusals"
    assert screen(chat(1, REFUSED, "fine")).reason == ""
    assert screen(chat(1, "q", "a", rejected=[{"role": "assistant", "content": REFUSED}])).reason == ""
    acting = chat(1, "q", REFUSED)
    acting["messages"][1]["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": {}}}]
    assert screen(acting).reason == ""


def test_what_is_masked_is_never_lost_to_what_is_kept():
    long_secret = chat(1, 'password = "correct ann@example.org horse"', "ok")
    masked = Screener(ScreeningParams(personal_data="mask", secrets="keep"), "s").screen(long_secret).record
    assert masked["messages"][0]["content"] == 'password = "correct [EMAIL_1] horse"'
    long_address = chat(1, "see https://ann:" + "hunter22@example.org/x", "ok")
    masked = Screener(ScreeningParams(personal_data="keep", secrets="mask"), "s").screen(long_address).record
    assert masked["messages"][0]["content"] == "see https://ann:[SECRET_1]@example.org/x"


@given(
    st.lists(
        st.sampled_from(["hello", "ann@example.org", PHONE, "4930901820", "[EMAIL_1]", '"', "{", "\n"]), max_size=12
    ),
    st.sampled_from(["keep", "mask", "quarantine"]),
)
def test_masked_records_hold_no_value_and_others_are_as_read(parts, action):
    row = chat(1, " ".join(parts), "|".join(parts))
    screened = Screener(ScreeningParams(personal_data=action), "s").screen(row)
    if screened.masked:
        again = Screener(ScreeningParams(personal_data="mask"), "s").screen(screened.record)
        assert not again.findings
    else:
        assert screened.record == row
    assert bool(screened.reason) == (action == "quarantine" and bool(screened.findings))


PIECES = ["4111111111111111", "ann@example.org", PHONE, KEY, "8.8.8.8", "x", 3, None, True, 4111111111111111]


@given(
    st.recursive(st.sampled_from(PIECES) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_stays_json_of_the_same_form(value):
    def form(value):
        if isinstance(value, dict):
            return [form(inner) for inner in value.values()]
        return [form(inner) for inner in value] if isinstance(value, list) else None

    text = json.dumps([value], ensure_ascii=False)
    masked = Screener(ScreeningParams(personal_data="mask", secrets="mask"), "s").screen(chat(1, "q", text)).record
    answer = masked["messages"][1]["content"]
    assert form(json.loads(answer)) == form([value])
    assert not any(str(piece) in answer for piece in PIECES[:5])
