from tasks.dedup.texts import compared, embedded_text, normalise
from tests.unit.dedup.rows import chat, plain, record


def test_normal_form_folds_case_white_space_and_compatibility_forms():
    assert normalise("  Straße\n\n ＡＢＣ ﬁne\t1\u00a02 ") == "strasse abc fine 1 2"


def test_system_turns_do_not_count_for_exact_duplicates_but_do_for_the_prompt():
    left, right = compared(chat(1, "Hello", "a", system="One.")), compared(chat(2, "hello ", "a", system="Two."))
    assert left.exact_key == right.exact_key
    assert left.prompt_key != right.prompt_key
    assert "One" not in embedded_text(chat(1, "Hello", "a", system="One."), with_answer=True)


def test_the_answer_counts():
    left, right = compared(chat(1, "Hello", "a")), compared(chat(2, "Hello", "b"))
    assert left.prompt_key == right.prompt_key
    assert left.exact_key != right.exact_key
    assert left.answer_key != right.answer_key


def test_earlier_answers_belong_to_the_prompt():
    turns = [("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Four")]
    row = record("a.jsonl:1", turns)
    assert compared(row).question == "one two three"
    assert compared(row).whole == "one two three four"
    assert embedded_text(row, with_answer=False) == "One\nTwo\nThree"
    assert embedded_text(row, with_answer=True) == "One\nTwo\nThree\nFour"


def test_where_one_turn_ends_matters():
    left = record("a.jsonl:1", [("user", "a b"), ("assistant", "c"), ("user", "d"), ("assistant", "e")])
    right = record("a.jsonl:2", [("user", "a"), ("assistant", "b c"), ("user", "d"), ("assistant", "e")])
    assert compared(left).exact_key != compared(right).exact_key


def test_plain_text_has_no_prompt_and_no_answer():
    row = compared(plain(1, "Some Text"))
    assert (row.prompt_key, row.answer_key, row.question, row.whole) == ("", "", "some text", "some text")


def test_a_conversation_without_an_answer_and_a_lone_surrogate_do_not_stop_the_comparison():
    assert compared(record("a.jsonl:1", [("user", "x \ud800")])).question == "x \ud800"


def test_tool_calls_are_part_of_what_a_turn_says():
    def calling(row, place):
        made = chat(row, "Where is it?", "")
        made["messages"][-1] = {
            "role": "assistant",
            "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"at": place}}}],
        }
        return made

    assert compared(calling(1, "Kobe")).answer_key != compared(calling(2, "Oslo")).answer_key
    assert compared(calling(1, "Kobe")).exact_key == compared(calling(2, "Kobe")).exact_key
    assert "kobe" in compared(calling(1, "Kobe")).whole
