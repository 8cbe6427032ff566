"""The page: everything the stages say, through one template that escapes all text."""

import json
from pathlib import Path
from typing import Any

from tasks.reporting import plots
from tasks.reporting.accounting import LOSSES, accounting
from tasks.reporting.collect import Stages, file_of, lineage, quarantine, rows_of
from tasks.reporting.contamination import told
from tasks.reporting.examples import examples, lost_probes
from tasks.reporting.labels import interval, is_quiet, percent, points, row_label, several_metrics
from tasks.reporting.results import categories, fields, guardrails

TEMPLATE = "report.html.j2"


def page(found: dict[str, Any], stages: Stages) -> str:
    """Return the HTML of a run's report.

    Args:
        found: The content of `results.json`.
        stages: The run's stages.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        percent=percent, points=points, interval=interval, pretty=pretty, figure=figure, told=told
    )
    text: str = environment.get_template(TEMPLATE).render(**_content(found, stages))
    return text


def _content(found: dict[str, Any], stages: Stages) -> dict[str, Any]:
    training = file_of(stages, "training", "training.json")
    several = several_metrics((found["verdict"] or {}).get("rows", []))
    rows = [
        {"against": "base", **row, "label": row_label(row, several=several)}
        for row in (found["verdict"] or {}).get("rows", [])
    ]
    lines = accounting({role: stage.ref for role, stage in stages.items()})
    return {
        "name": found["name"],
        "outcome": found["outcome"],
        "verdict": found["verdict"],
        "rows": [row for row in rows if not is_quiet(row)],
        "quiet": [row for row in rows if is_quiet(row)],
        "approval": found["approval"],
        "comparisons": found["comparisons"],
        "task": ((found["scores"]["tuned"] or found["scores"]["base"] or {}).get("task")) or {},
        "metrics": _metrics(found["scores"]),
        "benchmarks": found["benchmarks"],
        "guardrails": guardrails(found["scores"]),
        "models": [model for model, one in found["scores"].items() if one],
        "lost_probes": lost_probes(stages),
        "general": ((found["scores"]["tuned"] or found["scores"]["base"] or {}).get("general")) or {},
        "base": file_of(stages, "base", "base.json"),
        "training": training,
        "accounting": lines,
        "losses": [name for name in LOSSES if any(name in line["lost"] for line in lines)],
        "quarantine": quarantine(stages),
        "quality": file_of(stages, "quality", "report.json"),
        "leakage": file_of(stages, "leakage", "summary.json"),
        "parity": file_of(stages, "merging", "parity.json"),
        "proof": file_of(stages, "serving", "proof.json"),
        "examples": examples(stages),
        "lineage": lineage(stages),
        "plots": _plots(stages, training),
    }


def _metrics(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of each metric, of the tuned model where it was measured and of the base besides."""
    sides = {model: ((scores[model] or {}).get("task") or {}).get("metrics") or {} for model in ("tuned", "base")}
    names = dict.fromkeys(name for side in sides.values() for name in side)
    return [
        {"name": name, "kind": side["kind"], "model": model, "tables": [one for one in side["tables"] if one["rows"]]}
        for name in names
        for model, side in ((model, side[name]) for model, side in sides.items() if name in side)
    ]


def _plots(stages: Stages, training: Any) -> dict[str, Any]:
    from markupsafe import Markup

    limit = stages["rendering"].manifest.params.get("max_length") if "rendering" in stages else None
    drawn = {
        "fields": plots.paired_bars("fields", fields(stages)),
        "categories": plots.paired_bars("categories", categories(stages)),
        "loss": plots.loss_curve(file_of(stages, "training", "history.json"), (training or {}).get("best_step")),
        "lengths": plots.lengths(rows_of(stages, "rendering", "audit.jsonl"), limit),
        "duplicates": plots.duplicates(file_of(stages, "dedup", "summary.json")),
    }
    # matplotlib has escaped the text inside its SVG: the only markup that does not pass the template's escaping.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def pretty(value: Any) -> str:
    """Return JSON for a reader: indented, letters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def figure(value: Any) -> str:
    """Return a measured figure for a reader: yes and no, four significant digits, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
