import json
from collections.abc import Callable

import pytest

from tasks.dedup.params import DedupParams
from tasks.dedup.passes import deduplicate
from tasks.errors import DataError
from tests.unit.dedup.rows import Row, chat, plain

LONG = "please book five boxes from genoa to penang on the next vessel and confirm the rate by friday noon"
NEAR = LONG.replace("vessel", "ship")


def none_close(_texts: list[str], _labels: list[str]) -> tuple[list[tuple[int, int, float]], Row]:
    return [], {}


def run(rows: list[Row], close: Callable = none_close, **params):
    return deduplicate(rows, DedupParams(**params), close)


def ids(rows: list[Row]) -> list[int]:
    return [row["row"] for row in rows]


def test_each_kept_record_carries_its_group_and_order_stays():
    found = run([chat(1, "b", "x"), chat(2, "a", "x"), chat(3, "B", "x"), plain(4, "text")])
    assert ids(found.records) == [1, 2, 4]
    assert all(row["group"] == row["id"] for row in found.records)
    assert found.groups[0]["members"][0]["method"] == "exact"


def test_exact_can_be_switched_off():
    rows = [chat(1, "a b c d", "x"), chat(2, "A b c d", "x")]
    assert run(rows, near=False).summary["exact"] == 1
    assert run(rows, exact=False, near=False).summary["unique"] == 2


def test_near_can_be_switched_off_and_its_threshold_matters():
    rows = [chat(1, LONG, "x"), chat(2, NEAR, "x")]
    assert run(rows, threshold=0.6).summary["minhash"] == 1
    assert run(rows, threshold=0.9).summary["minhash"] == 0
    assert run(rows, threshold=0.6, near=False).summary["minhash"] == 0


def test_shingle_size_and_permutations_reach_the_search():
    rows = [chat(1, LONG, "x"), chat(2, NEAR, "x")]
    assert run(rows, shingle_size=1).summary["minhash"] == 1
    assert run(rows, shingle_size=5).summary["minhash"] == 0
    assert run(rows, shingle_size=1, num_perm=32).summary["minhash"] == 1


def test_rows_with_different_answers_are_no_near_duplicates_unless_asked_for():
    rows = [chat(1, LONG, '{"rate": 1}'), chat(2, NEAR, '{"rate": 2}')]
    assert run(rows, threshold=0.6).summary["unique"] == 2
    assert run(rows, threshold=0.6, same_answer=False).summary["minhash"] == 1


def test_with_equal_answers_only_the_prompts_are_compared():
    answer = "a long answer that would make two unlike rows look alike " * 20
    assert run([chat(1, "one two three", answer), chat(2, "four five six", answer)]).summary["unique"] == 2


def test_only_rows_with_a_partner_are_embedded():
    asked = []

    def close(texts, labels):
        asked.append((texts, labels))
        return [(0, 1, 0.95)], {"too_long": 1, "unknown": 2, "backend": "static", "threshold": 0.9}

    rows = [chat(1, "lone", "z"), chat(2, "first", "x"), chat(3, "First", "x"), chat(4, "other words", "x")]
    found = run(rows, close)
    assert [texts for texts, _ in asked] == [["first", "other words"]]
    assert ids(found.records) == [1, 2]
    assert found.groups[0]["members"][1] == {
        "id": "a.jsonl:4", "method": "embedding", "similarity": 0.95, "like": "a.jsonl:2",
    }  # fmt: skip
    assert (found.summary["too_long_to_embed"], found.summary["unknown_to_embed"]) == (1, 2)
    assert found.summary["embedding_figures"] == {
        "backend": "static", "threshold": 0.9, "search": None, "agreement": None,
    }  # fmt: skip
    run(rows, close, embedding=False)
    run(rows[:1], close)
    assert len(asked) == 1
    run(rows, close, same_answer=False)
    assert len(asked[1][0]) == 3
    assert asked[1][0][0] == "lone\nz"


def test_another_row_of_the_group_can_stand_for_it():
    rows = [
        chat(1, LONG, "Five boxes"), chat(2, LONG.upper(), "five  boxes"), chat(3, NEAR, "FIVE BOXES"),
        chat(4, "another question", "yes"),
    ]  # fmt: skip
    for row, date in zip(rows, ("2026-01-02", "2026-03-01", "2026-02-01", "2026-01-01"), strict=True):
        row["fields"] = {"date": date, "score": -row["row"]}
    newest = run(rows, threshold=0.6, representative="newest", representative_field="date")
    assert ids(newest.records) == [2, 4]
    assert newest.records[0]["group"] == "a.jsonl:2"
    assert [(line["kept"], [member["id"] for member in line["members"]]) for line in newest.groups] == [
        ("a.jsonl:2", ["a.jsonl:1", "a.jsonl:3"])
    ]
    assert newest.groups[0]["members"][0] == {
        "id": "a.jsonl:1", "method": "exact", "similarity": 1.0, "like": "a.jsonl:2",
    }  # fmt: skip
    assert newest.summary["unique"] == 2
    assert ids(run(rows, threshold=0.6, representative="quality", representative_field="score").records) == [1, 4]
    assert ids(run(rows, threshold=0.6, representative="longest").records) == [2, 4]
    del rows[3]["fields"]["date"]
    with pytest.raises(DataError, match=r"a\.jsonl:4"):
        run(rows, representative="newest", representative_field="date")
    with pytest.raises(ValueError, match="representative_field"):
        DedupParams(representative="newest")


def test_a_static_backend_needs_a_threshold_of_its_own():
    with pytest.raises(ValueError, match="embedding_static_threshold"):
        DedupParams(embedding_backend="static", embedding_agreement_rows=0)
    DedupParams(embedding_backend="static", embedding_agreement_rows=0, embedding_static_threshold=0.9)


def test_conflicts_leave_with_their_repeats_and_are_listed():
    rows = [chat(1, "q", "yes"), chat(2, "q", "no"), chat(3, "Q", "yes"), chat(4, "r", "yes"), chat(5, "R", "yes")]
    found = run(rows)
    assert ids(found.records) == [4]
    assert found.summary["read"] == 5
    assert (found.summary["conflicts"], found.summary["conflict_sets"], found.summary["exact"]) == (3, 1, 1)
    assert [row["id"] for row in found.conflicts[0]["rows"]] == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3"]
    assert len({row["answer_hash"] for row in found.conflicts[0]["rows"]}) == 2


def test_conflicts_can_be_kept_and_their_repeats_are_duplicates_then():
    found = run([chat(1, "q", "yes"), chat(2, "q", "no"), chat(3, "Q", "yes")], on_conflict="keep")
    assert ids(found.records) == [1, 2]
    assert (found.summary["conflicts"], found.summary["conflict_sets"], found.summary["exact"]) == (0, 1, 1)
    assert found.conflicts[0]["dropped"] is False


def test_nothing_left_is_an_error():
    with pytest.raises(DataError, match="no row is left"):
        run([chat(1, "q", "yes"), chat(2, "q", "no")])


def pair(noise: Row) -> tuple[str, str]:
    return noise["repeats"], f"{noise['file']}:{noise['row']}"


def grouped(found) -> dict[str, tuple[str, str]]:
    return {m["id"]: (m["method"], line["group"]) for line in found.groups for m in line["members"]}


def test_the_demo_is_cleaned_as_its_list_says(demo, expected):
    found = run(demo)
    removed, position = grouped(found), {row["id"]: number for number, row in enumerate(demo)}
    # Of each listed pair the later row in reading order goes.
    listed = {
        kind: {tuple(sorted(pair(noise), key=position.__getitem__)) for noise in expected if noise["kind"] == kind}
        for kind in ("exact_duplicate", "normalised_duplicate", "near_duplicate", "conflict")
    }
    exact = {(group, name) for name, (method, group) in removed.items() if method == "exact"}
    assert exact == listed["exact_duplicate"] | listed["normalised_duplicate"]
    near = {(group, name) for name, (method, group) in removed.items() if method == "minhash"}
    assert near <= listed["near_duplicate"]
    assert len(near) >= 80
    assert {tuple(row["id"] for row in line["rows"]) for line in found.conflicts} == listed["conflict"]
    summary = found.summary
    assert summary["read"] == summary["unique"] + len(removed) + summary["conflicts"]


def test_every_pair_of_the_demo_at_the_threshold_is_found(demo):
    from itertools import combinations

    from tasks.dedup.near import near_pairs
    from tasks.dedup.shingles import jaccard, shingles
    from tasks.dedup.texts import compared

    rows = [compared(row) for row in demo]
    sets = [shingles(row.question, 3) for row in rows]
    truth = {(i, j) for i, j in combinations(range(len(rows)), 2) if jaccard(sets[i], sets[j]) >= 0.8}
    found = near_pairs([row.question for row in rows])
    assert {(i, j) for i, j, _ in found} == truth


def test_the_same_rows_give_the_same_bytes(demo):
    first, second = run(demo[:400]), run(demo[:400])
    assert json.dumps([first.records, first.groups, first.summary]) == json.dumps(
        [second.records, second.groups, second.summary]
    )
