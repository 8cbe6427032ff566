import json

import pytest

from tasks.errors import DataError
from tasks.screening.files import check_accounts, screen_file
from tasks.screening.params import ScreeningParams
from tasks.store.records import read_json, read_rows, write_rows
from tests.unit.screening.rows import KEY, ROWS


def run(tmp_path, rows=ROWS, salt="s", **params):
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    out.mkdir(exist_ok=True)
    write_rows(source, rows)
    summary = screen_file(source, out, ScreeningParams(**params), salt)
    assert summary == read_json(out / "summary.json")
    return summary, *(list(read_rows(out / f"{name}.jsonl")) for name in ("records", "quarantine", "findings"))


def test_the_defaults_put_secrets_aside_and_count_the_rest(tmp_path):
    summary, records, quarantine, findings = run(tmp_path)
    assert records == [row for row in ROWS if row["row"] not in {3, 5}]
    assert [(line["row"], line["reason"]) for line in quarantine] == [(3, "secrets"), (5, "secrets")]
    assert summary["kinds"] == {
        "EMAIL": {"found": 4, "rows": 3},
        "PHONE": {"found": 1, "rows": 1},
        "REFUSAL": {"found": 2, "rows": 2},
        "SECRET": {"found": 2, "rows": 2},
    }
    assert (summary["read"], summary["kept"], summary["quarantined"], summary["masked"]) == (6, 4, 2, 0)
    assert summary["rows_with"] == {"secrets": 2, "personal_data": 3, "refusals": 2}
    assert summary["left_in_kept_rows"] == {"secrets": 0, "personal_data": 2, "refusals": 1}
    assert {line["rule"] for line in findings if line["kind"] == "REFUSAL"} == {"cannot_serve"}


def test_masking_is_the_same_in_question_and_answer(tmp_path):
    summary, records, _, findings = run(tmp_path, personal_data="mask")
    question, answer = (turn["content"] for turn in records[1]["messages"])
    assert question == "Ann ([EMAIL_1], [PHONE_1]) asks."
    assert json.loads(answer) == {"mail": "[EMAIL_1]", "phone": "[PHONE_1]"}
    assert records[-1]["text"] == "plain text of [EMAIL_1]"
    assert summary["masked"] == 2
    assert summary["left_in_kept_rows"]["personal_data"] == 0
    phones = [line for line in findings if line["kind"] == "PHONE"]
    assert [line["where"] for line in phones] == ["messages[0].content", "messages[1].content"]
    assert len({line["hash"] for line in phones}) == 1


def test_each_action_of_each_group(tmp_path):
    summary, records, _, _ = run(tmp_path, secrets="mask")
    assert records[2]["messages"][0]["content"] == "Use [SECRET_1] please"
    assert summary["quarantined"] == 0
    summary, records, _, _ = run(tmp_path, secrets="keep")
    assert records == ROWS
    assert summary["left_in_kept_rows"]["secrets"] == 2
    summary, _, quarantine, _ = run(tmp_path, secrets="keep", personal_data="quarantine", refusals="quarantine")
    assert summary["reasons"] == {"personal_data": 3, "refusals": 1}
    assert [line["row"] for line in quarantine] == [2, 4, 5, 6]
    summary, *_ = run(tmp_path, secrets="keep", kinds=("PHONE",))
    assert set(summary["kinds"]) == {"PHONE", "SECRET", "REFUSAL"}


def test_no_value_is_written_beside_the_records(tmp_path):
    run(tmp_path, personal_data="quarantine", refusals="quarantine")
    for name in ("quarantine.jsonl", "findings.jsonl", "summary.json"):
        text = (tmp_path / "out" / name).read_text()
        for value in (KEY, "example.org", "901820", "sorry"):
            assert value not in text, name


def test_hashes_follow_the_salt_and_the_value_alone(tmp_path):
    def hashes(salt):
        return [line["hash"] for line in run(tmp_path, salt=salt)[3]]

    assert hashes("one") == hashes("one")
    assert not set(hashes("one")) & set(hashes("two"))
    emails = [line["hash"] for line in run(tmp_path)[3] if line["kind"] == "EMAIL"]
    assert len(set(emails)) == 2


def test_the_same_input_gives_the_same_bytes(tmp_path):
    def written():
        run(tmp_path, personal_data="mask", secrets="mask")
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    assert written() == written()


def test_nothing_left_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"all 1 were put aside \(1 for secrets\).*screening\.secrets"):
        run(tmp_path, rows=[ROWS[2]])


def test_a_lost_row_is_noticed(tmp_path):
    summary, *_ = run(tmp_path)
    lines = (tmp_path / "out" / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "out" / "records.jsonl").write_bytes(b"".join(lines[1:]))
    with pytest.raises(DataError, match="do not add up"):
        check_accounts(summary, tmp_path / "out")
