"""Screening of one record: what is found in it, and what becomes of it."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.screening.credentials import SECRET, SecretFinder
from tasks.screening.masking import mask, same_values, without_overlaps
from tasks.screening.params import Action, ScreeningParams
from tasks.screening.personal import Span, finder
from tasks.screening.refusals import refusal_rule
from tasks.screening.texts import texts_of
from tasks.store.records import Row

REFUSAL = "REFUSAL"
REASONS = {
    "secrets": "a password, key or token",
    "personal_data": "personal data",
    "refusals": "an answer that declines the task",
}
HASH_LENGTH = 16


@dataclass(frozen=True)
class Screened:
    """What became of one record.

    Attributes:
        record: As it goes on, masked where asked for.
        reason: Why it is put aside instead; empty when it is not.
        findings: One line for each thing found, without its value.
        masked: Whether a text was changed.
    """

    record: Row
    reason: str
    findings: list[Row]
    masked: bool


class Screener:
    """Searches records one by one.

    Args:
        params: What is looked for, and what happens to it.
        salt: Keys the hashes of values: a short value such as a phone number could be guessed from a bare hash. The
            same salt gives the same hash, so that one value can be followed through the findings of one data set.
    """

    def __init__(self, params: ScreeningParams, salt: str) -> None:
        self._params = params
        self._salt = salt.encode()
        self._personal = finder(params)
        self._secrets = SecretFinder(high_entropy=params.high_entropy)

    def screen(self, record: Row) -> Screened:
        """Search one record."""
        texts = dict(texts_of(record))
        found = {where: spans for where, text in texts.items() if (spans := self._spans(text))}
        refused = list(_refusals(record))
        if not found and not refused:
            return Screened(record, "", [], masked=False)
        marked = {
            where: chosen
            for where, spans in found.items()
            if (chosen := [s for s in spans if self._action(s) == "mask"])
        }
        if marked:
            marked = self._everywhere(texts, marked)
            kept = {where: [span for span in spans if self._action(span) != "mask"] for where, spans in found.items()}
            found = {
                where: sorted([*kept.get(where, []), *marked.get(where, [])])
                for where in texts
                if where in found or where in marked
            }
        groups = {group_of(span.kind) for spans in found.values() for span in spans} | (
            {"refusals"} if refused else set()
        )
        reason = next((name for name in REASONS if name in groups and getattr(self._params, name) == "quarantine"), "")
        findings = [
            self._line(record, span.kind, where, texts[where][span.start : span.end], span.value)
            for where, spans in found.items()
            for span in spans
        ]
        findings += [self._line(record, REFUSAL, where, text, text) | {"rule": rule} for where, text, rule in refused]
        return Screened(mask(record, marked) if marked else record, reason, findings, masked=bool(marked))

    def _action(self, span: Span) -> Action:
        return self._params.secrets if span.kind == SECRET else self._params.personal_data

    def _spans(self, text: str) -> list[Span]:
        spans = [*self._secrets(text), *self._personal(text)]
        # What must be masked is never lost to something that is only counted; a password is no part of an address.
        return without_overlaps(spans, lambda s: (self._action(s) == "keep", s.kind != SECRET)) if spans else spans

    @staticmethod
    def _everywhere(texts: dict[str, str], marked: dict[str, list[Span]]) -> dict[str, list[Span]]:
        more = same_values(texts, marked)
        joined = {where: [*marked.get(where, []), *more[where]] for where in texts}
        return {where: without_overlaps(spans, lambda _span: 0) for where, spans in joined.items() if spans}

    def _line(self, record: Row, kind: str, where: str, written: str, value: str) -> Row:
        digest = hmac.new(self._salt, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return {
            "id": record["id"],
            "file": record["file"],
            "row": record["row"],
            "kind": kind,
            "where": where,
            "length": len(written),
            "hash": digest[:HASH_LENGTH],
            "action": getattr(self._params, group_of(kind)),
        }


def _refusals(record: Row) -> Iterator[tuple[str, str, str]]:
    """Yield (place, text, rule) of each assistant turn that declines; a turn that calls a tool acts."""
    for index, turn in enumerate(record["messages"]):
        if turn["role"] == "assistant" and not turn.get("tool_calls"):
            text = str(turn.get("content") or "")
            if rule := refusal_rule(text):
                yield f"messages[{index}].content", text, rule


def group_of(kind: str) -> str:
    """Return the name of the parameter that decides about a kind."""
    return {SECRET: "secrets", REFUSAL: "refusals"}.get(kind, "personal_data")
