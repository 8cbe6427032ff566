"""What a person decided about a model: the question, the answer, and where the answer is kept.

An answer belongs to a candidate: the content of everything a release would be made of. An approved candidate is not
asked about again, by whatever run; a rejected one is not asked about again by the run that was told so. Answers lie
under `<home>/approvals/<name>/`, apart from the server's database, which forgets old runs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.approval.params import ApprovalParams
from tasks.settings import home
from tasks.store.cards import table
from tasks.store.keys import KEY_LENGTH, digest_of
from tasks.store.records import read_json, write_json
from tasks.store.refs import Ref

Decision = Literal["approve", "reject"]


class Answer(BaseModel):
    """What somebody decided.

    Attributes:
        decision: approve or reject.
        by: Who, in their own words: the open-source server knows no users.
        reason: Why.
        time: When the run was told, UTC.
        run: The flow run that asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    by: str
    reason: str
    time: str
    run: str


def candidate_of(stages: Mapping[str, Ref]) -> str:
    """Return the key of what a release would be made of (the report only tells of it)."""
    return digest_of({role: ref.digest for role, ref in stages.items() if role != "reporting"})[:KEY_LENGTH]


def answer_of(decision: Decision, by: str, reason: str, *, run: str, params: ApprovalParams) -> Answer:
    """Return an answer as it is kept; a form that came back empty is the rejection at the end of the time."""
    if decision == "reject" and not (by.strip() or reason.strip()):
        by, reason = "nobody", f"not approved within {params.timeout_hours:g} hours"
    time = datetime.now(UTC).isoformat(timespec="seconds")
    return Answer(decision=decision, by=by.strip() or "unnamed", reason=reason.strip(), time=time, run=run)


def complaint(decision: Decision, by: str, reason: str) -> str:
    """Return why an answer cannot be taken, or an empty string: an approval is somebody's, and has a reason."""
    if decision == "approve" and not (by.strip() and reason.strip()):
        return "An approval needs a name and a reason; the last answer lacked one of them."
    return ""


def question(name: str, verdict: Mapping[str, Any], report: Path, params: ApprovalParams, said_before: str) -> str:
    """Return the text above the form: the figures to decide by, and what happens without an answer."""
    rows = [[row["name"], row.get("n"), row["outcome"]] for row in verdict.get("rows", [])]
    reasons = "".join(f"- {reason}\n" for reason in verdict.get("reasons", []))
    parts = [
        f"**{said_before}**\n" if said_before else "",
        f"May **{name}** be released? The gate says: **{verdict['outcome']}**.\n",
        table(["gate", "items", "outcome"], rows) if rows else "",
        reasons,
        f"The whole report: `{report}`\n",
        f"Without an answer within {params.timeout_hours:g} hours the model is rejected.\n",
    ]
    return "\n".join(filter(None, parts))


def kept(name: str, candidate: str, run: str) -> Answer | None:
    """Return the answer that still holds for a candidate in this run."""
    path = _path(name, candidate)
    if not path.is_file():
        return None
    try:
        answer = Answer.model_validate(read_json(path))
    except (ValidationError, ValueError):
        # Asking once more is safe; releasing by a damaged answer is not.
        return None
    return answer if answer.decision == "approve" or answer.run == run else None


def keep(name: str, candidate: str, answer: Answer) -> Answer:
    """Write an answer down, by one rename, and return it."""
    path = _path(name, candidate)
    partial = path.with_suffix(".partial")
    write_json(partial, answer.model_dump())
    partial.replace(path)
    return answer


def _path(name: str, candidate: str) -> Path:
    return home() / "approvals" / name / f"{candidate}.json"
