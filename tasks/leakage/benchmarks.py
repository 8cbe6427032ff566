"""Which items of the gate's benchmarks the training rows hold.

An item counts as contaminated when at least `max_overlap` of its words lie in word runs that it shares with one and
the same training row. That is the criterion of Tülu 3's decontamination (Lambert et al. 2024: half of the words, one
training row), which looks at post-training data as this does. It wants one row, for a union over the whole corpus adds
up stock phrases and says less about scores (Singh et al. 2024, "Evaluation data contamination in LLMs"). A run is 13
words, or as long as the item down to 8, as in GPT-3's study (Brown et al. 2020, appendix C). What is shorter still,
with its answer too, is contaminated only by a whole turn that says just this: runs of four words are everywhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.leakage.ngrams import ItemRuns, Overlap
from tasks.leakage.params import LeakageParams
from tasks.leakage.words import Words, row_turns, words
from tasks.store.records import Row, read_rows


@dataclass(frozen=True)
class Item:
    """A benchmark's item.

    Attributes:
        benchmark: Its benchmark.
        id: Its id there.
        question: The words that are asked.
        judged: The words that are looked for in runs: the question, with the answer where it alone is too short.
        whole: What a turn must say to repeat an item too short for runs: the question, alone or with the answer.
    """

    benchmark: str
    id: str
    question: tuple[str, ...]
    judged: tuple[str, ...]
    whole: frozenset[tuple[str, ...]]


@dataclass
class Judged:
    """What was found.

    Attributes:
        contaminated: One row for each item and training row that repeats it, for `contaminated.jsonl`.
        closest: The closest pairs below and above the limit, for `pairs.jsonl`.
        benchmarks: Figures of each benchmark, by its name.
    """

    contaminated: list[Row] = field(default_factory=list)
    closest: list[Row] = field(default_factory=list)
    benchmarks: dict[str, dict[str, Any]] = field(default_factory=dict)


def judge(paths: Mapping[str, Path], rows: Sequence[Row], params: LeakageParams) -> Judged:
    """Look for the items of all benchmarks in the training rows.

    Args:
        paths: File of each benchmark's items.
        rows: The training rows.
        params: Length of a run, limit, how many closest pairs to list.

    Raises:
        DataError: A benchmark's file has rows that are no items, or none at all.
    """
    items: list[Item] = []
    not_checked: dict[str, str] = {}
    for name, path in paths.items():
        found, reason = read_items(name, path, params.min_ngram)
        items += found
        if reason:
            not_checked[name] = reason
    runs = ItemRuns([list(item.judged) for item in items], params.ngram, params.min_ngram)
    best: dict[int, Overlap] = {}
    hits: dict[int, list[tuple[Overlap, int]]] = {}
    for overlap, size in _overlaps(items, runs, rows, params.max_overlap):
        if overlap.item not in best or overlap.share > best[overlap.item].share:
            best[overlap.item] = overlap
        if overlap.share >= params.max_overlap:
            hits.setdefault(overlap.item, []).append((overlap, size))
    judged = Judged()
    for at in sorted(hits):
        judged.contaminated += [_line(items[at], rows, *hit) for hit in sorted(hits[at], key=lambda hit: -hit[0].share)]
    for name in paths:
        mine = [at for at, item in enumerate(items) if item.benchmark == name]
        dirty = sum(at in hits for at in mine)
        judged.benchmarks[name] = {
            "items": len(mine),
            "too_short": sum(not runs.size[at] for at in mine),
            "contaminated": dirty,
            "share": dirty / len(mine) if mine else None,
            "max_overlap": max((best[at].share for at in mine if at in best), default=0.0) if mine else None,
            "not_checked": not_checked.get(name),
        }
        closest = sorted((best[at] for at in mine if at in best), key=lambda overlap: -overlap.share)[: params.listed]
        judged.closest += [
            _pair(items[overlap.item], rows, overlap, int(runs.size[overlap.item])) for overlap in closest
        ]
    return judged


def read_items(name: str, path: Path, shortest: int) -> tuple[list[Item], str]:
    """Return a benchmark's items, and why they could not be had where that is so.

    Args:
        name: The benchmark.
        path: JSON Lines of `id`, `text` and perhaps `answer`, or the one line `{"not_checked": reason}`.
        shortest: A question with fewer words is judged together with its answer.

    Raises:
        DataError: A row is no item, or there is none.
    """
    items = []
    for number, row in enumerate(read_rows(path), start=1):
        if "not_checked" in row:
            return [], str(row["not_checked"])
        if not isinstance(row.get("id"), str) or not isinstance(row.get("text"), str):
            raise DataError(f"{path}:{number} is no item of the benchmark {name}: it needs the texts `id` and `text`")
        question, answer = tuple(words(row["text"])), tuple(words(str(row.get("answer") or "")))
        whole = frozenset({question, question + answer}) - {()}
        items.append(
            Item(name, row["id"], question, question if len(question) >= shortest else question + answer, whole)
        )
    if not items:
        raise DataError(f"{path} holds no items of the benchmark {name}: give it some, or leave the benchmark out")
    return items, ""


def _overlaps(
    items: Sequence[Item], runs: ItemRuns, rows: Sequence[Row], limit: float
) -> Iterator[tuple[Overlap, int]]:
    """Yield overlaps with the length of the run that showed them; 0 for a whole turn."""
    short: dict[tuple[str, ...], list[int]] = {}
    for at, item in enumerate(items):
        if not runs.size[at]:
            for said in item.whole:
                short.setdefault(said, []).append(at)
    turns_equal: list[Overlap] = []
    for found in runs.overlaps(_texts(rows, short, turns_equal), limit):
        for overlap in found:
            yield overlap, int(runs.size[overlap.item])
    for overlap in turns_equal:
        yield overlap, 0


def _texts(rows: Iterable[Row], short: Mapping[tuple[str, ...], list[int]], equal: list[Overlap]) -> Iterator[Words]:
    """Yield the words of each row; note on the way the turns that say just what a short item says."""
    longest = max(map(len, short), default=0)
    for at, record in enumerate(rows):
        turns = row_turns(record)
        said = {tuple(text) for _role, text in turns if len(text) <= longest}
        equal += [Overlap(item, at, 1.0) for item in sorted({item for text in said for item in short.get(text, ())})]
        yield [word for _role, text in turns for word in text]


def _line(item: Item, rows: Sequence[Row], overlap: Overlap, size: int) -> Row:
    return {
        "benchmark": item.benchmark,
        "item": item.id,
        "train": rows[overlap.row]["id"],
        "method": _method(size),
        "ngram": size or len(item.question),
        "overlap": overlap.share,
    }


def _method(size: int) -> str:
    return "ngram" if size else "whole turn"


def _pair(item: Item, rows: Sequence[Row], overlap: Overlap, size: int) -> Row:
    return {
        "split_a": "train",
        "id_a": rows[overlap.row]["id"],
        "split_b": item.benchmark,
        "id_b": item.id,
        "method": _method(size),
        "similarity": overlap.share,
    }
