"""Every row goes somewhere that has a name, or the run stops."""

import pytest

from tasks.errors import DataError
from tasks.reporting.accounting import accounting, accounting_table, check
from tasks.reporting.task import account


def test_a_whole_run_leaves_no_row_unaccounted(make_run) -> None:
    lines = accounting(make_run())
    assert [(line["stage"], line["in"], line["out"], line["unaccounted"]) for line in lines] == [
        ("ingest", 1500, 1486, 0),
        ("ingest (general)", 100, 100, 0),
        ("dedup", 1486, 1300, 0),
        ("mixing", 1400, 1390, 0),
        ("splitting", 1390, 1370, 0),
        ("rendering", 1310, 1308, 0),
    ]
    assert lines[2]["lost"] == {"duplicates": 180, "conflicts": 6}
    assert lines[3]["lost"] == {"equal_to_task": 1, "near_task": 0, "repeated": 2, "not_needed": 7}
    check(lines)


def test_screening_stands_between_reading_and_what_follows(make_run, make_ref) -> None:
    run = make_run()
    run["screening"] = make_ref("screening", {"a": "task"}, {"read": 1486, "kept": 1480, "quarantined": 6})
    run["screening_general"] = make_ref("screening", {"a": "general"}, {"read": 100, "kept": 100, "quarantined": 0})
    lines = {line["stage"]: line for line in accounting(run)}
    assert (lines["screening"]["in"], lines["screening"]["out"], lines["screening"]["unaccounted"]) == (1486, 1480, 0)
    assert (lines["dedup"]["in"], lines["dedup"]["unaccounted"]) == (1480, -6)
    assert lines["mixing"]["in"] == 1400


@pytest.mark.parametrize(
    ("role", "counts", "message"),
    [
        ("ingest", {"read": 1500, "kept": 1486, "quarantined": 13}, r"ingest: 1500 in, 1486 out, 13 .*\+1 unaccounted"),
        ("dedup", {"read": 1485, "unique": 1300, "duplicates": 179, "conflicts": 6}, r"dedup: 1486 in.*\+1"),
        ("mixing", {"task": 1300, "general": 91, "not_needed": 10}, r"mixing: 1400 in.*-1"),
        ("splitting", {"train": 1230, "validation": 80, "test": 60, "leaks_removed": 19}, r"splitting: 1390 in.*\+1"),
        ("rendering", {"train_rows": 1228, "validation_rows": 80, "dropped": 1}, r"rendering: 1310 in.*\+1"),
    ],
)
def test_a_row_that_nobody_explains_stops_the_run(make_run, make_ref, role, counts, message) -> None:
    run = make_run()
    run[role] = make_ref(run[role].kind, {"summary.json": "{}", "lost": role}, counts)
    with pytest.raises(DataError, match=message):
        account(run)


def test_held_out_rows_come_in_at_splitting(make_run, make_ref) -> None:
    run = make_run()
    run["heldout"] = make_ref("ingest", {"summary.json": "{}"}, {"read": 30, "kept": 30, "quarantined": 0})
    counts = {"train": 1230, "validation": 80, "test": 60, "heldout": 29, "leaks_removed": 21}
    run["splitting"] = make_ref("splitting", {"test.jsonl": ""}, counts)
    lines = {line["stage"]: line for line in accounting(run)}
    assert lines["ingest (heldout)"]["out"] == 30
    assert (lines["splitting"]["in"], lines["splitting"]["unaccounted"]) == (1420, 0)


def test_stages_that_stand_alone_claim_nothing_about_what_came_in(make_run) -> None:
    run = {role: ref for role, ref in make_run().items() if role in ("splitting", "rendering")}
    lines = accounting(run)
    assert [(line["in"], line["unaccounted"]) for line in lines] == [(None, None), (1310, 0)]
    check(lines)
    assert accounting_table(lines)[0]["rows in"] == "not known"
    assert accounting({}) == []


def test_the_table_has_a_column_for_each_cause_that_took_rows(make_run) -> None:
    first = accounting_table(accounting(make_run()))[0]
    assert list(first) == [
        "stage", "rows in", "quarantined", "duplicates", "conflicts", "equal to task", "repeated", "not needed",
        "leaks removed", "dropped", "rows out", "unaccounted",
    ]  # fmt: skip
    assert first["quarantined"] == 14
