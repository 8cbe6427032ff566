import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.preference import read_preference
from tasks.ingest.reasons import BadRowError

USER, ANSWER, SYSTEM = ({"role": role, "content": role[:1]} for role in ("user", "assistant", "system"))
OTHER = ANSWER | {"content": "r"}


def read(**row):
    return read_preference(row, [])


def refused(**row):
    with pytest.raises(BadRowError) as caught:
        read(**row)
    return caught.value.reason


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "u", "chosen": "a", "rejected": "r"},
        {"prompt": [USER], "chosen": "a", "rejected": [OTHER]},
        {"prompt": [USER], "chosen": ANSWER, "rejected": OTHER},
        {"conversations": [{"from": "human", "value": "u"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": "r"},
        {"instruction": "u", "input": "", "chosen": "a", "rejected": "r"},
        {"chosen": [USER, ANSWER], "rejected": [USER, OTHER]},
        {"prompt": " u\n", "chosen": [USER, ANSWER], "rejected": [USER, OTHER]},
        {"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER, OTHER]},
    ],
)
def test_every_form_gives_the_same_pair(row):
    parts = read(**row)
    assert (parts.messages, parts.rejected) == ([USER, ANSWER], [OTHER])
    assert set(parts.used) == row.keys()
    assert len(parts.places) == 3


def test_the_prompt_is_all_that_both_begin_with():
    shared = [SYSTEM, USER, ANSWER, USER]
    parts = read(chosen=[*shared, ANSWER, USER, ANSWER], rejected=[*shared, OTHER])
    assert parts.messages == [*shared, ANSWER, USER, ANSWER]
    assert parts.rejected == [OTHER]
    assert parts.places[-1] == "rejected[4]"


def test_system_and_tools_columns_belong_to_both():
    parts = read(prompt="u", chosen="a", rejected="r", system="s", tools=[{"name": "n"}])
    assert parts.messages == [SYSTEM, USER, ANSWER]
    assert parts.places == ("system", "prompt", "chosen", "rejected")
    assert parts.tools == [{"type": "function", "function": {"name": "n"}}]


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [
        ([USER, ANSWER], [USER, ANSWER], "same_answers"),
        ([USER, ANSWER], [USER, ANSWER | {"content": " a\n"}], "same_answers"),
        ([USER, ANSWER], [USER | {"content": "v"}, OTHER], "no_shared_prompt"),
        ([USER, ANSWER, USER, ANSWER], [USER, ANSWER], "no_shared_prompt"),
        ([USER, ANSWER, USER, ANSWER], [USER, ANSWER, USER | {"content": "v"}, ANSWER], "no_shared_prompt"),
        ([USER, ANSWER], [USER, USER], "no_shared_prompt"),
        ([USER, ANSWER], [OTHER], "no_shared_prompt"),
        ([], [USER, OTHER], "no_assistant"),
        ([USER, ANSWER], [], "no_assistant"),
        ([SYSTEM, ANSWER], [SYSTEM, OTHER], "role_order"),
        ([USER, ANSWER], [USER, OTHER, USER], "last_turn"),
    ],
)
def test_conversations_that_are_no_pair(chosen, rejected, reason):
    assert refused(chosen=chosen, rejected=rejected) == reason


def test_a_prompt_that_says_something_else():
    pair = {"chosen": [USER, ANSWER], "rejected": [USER, OTHER]}
    assert refused(prompt="v", **pair) == "no_shared_prompt"
    assert refused(prompt=[SYSTEM, USER], **pair) == "no_shared_prompt"
    assert refused(prompt=1, **pair) == "wrong_type"


@pytest.mark.parametrize("column", ["chosen", "rejected", "prompt"])
def test_all_three_are_needed(column):
    row = {"prompt": "u", "chosen": "a", "rejected": "r"}
    del row[column]
    assert refused(**row) == "missing_field"
    assert refused(**row, **{column: None}) == "missing_field"


TEXT = st.text(min_size=1, max_size=3)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=3), TEXT, TEXT, TEXT)
def test_prompt_and_sides_make_up_the_two_conversations(exchanges, question, good, bad):
    shared = [
        {"role": role, "content": text}
        for pair in exchanges
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    shared.append({"role": "user", "content": question})
    chosen, rejected = ([*shared, {"role": "assistant", "content": text}] for text in (good, bad))
    if good.strip() == bad.strip():
        assert refused(chosen=chosen, rejected=rejected) == "same_answers"
        return
    parts = read(chosen=chosen, rejected=rejected)
    assert parts.messages == chosen
    assert [*parts.messages[: -len(parts.rejected)], *parts.rejected] == rejected
