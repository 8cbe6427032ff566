"""Words as decontamination compares them."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.leakage.words import row_turns, words
from tests.unit.leakage.rows import plain, record


def test_case_punctuation_symbols_and_unicode_forms_do_not_count() -> None:
    assert words("What's 2 + 2?  It — is_“FOUR”!") == ["what", "s", "2", "2", "it", "is", "four"]
    assert words("ﬁn Straße\u00a0É") == words("FIN strasse E\u0301")
    assert words(" ?! … $ ") == []


def test_scripts_without_spaces_give_characters_and_marks_stay_in_their_word() -> None:
    assert words("港に着く。OK") == ["港", "に", "着", "く", "ok"]
    assert words("สวัสดี") == list(unicodedata.normalize("NFKC", "สวัสดี"))
    assert words("हिन्दी में") == ["हिन्दी", "में"]


def test_all_that_a_row_trains_on_is_read() -> None:
    call = {"type": "function", "function": {"name": "track", "arguments": {"box": "MSKU 7"}}}
    row = record("a", "Where is it?", "On board.", rejected=[{"role": "assistant", "content": "No idea."}])
    row["messages"].append({"role": "assistant", "content": "", "tool_calls": [call]})
    turns = row_turns(row)
    assert [role for role, _words in turns] == ["system", "user", "assistant", "assistant", "assistant"]
    assert [said for _role, said in turns][1:3] == [["where", "is", "it"], ["on", "board"]]
    assert {"track", "msku", "7"} <= set(turns[3][1])
    assert turns[4][1] == ["no", "idea"]
    assert row_turns(plain("b", "Plain, text.")) == [("text", ["plain", "text"])]


@settings(deadline=None)
@given(st.text())
def test_words_are_their_own_words(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once
    assert all(word and not word.isspace() for word in once)
