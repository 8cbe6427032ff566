"""Rows of preference: a prompt, the answer that was chosen, and the one that was rejected."""

from typing import Any

from tasks.ingest.fields import present
from tasks.ingest.order import check_order
from tasks.ingest.parts import Note, Parts, Turn
from tasks.ingest.questions import CONVERSATIONS, QUESTIONS, places_of, question_of, side_of, with_context
from tasks.ingest.reasons import BadRowError
from tasks.ingest.turns import read_turns

SIDES = ("chosen", "rejected")


def read_preference(row: dict[str, Any], notes: list[Note]) -> Parts:
    """Return prompt and chosen answer as the conversation, and the turns of the rejected answer.

    The prompt is a column of its own (a text or turns), or what the chosen and the rejected conversation begin with.

    Raises:
        BadRowError: no_shared_prompt or same_answers, or as the readers of conversations.
    """
    for column in SIDES:
        if row.get(column) is None:
            raise BadRowError("missing_field", f"{column} is absent or null")
    chosen, rejected = (side_of(row[column], column, notes) for column in SIDES)
    if not chosen or not rejected:
        raise BadRowError("no_assistant", f"{'rejected' if chosen else 'chosen'} has no turns")
    if _same(chosen, rejected):
        raise BadRowError("same_answers", "chosen and rejected are the same")
    good, bad = (places_of(turns, row, column) for turns, column in ((chosen, SIDES[0]), (rejected, SIDES[1])))
    if chosen[0]["role"] in ("system", "user"):
        at = _parting(chosen, rejected)
        prompt, before, used = chosen[:at], good[:at], _said_again(chosen[:at], row, notes)
        chosen, rejected, good, bad = chosen[at:], rejected[at:], good[at:], bad[at:]
    else:
        prompt, used = _prompt(row, notes)
        before = places_of(prompt, row, used[0])
    check_order([*prompt, *chosen], (*before, *good))
    check_order([*prompt, *rejected], (*before, *bad))
    parts = with_context(Parts([*prompt, *chosen], (*SIDES, *used), (*before, *good)), row)
    return parts._replace(rejected=rejected, places=(*parts.places, *bad))


def _prompt(row: dict[str, Any], notes: list[Note]) -> tuple[list[Turn], tuple[str, ...]]:
    column = present(row, (*QUESTIONS, *CONVERSATIONS))
    if column in CONVERSATIONS:
        return read_turns(row[column], column, notes), (column,)
    return question_of(row, notes)


def _parting(chosen: list[Turn], rejected: list[Turn]) -> int:
    """Return where two conversations part: both must have an answer there, and something before it.

    Raises:
        BadRowError: no_shared_prompt.
    """
    at = next((at for at, pair in enumerate(zip(chosen, rejected, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        raise BadRowError("no_shared_prompt", "one of chosen and rejected goes on where the other ends")
    if not at:
        raise BadRowError("no_shared_prompt", "chosen and rejected differ from their first turn on")
    if not chosen[at]["role"] == rejected[at]["role"] == "assistant":
        raise BadRowError("no_shared_prompt", f"chosen[{at}] and rejected[{at}] differ, and are not both answers")
    return at


def _said_again(prompt: list[Turn], row: dict[str, Any], notes: list[Note]) -> tuple[str, ...]:
    """Return the column that repeats the prompt of two whole conversations, if there is one.

    Raises:
        BadRowError: no_shared_prompt, when the column says something else than they do.
    """
    value = row.get("prompt")
    if value is None:
        return ()
    if isinstance(value, str):
        same = value.strip() in [turn["content"].strip() for turn in prompt]
    else:
        same = read_turns(value, "prompt", notes) == prompt
    if not same:
        raise BadRowError("no_shared_prompt", "prompt is not what chosen and rejected begin with")
    return ("prompt",)


def _same(chosen: list[Turn], rejected: list[Turn]) -> bool:
    """Say whether two answers differ in nothing but white space around their turns."""
    one, other = ([turn | {"content": turn["content"].strip()} for turn in turns] for turns in (chosen, rejected))
    return one == other
