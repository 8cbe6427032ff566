"""Ten thousand rows, four in ten of them damaged in one of many ways: each is accounted for, with the right reason."""

import copy
import json
import random
import time
from collections import Counter

import pytest

from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.sources import find_sources
from tasks.store.records import read_json, read_rows

ROWS = 10_000
DAMAGED = 0.4
MAX_CHARS = 2_000
WORDS = ["the", "ship", "leaves", "port", "on", "Monday", "with", "coffee", "Zürich", "東京", "naïve", "🚢", "a<b"]
CALL = {"type": "function", "function": {"name": "track", "arguments": {"box": "FSCU1"}}, "id": "c1"}


def sentence(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 20)))


def good_row(rng):
    turns = [{"role": "system", "content": sentence(rng)}] if rng.random() < 0.3 else []
    for _ in range(rng.randint(1, 3)):
        turns.append({"role": "user", "content": sentence(rng)})
        if rng.random() < 0.2:
            turns.append({"role": "assistant", "content": "", "tool_calls": [copy.deepcopy(CALL)]})
            turns.append({"role": "tool", "content": sentence(rng), "tool_call_id": "c1"})
        turns.append({"role": "assistant", "content": sentence(rng)})
    return {"messages": turns, "source": rng.choice("abc")}


def encoded(row):
    return json.dumps(row, ensure_ascii=False).encode()


def put_text(row, text, rng):
    """Write something into a random turn that has a text."""
    turn = rng.choice([turn for turn in row["messages"] if turn["content"]])
    at = rng.randint(0, len(turn["content"]))
    turn["content"] = turn["content"][:at] + text + turn["content"][at:]
    return encoded(row)


def with_bytes(row, raw, rng):
    """Write bytes in among the letters of a text."""
    return put_text(row, "@@@", rng).replace(b"@@@", raw)


def turn_of(row, role, rng):
    return rng.choice([turn for turn in row["messages"] if turn["role"] == role])


def with_turn(row, role, change, rng):
    turn = turn_of(row, role, rng)
    turn.update(change)
    return encoded({**row, "messages": [{k: v for k, v in turn.items() if v is not ...} for turn in row["messages"]]})


def with_call(row, **change):
    call = {**copy.deepcopy(CALL), **change}
    turns = [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "content": "x"}]
    return encoded({"messages": [{"role": "user", "content": "u"}, *turns, {"role": "assistant", "content": "a"}]})


def cut(row, rng):
    raw = json.dumps(row).encode()
    return raw[: rng.randint(1, len(raw) - 1)]


DAMAGE = {
    "bad_encoding": [
        lambda row, rng: with_bytes(row, bytes([rng.randint(0x80, 0xBF)]), rng),
        lambda row, rng: with_bytes(
            row, rng.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82", b"\xf5"]), rng
        ),
        lambda row, rng: with_bytes(row, b"Z\xfcrich", rng),
        lambda row, rng: b"\xff\xfe" + json.dumps(row).encode("utf-16-le"),
    ],
    "bad_json": [
        cut,
        lambda row, rng: encoded(row)[1:],
        lambda row, rng: encoded(row) * 2,
        lambda row, rng: encoded(row).replace(b'"', b"'"),
        lambda row, rng: with_bytes(row, bytes([rng.randint(1, 8)]), rng),
        lambda row, rng: with_bytes(row, rng.choice([b"\\ud83d", b"\\x", b"\\uZ", b'"']), rng),
        lambda row, rng: encoded(row)[:-1] + rng.choice([b",}", b', "a": NaN}', b', "a": 01}', b', "a"}', b"]"]),
    ],
    "not_an_object": [lambda row, rng: encoded(rng.choice([[row], None, 5, "messages", True, []]))],
    "mixed_format": [
        lambda row, rng: encoded({"instruction": "a", "response": "b"}),
        lambda row, rng: encoded({"text": sentence(rng)}),
        lambda row, rng: encoded({"prompt": "a", "chosen": "b", "rejected": "c", "messages": None}),
    ],
    "missing_field": [
        lambda row, rng: encoded({"source": "a"}),
        lambda row, rng: encoded({**row, "messages": None}),
        lambda row, rng: with_turn(row, "user", {rng.choice(["role", "content"]): rng.choice([..., None])}, rng),
    ],
    "wrong_type": [
        lambda row, rng: encoded({**row, "messages": rng.choice([5, "hello", True, {"role": "user"}, "[{"])}),
        lambda row, rng: encoded({**row, "messages": [*row["messages"], rng.choice(["text", 5, None, []])]}),
        lambda row, rng: with_turn(
            row, "user", {"content": rng.choice([5, {"a": 1}, True, [5], [{"type": "x"}]])}, rng
        ),
        lambda row, rng: with_turn(row, "user", {"role": rng.choice([5, ["user"], {}])}, rng),
    ],
    "unknown_role": [
        lambda row, rng: with_turn(row, "user", {"role": rng.choice(["", "USER", "narrator", "user "])}, rng)
    ],
    "bad_tools": [lambda row, rng: encoded({**row, "tools": rng.choice(["track", [5], {"name": "a"}, [{}], 7])})],
    "bad_tool_call": [
        lambda row, rng: with_call(row, function=rng.choice([None, 5, {}, {"name": ""}, {"arguments": "{}"}])),
        lambda row, rng: with_call(row, function={"name": "n", "arguments": rng.choice(["{", "[]", "5", 5, [1], "x"])}),
        lambda row, rng: with_call(row, id=rng.choice([5, ["c1"]])),
        lambda row, rng: with_turn(row, "user", {"tool_calls": [CALL]}, rng),
    ],
    "no_assistant": [
        lambda row, rng: encoded({**row, "messages": []}),
        lambda row, rng: encoded(
            {**row, "messages": [turn for turn in row["messages"] if turn["role"] != "assistant"]}
        ),
    ],
    "last_turn": [lambda row, rng: encoded({**row, "messages": [*row["messages"], {"role": "user", "content": "u"}]})],
    "role_order": [
        lambda row, rng: encoded({**row, "messages": row["messages"][::-1]}),
        lambda row, rng: encoded({**row, "messages": [*row["messages"], row["messages"][-1]]}),
        lambda row, rng: encoded({**row, "messages": [*row["messages"], {"role": "system", "content": "s"}]}),
        lambda row, rng: encoded({**row, "messages": [{"role": "tool", "content": "t"}, *row["messages"]]}),
    ],
    "empty_user": [
        lambda row, rng: with_turn(row, "user", {"content": rng.choice(["", " ", "\n\t", "\u3000", []])}, rng)
    ],
    "empty_answer": [
        lambda row, rng: encoded(
            {**row, "messages": [*row["messages"][:-1], {"role": "assistant", "content": rng.choice(["", " ", "\n"])}]}
        ),
        lambda row, rng: encoded({"messages": [{"from": "human", "value": "u"}, {"from": "gpt", "value": "\t"}]}),
    ],
    "too_long": [lambda row, rng: put_text(row, "x" * (MAX_CHARS + 1), rng)],
    "control_characters": [
        lambda row, rng: put_text(row, rng.choice(["\x00", "\x07", "\x0b", "\x1b[0m", "\x7f", "\x92"]), rng)
    ],
    "special_tokens": [
        lambda row, rng: put_text(row, rng.choice(["<|im_end|>", "<s>", "[INST]", "<|hush|>", "<｜User｜>"]), rng)
    ],
}


@pytest.fixture(scope="module")
def damaged():
    """The lines of a file, what each row must become, and the good rows."""
    rng = random.Random(20261125)
    kinds = [(reason, damage) for reason, all_damage in DAMAGE.items() for damage in all_damage]
    lines, fates, rows = [], {}, {}
    for index in range(ROWS):
        if rng.random() < 0.02:
            lines.append(rng.choice([b"", b"  ", b"\t"]))  # a blank line is no row, and counts in the numbering
        row = good_row(rng)
        number = len(lines) + 1
        if rng.random() < DAMAGED:
            # Each kind in turn, so that none is left out.
            fates[number], damage = kinds[index % len(kinds)]
            line = damage(row, rng)
        else:
            fates[number], line, rows[number] = "kept", encoded(row), row
        lines.append(line + rng.choice([b"", b"\r"]))
    return lines, fates, rows


def test_ten_thousand_rows_are_accounted_for(damaged, tmp_path):
    lines, fates, good = damaged
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    started = time.perf_counter()
    tally = collect(find_sources([str(path)]), IngestParams(max_chars=MAX_CHARS), "task", tmp_path)
    seconds = time.perf_counter() - started
    kept = {row["row"]: row for row in read_rows(tmp_path / "records.jsonl")}
    bad = {row["row"]: row for row in read_rows(tmp_path / "quarantine.jsonl")}
    assert kept.keys() | bad.keys() == fates.keys()
    assert not kept.keys() & bad.keys()
    found = {number: "kept" for number in kept} | {number: row["reason"] for number, row in bad.items()}
    wrong = {
        number: (found[number], fates[number], lines[number - 1][:200])
        for number in fates
        if found[number] != fates[number]
    }
    assert not wrong
    assert tally.counts == {"read": ROWS, "kept": len(good), "quarantined": ROWS - len(good)}
    assert {number: row["messages"] for number, row in kept.items()} == {
        number: row["messages"] for number, row in good.items()
    }
    expected = Counter(fates.values())
    assert expected.keys() - {"kept"} == DAMAGE.keys()
    assert read_json(tmp_path / "summary.json")["reasons"] == {
        reason: count for reason, count in expected.items() if reason != "kept"
    }
    assert seconds < 20, "a hundred times slower than it should be"
