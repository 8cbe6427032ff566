from tasks.dedup.exact import exact_pairs, find_conflicts
from tasks.dedup.texts import compared
from tests.unit.dedup.rows import chat, plain


def test_each_later_row_is_paired_with_the_first():
    assert exact_pairs(["a", "b", "a", "c", "b", "a"]) == [(0, 2), (1, 4), (0, 5)]


def test_conflicts_are_equal_prompts_with_different_answers():
    rows = [chat(1, "Q", "yes"), chat(2, "other", "yes"), chat(3, "q ", "no"), chat(4, "Q", "YES"), plain(5, "Q")]
    (conflict,) = find_conflicts([compared(row) for row in rows])
    assert conflict.rows == (0, 2, 3)


def test_another_system_turn_makes_another_prompt():
    rows = [chat(1, "Q", "yes", system="Be kind."), chat(2, "Q", "no", system="Be strict.")]
    assert find_conflicts([compared(row) for row in rows]) == []


def test_plain_texts_never_conflict():
    assert find_conflicts([compared(plain(1, "a")), compared(plain(2, "a"))]) == []
