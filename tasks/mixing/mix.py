"""The mixed set as files."""

from collections.abc import Mapping
from pathlib import Path

from tasks.errors import ConfigError, DataError
from tasks.mixing.choose import CHOSEN, EQUAL, NEAR, NOT_NEEDED, REPEATED, Choice, choose
from tasks.mixing.measure import measures
from tasks.mixing.params import MixingParams
from tasks.mixing.provenance import provenance, shares, summary_of
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome

RECORDS = "records.jsonl"


def write_mix(
    unique: Path,
    general: Path | None,
    params: MixingParams,
    out: Path,
    *,
    base: Path | None = None,
    digests: Mapping[str, str] | None = None,
) -> Outcome:
    """Fill the stage's directory.

    Args:
        unique: Directory of the dedup stage.
        general: Directory of the general records' ingest, or None.
        params: With the share.
        out: The directory to fill.
        base: Directory of the base model; needed where the share is counted in tokens, else tokens are only shown.
        digests: sha256 of the general files by name, for the provenance in the manifest.

    Raises:
        ConfigError: A share is asked for, but there are no general records, or no tokenizer to count it; a file is
            used as both; the weights do not fit the sources.
        DataError: There are too few records.
    """
    _check_inputs(general, base, params)
    task = list(read_rows(unique / RECORDS))
    if not task:
        raise DataError("no task record is left to mix: see the quarantine and the duplicates of this run")
    offered = list(read_rows(general / RECORDS)) if general is not None else []
    _check_origins(task, offered)
    known = measures(base)
    choice = choose(task, offered, params, known[params.share_by])
    chosen = [
        {**record, "group": record["id"]} for record, fate in zip(offered, choice.fates, strict=True) if fate == CHOSEN
    ]
    write_rows(out / RECORDS, [*task, *chosen])
    # Tokens count towards the content only where they decide it: the same rows stay the same for every base model.
    deciding = {name: measure for name, measure in known.items() if name != "tokens" or params.share_by == "tokens"}
    summary = summary_of(task, offered, choice, params, deciding)
    write_json(out / "summary.json", summary)
    facts = {
        "general_share": shares(task, chosen, known),
        "general_sources": provenance(offered, choice, known, digests or {}),
    }
    return Outcome(counts=_counts(task, choice), facts=facts)


def _check_inputs(general: Path | None, base: Path | None, params: MixingParams) -> None:
    problems = []
    if general is None and params.share > 0:
        problems.append(
            f"mixing.share is {params.share:g}, but no general records were read. Name files in mixing.files, or set "
            "mixing.share to 0."
        )
    if base is None and params.share_by == "tokens":
        problems.append(
            "mixing.share_by is tokens, but this flow has no base model whose tokenizer could count them. Use "
            "characters here, or rows."
        )
    if problems:
        raise ConfigError("\n".join(problems))


def _check_origins(task: list[Row], general: list[Row]) -> None:
    for record in general:
        if record["origin"] != "general":
            raise DataError(
                f"{record['id']} is a {record['origin']} record: mixing takes general ones beside the task's"
            )
    if shared := {record["file"] for record in task} & {record["file"] for record in general}:
        raise ConfigError(f"{', '.join(sorted(shared))} is read as task data and as general data: name it once")


def _counts(task: list[Row], choice: Choice) -> dict[str, int]:
    left_out = {name: choice.fates.count(name) for name in (EQUAL, NEAR, REPEATED, NOT_NEEDED)}
    return {"task": len(task), "general": choice.fates.count(CHOSEN), "general_read": len(choice.fates)} | left_out
