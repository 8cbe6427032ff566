"""Known answers of the text metrics."""

from collections.abc import Callable
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score
from tasks.metrics.params import Text
from tasks.metrics.text import TextMetric

Make = Callable[..., list[Item]]


def score(make: Make, expected: str, answer: str, **params: Any) -> Score:
    return TextMetric(Text(**params)).score(make([(expected, answer)]))[0]


def test_rouge_by_hand(items: Make) -> None:
    """Words 4 and 3, 3 shared; pairs 3 and 2, 1 shared; longest common sequence 3."""
    found = score(items, "the ship is late", "the ship late").figures
    assert found["rouge1"] == pytest.approx(2 * 1 * 0.75 / 1.75)
    assert found["rouge2"] == pytest.approx(2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3))
    assert found["rougeL"] == pytest.approx(2 * 1 * 0.75 / 1.75)


def test_order_is_what_rouge_l_sees(items: Make) -> None:
    found = score(items, "a b c d", "d c b a").figures
    assert (found["rouge1"], found["rougeL"]) == (1.0, 0.25)


def test_bleu_by_hand(items: Make) -> None:
    """All runs of 1 to 4 words are right: 4 of 4, 3, 2, 1; the brevity penalty is exp(1 - 5/4)."""
    found = score(items, "a b c d e", "a b c d").figures
    assert found["bleu"] == pytest.approx(0.7788, abs=1e-4)


@pytest.mark.parametrize("words", ["unicode", "ascii"])
def test_equal_and_foreign_texts(items: Make, words: str) -> None:
    same = score(items, "The ship is late today.", "The ship is late today.", words=words)
    assert same.figures == dict.fromkeys(("rouge1", "rouge2", "rougeL", "bleu", "chrf"), 1.0)
    other = score(items, "abc", "xyz", words=words).figures
    assert other["rouge1"] == other["chrf"] == 0.0
    empty = score(items, "abc", "", words=words)
    assert all(value == 0.0 for value in empty.figures.values())


@pytest.mark.parametrize("main", ["rouge1", "rouge2", "rougeL", "bleu", "chrf"])
def test_the_deciding_figure_is_a_choice(items: Make, main: str) -> None:
    found = score(items, "the ship is late", "the ship late now", main=main)
    assert found.value == found.figures[main]
    assert TextMetric(Text(main=main)).main == main


def test_letters_that_are_not_ascii_count_unless_they_are_said_not_to(items: Make) -> None:
    assert score(items, "Größe", "Grüße").figures["rouge1"] == 0.0
    # The ascii words of both are gr and e: only the ß and the umlauts would tell them apart.
    assert score(items, "Größe", "Grüße", words="ascii").figures["rouge1"] == 1.0
    assert score(items, "船 晚", "船 晚").figures["rouge1"] == 1.0
    with pytest.raises(ConfigError, match="Set words to unicode"):
        TextMetric(Text(words="ascii")).check(items([("船晚", "")]))
    TextMetric(Text(words="ascii", main="chrf")).check(items([("船晚", "")]))


def test_stemming(items: Make) -> None:
    assert score(items, "ships arriving", "ship arrives", words="ascii").figures["rouge1"] == 0.0
    assert score(items, "ships arriving", "ship arrives", words="ascii", stemming=True).figures["rouge1"] == 1.0
    with pytest.raises(ValueError, match="stemming knows English only"):
        Text(stemming=True)


def test_bleu_tokens(items: Make) -> None:
    assert score(items, "今天船晚到了", "今天船晚到", bleu_tokens="13a").figures["bleu"] == 0.0
    assert score(items, "今天船晚到了", "今天船晚到", bleu_tokens="zh").figures["bleu"] > 0.7
    assert score(items, "abcdef", "abcdeg", bleu_tokens="char").figures["bleu"] > 0.5


def test_the_summary_has_corpus_figures_with_their_signatures(items: Make) -> None:
    metric, made = TextMetric(Text()), items([("a b c d e", "a b c d e"), ("x", "y z")])
    found = metric.summarise(made, metric.score(made))
    assert found["value"] == found["figures"]["rougeL"] == 0.5
    # Runs of 1 to 4 words: 5 of 7, 4 of 5, 3 of 3, 2 of 2; no brevity penalty.
    assert found["figures"]["corpus_bleu"] == pytest.approx((5 / 7 * 4 / 5) ** 0.25)
    rows = found["tables"][0]["rows"]
    assert [row[0] for row in rows] == ["corpus_bleu", "corpus_chrf"]
    assert "tok:13a" in rows[0][2]
    assert "version:" in rows[1][2]
