"""Free text by overlap: ROUGE from rouge-score, BLEU and chrF from sacrebleu."""

import re
import warnings
from collections.abc import Sequence
from typing import Any

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, summary
from tasks.metrics.files import role
from tasks.metrics.params import Text

ROUGE = ("rouge1", "rouge2", "rougeL")
_WORD = re.compile(r"\w+")


class TextMetric:
    """Measures ROUGE-1, ROUGE-2 and ROUGE-L (F1), BLEU and chrF of each answer; one of them decides.

    An item's BLEU uses effective order with the library's exponential smoothing, since most short answers have no
    common run of four words. Of all items: `corpus_bleu` and `corpus_chrf`, which are no means of the items'.
    """

    def __init__(self, params: Text) -> None:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        self.main: str = params.main
        self._params = params
        self._rouge = _rouge_scorer(params)
        self._item_bleu = BLEU(tokenize=params.bleu_tokens, effective_order=True)
        self._bleu = BLEU(tokenize=params.bleu_tokens)
        self._chrf = CHRF()

    def check(self, items: Sequence[Item]) -> None:
        """Refuse expected answers in which ROUGE would see no word."""
        if self._params.words == "ascii" and self.main in ROUGE:
            for item in items:
                if item.expected.strip() and not re.search("[A-Za-z0-9]", item.expected):
                    raise ConfigError(
                        f"{role(self._params, 'words')}: the expected answer of {item.id} has no letter that "
                        "ascii words "
                        "are made of, so every answer would score 0. Set words to unicode."
                    )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item."""
        scores = []
        for item in items:
            rouge = self._rouge.score(item.expected, item.answer)
            figures = {name: float(rouge[name].fmeasure) for name in ROUGE}
            figures["bleu"] = _share(self._item_bleu.sentence_score(item.answer, [item.expected]).score)
            figures["chrf"] = _share(self._chrf.sentence_score(item.answer, [item.expected]).score)
            scores.append(Score(figures[self.main], figures))
        return scores

    def summarise(self, items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return the means, and BLEU and chrF of all answers together with the libraries' signatures."""
        answers, references = [item.answer for item in items], [[item.expected for item in items]]
        more, rows = {}, []
        for name, metric in (("corpus_bleu", self._bleu), ("corpus_chrf", self._chrf)):
            more[name] = _share(metric.corpus_score(answers, references).score)
            rows.append([name, more[name], str(metric.get_signature())])
        tables: Any = [{"title": "All answers together", "columns": ["figure", "value", "signature"], "rows": rows}]
        return summary("text", self.main, scores, tables, more)


class _UnicodeWords:
    """Words of any script, in lower case: rouge-score's own tokenizer drops every letter that is not ASCII."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


def _rouge_scorer(params: Text) -> Any:
    with warnings.catch_warnings():
        # Its stemmer's library warns of its own syntax.
        warnings.simplefilter("ignore")
        from rouge_score.rouge_scorer import RougeScorer

    if params.words == "unicode":
        return RougeScorer(list(ROUGE), tokenizer=_UnicodeWords())
    return RougeScorer(list(ROUGE), use_stemmer=params.stemming)


def _share(percent: float) -> float:
    # Floating point makes 100.00000000000004 of a perfect text.
    return min(max(percent / 100, 0.0), 1.0)
