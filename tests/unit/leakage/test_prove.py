"""The proof as files: planted leaks found by id, what fails and what warns."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import DataError, ProofError
from tasks.leakage.card import card
from tasks.leakage.params import LeakageParams
from tasks.leakage.prove import sample, write_proof
from tasks.store.params import NoParams
from tasks.store.records import read_json, read_rows
from tasks.store.refs import Manifest
from tests.unit.leakage.rows import record, write_items, write_splits

WORDS = "please book ten containers of toys from Hamburg to Kobe on the vessel Ever Given sailing next Friday thank you"
TRAIN = [
    record("train:1", "Reserve room for 10 boxes with playthings, Germany to Japan, leaving at the end of the week"),
    record("train:2", WORDS.upper() + " "),
    record("train:3", WORDS.replace("Friday thank you", "Friday thanks")),
    record("train:4", "What does it cost to ship one box of tiles to Lagos by air and is insurance included"),
]
NO_MODEL = LeakageParams(embedding_rows=0)


def no_embedding(texts: list[str]) -> np.ndarray:
    raise AssertionError("nothing was to be embedded")


def by_length(texts: list[str]) -> np.ndarray:
    """Stand for a model: texts of equal length are alike, texts over 200 characters are too long."""
    vectors = np.zeros((len(texts), 200), dtype=np.float32)
    for at, text in enumerate(texts):
        if len(text) < 200:
            vectors[at, len(text)] = 1
    return vectors


def manifest(params: LeakageParams) -> Manifest:
    empty = NoParams().model_dump()
    return Manifest(
        kind="leakage", key="k", stage_version="1", digest="d", created="now", parents={}, params=params.model_dump(),
        libraries={}, counts={}, facts=empty, files={},
    )  # fmt: skip


@pytest.fixture
def prove(tmp_path):
    def run(params: LeakageParams = NO_MODEL, benchmarks=None, embed=no_embedding, group_by=(), **splits):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        folder = write_splits(tmp_path / "splits", **splits)
        outcome = write_proof(folder, group_by, benchmarks or {}, params, embed, out)
        summary = read_json(out / "summary.json")
        verdicts = {(p["split_a"], p["split_b"], p["method"]): p["verdict"] for p in summary["pairs"]}
        return outcome, summary, list(read_rows(out / "pairs.jsonl")), verdicts, out

    return run


def test_planted_leaks_are_found_by_id_and_method(prove) -> None:
    params = NO_MODEL.model_copy(update={"on_leak": "warn"})
    outcome, summary, pairs, verdicts, out = prove(
        params,
        train=TRAIN,
        validation=[record("val:1", "Nothing alike here", group="train:4")],
        heldout=[record("held:1", WORDS)],
    )
    found = {(pair["method"], pair["id_a"], pair["id_b"]) for pair in pairs if pair["similarity"] >= 0.8}
    # Each row is shown with what it is closest to: train:3 is near held:1 too, but train:2 is equal to it.
    assert found == {("exact", "train:2", "held:1"), ("minhash", "train:2", "held:1"), ("group", "train:4", "val:1")}
    assert outcome.counts["leaks"] == summary["leaks"] == 2
    leaks = {key for key, verdict in verdicts.items() if verdict == "leak"}
    assert leaks == {
        ("train", "validation", "group"),
        ("train", "heldout", "exact"),
        ("train", "heldout", "minhash"),
    }
    assert verdicts["train", "test", "minhash"] == verdicts["train", "heldout", "embedding"] == "not compared"
    assert len(summary["pairs"]) == 24
    assert any("1 rows of heldout have a row of train at exact 1" in warning for warning in summary["warnings"])
    shown = card(out, manifest(params))
    assert "**2 leaks go on" in shown
    assert "| train and heldout | exact | 4 and 1 | 1 | 1 | 1 | leak |" in shown
    assert "| train and heldout | embedding | 0 and 0 |  | 0.85 | 0 | not compared |" in shown
    assert "train and test" not in shown
    assert "Empty: test." in shown


def test_a_near_duplicate_alone_is_a_leak(prove) -> None:
    with pytest.raises(ProofError, match=r"1 pairs of .*: train:3 and held:1 \(heldout, minhash 0\.84\).*on_leak"):
        prove(LeakageParams(embedding_rows=0, near_limit=0.8), train=TRAIN[2:], heldout=[record("held:1", WORDS)])
    _outcome, _summary, pairs, verdicts, _out = prove(
        LeakageParams(embedding_rows=0, near_limit=0.9), train=TRAIN[2:], heldout=[record("held:1", WORDS)]
    )
    assert verdicts["train", "heldout", "minhash"] == "clear"
    (closest,) = (pair for pair in pairs if pair["split_a"] == "train")
    assert (closest["id_a"], closest["id_b"]) == ("train:3", "held:1")


def test_rows_of_a_group_that_the_splitting_keeps_together_are_a_leak(prove) -> None:
    train = [
        record("train:1", "A first question", fields={"customer": 7}),
        record("train:2", "One of general use", fields={"customer": 8}, origin="general"),
        record("train:3", "One of nobody", fields={"customer": ""}),
    ]
    heldout = [
        record("held:1", "Quite another matter", fields={"customer": "7"}),
        record("held:2", "Neither like this", fields={"customer": 8}),
        record("held:3", "And nobody either", fields={"customer": ""}),
    ]
    with pytest.raises(ProofError, match=r"1 pairs .*: train:1 and held:1 \(heldout, group 1\.00\)"):
        prove(train=train, heldout=heldout, group_by=["customer"])
    assert prove(train=train, heldout=heldout)[1]["leaks"] == 0


def test_splits_that_nothing_learns_from_only_warn(prove) -> None:
    _outcome, summary, _pairs, verdicts, _out = prove(
        train=TRAIN[3:], validation=[record("val:1", WORDS)], test=[record("test:1", WORDS)]
    )
    assert verdicts["validation", "test", "exact"] == verdicts["validation", "test", "minhash"] == "warning"
    assert summary["leaks"] == 0
    assert "the closest val:1 and test:1" in summary["warnings"][0]


def test_a_paraphrase_warns_and_what_was_embedded_is_said(prove) -> None:
    long = record("train:5", "x" * 300)
    same = record("held:1", "y" * len(TRAIN[0]["messages"][1]["content"]))
    outcome, summary, pairs, verdicts, out = prove(
        LeakageParams(), embed=by_length, train=[*TRAIN[:1], TRAIN[3], long], heldout=[same]
    )
    assert verdicts["train", "heldout", "embedding"] == "warning"
    assert [(p["id_a"], p["id_b"], p["similarity"]) for p in pairs if p["method"] == "embedding"] == [
        ("train:1", "held:1", 1.0)
    ]
    assert summary["embedding"] == {
        "sampled": {"train": 3, "validation": 0, "test": 0, "heldout": 1},
        "too_long": 1,
    }
    (figures,) = (p for p in summary["pairs"] if p["split_b"] == "heldout" and p["compared_a"] == 2)
    assert (figures["method"], figures["compared_b"], figures["over_limit"]) == ("embedding", 1, 1)
    assert outcome.counts == {"leaks": 0, "warnings": 1, "benchmark_items": 0, "contaminated_items": 0}
    shown = card(out, manifest(LeakageParams()))
    assert "**No training row leaks.**" in shown
    assert "3 of 3 train, 0 of 0 validation" in shown
    assert "1 were too long" in shown
    assert "None was named." in shown


def test_the_sample_is_seeded_and_bounded(prove) -> None:
    rows = [record(f"r:{at}", f"{at}") for at in range(50)]
    first, again, other = sample(rows, 10, 0), sample(rows[::-1], 10, 0), sample(rows, 10, 1)
    assert len(first) == 10
    assert {row["id"] for row in first} == {row["id"] for row in again} != {row["id"] for row in other}
    assert sample(rows, 100, 0) == rows
    asked: list[int] = []

    def count(texts: list[str]) -> np.ndarray:
        asked.append(len(texts))
        return by_length(texts)

    prove(LeakageParams(embedding_rows=3), embed=count, train=rows, heldout=[record("h", "a question")])
    assert asked == [4]


def test_all_over_the_limit_are_listed_and_below_it_only_the_closest(prove) -> None:
    params = LeakageParams(embedding_rows=0, listed=2, on_leak="warn")
    train = [record(f"t:{at}", f"{WORDS} number {at}") for at in range(6)]
    heldout = [record(f"h:{at}", f"{WORDS} number {at}") for at in range(6)]
    _outcome, summary, pairs, _verdicts, _out = prove(params, train=train, heldout=heldout)
    assert len([pair for pair in pairs if pair["method"] == "exact"]) == 6
    below = [record(f"h:{at}", f"{WORDS[:50]} {at}") for at in range(6)]
    pairs = prove(params.model_copy(update={"near_limit": 1.0}), train=train, heldout=below)[2]
    assert len([pair for pair in pairs if pair["method"] == "minhash"]) == 2
    assert summary["leaks"] == 6


def test_a_planted_benchmark_item_warns_or_fails(prove, tmp_path) -> None:
    item = {"id": "q-7", "text": "Which sea lies between Italy and the countries of the former Yugoslavia?"}
    facts = write_items(
        tmp_path / "facts.jsonl", [item, {"id": "q-8", "text": "Which bird cannot fly but runs so very fast?"}]
    )
    far = write_items(tmp_path / "far.jsonl", [{"not_checked": "data not available"}])
    train = [*TRAIN[3:], record("train:9", f"Quiz! {item['text']}", "The Adriatic")]
    outcome, summary, pairs, _verdicts, out = prove(benchmarks={"facts": facts, "far": far}, train=train)
    (line,) = read_rows(out / "contaminated.jsonl")
    assert line == {
        "benchmark": "facts", "item": "q-7", "train": "train:9", "method": "ngram", "ngram": 12, "overlap": 1.0,
    }  # fmt: skip
    assert ("train:9", "facts", "q-7") in {(pair["id_a"], pair["split_b"], pair["id_b"]) for pair in pairs}
    assert summary["benchmarks"]["facts"]["share"] == 0.5
    assert summary["warnings"] == [
        "training rows hold 1 of 2 items of the benchmark facts (50% of an item's words or more)",
        "the benchmark far was not checked: data not available",
    ]
    assert (outcome.counts["benchmark_items"], outcome.counts["contaminated_items"]) == (2, 1)
    shown = card(out, manifest(NO_MODEL))
    assert "| facts | 2 | 1 | 0.5 | 0 | 1 |" in shown
    assert "| far | not checked | data not available |" in shown
    assert "| facts | q-7 | train:9 | ngram | 12 | 1 |" in shown
    with pytest.raises(DataError, match=r"hold 1 items .*: train:9 holds 100% of facts/q-7\. .*on_contamination"):
        prove(LeakageParams(embedding_rows=0, on_contamination="fail"), {"facts": facts}, train=train)
    prove(LeakageParams(embedding_rows=0, on_contamination="fail"), {"far": far}, train=train)


def test_no_text_of_a_row_or_an_item_is_written(prove, tmp_path) -> None:
    item = "Zanzibar quokka xylophone wombat fjord kumquat zephyr umlaut yonder"
    facts = write_items(tmp_path / "facts.jsonl", [{"id": "q", "text": item, "answer": "ukulele"}])
    params = LeakageParams(on_leak="warn")
    rows = {"train": [record("t", item, "ukulele")], "heldout": [record("h", item, "ukulele")]}
    out = prove(params, {"facts": facts}, by_length, **rows)[-1]
    written = "".join(path.read_text() for path in out.iterdir()) + card(out, manifest(params))
    assert not [word for word in [*item.split(), "ukulele"] if re.search(word, written, re.IGNORECASE)]


@settings(deadline=None, max_examples=50)
@given(
    sizes=st.tuples(st.integers(1, 12), st.integers(1, 6)),
    split=st.sampled_from(["validation", "test", "heldout"]),
    words=st.integers(1, 20),
    data=st.data(),
)
def test_a_planted_copy_is_always_found_by_both_ids(tmp_path_factory, sizes, split, words, data) -> None:
    def text(number: int) -> str:
        return " ".join(f"word{number}-{at}" for at in range(words))

    train = [record(f"t:{at}", text(at)) for at in range(sizes[0])]
    others = [record(f"o:{at}", text(100 + at)) for at in range(sizes[1])]
    source = data.draw(st.integers(0, sizes[0] - 1))
    target = data.draw(st.integers(0, sizes[1] - 1))
    others[target] = record(f"o:{target}", f"  {text(source).upper()}\n", "another answer")
    folder: Path = tmp_path_factory.mktemp("proof")
    params = LeakageParams(embedding_rows=0, on_leak="warn")
    write_proof(write_splits(folder, train=train, **{split: others}), (), {}, params, no_embedding, folder)
    found = {(p["method"], p["id_a"], p["id_b"]) for p in read_rows(folder / "pairs.jsonl") if p["similarity"] == 1}
    assert found == {(method, f"t:{source}", f"o:{target}") for method in ("exact", "minhash")}


@settings(deadline=None, max_examples=50)
@given(counts=st.tuples(*[st.integers(0, 4)] * 4), length=st.integers(1, 30))
def test_no_false_alarm_on_texts_without_a_common_word(tmp_path_factory, counts, length) -> None:
    numbers = iter(range(10**6))

    def text() -> str:
        return " ".join(f"word{next(numbers)}" for _ in range(length))

    splits = {
        name: [record(f"{name}:{at}", text()) for at in range(count)]
        for name, count in zip(("train", "validation", "test", "heldout"), counts, strict=True)
    }
    folder: Path = tmp_path_factory.mktemp("proof")
    facts = write_items(folder / "facts.jsonl", [{"id": "q", "text": text()}])
    outcome = write_proof(write_splits(folder, **splits), (), {"facts": facts}, NO_MODEL, no_embedding, folder)
    assert (outcome.counts["leaks"], outcome.counts["contaminated_items"], outcome.counts["warnings"]) == (0, 0, 0)
