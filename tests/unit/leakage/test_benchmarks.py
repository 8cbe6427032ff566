"""Benchmark items in training rows, found by id."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import DataError
from tasks.evaluation.suite import DATA
from tasks.leakage.benchmarks import judge, read_items
from tasks.leakage.params import LeakageParams
from tasks.store.records import read_rows
from tests.unit.leakage.rows import plain, record, write_items

LONG = (
    "A container ship leaves Rotterdam at noon with four thousand boxes and sails south at eighteen knots until it "
    "meets a storm off Brest where it slows to nine knots for ten hours: when does it reach Lisbon"
)
ITEMS = [
    {"id": "ship", "text": LONG, "answer": "On Thursday"},
    {"id": "moon", "text": "Which of the planets has the most moons today?", "answer": "Saturn"},
    {"id": "taste", "text": "We taste with our", "answer": "tongue"},
    {"id": "hear", "text": "What we hear with are the", "answer": "two ears we have"},
]
CLEAN = [record(f"clean:{n}", f"Please book {n} boxes of tiles from Hamburg to Kobe next week") for n in range(5)]


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    return {"facts": write_items(tmp_path / "facts.jsonl", ITEMS)}


def held(paths: dict[str, Path], rows: list, **params) -> list[tuple]:
    lines = judge(paths, rows, LeakageParams(**params)).contaminated
    return [(line["item"], line["train"], line["method"], line["ngram"], round(line["overlap"], 2)) for line in lines]


def test_planted_items_are_found_by_id_whatever_their_case_and_punctuation(paths) -> None:
    rows = [
        *CLEAN,
        record("leak:1", f"Hello!\n{LONG.upper()} --- please?", "At six."),
        record("leak:2", "which of the planets has the most moons, today"),
        plain("leak:3", "He said: which, of the planets, has the most moons today? Nobody knew."),
    ]
    assert held(paths, rows) == [
        ("ship", "leak:1", "ngram", 13, 1.0),
        ("moon", "leak:2", "ngram", 9, 1.0),
        ("moon", "leak:3", "ngram", 9, 1.0),
    ]


def test_figures_of_a_benchmark(paths) -> None:
    judged = judge(paths, [*CLEAN, record("leak", LONG)], LeakageParams())
    assert judged.benchmarks == {
        "facts": {
            "items": 4,
            "too_short": 1,
            "contaminated": 1,
            "share": 0.25,
            "max_overlap": 1.0,
            "not_checked": None,
        }
    }
    assert judged.closest == [
        {"split_a": "train", "id_a": "leak", "split_b": "facts", "id_b": "ship", "method": "ngram", "similarity": 1.0}
    ]


def test_a_part_of_an_item_counts_from_the_limit_on_and_is_listed_below_it(paths) -> None:
    part = record("part", " ".join(LONG.split()[:15]) + " and never comes back")
    assert held(paths, [part]) == []
    share = 15 / len(LONG.split())
    judged = judge(paths, [part], LeakageParams())
    assert [(pair["id_a"], pair["id_b"], pair["similarity"]) for pair in judged.closest] == [("part", "ship", share)]
    assert judged.benchmarks["facts"]["max_overlap"] == share
    assert held(paths, [part], max_overlap=0.3) == [("ship", "part", "ngram", 13, round(share, 2))]
    assert judge(paths, [part, record("all", LONG)], LeakageParams(listed=1)).closest[0]["id_a"] == "all"


def test_two_rows_with_half_an_item_each_are_not_added_up(paths) -> None:
    words = LONG.split()
    rows = [record("a", " ".join(words[:16])), record("b", " ".join(words[-16:]))]
    assert held(paths, rows) == []
    assert len(held(paths, [record("both", f"{rows[0]['messages'][1]['content']} X {' '.join(words[-16:])}")])) == 1


def test_shorter_runs_find_edited_items(paths) -> None:
    words = LONG.split()
    edited = record("edited", " ".join("thing" if at % 10 == 9 else word for at, word in enumerate(words)))
    assert held(paths, [edited]) == []
    assert [line[:3] for line in held(paths, [edited], ngram=8)] == [("ship", "edited", "ngram")]


def test_a_short_item_is_judged_with_its_answer_or_by_a_whole_turn(paths) -> None:
    quoting = record("quoting", "Kids learn that we taste with our tongue and skin")
    asking = record("asking", "We taste with our...", "tongue")
    saying = plain("saying", "We taste with our tongue.")
    with_answer = record("with answer", "What we hear with are the", "two ears we have")
    assert held(paths, [quoting, asking, saying, with_answer]) == [
        ("taste", "asking", "whole turn", 4, 1.0),
        ("taste", "saying", "whole turn", 4, 1.0),
        ("hear", "with answer", "ngram", 10, 1.0),
    ]
    listed = judge(paths, [asking, with_answer], LeakageParams()).closest
    assert [(pair["id_b"], pair["method"]) for pair in listed] == [("taste", "whole turn"), ("hear", "ngram")]
    assert [line[:2] for line in held(paths, [quoting], min_ngram=5)] == [("taste", "quoting")]


def test_rejected_answers_are_training_text_too(paths) -> None:
    row = record("pair", "Say something", rejected=[{"role": "assistant", "content": LONG}])
    assert held(paths, [row]) == [("ship", "pair", "ngram", 13, 1.0)]


def test_each_benchmark_has_its_own_figures(paths, tmp_path) -> None:
    paths["others"] = write_items(tmp_path / "others.jsonl", [{"id": "ship", "text": LONG}])
    paths["far"] = write_items(tmp_path / "far.jsonl", [{"not_checked": "data not available"}])
    judged = judge(paths, [record("leak", LONG)], LeakageParams())
    assert [(line["benchmark"], line["item"]) for line in judged.contaminated] == [
        ("facts", "ship"),
        ("others", "ship"),
    ]
    assert {name: said["share"] for name, said in judged.benchmarks.items()} == {
        "facts": 0.25,
        "others": 1.0,
        "far": None,
    }
    assert judged.benchmarks["far"]["not_checked"] == "data not available"
    assert judged.benchmarks["far"]["items"] == 0


def test_every_item_of_the_bundled_suite_is_found_when_it_is_trained_on(tmp_path) -> None:
    items = [
        {"id": row["id"], "text": row["question"], "answer": row["choices"][row["answer"]]} for row in read_rows(DATA)
    ]
    path = write_items(tmp_path / "suite.jsonl", items)
    rows = [record(f"r:{item['id']}", item["text"], item["answer"]) for item in items]
    judged = judge({"suite": path}, rows, LeakageParams())
    assert judged.benchmarks["suite"]["contaminated"] == len(items) == 595
    assert {(line["item"], line["train"]) for line in judged.contaminated} >= {(i["id"], f"r:{i['id']}") for i in items}


def test_files_that_are_no_items_are_refused_with_their_line(tmp_path) -> None:
    path = write_items(tmp_path / "bad.jsonl", [{"id": "a", "text": "b"}, {"id": 3, "text": "c"}])
    with pytest.raises(DataError, match=r"bad\.jsonl:2 is no item of the benchmark bad"):
        read_items("bad", path, 8)
    with pytest.raises(DataError, match=r"empty\.jsonl holds no items of the benchmark empty"):
        read_items("empty", write_items(tmp_path / "empty.jsonl", []), 8)
    (blank,), reason = read_items("x", write_items(tmp_path / "x.jsonl", [{"id": "a", "text": "?!"}]), 8)
    assert (blank.judged, blank.whole, reason) == ((), frozenset(), "")


numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(items=st.lists(numbers, min_size=1, max_size=8), rows=st.lists(numbers, max_size=8))
def test_no_false_alarm_on_texts_without_a_common_word(tmp_path_factory, items, rows) -> None:
    path = tmp_path_factory.mktemp("items") / "b.jsonl"
    write_items(path, [{"id": str(n), "text": " ".join(f"i{x}" for x in item)} for n, item in enumerate(items)])
    train = [record(f"r:{n}", " ".join(f"r{x}" for x in row), "yes") for n, row in enumerate(rows)]
    judged = judge({"b": path}, train, LeakageParams(ngram=3, min_ngram=3, max_overlap=0.01))
    assert (judged.contaminated, judged.closest) == ([], [])
    assert judged.benchmarks["b"]["share"] == 0
