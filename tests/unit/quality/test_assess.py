"""The whole assessment of three stages' files."""

import json

from tests.unit.quality.rows import CONTENT, NOISY, chat, finding, ordinary, question, run


def test_rows_are_accounted_for_in_every_stage(tmp_path):
    key = "AKIA" + "QWERTYUIOPASDFGH"
    rows = [*ordinary(6), *ordinary(2), chat(20, f"{key} x", "a"), chat(30, "same", "b"), chat(31, "same", "c")]
    assert run(tmp_path, rows, min_rows=1).accounts == [
        {"stage": "ingest", "in": 12, "out": 11, "lost": {"bad_json": 1}},
        {"stage": "screening", "in": 11, "out": 10, "lost": {"secrets": 1}},
        {"stage": "dedup", "in": 10, "out": 6, "lost": {"duplicate (exact)": 2, "contradiction": 2}},
    ]


def test_each_class_has_a_form_of_its_own(tmp_path):
    rows = [chat(row, question(row), {"a": row}, fields={"task": "json"}) for row in range(12)]
    rows += [chat(row, question(row), f"Words about {row}.", fields={"task": "prose"}) for row in range(12, 20)]
    rows += [chat(row, question(row), "- a list", fields={"task": "json"}) for row in (30,)]
    together = finding(run(tmp_path, rows), "format_drift")
    apart = run(tmp_path, rows, stratify_by="task")
    assert len(together.rows) == 9
    assert [line["row"] for line in finding(apart, "format_drift").rows] == [30]
    assert [(line["class"], line["form"]) for line in apart.forms] == [
        ("json", "JSON object {a: number}"),
        ("prose", "free text"),
    ]


def test_the_report_is_ordered_deterministic_and_quotes_nothing(tmp_path):
    rows = [*NOISY, *CONTENT[18:]]
    first, second = run(tmp_path, rows), run(tmp_path, rows)
    assert first.report() == second.report()
    assert first.issues() == second.issues()
    severities = [line["severity"] for line in first.report()["findings"]]
    assert severities == sorted(severities, key=["stop", "warn", "ok"].index)
    written = json.dumps([first.report(), first.issues()])
    for text in ("example.org", "sorry", "vessel", 'v1"'):
        assert text not in written
    assert all({"check", "severity", "file", "row"} <= line.keys() for line in first.issues())
