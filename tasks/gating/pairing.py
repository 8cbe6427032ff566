"""The items of two evaluations, brought together one by one."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ProofError
from tasks.store.records import Row, read_json, read_rows

TASK_ITEMS = "task_items.jsonl"
GENERAL_ITEMS = "general_items.jsonl"
GUARDRAIL_ITEMS = "guardrail_items.jsonl"
SCORES = "scores.json"
NAMED = 5


@dataclass(frozen=True)
class Pair:
    """One item as both models answered it."""

    base: Row
    tuned: Row


def check_arithmetic(base: Path, tuned: Path) -> None:
    """Refuse two evaluations of different number types or engines: a part of the difference would not be the model's.

    Raises:
        ProofError: One was measured on a GPU, the other on a CPU, and the model's own type is not float32; or one by
            another program than the other.
    """
    scores = [read_json(folder / SCORES) for folder in (base, tuned)]
    for what in ("dtype", "engine"):
        one, other = (each.get(what) for each in scores)
        if one != other:
            raise ProofError(
                f"one of the two models was measured in {one}, the other in {other}, so they cannot be compared. "
                f"Remove {base} and {tuned}, and run again with all evaluations on one kind of machine."
            )


def task_pairs(base: Path, tuned: Path, *, same_prompts: bool = True) -> list[Pair]:
    """Return the task items of two evaluation directories, paired by id.

    Args:
        base: The evaluation of the one model.
        tuned: That of the other.
        same_prompts: Two adapters of one base may each be asked in the template that they were trained with; base and
            tuned model may not.

    Raises:
        ProofError: The item sets differ, an item is there twice, or the two models were asked different prompts.
    """
    pairs = _pairs(base / TASK_ITEMS, tuned / TASK_ITEMS, lambda row: row["id"])
    return _asked_alike(pairs, "task") if same_prompts else pairs


def general_pairs(base: Path, tuned: Path) -> list[Pair]:
    """Return the general items of two evaluation directories, paired by task and item.

    Raises:
        ProofError: The item sets differ, or an item is there twice.
    """
    return _pairs(base / GENERAL_ITEMS, tuned / GENERAL_ITEMS, lambda row: (row["task"], row["item"]))


def guardrail_pairs(base: Path, tuned: Path, *, same_prompts: bool = True) -> list[Pair]:
    """Return the guardrail probes of two evaluation directories, paired by kind and id; none where none were asked.

    Raises:
        ProofError: As `task_pairs`.
    """
    pairs = _pairs(base / GUARDRAIL_ITEMS, tuned / GUARDRAIL_ITEMS, lambda row: (row["kind"], row["id"]))
    return _asked_alike(pairs, "guardrail") if same_prompts else pairs


def _asked_alike(pairs: list[Pair], what: str) -> list[Pair]:
    asked_otherwise = [pair.base["id"] for pair in pairs if pair.base["prompt_hash"] != pair.tuned["prompt_hash"]]
    if asked_otherwise:
        raise ProofError(
            f"{len(asked_otherwise)} {what} items were put to the models in different words: {_some(asked_otherwise)}."
            " Evaluate base and tuned model on the same splits with the same base model (its template makes prompts)."
        )
    return pairs


def _pairs(base: Path, tuned: Path, identity: Callable[[Row], Hashable]) -> list[Pair]:
    left, right = _by_identity(base, identity), _by_identity(tuned, identity)
    if left.keys() != right.keys():
        only_base, only_tuned = left.keys() - right.keys(), right.keys() - left.keys()
        raise ProofError(
            f"{base.name}: the two models were not evaluated on the same items. {len(only_base)} only with the base "
            f"model ({_some(only_base)}), {len(only_tuned)} only with the tuned model ({_some(only_tuned)}). "
            "Evaluate both on the same splits with the same parameters."
        )
    return [Pair(row, right[name]) for name, row in left.items()]


def _by_identity(path: Path, identity: Callable[[Row], Hashable]) -> dict[Hashable, Row]:
    rows: dict[Hashable, Row] = {}
    for row in read_rows(path) if path.is_file() else ():
        name = identity(row)
        if name in rows:
            raise ProofError(f"{path}: item {_shown(name)} is there twice. Items must have an id of their own")
        rows[name] = row
    return rows


def _some(names: Iterable[object]) -> str:
    shown = sorted(_shown(name) for name in names)
    return ", ".join(shown[:NAMED]) + (", ..." if len(shown) > NAMED else "") if shown else "none"


def _shown(name: object) -> str:
    return " / ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)
