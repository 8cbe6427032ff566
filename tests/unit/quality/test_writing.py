from tasks.quality.page import markdown
from tasks.quality.writing import problem_with, write_report
from tasks.store.records import read_json, read_rows
from tests.unit.quality.rows import NOISY, run


def test_the_files_and_the_error(tmp_path):
    assessment = run(tmp_path, NOISY, max_label_noise=0.1)
    write_report(assessment, tmp_path)
    assert read_json(tmp_path / "report.json") == assessment.report()
    assert list(read_rows(tmp_path / "issues.jsonl")) == assessment.issues()
    assert (tmp_path / "report.md").read_text() == markdown(assessment.report())
    problem = problem_with(assessment, tmp_path)
    assert "- rows: 18 unique rows of 21 read (limit 100). Add examples" in problem
    assert "First: a.jsonl:50 and a.jsonl:51" in problem
    assert f"The whole report: {tmp_path / 'report.md'}" in problem
    assert problem_with(run(tmp_path, NOISY, min_rows=1), tmp_path) == ""
