"""The proof as files."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.dedup.texts import embedded_text
from tasks.errors import DataError, ProofError
from tasks.leakage.benchmarks import Judged, judge
from tasks.leakage.neighbours import Search, close_rows, equal_rows, near_rows
from tasks.leakage.params import LeakageParams
from tasks.mixing.choose import asked
from tasks.splitting.groups import values_of
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome

if TYPE_CHECKING:
    import numpy as np

    Embed = Callable[[list[str]], "np.ndarray"]

SPLITS = ("train", "validation", "test", "heldout")
NAMED = 5
"""Pairs or items that a message names."""


def write_proof(
    splits: Path,
    group_by: Sequence[str],
    benchmarks: Mapping[str, Path],
    params: LeakageParams,
    embed: "Embed",
    out: Path,
) -> Outcome:
    """Fill the stage's directory.

    Args:
        splits: Directory of the splitting stage.
        group_by: Fields whose values the splitting kept in one split.
        benchmarks: File of each benchmark's items.
        params: Limits, and what happens where they are passed.
        embed: Turns texts into unit vectors, shape [texts, dimensions]; a row of zeros is a text too long to embed.
            Not called when `embedding_rows` is 0.
        out: The directory to fill.

    Raises:
        ProofError: A training row repeats a row of another split, and leaks shall fail the run.
        DataError: A benchmark's file holds no items, or training rows hold items and that shall fail the run.
    """
    rows = {split: list(read_rows(splits / f"{split}.jsonl")) for split in SPLITS}
    searches, embedding = _search_splits(rows, group_by, params, embed)
    judged = judge(benchmarks, rows["train"], params)
    leaks = _leaks(searches)
    if leaks and params.on_leak == "fail":
        raise ProofError(_leak_message(leaks))
    if judged.contaminated and params.on_contamination == "fail":
        raise DataError(_contamination_message(judged))
    listed = [pair for search in searches for pair in search.nearest[: max(params.listed, len(search.over))]]
    write_rows(out / "pairs.jsonl", listed + judged.closest)
    write_rows(out / "contaminated.jsonl", judged.contaminated)
    warnings = _warnings(searches, judged, params)
    summary = {
        "rows": {split: len(rows[split]) for split in SPLITS},
        "leaks": len(leaks),
        "pairs": [search.figures() | {"verdict": _verdict(search)} for search in searches],
        "embedding": embedding,
        "benchmarks": judged.benchmarks,
        "warnings": warnings,
    }
    write_json(out / "summary.json", summary)
    counts = {
        "leaks": len(leaks),
        "warnings": len(warnings),
        "benchmark_items": sum(said["items"] for said in judged.benchmarks.values()),
        "contaminated_items": sum(said["contaminated"] for said in judged.benchmarks.values()),
    }
    return Outcome(counts=counts)


def is_leak(search: Search) -> bool:
    """Return whether pairs over the limit are leaks: equal or nearly equal to what was trained on.

    Splits that no weight is learned from may hold near-duplicates of each other, and a high cosine is a reason to look,
    not a proof: both are warnings.
    """
    return search.split_a == "train" and search.method != "embedding"


def sample(rows: Sequence[Row], most: int, seed: int) -> list[Row]:
    """Return at most so many rows, chosen by a seeded hash of their ids, in their order."""
    ranked = sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row['id']}".encode()).digest())
    names = {row["id"] for row in ranked[:most]}
    return [row for row in rows if row["id"] in names]


def _search_splits(
    rows: Mapping[str, list[Row]], group_by: Sequence[str], params: LeakageParams, embed: "Embed"
) -> tuple[list[Search], dict[str, Any]]:
    ids = {split: [row["id"] for row in rows[split]] for split in SPLITS}
    questions = {split: [asked(row) for row in rows[split]] for split in SPLITS}
    exact = {split: [(text,) if text else () for text in questions[split]] for split in SPLITS}
    groups = {split: [_groups(row, group_by) for row in rows[split]] for split in SPLITS}
    chosen = {split: sample(rows[split], params.embedding_rows, params.seed) for split in SPLITS}
    vectors = _embed(chosen, embed)
    sampled = {split: len(chosen[split]) for split in SPLITS}
    compared = sum(int(part.any(axis=1).sum()) for part in vectors.values())
    searches = [
        *equal_rows("exact", ids, exact),
        *equal_rows("group", ids, groups),
        *near_rows(ids, questions, params.near_limit),
        *close_rows({split: [row["id"] for row in chosen[split]] for split in SPLITS}, vectors, params.embedding_limit),
    ]
    return searches, {"sampled": sampled, "too_long": sum(sampled.values()) - compared}


def _groups(row: Row, group_by: Sequence[str]) -> list[Hashable]:
    """Return the groups that a row is in. General rows are other data: their values are the task's by chance."""
    general = row["origin"] == "general"
    duplicates = [("duplicates", row["group"])] if row.get("group") else []
    return [(general, *named) for named in [*duplicates, *values_of(row, group_by)]]


def _embed(chosen: Mapping[str, list[Row]], embed: "Embed") -> "dict[str, np.ndarray]":
    """Embed what the rows ask, all splits in one call: the model is loaded once."""
    import numpy as np

    texts = [embedded_text(row, with_answer=False) or asked(row) for split in SPLITS for row in chosen[split]]
    vectors = embed(texts) if texts else np.zeros((0, 1), dtype=np.float32)
    ends = np.cumsum([len(chosen[split]) for split in SPLITS])
    return dict(zip(SPLITS, np.split(vectors, ends[:-1]), strict=True))


def _leaks(searches: Sequence[Search]) -> list[Row]:
    """Return each leaking pair once, however many methods found it."""
    found: dict[tuple[str, str], Row] = {}
    for search in searches:
        for pair in search.over if is_leak(search) else ():
            found.setdefault((pair["id_a"], pair["id_b"]), pair)
    return list(found.values())


def _verdict(search: Search) -> str:
    if not search.compared_a or not search.compared_b:
        return "not compared"
    if not search.over:
        return "clear"
    return "leak" if is_leak(search) else "warning"


def _leak_message(leaks: Sequence[Row]) -> str:
    named = "; ".join(
        f"{pair['id_a']} and {pair['id_b']} ({pair['split_b']}, {pair['method']} {pair['similarity']:.2f})"
        for pair in leaks[:NAMED]
    )
    return (
        f"{len(leaks)} pairs of a training row and a row of another split are equal or nearly so: {named}. The "
        "splitting takes such rows out from splitting.near_threshold on: set it no higher than leakage.near_limit, or "
        "set leakage.on_leak to warn."
    )


def _contamination_message(judged: Judged) -> str:
    named = "; ".join(
        f"{line['train']} holds {line['overlap']:.0%} of {line['benchmark']}/{line['item']}"
        for line in judged.contaminated[:NAMED]
    )
    items = sum(said["contaminated"] for said in judged.benchmarks.values())
    return (
        f"training rows hold {items} items of the gate's benchmarks: {named}. Take the rows out of the data, or set "
        "leakage.on_contamination to warn: then the share of each benchmark is shown beside its score."
    )


def _warnings(searches: Sequence[Search], judged: Judged, params: LeakageParams) -> list[str]:
    said = [
        f"{len(search.over)} rows of {search.split_b} have a row of {search.split_a} at {search.method} "
        f"{search.limit:g} or more, the closest {search.over[0]['id_a']} and {search.over[0]['id_b']}"
        for search in searches
        if search.over
    ]
    for name, figures in judged.benchmarks.items():
        if figures["not_checked"]:
            said.append(f"the benchmark {name} was not checked: {figures['not_checked']}")
        elif figures["contaminated"]:
            said.append(
                f"training rows hold {figures['contaminated']} of {figures['items']} items of the benchmark {name} "
                f"({params.max_overlap:.0%} of an item's words or more)"
            )
    return said
