import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.content import check_length, check_nested, check_text, is_clean
from tasks.ingest.markers import Markers
from tasks.ingest.reasons import BadRowError

KNOWN = Markers()


def refused(text, part="user", markers=KNOWN):
    with pytest.raises(BadRowError) as caught:
        check_text(text, part, "here", markers)
    return caught.value


@pytest.mark.parametrize(
    "text",
    ["tabs\tand\r\nlines", "a < b | c > d", "<|>", "<b>bold</b>", "[inst]", "if x<|y and z|>w", "naïve 東京 😀"],
)
def test_ordinary_texts_pass(text):
    check_text(text, "user", "here", KNOWN)
    assert is_clean(text, KNOWN)


@pytest.mark.parametrize("text", ["", " \n\t ", "\u3000"])
def test_blank_texts(text):
    assert refused(text).reason == "empty_user"
    assert refused(text, "answer").reason == "empty_answer"
    check_text(text, "system", "here", KNOWN)
    check_text(text, "tool", "here", KNOWN)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x92"])
def test_control_characters(character):
    error = refused(f"ab{character}")
    assert error.reason == "control_characters"
    assert error.detail == f"here: U+{ord(character):04X} at character 3"
    assert not is_clean(f"ab\n{character}", KNOWN)


def test_markers_are_found_unless_they_may_pass():
    error = refused("ab<|im_start|>", "system")
    assert error.reason == "special_tokens"
    assert error.detail == "here: <|im_start|> at character 3"
    check_text("ab<|im_start|>", "system", "here", None)
    assert not is_clean("ab<|im_start|>", KNOWN)
    assert is_clean("ab<|im_start|>", None)
    assert not is_clean("\x00", None)


def test_texts_inside_objects_are_checked_and_measured():
    value = [{"name": "track", "arguments": {"box": ["ab", 1, None, {"c": "d"}]}}]
    assert check_nested(value, "calls", KNOWN) == len("nametrackargumentsboxabcd")
    for bad, reason in (("<s>", "special_tokens"), ("\x00", "control_characters")):
        for nested in ([{"a": bad}], {"a": [[bad]]}, {bad: 1}, bad):
            with pytest.raises(BadRowError, match=rf"{reason}: calls: "):
                check_nested(nested, "calls", KNOWN)
    assert check_nested({"a": ["<s>"]}, "calls", None) == 4


def test_nesting_deeper_than_the_interpreter_recurses():
    deep = "end"
    for _ in range(50_000):
        deep = [deep]
    assert check_nested(deep, "calls", KNOWN) == 3


def test_the_length_counts():
    check_length(5, 5)
    with pytest.raises(BadRowError, match="too_long: 5 characters, allowed are 4"):
        check_length(5, 4)


@given(
    st.text(st.characters(max_codepoint=0x2100), max_size=10) | st.sampled_from(["a\n<s>", "\x85", "\u2028", "\xa0"])
)
def test_the_quick_question_has_the_answer_of_the_careful_one(text):
    try:
        check_text(text, "system", "here", KNOWN)
    except BadRowError:
        assert not is_clean(text, KNOWN)
    else:
        assert is_clean(text, KNOWN)
