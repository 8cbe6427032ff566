import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.order import check_order
from tasks.ingest.reasons import BadRowError

CALL = {"role": "assistant", "content": "", "tool_calls": [{"function": {}, "id": "c1"}]}
LETTERS = {
    "s": {"role": "system", "content": "s"},
    "u": {"role": "user", "content": "u"},
    "a": {"role": "assistant", "content": "a"},
    "c": CALL,
    "t": {"role": "tool", "content": "t"},
}


def check(letters):
    check_order([LETTERS[letter] for letter in letters], "messages")


def refused(letters):
    with pytest.raises(BadRowError) as caught:
        check(letters)
    return caught.value


@pytest.mark.parametrize("letters", ["ua", "sua", "uaua", "uc", "ucta", "ucttta", "suctctaua", "uctauctc"])
def test_good_orders(letters):
    check(letters)


@pytest.mark.parametrize(
    ("letters", "reason"),
    [
        ("", "no_assistant"),
        ("su", "no_assistant"),
        ("uu", "no_assistant"),
        ("ut", "no_assistant"),
        ("uau", "last_turn"),
        ("uct", "last_turn"),
        ("sucau", "role_order"),
        ("au", "role_order"),
        ("sa", "role_order"),
        ("uas", "role_order"),
        ("ssua", "role_order"),
        ("uua", "role_order"),
        ("uaa", "role_order"),
        ("uta", "role_order"),
        ("uca", "role_order"),
        ("uctua", "role_order"),
        ("uata", "role_order"),
    ],
)
def test_bad_orders(letters, reason):
    assert refused(letters).reason == reason


def test_details_name_the_place_and_what_is_expected():
    assert refused("suaa").detail == "messages[3] is the assistant's, expected is the user's"
    assert refused("uctua").detail == "messages[3] is the user's, expected is the tool's or the assistant's"
    with pytest.raises(BadRowError, match=r"role_order: chosen\[1\] is the assistant's"):
        check_order([LETTERS[letter] for letter in "uaa"], ("prompt", "chosen[0]", "chosen[1]"))


def test_a_result_belongs_to_a_call_before_it():
    def conversation(result_id, call=CALL):
        return [LETTERS["u"], call, LETTERS["t"] | result_id, LETTERS["a"]]

    check_order(conversation({"tool_call_id": "c1"}), "messages")
    check_order(conversation({"tool_call_id": "c9"}, CALL | {"tool_calls": [{"function": {}}]}), "messages")
    with pytest.raises(BadRowError, match=r"bad_tool_call: messages\[2\]\.tool_call_id"):
        check_order(conversation({"tool_call_id": "c9"}), "messages")


@given(st.text("suact", max_size=8))
def test_what_passes_is_a_conversation(letters):
    try:
        check(letters)
    except BadRowError:
        return
    assert re.fullmatch(r"s?(u(ct+)*(a|c$))+", letters)
