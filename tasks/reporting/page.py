"""The page: everything the stages say, through one template that escapes all text."""

import json
from pathlib import Path
from typing import Any

from tasks.reporting import plots
from tasks.reporting.accounting import LOSSES, accounting
from tasks.reporting.collect import Stages, file_of, lineage, quarantine, rows_of
from tasks.reporting.results import categories, examples, fields, interval, percent, points

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
    environment.filters.update(percent=percent, points=points, interval=interval, pretty=pretty, figure=figure)
    text: str = environment.get_template(TEMPLATE).render(**_content(found, stages))
    return text


def _content(found: dict[str, Any], stages: Stages) -> dict[str, Any]:
    training = file_of(stages, "training", "training.json")
    lines = accounting({role: stage.ref for role, stage in stages.items()})
    return {
        "name": found["name"],
        "outcome": found["outcome"],
        "verdict": found["verdict"],
        "comparisons": found["comparisons"],
        "task": ((found["scores"]["tuned"] or found["scores"]["base"] or {}).get("task")) or {},
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
        "plots": _plots(found, stages, training),
    }


def _plots(found: dict[str, Any], stages: Stages, training: Any) -> dict[str, Any]:
    from markupsafe import Markup

    limit = stages["rendering"].manifest.params.get("max_length") if "rendering" in stages else None
    drawn = {
        "fields": plots.paired_bars("fields", fields(found)),
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
