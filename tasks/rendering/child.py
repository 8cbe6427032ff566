"""Child process: render and audit the splits."""

from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.rendering.audit import AUDIT, audit_line, check_budget, lengths_of, summarise
from tasks.rendering.chat import IGNORED, fit, render_chat, render_text
from tasks.rendering.markers import Markers, context_length, markers_of
from tasks.rendering.params import RenderingParams
from tasks.rendering.plot import length_plot
from tasks.rendering.templates import end_of_turn, is_dated, use_template, write_template
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import Row, read_rows, write_json, write_rows

SPLITS = ("train", "validation")
CHECK_EVERY = 500


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Render `payload["splits"]` with the tokenizer in `payload["model"]` into `payload["out"]`.

    `payload["template"]` is the text of the chosen template, or None for the tokenizer's own. A failed budget leaves
    the audit in `payload["work"]`, which outlives the stage's directory.
    """
    from transformers import AutoTokenizer

    params = RenderingParams.model_validate(payload["params"])
    model, out = Path(payload["model"]), Path(payload["out"])
    context = context_length(model)
    if context is not None and params.max_length > context:
        raise ConfigError(
            f"rendering.max_length is {params.max_length} tokens, but the base model reads {context} at most. Lower it."
        )
    tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    written = use_template(tokenizer, payload["template"])
    # With a chosen template a model ends turns with that template's token, and the export lets servers stop there.
    end = None if payload["template"] is None else end_of_turn(tokenizer)
    markers = markers_of(tokenizer, model, written=written, end=end)
    audit: list[Row] = []
    summary: dict[str, Any] = {}
    for split in SPLITS:
        kept: list[Row] = []
        lines: list[Row] = []
        for number, record in enumerate(read_rows(Path(payload["splits"]) / f"{split}.jsonl"), start=1):
            line, row = _render(record, split, tokenizer, markers, params)
            lines.append(line)
            kept += [row] if row else []
            if number % CHECK_EVERY == 0:
                stop.check()
                events.progress(f"{split}: {number} rows rendered")
        write_rows(out / f"{split}.jsonl", kept)
        audit += lines
        summary[split] = summarise(lines)
        events.progress(f"{split}: {len(kept)} of {len(lines)} rows kept")
    work_audit = Path(payload["work"]) / AUDIT
    write_rows(work_audit, audit)
    check_budget(audit, params, work_audit, context)
    write_rows(out / AUDIT, audit)
    summary["template"] = {
        "choice": params.template,
        "sha256": write_template(tokenizer, out),
        "stops": list(markers.ends),
        "dated": is_dated(tokenizer),
    }
    summary["supervise"] = params.supervise
    summary["max_length"] = params.max_length
    summary["lengths"] = lengths_of(audit, params, context)
    (out / "notes").mkdir()
    plot = length_plot(summary["lengths"], params.max_length)
    (out / "notes" / "lengths.svg").write_text(plot, encoding="utf-8")
    summary["sample"] = _sample(tokenizer, next(read_rows(out / "train.jsonl")))
    write_json(out / "summary.json", summary)
    return summary


def _render(
    record: Row, split: str, tokenizer: Any, markers: Markers, params: RenderingParams
) -> tuple[Row, Row | None]:
    if record["messages"]:
        tools = record.get("tools")
        row = render_chat(tokenizer, record["messages"], markers, tools=tools, supervise=params.supervise)
    else:
        row = render_text(tokenizer, record["text"], markers)
    fitted, cut = fit(row, params.max_length, params.on_too_long)
    line = audit_line(record, split, row, fitted, cut=cut)
    if fitted.cause:
        return line, None
    return line, {"id": record["id"], "input_ids": fitted.input_ids, "labels": fitted.labels}


def _sample(tokenizer: Any, row: Row) -> str:
    """Return the first row's text with the supervised part between «»: what a reader checks a mask by."""
    text, run = "", list[int]()
    supervised = False
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        if (label != IGNORED) != supervised:
            text += _shown(tokenizer, run, supervised=supervised)
            run, supervised = [], not supervised
        run.append(token)
    return text + _shown(tokenizer, run, supervised=supervised)


def _shown(tokenizer: Any, run: list[int], *, supervised: bool) -> str:
    text: str = tokenizer.decode(run)
    return f"«{text}»" if supervised else text
