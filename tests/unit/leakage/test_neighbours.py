"""Nearest rows across splits."""

import numpy as np
import pytest

from tasks.leakage import neighbours
from tasks.leakage.neighbours import SPLIT_PAIRS, close_rows, equal_rows, near_rows

WORDS = "please book ten containers of toys from Hamburg to Kobe on the vessel Ever Given sailing next Friday thank you"
IDS = {"train": ["t1", "t2", "t3"], "validation": ["v1"], "test": [], "heldout": ["h1", "h2"]}


def by_splits(searches: list) -> dict:
    assert [(search.split_a, search.split_b) for search in searches] == list(SPLIT_PAIRS)
    return {(search.split_a, search.split_b): search for search in searches}


def test_equal_values_pair_each_later_row_with_the_first_earlier_one() -> None:
    values = {"train": [["a"], ["x", "b"], ["b"]], "validation": [["c"]], "test": [], "heldout": [["b", "x"], []]}
    found = by_splits(equal_rows("group", IDS, values))
    search = found["train", "heldout"]
    assert search.nearest == [
        {"split_a": "train", "id_a": "t2", "split_b": "heldout", "id_b": "h1", "method": "group", "similarity": 1.0}
    ]
    assert search.figures() == {
        "split_a": "train",
        "split_b": "heldout",
        "method": "group",
        "compared_a": 3,
        "compared_b": 1,
        "floor": None,
        "limit": 1.0,
        "max_similarity": 1.0,
        "over_limit": 1,
    }
    assert all(not other.nearest for pair, other in found.items() if pair != ("train", "heldout"))


def test_rows_without_a_value_equal_nothing() -> None:
    values = {"train": [[]] * 3, "validation": [[]], "test": [], "heldout": [[], []]}
    assert all(not search.nearest for search in equal_rows("group", IDS, values))


def test_near_rows_are_valued_by_exact_jaccard_and_the_closest_is_shown_below_the_limit() -> None:
    asked = {
        "train": ["nothing alike in here at all", WORDS.replace("Friday thank you", "Sunday many thanks"), WORDS],
        "validation": [WORDS.replace("thank you", "thanks")],
        "test": [],
        "heldout": [WORDS.replace("next Friday thank you", "on Sunday"), "a question that nobody else has asked yet"],
    }
    found = by_splits(near_rows(IDS, asked, 0.8))
    near = found["train", "validation"]
    assert [(pair["id_a"], pair["id_b"]) for pair in near.over] == [("t3", "v1")]
    # 18 word triples, of which the last two give way to a new one.
    assert near.over[0]["similarity"] == 16 / 19
    below = found["train", "heldout"]
    assert (below.over, below.nearest[0]["id_b"], len(below.nearest)) == ([], "h1", 1)
    assert 0.6 < below.nearest[0]["similarity"] < 0.8
    assert below.floor == 0.1
    assert len(near_rows(IDS, asked, 0.6)[2].over) == 1
    assert found["validation", "heldout"].nearest
    assert found["train", "test"].figures()["max_similarity"] is None


def test_many_rows_raise_the_floor(monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "FEW_PAIRS", 0)
    asked = {"train": ["a b c d", "e", "f"], "validation": ["a b c d"], "test": [], "heldout": ["x", "y"]}
    searches = by_splits(near_rows(IDS, asked, 0.8))
    assert searches["train", "validation"].floor == pytest.approx(0.7)
    assert [pair["similarity"] for pair in searches["train", "validation"].over] == [1.0]
    monkeypatch.setattr(neighbours, "FEW_PAIRS", 10**9)
    assert {search.floor for search in near_rows(IDS, asked, 0.3)} == {0.1}


def test_the_nearest_embedding_is_that_of_comparing_all(monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_ROWS", 7)
    rng = np.random.default_rng(0)
    counts = {"train": 40, "validation": 9, "test": 0, "heldout": 23}
    vectors = {}
    for split, count in counts.items():
        raw = rng.normal(size=(count, 8)).astype(np.float32)
        vectors[split] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    ids = {split: [f"{split}:{at}" for at in range(count)] for split, count in counts.items()}
    found = by_splits(close_rows(ids, vectors, 0.9))
    for pair in (("train", "validation"), ("train", "heldout"), ("validation", "heldout")):
        cosines = vectors[pair[0]] @ vectors[pair[1]].T
        shown = {row["id_b"]: (row["id_a"], row["similarity"]) for row in found[pair].nearest}
        assert len(shown) == counts[pair[1]]
        for at, name in enumerate(ids[pair[1]]):
            best = int(cosines[:, at].argmax())
            assert shown[name] == (ids[pair[0]][best], pytest.approx(float(cosines[best, at]), abs=1e-5))
        assert len(found[pair].over) == int((cosines.max(axis=0) >= 0.9).sum())
    similarities = [row["similarity"] for row in found["train", "heldout"].nearest]
    assert similarities == sorted(similarities, reverse=True)


def test_rows_that_were_not_embedded_are_not_compared() -> None:
    unit = np.eye(3, dtype=np.float32)
    vectors = {"train": unit * [[0], [1], [1]], "validation": unit[:1], "test": unit[:0], "heldout": unit[:2] * 0}
    found = by_splits(close_rows(IDS, vectors.copy(), 0.5))
    search = found["train", "validation"]
    assert (search.compared_a, search.compared_b, search.nearest[0]["similarity"]) == (2, 1, 0.0)
    assert (found["train", "heldout"].compared_b, found["train", "heldout"].nearest) == (0, [])
