"""Likelihoods token by token are those of whole prompts, and a prompt is asked about once."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from tasks.evaluation import likelihood, served_harness
from tasks.evaluation.harness import local_model
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.served_harness import log_likelihoods, served_model
from tasks.inference.client import Answer


class Stand:
    """The client of a server that computes with transformers."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.asked: list[tuple[int, ...]] = []
        self.extra: list[dict[str, Any]] = []

    def next_token(self, prompt_ids: list[int], wanted: list[int], model: str) -> tuple[int, dict[int, float]]:
        assert model == "served"
        assert len(wanted) <= served_harness.MOST_TOKENS
        self.asked.append(tuple(prompt_ids))
        with torch.inference_mode():
            said = self.model(torch.tensor([prompt_ids])).logits[0, -1].float().log_softmax(-1)
        return int(said.argmax()), {token: float(said[token]) for token in wanted}

    def complete(self, prompt_ids: list[int], tokens: int, model: str, extra: dict[str, Any]) -> Answer:
        assert model == "served"
        self.asked.append(tuple(prompt_ids))
        self.extra.append(extra)
        with torch.inference_mode():
            ids = self.model.generate(torch.tensor([prompt_ids]), max_new_tokens=tokens, do_sample=False)
        return Answer("", ids[0, len(prompt_ids) :].tolist(), [])


def test_token_by_token_is_as_likely_as_all_at_once(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _tokenizer = loaded
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(3, 300, (9, 40), generator=generator).tolist()
    pairs = [(row[: 5 + 3 * at], row[30 : 31 + at % 4]) for at, row in enumerate(words)]
    best = int(model(torch.tensor([words[0][:5]])).logits[0, -1].argmax())
    pairs += [(words[0][:5], [best]), (words[0][:5], [best + 1, 7]), (words[0][:5], [best])]
    for context in (2048, 12):
        expected = likelihood.log_likelihoods(
            model, pairs, context=context, batch_size=8, batch_tokens=4096, on_answer=lambda *_told: None
        )
        assert {scored.greedy for scored in expected} == {True, False}
        for most, together in ((128, 1024), (1, 1024), (128, 1)):
            monkeypatch.setattr(served_harness, "MOST_TOKENS", most)
            monkeypatch.setattr(served_harness, "PAIRS", together)
            told: dict[int, Any] = {}
            stand: Any = Stand(model)
            found = log_likelihoods(stand, "served", pairs, context=context, threads=3, on_answer=told.__setitem__)
            assert [scored.greedy for scored in found] == [scored.greedy for scored in expected]
            assert [scored.value for scored in found] == pytest.approx([one.value for one in expected], abs=1e-4)
            assert told == dict(enumerate(found))
            assert max(map(len, stand.asked)) <= context
            if (most, together) == (128, 1024):
                assert len(stand.asked) == len(set(stand.asked))


def request(kind: Any, *arguments: Any) -> Instance:
    return Instance(request_type=kind, doc={}, arguments=arguments, idx=0)


def test_the_harness_is_answered_as_by_transformers(loaded: Any, tiny_model: Any) -> None:
    model, tokenizer = loaded
    local = local_model(model, tokenizer, EvaluationParams(batch_size=2))
    stand: Any = Stand(model)
    served = served_model(stand, "served", tiny_model, tokenizer, 2048, 2)
    told: list[Any] = []
    served.set_cache_hook(SimpleNamespace(add_partial=lambda kind, _request, answer: told.append((kind, answer))))
    pairs = [request("loglikelihood", *pair) for pair in (("Boxes to ", "Kobe, Osaka"), ("", "Dear all"))]
    ours, theirs = local.loglikelihood(pairs), served.loglikelihood(pairs)
    assert [value for value, _greedy in theirs] == pytest.approx([value for value, _greedy in ours], abs=1e-4)
    settings = {"until": ["\n", "x"], "max_gen_toks": 6}
    greedy = [request("generate_until", "Boxes to", {**settings, "do_sample": False})]
    assert served.generate_until(greedy) == local.generate_until(greedy)
    assert [kind for kind, _answer in told] == ["loglikelihood", "loglikelihood", "generate_until"]
    assert stand.extra == [{"stop": ["\n", "x", "<|im_end|>"]}]
    long = request("generate_until", "Boxes to " * 2000, {**settings, "do_sample": True, "temperature": 0.5})
    served.generate_until([long])
    assert len(stand.asked[-1]) == 2048 - 6
    assert stand.extra[-1]["temperature"] == 0.5
