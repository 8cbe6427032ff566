"""The bundled suite is sound, and is what its generator writes."""

from collections import Counter

from deployments.demo.generate import build_suite
from tasks.evaluation.suite import DATA, NAME, load_suite, suite_digest
from tasks.store.records import read_rows


def test_items_are_many_unique_and_balanced() -> None:
    rows = list(read_rows(DATA))
    assert len(rows) >= 400
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["question"] for row in rows}) == len(rows)
    for row in rows:
        assert len(set(row["choices"])) == 4, row
        assert all(choice == choice.strip() and choice for choice in row["choices"]), row
        assert row["category"], row
    places = Counter(row["answer"] for row in rows)
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) < 1.1 * len(rows) / 4


def test_no_simple_rule_finds_the_answers() -> None:
    rows = list(read_rows(DATA))
    longest = sum(len(row["choices"][row["answer"]]) == max(map(len, row["choices"])) for row in rows)
    ties = sum(Counter(map(len, row["choices"]))[max(map(len, row["choices"]))] for row in rows) / 4
    assert longest < 1.25 * ties


def test_the_file_is_what_the_generator_writes() -> None:
    assert DATA.read_bytes() == build_suite()


def test_the_task_names_its_items_by_absolute_path() -> None:
    config = load_suite()
    assert config["task"] == NAME
    assert config["dataset_kwargs"]["data_files"] == {"test": str(DATA)}
    assert DATA.is_absolute()
    assert len(suite_digest()) == 64
