"""The whole of dedup as one pure function: conflicts out, then three passes, each on what the last one left."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.dedup.exact import Conflict, exact_pairs, find_conflicts
from tasks.dedup.groups import Groups, check_account
from tasks.dedup.near import Pair, near_pairs, partners
from tasks.dedup.params import DedupParams
from tasks.dedup.representative import check_field, choose_representative
from tasks.dedup.texts import Compared, compared, embedded_text
from tasks.errors import DataError
from tasks.store.records import Row

ClosePairs = Callable[[list[str], list[str]], tuple[list[Pair], Row]]
"""Takes texts and their labels; returns the close pairs of equal label, and figures: `too_long` and `unknown` count the
texts that could not be judged; `backend`, `threshold`, `search` and `agreement` say how."""

NearPairs = Callable[[list[str], list[str], DedupParams], list[Pair]]
"""Takes texts, their labels and the parameters; returns the near pairs of equal label."""
FIGURES = ("backend", "threshold", "search", "agreement")


@dataclass(frozen=True)
class Deduplicated:
    """What dedup writes.

    Attributes:
        records: One record of each group, with `group`, in file order.
        groups: One line for each group that has duplicates.
        conflicts: One line for each contradiction.
        summary: Rows by what happened to them.
    """

    records: list[Row]
    groups: list[Row]
    conflicts: list[Row]
    summary: dict[str, Any]


def in_memory(texts: list[str], labels: list[str], params: DedupParams) -> list[Pair]:
    """Return the near pairs of texts, searched in memory."""
    return near_pairs(texts, params.threshold, params.num_perm, params.shingle_size, labels)


def deduplicate(
    records: Sequence[Row], params: DedupParams, close_pairs: ClosePairs, near: NearPairs = in_memory
) -> Deduplicated:
    """Find what repeats and what contradicts.

    Args:
        records: In file order; of each group the first is kept.
        params: Which passes run, and how strict they are.
        close_pairs: Embeds texts; called at most once, and only with rows that could have a partner.
        near: Searches near pairs; called at most once.

    Raises:
        DataError: No row is left, a row lacks what `params.representative` reads, or the figures do not add up.
    """
    check_field(records, params.representative, params.representative_field)
    ids = [record["id"] for record in records]
    rows = [compared(record) for record in records]
    conflicts = find_conflicts(rows)
    dropped = {row for conflict in conflicts for row in conflict.rows} if params.on_conflict == "drop" else set()
    groups = Groups(len(records))
    passes: list[Row] = []
    embedded: Row = {}

    def left() -> list[int]:
        return [row for row in groups.kept() if row not in dropped]

    def run(method: str, members: list[int], pairs: Iterable[Pair]) -> None:
        """Join pairs of positions in `members`."""
        joined = groups.join(method, ((members[i], members[j], value) for i, j, value in pairs))
        passes.append({"pass": method, "rows": len(members), "removed": joined})

    if params.exact:
        members = left()
        run("exact", members, ((i, j, 1.0) for i, j in exact_pairs([rows[row].exact_key for row in members])))
    if params.near:
        members = left()
        texts = [rows[row].question if params.same_answer else rows[row].whole for row in members]
        run("minhash", members, near(texts, _labels(rows, members, params), params))
    if params.embedding:
        members = left()
        pairs, embedded = _close(records, members, _labels(rows, members, params), close_pairs, params)
        run("embedding", members, pairs)

    groups.prefer(lambda rows: choose_representative(records, rows, params.representative, params.representative_field))
    kept = left()
    removed = {line["pass"]: line["removed"] for line in passes}
    check_account(len(records), len(kept), len(groups.removed), len(dropped))
    if records and not kept:
        raise DataError(
            f"no row is left: all {len(records)} contradict each other. Mend the answers, or set dedup.on_conflict to "
            "keep."
        )
    summary = {
        "read": len(records),
        "unique": len(kept),
        "exact": removed.get("exact", 0),
        "minhash": removed.get("minhash", 0),
        "embedding": removed.get("embedding", 0),
        "conflicts": len(dropped),
        "conflict_sets": len(conflicts),
        "too_long_to_embed": embedded.get("too_long", 0),
        "unknown_to_embed": embedded.get("unknown", 0),
        "embedding_figures": {name: embedded.get(name) for name in FIGURES} if embedded else None,
        "passes": passes,
    }
    return Deduplicated(
        records=[{**records[row], "group": ids[row]} for row in kept],
        groups=groups.lines(ids),
        conflicts=[_conflict_line(conflict, ids, rows, params) for conflict in conflicts],
        summary=summary,
    )


def _labels(rows: Sequence[Compared], members: list[int], params: DedupParams) -> list[str]:
    return [rows[row].answer_key if params.same_answer else "" for row in members]


def _close(
    records: Sequence[Row], members: list[int], labels: list[str], close_pairs: ClosePairs, params: DedupParams
) -> tuple[list[Pair], Row]:
    """Embed only rows whose label another row has: no other can have a duplicate, and embedding is what costs."""
    chosen = sorted(index for group in partners(labels) for index in group)
    if not chosen:
        return [], {}
    texts = [embedded_text(records[members[index]], with_answer=not params.same_answer) for index in chosen]
    pairs, figures = close_pairs(texts, [labels[index] for index in chosen])
    return [(chosen[left], chosen[right], value) for left, right, value in pairs], figures


def _conflict_line(conflict: Conflict, ids: list[str], rows: Sequence[Compared], params: DedupParams) -> Row:
    return {
        "prompt_hash": conflict.prompt_key,
        "dropped": params.on_conflict == "drop",
        "rows": [{"id": ids[row], "answer_hash": rows[row].answer_key} for row in conflict.rows],
    }
