"""Builds the general-ability suite from fact tables and hand-written items."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

SEED = 4421
FACTS = Path(__file__).parent / "suite_facts.txt"
SUMS = 24

Item = tuple[str, str, str, list[str]]


def _table(category: str, template: str, lines: list[str], rng: random.Random) -> list[Item]:
    """Make one item per fact; wrong choices are the answers of other facts in the table.

    A ``!a,b`` tail names answers that would be arguable for that fact; a ``*`` line adds wrong choices.
    """
    facts: list[tuple[str, str, set[str]]] = []
    pool: list[str] = []
    for line in lines:
        if line.startswith("* "):
            pool += [value.strip() for value in line[2:].split(";")]
            continue
        for entry in line.split(";"):
            subject, right = entry.strip().split("=")
            right, _, barred = right.partition("!")
            facts.append((subject, right, {*barred.split(","), right, subject}))
    pool = sorted({*pool, *(right for _, right, _ in facts)})
    items = []
    for subject, right, barred_set in facts:
        wrong = rng.sample([value for value in pool if value not in barred_set], 3)
        items.append((category, template.replace("{}", subject), right, wrong))
    return items


def _sums(rng: random.Random) -> list[Item]:
    """Make small sums and differences with wrong results near the right one."""
    items: list[Item] = []
    seen: set[str] = set()
    while len(items) < SUMS:
        a, b = rng.randrange(1, 13), rng.randrange(1, 10)
        text, result = (f"{a} + {b} =", a + b) if len(items) % 2 else (f"{a + b} - {b} =", a)
        if text in seen:
            continue
        seen.add(text)
        near = [value for value in range(max(0, result - 5), result + 6) if value != result]
        items.append(("arithmetic", text, str(result), [str(value) for value in rng.sample(near, 3)]))
    return items


def read_items(rng: random.Random) -> list[Item]:
    """Read all facts and return category, question, right choice and wrong choices."""
    items: list[Item] = []
    for section in FACTS.read_text(encoding="utf-8").split("\n\n"):
        head, *lines = section.strip().splitlines()
        if head.startswith("@ "):
            category, template = head[2:].split(" | ")
            items += _table(category, template, lines, rng)
        else:
            for line in lines:
                question, right, *wrong = (part.strip() for part in line.split(" | "))
                items.append((head[2:], question, right, wrong))
    return items + _sums(rng)


def build() -> list[dict[str, Any]]:
    """Build the suite.

    Returns:
        Items with id, category, question, four choices and the position of the right one; the positions are
        dealt out evenly within every category.
    """
    rng = random.Random(SEED)
    rows = []
    turn: dict[str, list[int]] = {}
    numbers: dict[str, int] = {}
    for category, question, right, wrong in read_items(rng):
        if not turn.get(category):
            turn[category] = rng.sample(range(4), 4)
        answer = turn[category].pop()
        choices = rng.sample(wrong, 3)
        choices.insert(answer, right)
        numbers[category] = numbers.get(category, 0) + 1
        rows.append(
            {
                "id": f"{category}-{numbers[category]:03d}",
                "category": category,
                "question": question,
                "choices": choices,
                "answer": answer,
            }
        )
    rng.shuffle(rows)
    return rows
