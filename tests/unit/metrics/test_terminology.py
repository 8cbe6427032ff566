"""Known answers of the terminology metric."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score
from tasks.metrics.params import Terminology
from tasks.metrics.terminology import TerminologyMetric

Make = Callable[..., list[Item]]
GLOSSARY = """source,required,forbidden
bill of lading | B/L,Konnossement,Frachtbrief
container,Container*,Behälter|Kiste*
demurrage,Liegegeld | Demurrage,
,,leider
"""


@pytest.fixture
def metric(tmp_path: Path) -> Callable[..., TerminologyMetric]:
    def make(text: str = GLOSSARY, **params: Any) -> TerminologyMetric:
        path = tmp_path / "terms.csv"
        path.write_text(text, encoding="utf-8")
        return TerminologyMetric(Terminology(glossary_file=str(path), **params))

    return make


def score(metric: TerminologyMetric, make: Make, prompt: str, answer: str) -> Score:
    return metric.score(make([("", answer)], prompt=prompt))[0]


def test_known_answers(metric: Callable[..., TerminologyMetric], items: Make) -> None:
    """In force: bill of lading (2 checks), container (2), the entry without source (1)."""
    prompt = "Send the bill  of\nlading for each Container."
    right = score(metric(), items, prompt, "Das Konnossement der beiden Containers.")
    assert (right.value, right.detail["checks"], right.detail["errors"]) == (1.0, 5, [])
    wrong = score(metric(), items, prompt, "Der Frachtbrief der Kisten, leider.")
    assert wrong.value == pytest.approx(1 - 5 / 5)
    assert wrong.figures == {"term_accuracy": wrong.value, "no_term_error": 0.0}
    assert wrong.detail["errors"] == [
        {"source": "bill of lading | B/L", "missing": ["Konnossement"]},
        {"source": "bill of lading | B/L", "used": ["Frachtbrief"]},
        {"source": "container", "missing": ["Container*"]},
        {"source": "container", "used": ["Kiste*"]},
        {"source": "", "used": ["leider"]},
    ]
    half = score(metric(), items, prompt, "Konnossement: Behälter im Container.")
    assert half.value == pytest.approx(1 - 1 / 5)


def test_terms_are_whole_words_and_alternatives_are_enough(
    metric: Callable[..., TerminologyMetric], items: Make
) -> None:
    assert score(metric(), items, "containers", "Nichts.").detail["checks"] == 1
    assert score(metric(), items, "demurrage", "Liegegeldern fallen an.").value == 0.5
    assert score(metric(), items, "demurrage", "demurrage fällt an.").value == 1.0
    assert score(metric(), items, "The B/L, please", "Konnossement").detail["checks"] == 3


def test_case_matters_when_it_is_said_to(metric: Callable[..., TerminologyMetric], items: Make) -> None:
    assert score(metric(), items, "DEMURRAGE", "liegegeld").value == 1.0
    strict = metric(ignore_case=False)
    assert score(strict, items, "DEMURRAGE", "x").detail["checks"] == 1
    assert score(strict, items, "demurrage", "liegegeld").value == 0.5


def test_the_system_turn_is_no_source(metric: Callable[..., TerminologyMetric]) -> None:
    messages = [{"role": "system", "content": "demurrage"}, {"role": "user", "content": "Hello"}]
    item = Item("0", "a", messages, "", "x", cut=False)
    assert metric("source,required,forbidden\ndemurrage,Liegegeld,\n").score([item])[0].value == 1.0


def test_summary_has_the_term_error_rate_over_all_checks(metric: Callable[..., TerminologyMetric], items: Make) -> None:
    made = items([("", "Liegegeld"), ("", "leider nichts"), ("", "x")], prompt="demurrage")
    chosen = metric()
    found = chosen.summarise(made, chosen.score(made))
    assert found["value"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert found["figures"]["checked_terms"] == pytest.approx(1 - 3 / 6)
    assert found["tables"][0]["title"] == "Terms (term error rate 0.500 over 6 checks)"
    assert found["tables"][0]["rows"] == [["demurrage", 3, 2, 0], ["", 3, 0, 1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the header must be source,required,forbidden, not "),
        ("source,required\na,b\n", "the header must be"),
        ("source,required,forbidden\n", "has no row"),
        ("source,required,forbidden\na,,\n", "row 2 has neither"),
        ("source,required,forbidden\na,b,b|c\n", "row 2 requires and forbids b"),
        ("source,required,forbidden\na,b\n", "row 2 has another number of columns"),
        ("source,required,forbidden\na,b,c,d\n", "row 2 has another number of columns"),
        ('source,required,forbidden\n"a"x,b,c\n', "is no CSV"),
    ],
)
def test_broken_glossaries(metric: Callable[..., TerminologyMetric], text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"metrics\[terminology\]\.glossary_file.*{said}"):
        metric(text)


def test_a_byte_order_mark_is_no_part_of_the_header(metric: Callable[..., TerminologyMetric]) -> None:
    metric("\ufeff" + GLOSSARY)


def test_a_glossary_that_is_in_force_for_nothing_is_refused(
    metric: Callable[..., TerminologyMetric], items: Make
) -> None:
    chosen = metric("source,required,forbidden\ndemurrage,Liegegeld,\n")
    with pytest.raises(ConfigError, match="no prompt has any of the 1 source terms"):
        chosen.check(items([("", "")], prompt="Hello"))
    chosen.check(items([("", "")], prompt="Demurrage!"))


def test_a_file_must_be_named() -> None:
    with pytest.raises(ValueError, match="glossary_file is empty"):
        Terminology()
