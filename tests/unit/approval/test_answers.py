import pytest
from pydantic import ValidationError

from tasks.approval.answers import answer_of, candidate_of, complaint, keep, kept, question
from tasks.approval.params import ApprovalParams
from tasks.store.refs import Ref

PARAMS = ApprovalParams(mode="required", timeout_hours=1.5)


def answer(decision="approve", by="Ada", reason="read it", run="run-1"):
    return answer_of(decision, by, reason, run=run, params=PARAMS)


def test_an_approval_holds_for_every_run_and_a_rejection_for_its_own():
    assert kept("mails", "c1", "run-1") is None
    said = keep("mails", "c1", answer())
    assert kept("mails", "c1", "run-1") == kept("mails", "c1", "run-2") == said
    assert kept("mails", "c2", "run-1") is None
    assert kept("other", "c1", "run-1") is None
    keep("mails", "c1", answer("reject"))
    assert kept("mails", "c1", "run-1").decision == "reject"
    assert kept("mails", "c1", "run-2") is None


@pytest.mark.parametrize(
    "text", ["", "{", '{"decision": "approve"}', '{"decision": "maybe", "by": "", "reason": ""}', "\xff"]
)
def test_a_damaged_answer_is_none(home, text):
    keep("mails", "c1", answer())
    (home / "approvals" / "mails" / "c1.json").write_text(text, encoding="latin-1")
    assert kept("mails", "c1", "run-1") is None


def test_an_empty_form_is_the_end_of_the_time():
    said = answer("reject", " ", "")
    assert (said.by, said.reason) == ("nobody", "not approved within 1.5 hours")
    assert answer("reject", "", "worse on dates").by == "unnamed"
    assert answer("reject", "Ada", "").reason == ""


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (("approve", "Ada", "good"), True),
        (("approve", "", "good"), False),
        (("approve", "Ada", "  "), False),
        (("reject", "", ""), True),
        (("reject", "Ada", "bad"), True),
    ],
)
def test_an_approval_needs_a_name_and_a_reason(said, taken):
    assert (complaint(*said) == "") is taken


def ref(kind, digest):
    return Ref(kind=kind, key="k" * 24, path="p", digest=digest, counts={})


def test_a_candidate_is_its_content_and_not_its_report():
    stages = {"training": ref("training", "a" * 64), "gating": ref("gating", "b" * 64)}
    assert candidate_of(stages) == candidate_of(stages | {"reporting": ref("reporting", "c" * 64)})
    assert candidate_of(stages) != candidate_of(stages | {"training": ref("training", "d" * 64)})


def test_the_question_has_figures_report_and_deadline(tmp_path):
    verdict = {
        "outcome": "pass",
        "rows": [{"name": "task gain", "n": 90, "outcome": "pass"}],
        "reasons": ["task gain: +0.4"],
    }
    text = question("mails", verdict, tmp_path / "report.html", PARAMS, "An approval needs a name.")
    for part in ("mails", "pass", "task gain", "90", "+0.4", str(tmp_path), "1.5 hours", "An approval needs a name."):
        assert part in text


def test_the_parameters_are_closed_and_in_range():
    assert ApprovalParams().mode == "off"
    for wrong in ({"mode": "maybe"}, {"timeout_hours": 0}, {"timeout_hours": 3000}, {"by": "Ada"}):
        with pytest.raises(ValidationError):
            ApprovalParams(**wrong)
