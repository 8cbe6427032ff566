"""The checks: each takes examples or figures of earlier stages, and returns findings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.quality.balance import Stratum, chosen_longer, imbalance
from tasks.quality.examples import Example
from tasks.quality.findings import Finding, Severity, judged, percent
from tasks.quality.noise import Contradiction, keys_of, rows_of
from tasks.quality.params import QualityParams
from tasks.quality.schema import Check
from tasks.quality.shapes import Dominant, dominant_of, mismatch
from tasks.screening.screen import group_of
from tasks.store.records import Row

LISTED = 1000
"""Pairs in `issues.jsonl`: where all prompts share a long template, nearly every two of them are near-same."""


def enough_rows(unique: int, read: int, params: QualityParams) -> Finding:
    """Judge the number of unique rows."""
    severity: Severity = "stop" if unique < params.min_rows else "warn" if unique < params.few_rows else "ok"
    advice = {
        "stop": f"Add examples until there are {params.min_rows} different ones, best of the cases that are rare now; "
        "or set quality.min_rows lower when this is a trial that nobody will rely on. With so few rows, prompting the "
        "base model with some of them is the better start.",
        "warn": "Scores of so few rows have wide intervals: add examples, or hold out more of them for the test.",
        "ok": "",
    }[severity]
    text = f"{unique} unique rows of {read} read"
    limits = {"warn": float(params.few_rows), "stop": float(params.min_rows)}
    return Finding("rows", severity, text, float(unique), limits, advice)


def label_noise(
    equal: Sequence[Contradiction], near: Sequence[Contradiction], rows: int, params: QualityParams
) -> Finding:
    """Judge contradictions; near-same prompts that differ where their answers do are listed and not counted."""
    counted = [*equal, *(pair for pair in near if not pair.explained)]
    share = len(rows_of(counted)) / rows if rows else 0.0
    severity = judged(share, params.warn_label_noise, params.max_label_noise)
    explained = len(near) - (len(counted) - len(equal))
    text = (
        f"{len(rows_of(counted))} rows ({percent(share)}) contradict another: {len(equal)} pairs with equal prompts, "
        f"{len(near) - explained} with near-same ones (and {explained} whose prompts differ where their answers do)"
    )
    if keys := list(keys_of(counted).items())[:5]:
        text += "; they differ in " + ", ".join(f"{key} ({count})" for key, count in keys)
    advice = "Decide which answer is right; `issues.jsonl` has each pair with what differs." if counted else ""
    limits = {"warn": params.warn_label_noise, "stop": params.max_label_noise}
    lines = [pair.line() for pair in [*counted, *(pair for pair in near if pair.explained)][:LISTED]]
    text += f"; the first {LISTED} pairs are listed" if len(equal) + len(near) > LISTED else ""
    return Finding("label_noise", severity, text, share, limits, advice if severity != "ok" else "", lines)


def format_drift(
    examples: Sequence[Example], groups: Mapping[str, Sequence[int]], params: QualityParams, schema: Check | None
) -> tuple[Finding, list[Row]]:
    """Judge the form of answers: against a schema, or against what is usual within each class.

    Args:
        examples: Unique rows.
        groups: Positions of each class; used only where classes come from a field.
        params: Limits.
        schema: Lists what breaks the schema; None to compare with what is usual.

    Returns:
        The finding, and one row for each class: its usual form, how many answers have another, and how often in what.
    """
    parts = groups if groups and params.stratify_by else {"all rows": range(len(examples))}
    lines: list[Row] = []
    table: list[Row] = []
    for name, members in parts.items():
        inside = [examples[index] for index in members]
        usual = Dominant("", 0.0) if schema else dominant_of(inside, params.max_labels)
        departs = [(example, schema(example) if schema else mismatch(example, usual)) for example in inside]
        found = [example.place | {"reasons": reasons} for example, reasons in departs if reasons]
        lines += found
        form = "the schema" if schema else usual.describe()
        counts = dict(Counter(reason for line in found for reason in line["reasons"]).most_common())
        table.append({"class": name, "rows": len(inside), "form": form, "other": len(found), "reasons": counts})
    share = len(lines) / len(examples) if examples else 0.0
    severity = judged(share, params.warn_drift, params.max_drift)
    reasons = Counter(reason for line in lines for reason in line["reasons"]).most_common(5)
    against = "do not fulfil the schema" if schema else "have another form than is usual"
    text = f"{len(lines)} answers ({percent(share)}) {against}"
    if reasons:
        text += ": " + ", ".join(f"{reason} ({count})" for reason, count in reasons)
    advice = "" if severity == "ok" else "Bring these answers to one form: a model learns the mixture as it is."
    limits = {"warn": params.warn_drift, "stop": params.max_drift}
    return Finding("format_drift", severity, text, share, limits, advice, lines), table


def class_balance(strata: Sequence[Stratum], first: Mapping[str, Row], params: QualityParams) -> list[Finding]:
    """Judge how classes differ in size and in the length of their answers.

    Args:
        strata: Figures of each class.
        first: The first row of each class: where to look.
        params: Limits.
    """
    if not strata:
        return [Finding("balance", "ok", "there are no classes: no field is named and the answers are no labels")]
    ratio = imbalance(strata)
    uneven = ratio > params.warn_imbalance
    largest, smallest = strata[0], strata[-1]
    text = f"{len(strata)} classes"
    if len(strata) > 1:
        text += (
            f"; the largest ('{largest.name}', {largest.rows} rows) has {ratio:.1f} times the rows of the smallest "
            f"('{smallest.name}', {smallest.rows})"
        )
    advice = "Add rows of the small classes; a model answers with the large ones when in doubt." if uneven else ""
    limits = {"warn": params.warn_imbalance}
    rows = [first[smallest.name]] if uneven else []
    found = [Finding("balance", "warn" if uneven else "ok", text, ratio, limits, advice, rows)]
    biased = [s for s in strata if s.effect is not None and abs(s.effect) >= params.warn_length_effect]
    strongest = max((abs(stratum.effect) for stratum in strata if stratum.effect is not None), default=None)
    if biased:
        text = "answer length gives classes away: " + ", ".join(
            f"'{s.name}' {s.answer_median:.0f} characters (effect {s.effect:+.2f})" for s in biased[:5]
        )
    else:
        text = "answer lengths of the classes are alike" if strongest is not None else "too few rows to compare lengths"
    advice = "See whether the length is meant; if not, shorten or extend answers of these classes." if biased else ""
    limits = {"warn": params.warn_length_effect}
    rows = [first[stratum.name] for stratum in biased]
    return [*found, Finding("length_bias", "warn" if biased else "ok", text, strongest, limits, advice, rows)]


def preference_lengths(examples: Sequence[Example], params: QualityParams) -> list[Finding]:
    """Judge whether the chosen answer is simply the longer one; nothing where there are no preference rows."""
    lengths = chosen_longer(examples)
    if lengths is None:
        return []
    biased = abs(lengths["effect"]) >= params.warn_length_effect
    text = (
        f"of {lengths['pairs']} preference rows the chosen answer is longer in {percent(lengths['longer'])}, "
        f"shorter in {percent(lengths['shorter'])} (effect {lengths['effect']:+.2f})"
    )
    advice = "A model would learn the length: add pairs whose better answer is the shorter one." if biased else ""
    limits = {"warn": params.warn_length_effect}
    return [Finding("preference_length", "warn" if biased else "ok", text, lengths["effect"], limits, advice)]


def screened_content(
    summary: Mapping[str, Any], findings: Sequence[Row], put_aside: set[tuple[str, int]], params: QualityParams
) -> list[Finding]:
    """Judge what screening found: refusals by their share, personal data and secrets that stay in rows.

    Args:
        summary: Screening's `summary.json`.
        findings: Screening's `findings.jsonl`.
        put_aside: File and row of the records in its quarantine.
        params: Limits.
    """
    kept = max(summary["kept"], 1)
    checks = (
        ("refusals", "answers that decline the task", params.warn_refusals, params.max_refusals,
         "Set screening.refusals to quarantine unless the model shall learn to decline."),
        ("personal_data", "rows with personal data", 0.0, params.max_personal_data,
         "Set screening.personal_data to mask or quarantine unless the task is about these data."),
        ("secrets", "rows with secrets", 0.0, 1.0, "Set screening.secrets to quarantine or mask: models repeat them."),
    )  # fmt: skip
    found = []
    for name, what, warn, stop, advice in checks:
        left, everywhere = summary["left_in_kept_rows"][name], summary["rows_with"][name]
        severity = judged(left / kept, warn, stop)
        lines = [line for line in findings if group_of(line["kind"]) == name and line["action"] == "keep"]
        rows = [
            {key: line[key] for key in ("id", "file", "row", "kind", "where")}
            for line in lines
            if (line["file"], line["row"]) not in put_aside
        ]
        text = f"{everywhere} {what} found, {left} of them ({percent(left / kept)} of rows) stay as they are"
        limits = {"warn": warn, "stop": stop}
        found.append(Finding(name, severity, text, left / kept, limits, advice if severity != "ok" else "", rows))
    return found
