"""Mixing, splitting and rendering one after the other, on records made by hand."""

import os
import signal
from pathlib import Path
from typing import Any

from tasks.mixing.mix import write_mix
from tasks.mixing.params import MixingParams
from tasks.rendering.child import main
from tasks.rendering.params import RenderingParams
from tasks.runtime.child import Events, StopFlag
from tasks.splitting.params import SplittingParams
from tasks.splitting.split import SPLITS, write_splits
from tasks.store.records import read_rows, write_rows

PORTS = ("Kobe", "Lagos", "Santos", "Genoa", "Tema", "Busan")
GOODS = ("toys", "tiles", "coffee", "steel", "paper", "glass", "wool", "salt")
SYSTEM = {"role": "system", "content": "Reply with JSON only."}


def mail(number: int, port: str, goods: str, origin: str = "task") -> dict[str, Any]:
    asked = (
        f"{goods} for {port}: please book {number} boxes of {goods} to {port}, with {port} paying and {goods} insured"
    )
    name = f"{origin}.jsonl"
    row = {"id": f"{name}:{number}", "origin": origin, "file": name, "row": number, "text": ""}
    answer = f'{{"pod":"{port}","containers":{number}}}'
    messages = [SYSTEM, {"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {**row, "messages": messages, "fields": {"port": port}, "group": row["id"]}


def fact(number: int) -> dict[str, Any]:
    row = {"id": f"general.jsonl:{number}", "origin": "general", "file": "general.jsonl", "row": number, "messages": []}
    return {**row, "text": f"Fact {number}: ships carry most goods.", "fields": {"source": "facts"}}


def test_records_become_masked_tokens_and_none_is_lost(tmp_path: Path, tiny_model: Path) -> None:
    folders = {
        name: tmp_path / name for name in ("unique", "general", "heldout", "mixed", "splits", "rendered", "work")
    }
    for folder in folders.values():
        folder.mkdir()
    task = [mail(n + 1, PORTS[n % 6], GOODS[n // 6]) for n in range(48)]
    # Six held-out mails repeat the first task mails but for their numbers: near enough to be leaks.
    heldout = [mail(90 + n, PORTS[n], GOODS[0], "heldout") for n in range(6)] + [mail(96, "Callao", "rice", "heldout")]
    write_rows(folders["unique"] / "records.jsonl", task)
    write_rows(folders["general"] / "records.jsonl", [fact(n) for n in range(1, 11)])
    write_rows(folders["heldout"] / "records.jsonl", heldout)

    mixed = write_mix(folders["unique"], folders["general"], MixingParams(share=0.1), folders["mixed"])
    params = SplittingParams(validation=0.1, test=0.1, stratify_by="port", near_threshold=0.6)
    split = write_splits(folders["mixed"], folders["heldout"], params, folders["splits"])
    payload = {
        "splits": str(folders["splits"]),
        "model": str(tiny_model),
        "out": str(folders["rendered"]),
        "work": str(folders["work"]),
        "params": RenderingParams(max_length=512).model_dump(),
        "template": None,
    }
    before = signal.getsignal(signal.SIGTERM)
    events = Events(os.open(os.devnull, os.O_WRONLY))
    try:
        summary = main(payload, events, StopFlag())
    finally:
        events._pipe.close()
        signal.signal(signal.SIGTERM, before)

    assert (mixed.counts["task"], mixed.counts["general"]) == (48, 5)
    counts = split.counts
    assert counts["train"] + counts["validation"] + counts["test"] + counts["leaks_removed"] == 53
    assert (summary["train"]["kept"], summary["validation"]["kept"]) == (counts["train"], counts["validation"])
    rows = {name: list(read_rows(folders["splits"] / f"{name}.jsonl")) for name in SPLITS}
    kept_back = {row["id"] for name in ("validation", "test") for row in rows[name]}
    assert counts["heldout"] == 7
    assert counts["leaks_removed"] == len({row["id"] for row in task[:6]} - kept_back) > 0
    audit = {line["id"]: line for line in read_rows(folders["rendered"] / "audit.jsonl")}
    assert sorted(audit) == sorted(row["id"] for name in ("train", "validation") for row in rows[name])
    assert {line["whole_answers"] for line in audit.values()} == {1}
    assert {row["origin"] for name in ("test", "heldout") for row in rows[name]} == {"task", "heldout"}
