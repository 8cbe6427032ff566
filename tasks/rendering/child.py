"""Child process: render and audit the splits."""

from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.rendering.chat import Rendered, fit, render_chat, render_text
from tasks.rendering.params import RenderingParams
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import Row, read_rows, write_json, write_rows

SPLITS = ("train", "validation")


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Render `payload["splits"]` with the tokenizer in `payload["model"]` into `payload["out"]`."""
    from transformers import AutoTokenizer

    params = RenderingParams.model_validate(payload["params"])
    tokenizer = AutoTokenizer.from_pretrained(payload["model"], trust_remote_code=False)
    out = Path(payload["out"])
    audit: list[Row] = []
    summary: dict[str, Any] = {}
    for split in SPLITS:
        stop.check()
        kept, lines = _render_split(Path(payload["splits"]) / f"{split}.jsonl", split, tokenizer, params)
        write_rows(out / f"{split}.jsonl", kept)
        audit += lines
        summary[split] = _summary(lines)
        events.progress(f"{split}: {len(kept)} of {len(lines)} rows rendered")
    write_rows(out / "audit.jsonl", audit)
    sample = next(iter(read_rows(out / "train.jsonl")), None)
    summary["sample"] = _sample(tokenizer, sample) if sample else ""
    write_json(out / "summary.json", summary)
    _check_budget(audit, params)
    return summary


def _render_split(path: Path, split: str, tokenizer: Any, params: RenderingParams) -> tuple[list[Row], list[Row]]:
    kept, lines = [], []
    for record in read_rows(path):
        row = (
            render_chat(tokenizer, record["messages"]) if record["messages"] else render_text(tokenizer, record["text"])
        )
        tokens = len(row.input_ids)
        fitted, cut = fit(row, params.max_length, params.on_too_long)
        lines.append(_audit_line(record, split, tokens, fitted, cut=cut))
        if not fitted.cause:
            kept.append({"id": record["id"], "input_ids": fitted.input_ids, "labels": fitted.labels})
    return kept, lines


def _audit_line(record: Row, split: str, tokens: int, row: Rendered, *, cut: bool) -> Row:
    return {
        "id": record["id"],
        "split": split,
        "origin": record["origin"],
        "tokens": tokens,
        "supervised": row.supervised,
        "truncated": cut,
        "dropped": row.cause,
    }


def _summary(lines: list[Row]) -> dict[str, Any]:
    kept = [line for line in lines if not line["dropped"]]
    causes: dict[str, int] = {}
    for line in lines:
        if line["dropped"]:
            causes[line["dropped"]] = causes.get(line["dropped"], 0) + 1
    lengths = sorted(line["tokens"] for line in kept)
    return {
        "rows": len(lines),
        "kept": len(kept),
        "dropped": dict(sorted(causes.items())),
        "truncated": sum(line["truncated"] for line in kept),
        "tokens": sum(lengths),
        "supervised_tokens": sum(line["supervised"] for line in kept),
        "longest": lengths[-1] if lengths else 0,
        "median": lengths[len(lengths) // 2] if lengths else 0,
    }


def _sample(tokenizer: Any, row: Row) -> str:
    """Return the first row's text with the supervised part between «»: what a reader checks a mask by."""
    text, inside = "", False
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        if (label >= 0) != inside:
            text += "»" if inside else "«"
            inside = not inside
        text += tokenizer.decode([token])
    return text + ("»" if inside else "")


def _check_budget(audit: list[Row], params: RenderingParams) -> None:
    dropped = [line for line in audit if line["dropped"]]
    kept_train = sum(line["split"] == "train" and not line["dropped"] for line in audit)
    if len(dropped) > params.max_dropped_share * len(audit):
        first = dropped[0]
        raise DataError(
            f"rendering loses {len(dropped)} of {len(audit)} rows, more than the allowed "
            f"{params.max_dropped_share:.1%}; the first is {first['id']} ({first['dropped']}, {first['tokens']} tokens). "
            "Raise rendering.max_length, mend the rows, or allow a larger rendering.max_dropped_share."
        )
    if not kept_train:
        raise DataError("no training row is left after rendering: see the quarantine and the duplicates of this run")
