import pytest

from tasks.ingest.content import check_length, check_text
from tasks.ingest.reasons import BadRowError


def refused(text, part="user"):
    with pytest.raises(BadRowError) as caught:
        check_text(text, part, "here")
    return caught.value


@pytest.mark.parametrize(
    "text",
    ["tabs\tand\r\nlines", "a < b | c > d", "<|>", "<b>bold</b>", "[inst]", "if x<|y and z|>w", "naïve 東京 😀"],
)
def test_ordinary_texts_pass(text):
    check_text(text, "user", "here")


@pytest.mark.parametrize("text", ["", " \n\t ", "\u3000"])
def test_blank_texts(text):
    assert refused(text).reason == "empty_user"
    assert refused(text, "answer").reason == "empty_answer"
    check_text(text, "system", "here")


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x92"])
def test_control_characters(character):
    error = refused(f"ab{character}")
    assert error.reason == "control_characters"
    assert error.detail == f"here: U+{ord(character):04X} at character 3"


@pytest.mark.parametrize(
    "marker",
    ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "[INST]", "[/INST]", "<s>", "<<SYS>>", "<bos>"],
)
def test_markers_of_templates(marker):
    error = refused(f"ab{marker}", "system")
    assert error.reason == "special_tokens"
    assert error.detail.endswith("at character 3")


def test_a_marker_of_unknown_name_is_not_quoted():
    assert "hush" not in refused("<|hush|>").detail
    assert refused("<｜end▁of▁sentence｜>").reason == "special_tokens"


def test_the_length_of_all_texts_counts():
    check_length(["abc", "de"], 5)
    with pytest.raises(BadRowError, match="too_long: 5 characters, allowed are 4"):
        check_length(["abc", "de"], 4)
