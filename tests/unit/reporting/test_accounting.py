"""Every row goes somewhere that has a name."""

from tasks.reporting.accounting import accounting
from tasks.reporting.collect import open_stages


def test_a_whole_run_leaves_no_row_unaccounted(make_run) -> None:
    lines = accounting(open_stages(make_run()))
    assert [(line["stage"], line["in"], line["out"], line["unaccounted"]) for line in lines] == [
        ("ingest", 1500, 1486, 0),
        ("ingest (general)", 100, 100, 0),
        ("dedup", 1486, 1300, 0),
        ("mixing", 1400, 1390, 0),
        ("splitting", 1390, 1370, 0),
        ("rendering", 1310, 1308, 0),
    ]
    assert lines[2]["lost"] == {"duplicates": 180, "conflicts": 6}
    assert lines[3]["lost"] == {"not_drawn": 10}


def test_a_row_that_nobody_explains_is_shown(make_run, make_ref) -> None:
    run = make_run()
    run["ingest"] = make_ref("ingest", {"summary.json": "{}"}, {"read": 10, "kept": 8, "quarantined": 1})
    assert accounting(open_stages(run))[0]["unaccounted"] == 1


def test_held_out_rows_come_in_at_splitting(make_run, make_ref) -> None:
    run = make_run(without=("dedup", "general"))
    run["heldout"] = make_ref("ingest", {"summary.json": "{}"}, {"read": 30, "kept": 30, "quarantined": 0})
    counts = {"train": 1230, "validation": 80, "test": 60, "heldout": 29, "leaks_removed": 21}
    run["splitting"] = make_ref("splitting", {"test.jsonl": ""}, counts)
    lines = {line["stage"]: line for line in accounting(open_stages(run))}
    assert lines["ingest (heldout)"]["out"] == 30
    assert (lines["splitting"]["in"], lines["splitting"]["unaccounted"]) == (1420, 0)
    assert (lines["mixing"]["in"], lines["mixing"]["unaccounted"]) == (None, None)


def test_stages_that_stand_alone_claim_nothing_about_what_came_in(make_run) -> None:
    run = {role: ref for role, ref in make_run().items() if role in ("splitting", "rendering")}
    lines = accounting(open_stages(run))
    assert [line["in"] for line in lines] == [None, 1310]
    assert accounting({}) == []
