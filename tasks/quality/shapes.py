"""The form of one answer, and the form that most answers of a set have."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.dedup.texts import normalise
from tasks.quality.examples import Example, NoValue

OBJECT, LIST, NUMBER, LABEL, CALL = "JSON object", "JSON list", "number", "label", "tool call"
CODE, MARKDOWN, TEXT, EMPTY = "code", "markdown", "free text", "empty"
# Prose, and what stands in for it now and then: between these there is no drift.
FREE = frozenset({CODE, MARKDOWN, TEXT, NUMBER, CALL})

# What less than a twentieth of the answers do is not usual.
USUAL = 0.05
# Below this share no form is the usual one.
DOMINANT = 0.5
LONGEST_LABEL = 60
ROWS_PER_LABEL = 5

_FENCED = re.compile(r"\s*```.*```\s*", re.DOTALL)
_CODE_BEGINS = re.compile(
    r"(?:#!|#include\b|<\?xml|def \w+\(|class \w+[(:]|import \w+|from \w+ import|function\b|SELECT\s)"
)
_MARKDOWN = re.compile(r"^#{1,6} |^\s*[-*+] |^\s*\d+[.)] |\*\*[^*\n]+\*\*|^\|.+\||```|\[[^\]\n]+\]\(", re.MULTILINE)


@dataclass(frozen=True)
class Dominant:
    """The form that most answers have.

    Attributes:
        shape: One of the forms above; empty where none has half of the answers.
        share: Its share of the answers.
        required: Keys of objects that hardly any lacks.
        types: For each usual key the usual JSON types of its values.
        labels: The labels, in normal form.
    """

    shape: str
    share: float
    required: frozenset[str] = frozenset()
    types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()

    def describe(self) -> str:
        """Return the form in words."""
        if self.shape == OBJECT:
            keys = ", ".join(
                f"{key}{'' if key in self.required else '?'}: {' or '.join(sorted(kinds))}"
                for key, kinds in self.types.items()
            )
            return f"{OBJECT} {{{keys}}}"
        if self.shape == LABEL:
            return f"one of {len(self.labels)} labels"
        return self.shape or "no one form"


def shape_of(example: Example) -> str:
    """Return the form of one answer, labels aside: what is a label, only the whole set can tell."""
    if example.calls:
        return CALL
    value = example.value
    if value is not NoValue and not isinstance(value, bool) and value is not None:
        return OBJECT if isinstance(value, dict) else LIST if isinstance(value, list) else NUMBER
    text = example.answer.strip()
    if _FENCED.fullmatch(text) or _CODE_BEGINS.match(text):
        return CODE
    return EMPTY if not text else MARKDOWN if _MARKDOWN.search(text) else TEXT


def dominant_of(examples: Sequence[Example], max_labels: int) -> Dominant:
    """Return the form that most answers have."""
    shapes = Counter(shape_of(example) for example in examples)
    if not shapes:
        return Dominant("", 0.0)
    if labels := label_set(examples, max_labels):
        inside = sum(label_of(example) in labels for example in examples)
        return Dominant(LABEL, inside / len(examples), labels=labels)
    shape, count = max(shapes.items(), key=lambda item: (item[1], item[0]))
    if count < DOMINANT * len(examples):
        return Dominant("", count / len(examples))
    if shape != OBJECT:
        return Dominant(shape, count / len(examples))
    values = [example.value for example in examples if isinstance(example.value, dict)]
    keys = Counter(key for value in values for key in value)
    required = frozenset(key for key, times in keys.items() if times > (1 - USUAL) * count)
    types = {key: _types(values, key) for key, times in keys.items() if times >= USUAL * count}
    return Dominant(OBJECT, count / len(examples), required, types)


def label_set(examples: Sequence[Example], max_labels: int) -> frozenset[str]:
    """Return the labels when the answers come from a small set, else nothing.

    They do when at most `max_labels` short answers, each given five times at least, make up nearly all.
    """
    counts = Counter(label for example in examples if (label := label_of(example)) is not None)
    frequent = {label: count for label, count in counts.items() if count >= ROWS_PER_LABEL}
    enough = sum(frequent.values()) >= (1 - USUAL) * len(examples)
    return frozenset(frequent) if enough and 1 < len(frequent) <= max_labels else frozenset()


def label_of(example: Example) -> str | None:
    """Return an answer as a label in normal form; None for what is long, structured or empty."""
    text = example.answer.strip()
    structured = example.calls or isinstance(example.value, (dict, list)) or not example.record["messages"]
    if structured or not text or len(text) > LONGEST_LABEL or "\n" in text:
        return None
    return normalise(text)


def mismatch(example: Example, usual: Dominant) -> list[str]:
    """Say how an answer departs from the usual form; nothing where it does not, or where none is usual."""
    shape = shape_of(example)
    if usual.shape == LABEL:
        return [] if label_of(example) in usual.labels else ["no usual label"]
    if not usual.shape or shape == usual.shape != OBJECT or {shape, usual.shape} <= FREE:
        return []
    if shape != usual.shape:
        inside = " (the answer stands in a code fence)" if shape == CODE and usual.shape in {OBJECT, LIST} else ""
        return [f"{shape} instead of {usual.shape}{inside}"]
    value: dict[str, Any] = example.value
    found = [f"key missing: {key}" for key in sorted(usual.required - value.keys())]
    found += [f"key unusual: {key}" for key in value if key not in usual.types]
    return found + [
        f"type of {key}: {kind}"
        for key, inner in value.items()
        if key in usual.types and (kind := type_name(inner)) not in usual.types[key]
    ]


def type_name(value: Any) -> str:
    """Return a value's JSON type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}
    return "nothing" if value is NoValue else names[type(value)]


def _types(values: Sequence[dict[str, Any]], key: str) -> frozenset[str]:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        if key in value:
            counts[type_name(value[key])] += 1
    most = sum(counts.values())
    # Null says "absent", which every field may be.
    return frozenset({name for name, times in counts.items() if times >= USUAL * most} | ({"null"} & counts.keys()))
