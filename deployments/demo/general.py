"""Short general instructions and answers that keep a tuned model from forgetting how to talk.

About 60 % are hand-written in ``general_rows.txt``; the rest are word problems and small drills made
from tables, each with an answer worked out by the program.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

SEED = 7311
SOURCE = "embedded-general"
ROWS = Path(__file__).parent / "general_rows.txt"
DRILLS = 17

Pair = tuple[str, str]
NAMES = ("Ada", "Ben", "Clara", "Dev", "Elif", "Finn", "Gita", "Hans", "Ivy", "Jonas", "Kira", "Leo")
THINGS = ("apples", "pencils", "stickers", "eggs", "marbles", "coins", "postcards", "buttons", "tickets", "cups")
WORDS = (
    "garden", "winter", "pocket", "silver", "bridge", "candle", "planet", "rocket", "yellow", "market",
    "forest", "button", "island", "castle", "dragon", "pepper", "window", "basket",
)  # fmt: skip
SORTABLE = ("owl", "bear", "fox", "deer", "crab", "zebra", "lynx", "mole", "hare", "newt", "swan", "toad")


def _people(rng: random.Random) -> tuple[str, str, str]:
    first, second = rng.sample(NAMES, 2)
    return first, second, rng.choice(THINGS)


def _gain(rng: random.Random) -> Pair:
    who, other, things = _people(rng)
    have, more = rng.randrange(3, 30), rng.randrange(2, 20)
    question = f"{who} has {have} {things} and gets {more} more from {other}. How many {things} does {who} have now?"
    return question, f"{have} + {more} = {have + more}, so {who} now has {have + more} {things}."


def _share(rng: random.Random) -> Pair:
    who, _, things = _people(rng)
    friends, each = rng.randrange(2, 7), rng.randrange(2, 9)
    question = f"{who} shares {friends * each} {things} equally among {friends} friends. How many does each friend get?"
    return question, f"{friends * each} divided by {friends} is {each}, so each friend gets {each} {things}."


def _spend(rng: random.Random) -> Pair:
    who, _, things = _people(rng)
    count, price = rng.randrange(2, 8), rng.randrange(2, 7)
    paid = count * price + rng.randrange(1, 15)
    question = f"{who} buys {count} {things} at {price} euros each and pays with {paid} euros. What is the change?"
    cost = count * price
    return question, f"The {things} cost {count} x {price} = {cost} euros, so the change is {paid - cost} euros."


def _sort(rng: random.Random) -> Pair:
    words = rng.sample(SORTABLE, 4)
    return f"Sort these words alphabetically: {', '.join(words)}.", f"{', '.join(sorted(words))}."


def _letters(rng: random.Random) -> Pair:
    word = rng.choice(WORDS)
    return f"How many letters are in the word '{word}', and which is the first?", (
        f"The word '{word}' has {len(word)} letters, and the first is '{word[0]}'."
    )


def _oldest(rng: random.Random) -> Pair:
    a, b, c = rng.sample(NAMES, 3)
    low, middle, high = sorted(rng.sample(range(21, 70), 3))
    ages = [(a, low), (b, middle), (c, high)]
    rng.shuffle(ages)
    told = ", ".join(f"{name} is {age}" for name, age in ages)
    return f"{told}. Who is the oldest?", f"{c} is the oldest, at {high} years."


DRILL_KINDS: tuple[tuple[str, Callable[[random.Random], Pair]], ...] = (
    ("arithmetic", _gain),
    ("arithmetic", _share),
    ("arithmetic", _spend),
    ("ordering", _sort),
    ("spelling", _letters),
    ("reason", _oldest),
)


def _row(category: str, instruction: str, response: str) -> dict[str, str]:
    return {"instruction": instruction, "response": response, "category": category, "source": SOURCE}


def build() -> list[dict[str, str]]:
    """Build all general rows.

    Returns:
        Rows with instruction, response, category and source, in a fixed shuffled order.
    """
    rng = random.Random(SEED)
    rows = []
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        category, instruction, response = (part.strip() for part in line.split("##"))
        rows.append(_row(category, instruction, response.replace("\\n", "\n")))
    seen = {row["instruction"] for row in rows}
    for category, drill in DRILL_KINDS:
        made = 0
        while made < DRILLS:
            question, answer = drill(rng)
            if question not in seen:
                seen.add(question)
                rows.append(_row(category, question, answer))
                made += 1
    rng.shuffle(rows)
    return rows
