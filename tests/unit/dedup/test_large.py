"""One search, wherever it runs, and with the signatures of the night before."""

import random
from pathlib import Path

import pytest

from tasks.dedup import shards
from tasks.dedup.large import stage_pairs
from tasks.dedup.near import near_pairs
from tasks.dedup.params import DedupParams
from tasks.settings import home

WORDS = [f"word{number}" for number in range(400)]


def texts_of(rows: int, seed: int = 0) -> list[str]:
    """Return random texts, every third one a near copy of the one before."""
    rng = random.Random(seed)
    made: list[str] = []
    for row in range(rows):
        words = made[-1].split() if row % 3 == 2 else rng.choices(WORDS, k=40)
        words[rng.randrange(40)] = "changed"
        made.append(" ".join(words))
    return made


def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of texts hashed in each shard."""
    counts: list[int] = []
    sign = shards.sign
    monkeypatch.setattr(shards, "sign", lambda item: counts.append(sign(item)) or counts[-1])
    return counts


@pytest.mark.parametrize("runner", ["auto", "threads", "processes"])
def test_the_pairs_are_those_of_the_search_in_memory(tmp_path: Path, runner: str) -> None:
    texts, labels = texts_of(300), [str(row % 3 // 2 or row // 3) for row in range(300)]
    labels = [str(row // 3) for row in range(300)]
    params = DedupParams(near_runner=runner, near_memory_rows=0, threshold=0.7)
    expected = near_pairs(texts, 0.7, labels=labels)
    assert len(expected) > 50
    assert stage_pairs(texts, labels, params, tmp_path) == expected


def test_only_new_texts_are_hashed_on_the_next_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = DedupParams(near_runner="threads", threshold=0.7)
    counts = hashed(monkeypatch)
    old, new = texts_of(300), texts_of(60, seed=1)
    stage_pairs(old, [""] * 300, params, tmp_path)
    assert sum(counts) == 300
    counts.clear()
    grown = [*new[:30], *old, *new[30:]]
    assert stage_pairs(grown, [""] * 360, params, tmp_path) == near_pairs(grown, 0.7, labels=[""] * 360)
    assert sum(counts) == 60
    counts.clear()
    stage_pairs(grown, [""] * 360, params.model_copy(update={"threshold": 0.9}), tmp_path)
    assert sum(counts) == 0, "signatures do not depend on the threshold"
    stage_pairs(grown, [""] * 360, params.model_copy(update={"shingle_size": 4}), tmp_path)
    assert sum(counts) == 360, "another shingle size has other signatures"


def test_torn_signatures_are_made_again(tmp_path: Path) -> None:
    params = DedupParams(near_runner="threads", threshold=0.7)
    texts = texts_of(90)
    expected = stage_pairs(texts, [""] * 90, params, tmp_path)
    (kept,) = (path for path in (home() / "cache" / "signatures").iterdir() if path.is_dir())
    (kept / "scheme.json").unlink()
    assert stage_pairs(texts, [""] * 90, params, tmp_path) == expected
    assert (kept / "scheme.json").is_file()


def test_small_sets_stay_in_memory_and_leave_nothing(tmp_path: Path) -> None:
    texts = texts_of(90)
    assert stage_pairs(texts, [""] * 90, DedupParams(), tmp_path) == near_pairs(texts, labels=[""] * 90)
    assert list(tmp_path.iterdir()) == []
