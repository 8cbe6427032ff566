"""Reading what the stages left."""

from tasks.reporting.collect import file_of, lineage, open_stages, quarantine, rows_of


def test_stages_come_in_the_order_of_the_data_and_unknown_ones_last(make_run, make_ref) -> None:
    refs = {"zz_later": make_ref("later", {"a": "1"}), **dict(reversed(make_run().items()))}
    names = list(open_stages(refs))
    assert names[:3] == ["base", "ingest", "general"]
    assert names[-3:] == ["merging", "serving", "zz_later"]


def test_missing_roles_and_files_are_nothing(make_run) -> None:
    stages = open_stages(make_run(without=("serving",)))
    assert file_of(stages, "serving", "proof.json") is None
    assert file_of(stages, "gating", "no-such.json") is None
    assert rows_of(stages, "serving", "x.jsonl") == []


def test_lineage_names_keys_parents_and_versions_and_no_times(make_run) -> None:
    stages = open_stages(make_run())
    lines = {line["role"]: line for line in lineage(stages)}
    assert lines["gating"]["key"] == stages["gating"].ref.key
    assert "created" not in str(lines)
    assert "seconds" not in str(lines)


def test_quarantine_is_sorted_by_size_with_the_first_row_of_each_reason(make_run) -> None:
    found = quarantine(open_stages(make_run()))
    assert [(line["reason"], line["rows"]) for line in found] == [("json", 9), ("empty_answer", 5)]
    assert found[0]["where"] == "demo.jsonl:17"
    assert found[0]["detail"] == "line ends early"
    assert found[1]["where"] == ""
