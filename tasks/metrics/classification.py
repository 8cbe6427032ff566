"""Classification: macro and micro F1, a table by class, confusions, calibration where answers say how sure they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, Table, mean, summary
from tasks.metrics.fields import parse_object
from tasks.metrics.files import role
from tasks.metrics.params import Classification

NONE = "(no label)"
CONFUSION_TITLE = "Confusion matrix (rows: expected, columns: answered)"


@dataclass(frozen=True)
class Said:
    """What a text says: a label (as written; None where it has none), and a confidence of 0 to 1 or None."""

    label: str | None
    confidence: float | None


class ClassificationMetric:
    """Compares labels; `accuracy` decides, since macro F1 has no value for one item.

    An answer is a JSON object with a label and perhaps a confidence, or the label itself. Anything that is no known
    label counts as no answer: it lowers recall, and no class's precision. Figures of an item: `accuracy`, `labelled`
    (the answer is a known label). Of all items: `macro_f1`, `micro_f1`, and `calibration`, which is 1 - ECE over the
    answers that have a confidence.
    """

    main = "accuracy"

    def __init__(self, params: Classification) -> None:
        self._params = params
        labels = [self._key(label) for label in params.labels]
        if len(set(labels)) < len(labels):
            raise ConfigError(f"{role(params, 'labels')}: a label is there twice.")
        self._known = dict(zip(labels, params.labels, strict=True))

    def check(self, items: Sequence[Item]) -> None:
        """Refuse expected answers that are no known label."""
        for item in items:
            label = self._read(item.expected).label
            if label is None or (self._known and self._key(label) not in self._known):
                known = f"the labels are {', '.join(self._known.values())}" if self._known else "it has none"
                raise ConfigError(
                    f"{role(self._params, 'labels')}: the expected answer of {item.id} is no label: {known}. "
                    "Correct the "
                    f"row, the labels or label_field ({self._params.label_field}), or name the sources with labels."
                )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item; its detail has both labels, and the confidence where the answer has one."""
        known = self._known or self._expected_labels(items)
        scores = []
        for item in items:
            wanted, said = self._read(item.expected), self._read(item.answer)
            expected = known.get(self._key(wanted.label or ""), wanted.label)
            answered = known.get(self._key(said.label)) if said.label is not None else None
            right = float(answered is not None and answered == expected)
            detail: dict[str, Any] = {"expected": expected, "answered": answered}
            if said.confidence is not None:
                detail["confidence"] = said.confidence
            scores.append(Score(right, {"accuracy": right, "labelled": float(answered is not None)}, detail))
        return scores

    def summarise(self, _items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return accuracy, F1, and the tables of classes, of confusions and of calibration."""
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        expected = [score.detail["expected"] for score in scores]
        answered = [score.detail["answered"] or NONE for score in scores]
        labels = list(self._known.values()) or sorted(set(expected))
        by_class = precision_recall_fscore_support(expected, answered, labels=labels, zero_division=0)
        # A class that nobody expects and nobody answers would only dilute the mean.
        seen = [label for label in labels if label in set(expected) | set(answered)]
        more = {
            f"{average}_f1": float(
                precision_recall_fscore_support(expected, answered, labels=seen, average=average, zero_division=0)[2]
            )
            for average in ("macro", "micro")
        }
        columns = [*labels, NONE]
        matrix = confusion_matrix(expected, answered, labels=columns).tolist()
        tables: list[Table] = [
            {
                "title": "Classes",
                "columns": ["class", "items", "precision", "recall", "F1"],
                "rows": [
                    [label, int(by_class[3][at]), *(float(by_class[part][at]) for part in range(3))]
                    for at, label in enumerate(labels)
                ],
            },
            {
                "title": CONFUSION_TITLE,
                "columns": ["expected", *columns],
                "rows": [[label, *row] for label, row in zip(labels, matrix, strict=False)],
            },
        ]
        calibration, table = _calibration(scores, self._params.bins)
        return summary("classification", self.main, scores, [*tables, table], more | calibration)

    def _read(self, text: str) -> Said:
        value = parse_object(text)
        if value is None:
            return Said(text.strip() or None, None)
        label, confidence = value.get(self._params.label_field), value.get(self._params.confidence_field)
        number = isinstance(confidence, int | float) and not isinstance(confidence, bool)
        sure = float(confidence) if number and 0 <= confidence <= 1 else None  # type: ignore[operator, arg-type]
        if isinstance(label, bool) or not isinstance(label, str | int):
            return Said(None, sure)
        return Said(str(label).strip() or None, sure)

    def _key(self, label: str) -> str:
        return label.strip().casefold() if self._params.ignore_case else label.strip()

    def _expected_labels(self, items: Sequence[Item]) -> dict[str, str]:
        labels: dict[str, str] = {}
        for item in items:
            if (label := self._read(item.expected).label) is not None:
                labels.setdefault(self._key(label), label)
        return labels


def _calibration(scores: Sequence[Score], bins: int) -> tuple[dict[str, float], Table]:
    """Return 1 - ECE and the reliability table, over the items whose answer has a label and a confidence.

    Expected calibration error with equally wide bins (Guo et al. 2017): the mean distance between confidence and share
    of right answers, weighted by the items in the bin. Written here: scikit-learn has the curve, but neither counts
    nor ECE.
    """
    pairs = [
        (score.detail["confidence"], score.value)
        for score in scores
        if "confidence" in score.detail and score.detail["answered"] is not None
    ]
    title = f"Calibration ({len(pairs)} of {len(scores)} answers carry a label and a confidence)"
    columns = ["confidence from", "to", "items", "mean confidence", "share right"]
    if not pairs:
        return {}, {"title": f"{title}: there is nothing to measure it on", "columns": columns, "rows": []}
    rows: list[list[Any]] = []
    error = 0.0
    for number in range(bins):
        inside = [pair for pair in pairs if min(int(pair[0] * bins), bins - 1) == number]
        if inside:
            sure, right = mean([pair[0] for pair in inside]), mean([pair[1] for pair in inside])
            error += len(inside) / len(pairs) * abs(sure - right)
            rows.append([number / bins, (number + 1) / bins, len(inside), sure, right])
    return {"calibration": 1 - error}, {"title": f"{title}: ECE {error:.3f}", "columns": columns, "rows": rows}
