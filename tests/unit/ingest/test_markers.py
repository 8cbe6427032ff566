import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.markers import MARKERS, PIPED, Markers


@pytest.mark.parametrize("marker", [*MARKERS, *PIPED])
def test_each_known_marker_is_found_and_named(marker):
    assert Markers().find(f"a\n{marker}b") == (marker, 2)


@pytest.mark.parametrize("text", ["<|hush|>", "<｜hush▁hush｜>", "[|hush|]"])
def test_a_marker_of_unknown_name_is_not_quoted(text):
    assert Markers().find(f"ab{text}") == ("a marker of the form <|...|>", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a < b | c > d",
        "<|>",
        "<||>",
        "<b>bold</b>",
        "[inst]",
        "if x<|y and z|>w",
        "[|]",
        "[1|2]",
        "<S>",
        "list[int]",
        f"<|{'x' * 41}|>",
        "<think>",
        "# Heading",
        "[x](y) <y@z>",
    ],
)
def test_ordinary_texts_have_none(text):
    assert Markers().find(text) is None


def test_markers_of_the_operator():
    assert Markers().find("ask ### Response: say") is None
    assert Markers(("### Response:",)).find("ask ### Response: say") == ("### Response:", 4)
    assert Markers(("<think>", "<thinking>")).find("<thinking>") == ("<thinking>", 0)
    assert Markers((".*",)).find("anything") is None


def test_the_first_one_is_found():
    assert Markers(("zz",)).find("a</s><s>zz") == ("</s>", 1)


@given(st.text(max_size=20), st.sampled_from([*MARKERS, *PIPED]), st.text(max_size=20))
def test_a_marker_is_found_wherever_it_stands(before, marker, after):
    found = Markers().find(before + marker + after)
    assert found is not None
    assert found[1] <= len(before)
