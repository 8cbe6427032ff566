from tasks.quality.page import markdown
from tests.unit.quality.rows import CONTENT, chat, labelled, question, run


def test_the_page_names_findings_rows_and_classes(tmp_path):
    text = markdown(run(tmp_path, labelled(60, 12), warn_imbalance=4).report())
    assert text.startswith("## Data quality: not fit for training")
    assert "| STOP | rows | 72 unique rows of 73 read |" in text
    assert "**balance** (warn): Add rows of the small classes" in text
    assert "First rows: a.jsonl:61." in text
    assert "| late | 60 | 83.3 % |" in text
    assert "| ingest | 73 | 72 | 1 bad_json |" in text
    assert "one of 2 labels" in text


def test_good_data_have_nothing_to_mend(tmp_path):
    text = markdown(run(tmp_path, CONTENT[:18], min_rows=1, few_rows=1).report())
    assert "nothing to mend" in text
    assert "First rows" not in text


def test_many_classes_are_cut(tmp_path):
    rows = [chat(row, question(row), {"a": "x"}, fields={"k": str(row)}) for row in range(30)]
    report = run(tmp_path, rows, min_rows=1, stratify_by="k").report()
    assert len(report["classes"]) == 30
    text = markdown(report)
    assert "10 smaller classes are in `report.json`" in text
    assert text.count("| 3.3 % |") == 20
