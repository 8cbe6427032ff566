"""The model card of a release (`README.md`), written from the run: no figure in it was typed by anybody.

The front matter is that of Hugging Face model cards, made by their library; the sections are those of Mitchell et al.
2019, "Model Cards for Model Reporting".
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from tasks.promotion.sbom import FILE_PREFIX
from tasks.reporting.contamination import told
from tasks.reporting.labels import interval, percent, points, row_label, several_metrics
from tasks.reporting.results import benchmarks, guardrails
from tasks.store.cards import table

CARD_FILE = "README.md"
PIPELINE_TAG = "text-generation"
NOT_STATED = "not stated"
_SHOWN_DIGEST = 16


def model_card(said: Mapping[str, Any]) -> str:
    """Return the text of the model card.

    Args:
        said: The content of `release.json`.
    """
    parts = [
        _front_matter(said),
        f"# {said['name']} {said['version']}\n\n{_summary(said)}\n",
        "## Intended use\n\n" + (said["intended_use"] or "Not stated by whoever released it.") + "\n",
        "## Limits\n\n" + "\n".join(f"- {line}" for line in _limits(said)) + "\n",
        "## Data\n\n" + _data(said),
        "## Training\n\n" + _training(said),
        "## Results\n\n" + _results(said),
        "## Guardrails\n\n" + _guardrails(said),
        "## Proofs\n\n" + _proofs(said),
        "## Decision\n\n" + _decision(said),
        "## Licence\n\n" + _licence(said),
        "## Use\n\n" + _use(),
    ]
    return "\n".join(parts)


def _front_matter(said: Mapping[str, Any]) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    tuned = said["scores"]["tuned"] or {}
    task, general = tuned.get("task") or {}, tuned.get("general") or {}
    measured = [
        (f"{task.get('set', 'test')} set of the task", name, figure)
        for metric in (task.get("metrics") or {}).values()
        for name, figure in metric["figures"].items()
    ]
    measured += [(name, "accuracy", one["accuracy"]) for name, one in (general.get("tasks") or {}).items()]
    results = [
        EvalResult(PIPELINE_TAG, dataset, dataset, metric, figure, verified=False)
        for dataset, metric, figure in measured
    ]
    base = said["base"] or {}
    data = ModelCardData(
        license=said["license"].lower() if said["license"] else None,
        base_model=base.get("hub_id"),
        base_model_relation="finetune" if base.get("hub_id") else None,
        pipeline_tag=PIPELINE_TAG,
        library_name="transformers",
        tags=["finetune-flows", "safetensors"],
        model_name=said["name"],
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def _summary(said: Mapping[str, Any]) -> str:
    created, verdict = said["created"][:10], said["verdict"]["outcome"]
    return f"{_base_name(said)}, fine-tuned. Released {created}; the gate's verdict was **{verdict}**."


def _base_name(said: Mapping[str, Any]) -> str:
    base = said["base"]
    if not base:
        return "A base model that this run does not name"
    # A folder of one's own is named without the folders above it: they are nobody else's business.
    return str(base.get("hub_id") or PurePath(base["model"]).name)


def _limits(said: Mapping[str, Any]) -> Iterator[str]:
    if said["limitations"]:
        yield said["limitations"].replace("\n", "\n  ")
    tuned = said["scores"]["tuned"] or {}
    task, general = tuned.get("task") or {}, tuned.get("general") or {}
    if task.get("n"):
        yield f"The task was measured on {task['n']} items (set: {task['set']}). Inputs unlike them were not measured."
        if task.get("cut"):
            yield f"{task['cut']} of the task's answers were cut at the length limit."
    else:
        yield "The task was not measured."
    if general.get("n"):
        suites = ", ".join(general.get("tasks") or ["one suite"])
        yield f"General ability was measured on {general['n']} items of {suites}."
    else:
        yield "General ability was not measured: what the base could do may be lost."
    if not tuned.get("guardrails"):
        yield "Refusals, leakage of training rows and prompt injection were not probed."
    held = {name: one["contaminated"] for name, one in said["contamination"].items() if one.get("contaminated")}
    for name, count in held.items():
        yield f"{count} items of the benchmark {name} stand in the training rows: its accuracy says less for it."
    unproven = said["proof"] or {}
    if not unproven.get("proven"):
        yield f"No server has answered from this model: {unproven.get('why') or 'it was not asked'}."


def _data(said: Mapping[str, Any]) -> str:
    rows = [
        [role, PurePath(name.removeprefix(FILE_PREFIX)).name, f"`{digest}`"]
        for role, parents in said["data"].items()
        for name, digest in parents.items()
        if name.startswith(FILE_PREFIX)
    ]
    parts = [table(["read as", "file", "sha256"], rows)] if rows else ["No source files are known.\n"]
    counts = [
        [role, ", ".join(f"{count:,} {name}" for name, count in one.items())] for role, one in said["rows"].items()
    ]
    if counts:
        parts.append(table(["stage", "rows"], counts))
    return "\n".join(parts)


def _training(said: Mapping[str, Any]) -> str:
    base = said["base"] or {}
    rows = [
        ["base model", _base_name(said)],
        ["revision", base.get("revision", NOT_STATED)],
        ["digest of the base", f"`{base.get('source_digest', NOT_STATED)}`"],
        *([name.replace("_", " "), value] for name, value in said["training"].items()),
    ]
    return table(["what", "value"], rows)


def _results(said: Mapping[str, Any]) -> str:
    verdict = said["verdict"]
    measured = [row for row in verdict.get("rows", []) if row.get("base") is not None]
    several = several_metrics(measured)
    rows = [
        [
            row_label(row, several=several),
            row["n"],
            percent(row["base"]),
            percent(row["tuned"]),
            points(row["difference"]),
            interval(row),
            points(row["margin"]),
            row["outcome"],
        ]
        for row in measured
    ]
    columns = ["what", "items", "before (%)", "after (%)", "difference (points)", "interval", "margin", "outcome"]
    parts = [table(columns, rows)] if rows else ["No comparison was made.\n"]
    parts += [f"{verdict['method']}\n"] if verdict.get("method") else []
    return "\n".join([*parts, *_tasks(said)])


def _tasks(said: Mapping[str, Any]) -> Iterator[str]:
    lines = benchmarks(said["scores"]["base"], said["scores"]["tuned"], None)
    rows = [
        [line["name"], line["n"], *(percent(line[side]) for side in ("base", "tuned", "chance")), told(found)]
        for line in lines
        for found in [said["contamination"].get(line["name"])]
    ]
    if rows:
        yield table(["benchmark", "items", "base (%)", "tuned (%)", "chance (%)", "held by training rows"], rows)


def _guardrails(said: Mapping[str, Any]) -> str:
    scores = {model: one for model, one in said["scores"].items() if one}
    rows = [[line["kind"], *(line[model] for model in scores)] for line in guardrails(scores)]
    return table(["probe", *(f"{model} behaved" for model in scores)], rows) if rows else "Not probed.\n"


def _proofs(said: Mapping[str, Any]) -> str:
    parity, proof = said["parity"] or {}, said["proof"] or {}
    rows: list[list[Any]] = [
        ["merged model answers as base + adapter do", "passed" if parity.get("passed") else "failed", ""]
    ]
    limits = parity.get("thresholds") or {}
    rows += [
        [name.replace("_", " "), parity[name], f"limit {limit:.4g}"] for name, limit in limits.items() if name in parity
    ]
    answered = f"answered by {proof['server']}" if proof.get("proven") else "not proven"
    rows.append(["a live server answers as the trained model does", answered, proof.get("why", "")])
    if smoke := proof.get("smoke"):
        rows.append([f"{smoke['requests']} requests at once", f"{smoke['equal']} equal to the single answers", ""])
    others = ({"adapter beside its base": proof["lora"]} if proof.get("lora") else {}) | (proof.get("targets") or {})
    rows += [[name, "proven" if one["proven"] else "not proven", one.get("why", "")] for name, one in others.items()]
    return table(["proof", "result", "note"], rows)


def _decision(said: Mapping[str, Any]) -> str:
    verdict, approval = said["verdict"], said["approval"]
    rows = [["verdict of the gate", verdict["outcome"]]]
    policy = verdict.get("policy")
    rows.append(
        ["policy", f"{policy['file']} (sha256 `{policy['sha256'][:_SHOWN_DIGEST]}`)" if policy else "the parameters"]
    )
    rows.append(["compared with the champion", said["champion"] or "no"])
    told = "; ".join(f"{name}: {value}" for name, value in approval.items()) if approval else "nobody was asked"
    rows.append(["a person's approval", told])
    reasons = "\n".join(f"- {reason}" for reason in verdict.get("reasons", []))
    quoted = f"\n```yaml\n{policy['text'].rstrip()}\n```\n" if policy and policy.get("text") else ""
    return f"{table(['what', 'value'], rows)}{quoted}\n{reasons}\n"


def _licence(said: Mapping[str, Any]) -> str:
    base = said["base"] or {}
    text = base.get("license_file")
    beside = f" Its text is `{text}` beside the base model." if text else ""
    return (
        f"Licence of the base model: {base.get('license') or NOT_STATED}.{beside} The tuned model is a derived work of "
        "it; licences of the data are for whoever releases the model to know.\n"
    )


def _use() -> str:
    return (
        "```\nbash serve.sh                                   # vLLM, OpenAI API on 127.0.0.1:8000\n"
        "finetune-flows verify .                         # everything of this release checked again, offline\n"
        "sha256sum -c SHA256SUMS                         # the files alone, without this project\n```\n"
    )
