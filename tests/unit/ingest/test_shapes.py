import pytest

from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import BadRowError
from tasks.ingest.rules import rules_of
from tasks.ingest.shapes import detect, looks_like
from tasks.ingest.shapes import normalise as shaped

USER, ANSWER, SYSTEM = ({"role": role, "content": role[:1]} for role in ("user", "assistant", "system"))


CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "function": {"name": "n", "arguments": {}}}],
}
RESULT = {"role": "tool", "content": "t"}


def normalise(value, form, max_chars=1000, **params):
    return shaped(value, form, rules_of(IngestParams(max_chars=max_chars, **params))).parts


def refused(value, form="chat", max_chars=1000, **params):
    with pytest.raises(BadRowError) as caught:
        normalise(value, form, max_chars, **params)
    return caught.value.reason


def turns(value, form="instruction"):
    return [(turn["role"], turn["content"]) for turn in normalise(value, form, 1000)["messages"]]


@pytest.mark.parametrize(
    ("rows", "form"),
    [
        ([{"messages": []}], "chat"),
        ([{"instruction": "a", "input": "b", "output": "c", "text": "d"}], "instruction"),
        ([{"prompt": "a", "completion": "b"}], "instruction"),
        ([{"text": "a", "family": "b"}], "completion"),
        ([{"text": "a"}, None, [], {"messages": []}, {"messages": []}], "chat"),
        ([{"conversations": []}], "chat"),
        ([{"prompt": "a", "chosen": "b", "rejected": "c"}], "preference"),
        ([{"chosen": [], "rejected": []}], "preference"),
        ([{"instruction": "a", "output": "b", "chosen": True, "rejected": False}], "instruction"),
        ([{"instruction": "a", "output": "b", "rejected": "no"}], "instruction"),
        ([{"messages": None, "text": "a"}, {"messages": None, "text": None}], "completion"),
        ([{"sentence": "a"}, 1], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_format_is_that_of_most_rows(rows, form):
    assert detect(rows) == form


@pytest.mark.parametrize(
    ("question", "answer"),
    [("instruction", "response"), ("instruction", "output"), ("prompt", "completion")],
)
def test_question_and_answer(question, answer):
    row = {question: " ask ", answer: "say\n", "family": "f"}
    assert turns(row) == [("user", " ask "), ("assistant", "say\n")]
    assert normalise(row, "instruction", 1000)["fields"] == {"family": "f"}


def test_a_system_column_becomes_a_turn_unless_blank():
    row = {"instruction": "a", "response": "b"}
    assert turns(row | {"system": "s"})[0] == ("system", "s")
    for blank in ("", "  ", None):
        assert turns(row | {"system": blank})[0] == ("user", "a")
    assert normalise(row | {"system": "s"}, "instruction", 1000)["fields"] == {}
    assert refused(row | {"system": 1}, "instruction") == "wrong_type"


def test_alpaca_input_follows_the_instruction():
    row = {"instruction": "a", "output": "b"}
    assert turns(row | {"input": "given"})[0] == ("user", "a\n\ngiven")
    assert turns(row | {"input": ""})[0] == ("user", "a")
    assert refused(row | {"input": ["x"]}, "instruction") == "wrong_type"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instruction": "a"}, "missing_field"),
        ({"response": "a"}, "missing_field"),
        ({"instruction": "a", "response": None}, "missing_field"),
        ({"instruction": "a", "response": 404}, "wrong_type"),
        ({"instruction": "", "response": "b"}, "empty_user"),
        ({"instruction": "a", "response": "  "}, "empty_answer"),
        ({"instruction": "a", "response": "</s>"}, "special_tokens"),
        ({"instruction": "a", "response": "b", "system": "\x00"}, "control_characters"),
        (["a", "b"], "not_an_object"),
    ],
)
def test_bad_instruction_rows(row, reason):
    assert refused(row, "instruction") == reason


def test_details_name_the_column():
    with pytest.raises(BadRowError, match="empty_user: prompt has no text"):
        normalise({"prompt": "", "completion": "b"}, "instruction", 9)
    with pytest.raises(BadRowError, match="wrong_type: response is a number, not a text"):
        normalise({"prompt": "a", "response": 1}, "instruction", 9)
    with pytest.raises(BadRowError, match=r"empty_answer: messages\[1\]\.content has no text"):
        normalise({"messages": [USER, ANSWER | {"content": ""}]}, "chat", 9)


@pytest.mark.parametrize("messages", [[USER, ANSWER], [SYSTEM, USER, ANSWER], [USER, ANSWER, USER, ANSWER]])
def test_good_conversations_are_passed_on(messages):
    row = {"messages": [turn | {"name": "n"} for turn in messages], "id": 7}
    assert normalise(row, "chat", 1000) == {"messages": messages, "text": "", "fields": {"id": 7}}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, "missing_field"),
        ("hello", "wrong_type"),
        ({"role": "user"}, "wrong_type"),
        ([], "no_assistant"),
        ([SYSTEM, USER], "no_assistant"),
        (["hello"], "wrong_type"),
        ([{"content": "a"}, ANSWER], "missing_field"),
        ([{"role": "user"}, ANSWER], "missing_field"),
        ([{"role": 1, "content": "a"}, ANSWER], "wrong_type"),
        ([USER | {"content": [{"type": "text"}]}, ANSWER], "wrong_type"),
        ([USER, {"role": "assistant", "content": "a", "tool_calls": [{}]}], "bad_tool_call"),
        ([{"role": "narrator", "content": "a"}, ANSWER], "unknown_role"),
        ([ANSWER, USER], "role_order"),
        ([USER, ANSWER, SYSTEM], "role_order"),
        ([SYSTEM, SYSTEM, USER, ANSWER], "role_order"),
        ([USER, USER, ANSWER], "role_order"),
        ([USER, ANSWER, USER], "last_turn"),
        ([SYSTEM, ANSWER], "role_order"),
    ],
)
def test_bad_conversations(messages, reason):
    assert refused({"messages": messages}) == reason


def test_plain_text():
    assert normalise({"text": " as it is ", "n": 1}, "completion", 99) == {
        "messages": [],
        "text": " as it is ",
        "fields": {"n": 1},
    }
    assert refused({"text": ""}, "completion") == "empty_answer"
    assert refused({"body": "a"}, "completion") == "missing_field"
    assert refused({"text": "abc"}, "completion", 2) == "too_long"


def test_the_length_is_that_of_all_turns():
    assert refused({"messages": [USER, ANSWER]}, max_chars=1) == "too_long"
    normalise({"messages": [USER, ANSWER]}, "chat", 2)


def test_a_row_of_no_known_format():
    assert refused({"sentence": "a"}, "unknown") == "missing_field"


def test_tools_calls_and_results_of_a_conversation():
    tool = {"type": "function", "function": {"name": "n"}}
    row = {"messages": [USER, CALL, RESULT, ANSWER], "tools": [tool]}
    assert normalise(row, "chat") == {"messages": row["messages"], "text": "", "fields": {}, "tools": [tool]}
    assert "tools" not in normalise(row | {"tools": []}, "chat")


def test_a_tools_result_and_a_call_may_be_blank_and_others_not():
    normalise({"messages": [USER, CALL, RESULT | {"content": " "}, ANSWER]}, "chat")
    assert refused({"messages": [USER, CALL, RESULT, ANSWER | {"content": " "}]}) == "empty_answer"


def test_calls_and_tools_count_towards_the_length():
    row = {"messages": [USER, CALL]}
    length = len("u" + "type" + "function" * 2 + "name" + "n" + "arguments")
    normalise(row, "chat", length)
    assert refused(row, "chat", length - 1) == "too_long"
    tooled = row | {"tools": [{"name": "n"}]}
    more = len("type" + "function" * 2 + "name" + "n")
    normalise(tooled, "chat", length + more)
    assert refused(tooled, "chat", length + more - 1) == "too_long"


def test_the_place_of_a_bad_text_is_named():
    def detail(row, form):
        with pytest.raises(BadRowError) as caught:
            normalise(row, form)
        return caught.value.detail

    bad = "<s>"
    place = "<s> at character 1"
    assert detail({"conversations": [USER, ANSWER | {"content": bad}]}, "chat") == f"conversations[1].content: {place}"
    assert detail({"messages": [USER, ANSWER], "system": bad}, "chat") == f"system: {place}"
    assert detail({"messages": [USER, ANSWER | {"content": bad}], "system": "s"}, "chat").startswith("messages[1]")
    assert detail({"prompt": "a", "chosen": "b", "rejected": bad}, "preference") == f"rejected: {place}"
    assert detail({"prompt": "a", "system": "s", "chosen": "b", "rejected": bad}, "preference") == f"rejected: {place}"
    whole = {"chosen": [USER, ANSWER], "rejected": [USER, ANSWER | {"content": bad}]}
    assert detail(whole, "preference") == f"rejected[1]: {place}"
    tools = {"messages": [USER, ANSWER], "tools": [{"name": "n", "description": bad}]}
    assert detail(tools, "chat") == f"tools: {place}"
    call = CALL | {"tool_calls": [{"name": "n", "arguments": {bad: 1}}]}
    assert detail({"messages": [USER, call]}, "chat") == f"the tool call or result at messages[1].content: {place}"


def test_preference_is_a_conversation_with_rejected_turns():
    row = {"prompt": "u", "chosen": "a", "rejected": "r", "source": "x"}
    assert normalise(row, "preference") == {
        "messages": [USER, ANSWER],
        "text": "",
        "fields": {"source": "x"},
        "rejected": [ANSWER | {"content": "r"}],
    }


CHAT, QA, TEXT = {"messages": [USER, ANSWER]}, {"instruction": "u", "response": "a"}, {"text": "t"}
PREFERENCE = {"prompt": "u", "chosen": "a", "rejected": "r"}
FORMS = {"chat": CHAT, "instruction": QA, "completion": TEXT, "preference": PREFERENCE}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_rows_of_another_format_are_refused_or_converted(form, other):
    rules = rules_of(IngestParams(on_mixed="convert"))
    assert looks_like(FORMS[other]) == other
    assert shaped(FORMS[other], form, rules) == shaped(FORMS[other], other, rules)
    assert shaped(FORMS[other], form, rules).form == other
    if form != other:
        with pytest.raises(BadRowError, match=rf"mixed_format: looks like {other}, the file's format is {form}"):
            normalise(FORMS[other], form)


def test_a_row_with_the_columns_of_two_formats_is_read_as_its_file():
    both = CHAT | TEXT
    assert normalise(both, "chat")["fields"] == {"text": "t"}
    assert normalise(both, "completion")["text"] == "t"


def test_half_a_row_is_not_another_format():
    assert refused({"prompt": "u"}, "chat", on_mixed="convert") == "missing_field"
    assert refused({"messages": None, "sentence": "t"}, "chat") == "missing_field"


def test_a_file_without_a_format_has_rows_of_other_formats_only():
    assert refused(CHAT, "unknown") == "mixed_format"
    assert normalise(CHAT, "unknown", on_mixed="convert")["messages"] == [USER, ANSWER]


def test_unknown_lists_and_objects_are_counted_or_refused():
    row = {"messages": [USER | {"weight": 0}, ANSWER | {"weight": 1}], "meta": {"a": 1}, "hush hush": [1], "n": 1}
    found = shaped(row, "chat", rules_of(IngestParams()))
    assert found.parts["fields"] == {"n": 1}
    assert set(found.notes) == {("column", "messages[].weight"), ("column", "meta"), ("column", "(no plain name)")}
    with pytest.raises(BadRowError) as caught:
        normalise(row, "chat", unknown_fields="quarantine")
    assert caught.value.reason == "unknown_fields"
    assert caught.value.detail == "the format does not know: (no plain name), messages[].weight, meta"
    assert normalise(CHAT | {"n": 1, "none": None, "empty": []}, "chat", unknown_fields="quarantine")["fields"] == {
        "n": 1,
        "none": None,
    }


def test_markers_pass_when_they_may():
    row = {"messages": [USER | {"content": "<|im_start|>"}, ANSWER]}
    assert refused(row) == "special_tokens"
    assert normalise(row, "chat", template_tokens="keep")["messages"] == row["messages"]
    assert refused(CHAT | {"messages": [USER | {"content": "### Q"}, ANSWER]}, extra_template_tokens=("### Q",)) == (
        "special_tokens"
    )


def test_languages_are_looked_at_when_asked():
    row = {"text": "Das Schiff legt am Montag mit vierzig Containern Kaffee ab."}
    assert shaped(row, "completion", rules_of(IngestParams())).notes == []
    assert shaped(row, "completion", rules_of(IngestParams(languages=("de",)))).notes == [("language", "de")]
    assert refused(row, "completion", languages=("en",)) == "wrong_language"
    unsure = rules_of(IngestParams(languages=("en",), language_probability=1))
    assert shaped(row, "completion", unsure).notes == [("language", "undecided")]
