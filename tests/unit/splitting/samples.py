"""Records and groups for the tests of splitting."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tasks.splitting.groups import Group

Record = dict[str, Any]


def words(seed: object) -> str:
    """Return a text that shares no word run with that of another seed."""
    draw = random.Random(str(seed))
    return " ".join("".join(draw.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(12))


def record(number: int, origin: str = "task", ask: str = "", group: str = "", **fields: Any) -> Record:
    name = f"{origin}.jsonl:{number}"
    messages = [{"role": "user", "content": ask or words(name)}, {"role": "assistant", "content": "{}"}]
    row = {"id": name, "origin": origin, "file": f"{origin}.jsonl", "row": number, "messages": messages, "text": ""}
    return {**row, "fields": fields} | ({} if origin == "heldout" else {"group": group or name})


def rows_of(task: int, general: int = 0, **fields: Any) -> list[Record]:
    numbers = range(1, task + 1)
    return [*(record(n, **fields) for n in numbers), *(record(n, "general") for n in range(1, general + 1))]


def groups_of(sizes: dict[str, list[int]]) -> list[Group]:
    """Return groups of these sizes, by stratum; each has one key, its name."""
    return [
        Group(name := f"{stratum}-{number}", stratum, tuple(range(size)), (name,))
        for stratum, group_sizes in sizes.items()
        for number, size in enumerate(group_sizes)
    ]


def rows_by_split(groups: Iterable[Group], splits: dict[str, str], stratum: str | None = None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in groups:
        if stratum in (None, group.stratum):
            counts[splits[group.name]] += group.rows
    return counts


def ids(rows: Iterable[Record]) -> set[str]:
    return {row["id"] for row in rows}
