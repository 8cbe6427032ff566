"""Writes the demo data: ``python -m deployments.demo.generate`` makes the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployments.demo import broken, general, heldout, parties, phrasings, ports, suite_build
from deployments.demo.mail import TRAIN_POOLS, Mail, Pools, write_mail
from deployments.demo.noise import Row, noisy_rows
from deployments.demo.render import Phrasing
from deployments.demo.shipment import World
from tasks.evaluation.suite import DATA as SUITE_DATA

SEED = 20260304
SYSTEM = (
    "Read the mail. Reply with JSON only: carrier, pol, pod, etd, eta, containers, container_type, rate, "
    "currency, booking. ISO dates, null where absent."
)
HERE = Path(__file__).parent
CHAT, DESK, ARCHIVE, HELDOUT = "mails-chat.jsonl", "mails-desk.csv", "mails-archive.json", "heldout.jsonl"
GENERAL, EXPECTED = "general.jsonl", "EXPECTED.json"
FILE_SIZES = {CHAT: 900, DESK: 250, ARCHIVE: 200}
HELDOUT_SIZE = 90
LONG_SHARE = 0.03
NOISE_COUNTS = {
    "exact_duplicate": 50,
    "normalised_duplicate": 30,
    "near_duplicate": 100,
    "paraphrase": 60,
    "conflict": 10,
}
COLUMNS = ("system", "instruction", "response", "family", "phrasing", "sender")

TRAIN = World(
    ports=ports.TRAIN_PORTS,
    carriers=parties.TRAIN_CARRIERS,
    senders=parties.TRAIN_SENDERS,
    companies=parties.TRAIN_COMPANIES,
    vessels=parties.TRAIN_VESSELS,
    macros=phrasings.MACROS,
)
TEST = World(
    ports=ports.HELDOUT_PORTS,
    # Half of the carriers are known ones, so that new and old names can be told apart in the results.
    carriers=parties.HELDOUT_CARRIERS + parties.TRAIN_CARRIERS[: len(parties.HELDOUT_CARRIERS)],
    senders=parties.HELDOUT_SENDERS,
    companies=parties.HELDOUT_COMPANIES,
    vessels=parties.HELDOUT_VESSELS,
    macros=heldout.MACROS,
)


def write_mails(rng: random.Random, world: World, pools: Pools, book: tuple[Phrasing, ...], count: int) -> list[Mail]:
    """Write mails over all phrasings evenly; every mail states three fields at least."""
    mails: list[Mail] = []
    seen: set[str] = set()
    while len(mails) < count:
        phrasing = book[len(mails) % len(book)]
        mail = write_mail(rng, world, pools, phrasing, rng.choice(world.senders), long=rng.random() < LONG_SHARE)
        stated = sum(value is not None for value in json.loads(mail.answer).values())
        if stated >= 3 and mail.text not in seen:
            seen.add(mail.text)
            mails.append(mail)
    return mails


def lay_out(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Shuffle rows, keeping each repeated row ahead of its repetition so that the first one is the original."""
    order = list(range(len(rows)))
    rng.shuffle(order)
    place = {index: at for at, index in enumerate(order)}
    for index, row in enumerate(rows):
        if row.origin is not None and place[index] < place[row.origin]:
            place[index], place[row.origin] = place[row.origin], place[index]
    laid = [rows[index] for index in sorted(place, key=place.__getitem__)]
    # Origins pointed into the unshuffled list; from here on they are places.
    return [row if row.origin is None else replace(row, origin=place[row.origin]) for row in laid]


def chat_row(text: str, answer: str, mail: Mail) -> dict[str, Any]:
    """Return one row with a system, a user and an assistant turn."""
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": text},
        {"role": "assistant", "content": answer},
    ]
    return {"messages": messages, "family": mail.family, "phrasing": mail.phrasing, "sender": mail.sender}


def flat_row(text: str, answer: str, mail: Mail) -> dict[str, Any]:
    """Return one instruction/response row."""
    values = (SYSTEM, text, answer, mail.family, mail.phrasing, mail.sender)
    return dict(zip(COLUMNS, values, strict=True))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return ("\n".join(_json(row) for row in rows) + "\n").encode()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _array(rows: list[Any]) -> bytes:
    return ("[\n" + ",\n".join(_json(row) for row in rows) + "\n]\n").encode()


def build() -> dict[str, bytes]:
    """Build every data file.

    Returns:
        File name to content.
    """
    rng = random.Random(SEED)
    defects: dict[str, tuple[Callable[[dict[str, Any]], Any], ...]] = {
        CHAT: broken.CHAT_DEFECTS, DESK: broken.FLAT_DEFECTS, ARCHIVE: broken.ARRAY_DEFECTS,
    }  # fmt: skip
    bad = sum(len(kinds) for kinds in defects.values())
    ordinary = sum(FILE_SIZES.values()) - sum(NOISE_COUNTS.values()) - bad
    mails = write_mails(rng, TRAIN, TRAIN_POOLS, phrasings.BOOK, ordinary)
    # Bad rows are built from mails of their own, so that dropping one loses nothing that stands elsewhere.
    spare = write_mails(rng, TRAIN, TRAIN_POOLS, phrasings.BOOK, bad)
    repeats = noisy_rows(rng, TRAIN, TRAIN_POOLS, phrasings.BOOK, mails, NOISE_COUNTS)
    rows = lay_out(rng, [Row(mail.text, mail.answer, mail) for mail in mails] + repeats)

    contents: dict[str, bytes] = {}
    noise: list[dict[str, Any]] = []
    address: dict[int, str] = {}
    start = 0
    for name, size in FILE_SIZES.items():
        bad_at = dict(zip(rng.sample(range(size), len(defects[name])), defects[name], strict=True))
        shape = chat_row if name == CHAT else flat_row
        written: list[Any] = []
        for at in range(size):
            if at in bad_at:
                mail = spare.pop()
                defect = bad_at[at]
                written.append(defect(shape(mail.text, mail.answer, mail)))
                noise.append({"file": name, "row": at + 1, "kind": "malformed", "detail": defect.__name__})
                continue
            row = rows[start]
            address[start] = f"{name}:{at + 1}"
            if row.kind and row.origin is not None:
                entry = {"file": name, "row": at + 1, "kind": row.kind, "repeats": address[row.origin]}
                noise.append(entry | ({"detail": row.detail} if row.detail else {}))
            written.append(shape(row.text, row.answer, row.mail))
            start += 1
        if name == CHAT:
            # Some defects spoil the line itself and come back as bytes.
            contents[name] = b"".join((r if isinstance(r, bytes) else _json(r).encode()) + b"\n" for r in written)
        else:
            contents[name] = _csv(written) if name == DESK else _array(written)

    tests = write_mails(rng, TEST, heldout.HELDOUT_POOLS, heldout.BOOK, HELDOUT_SIZE)
    contents[HELDOUT] = _lines([chat_row(mail.text, mail.answer, mail) | {"part": "heldout"} for mail in tests])
    instructions = general.build()
    contents[GENERAL] = _lines(instructions)
    sizes = FILE_SIZES | {HELDOUT: HELDOUT_SIZE, GENERAL: len(instructions)}
    expected = {
        "seed": SEED,
        "files": {name: {"rows": size} for name, size in sizes.items()},
        "counts": dict(sorted(Counter(entry["kind"] for entry in noise).items())),
        "ordinary": ordinary,
        "noise": noise,
    }
    head = {key: value for key, value in expected.items() if key != "noise"}
    body = ",\n  ".join(_json(entry) for entry in noise)
    contents[EXPECTED] = f'{json.dumps(head, indent=1)[:-2]},\n "noise": [\n  {body}\n ]\n}}\n'.encode()
    return contents


def build_suite() -> bytes:
    """Build the items of the general-ability suite, which ships with the evaluation stage."""
    return _lines(suite_build.build())


def main() -> None:
    """Rewrite the data folder, and the suite's items where the evaluation stage keeps them."""
    folder = HERE / "data"
    folder.mkdir(exist_ok=True)
    contents = {folder / name: content for name, content in build().items()}
    for path, content in (contents | {SUITE_DATA: build_suite()}).items():
        path.write_bytes(content)
        print(f"{path.name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
