"""A loaded model as lm-evaluation-harness wants it, with bounded memory; and answers it has given before."""

import os
from pathlib import Path
from typing import Any

from tasks.evaluation.likelihood import Scored, log_likelihoods
from tasks.evaluation.params import EvaluationParams
from tasks.store.keys import digest_of
from tasks.store.records import read_rows, write_rows


def local_model(model: Any, tokenizer: Any, params: EvaluationParams) -> Any:
    """Return the harness's Hugging Face model whose likelihoods are computed by `tasks.evaluation.likelihood`.

    Args:
        model: Loaded, with its adapter if any.
        tokenizer: The model's.
        params: Batches.
    """
    from lm_eval.models.huggingface import HFLM

    class BoundedModel(HFLM):  # type: ignore[misc]
        """The harness's model, bounded by tokens."""

        def _loglikelihood_tokens(self, requests: list[Any], **_settings: Any) -> list[tuple[float, bool]]:
            def tell(at: int, scored: Scored) -> None:
                self.cache_hook.add_partial("loglikelihood", requests[at][0], (scored.value, scored.greedy))

            found = log_likelihoods(
                self.model,
                [(context, continuation) for _text, context, continuation in requests],
                context=self.max_length,
                batch_size=params.batch_size,
                batch_tokens=params.batch_tokens,
                on_answer=tell,
            )
            return [(scored.value, scored.greedy) for scored in found]

        def generate_until(self, requests: list[Any], **_settings: Any) -> list[str]:
            longest = max((len(self.tok_encode(request.args[0])) for request in requests), default=0)
            room = max(request.args[1].get("max_gen_toks", self.max_gen_toks) for request in requests)
            self.batch_size_per_gpu = max(1, min(params.batch_size, params.batch_tokens // (longest + room)))
            answers: list[str] = super().generate_until(requests, disable_tqdm=True)
            return answers

    return BoundedModel(pretrained=model, tokenizer=tokenizer, batch_size=params.batch_size)


class Remembered:
    """Answers of one model that are kept between evaluations, in a file of JSON Lines.

    A change of the task's rows or metrics makes an evaluation new, and asks nothing new of general ability. Requests
    are known by all they say (question, examples, choice, settings), so another limit asks only what is added.

    Args:
        folder: Where the files of all models are.
        about: All that decides a model's answer to a request: digests, number type, device, engine, versions.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.path = folder / f"{digest_of(about)}.jsonl"
        self.known: dict[str, Any] = {}
        self.reused = 0
        self.asked = 0
        try:
            self.known = {row["request"]: row["answer"] for row in read_rows(self.path)}
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError):
            # Damaged: what it held is asked again.
            self.known = {}

    def attach(self, lm: Any) -> None:
        """Have a model of the harness answer what it was asked before from memory."""
        for kind in ("loglikelihood", "generate_until"):
            setattr(lm, kind, self._remembering(kind, getattr(lm, kind)))

    def save(self) -> None:
        """Write what is known, at one stroke: another evaluation of the same model may read it meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        write_rows(partial, ({"request": request, "answer": answer} for request, answer in self.known.items()))
        partial.replace(self.path)

    def _remembering(self, kind: str, ask: Any) -> Any:
        def answer(requests: list[Any], **settings: Any) -> list[Any]:
            names = [digest_of([kind, list(request.args)]) for request in requests]
            # The same request can come twice; it is asked once.
            new = {name: request for name, request in zip(names, requests, strict=True) if name not in self.known}
            self.asked += len(new)
            self.reused += len(names) - len(new)
            if new:
                given = ask(list(new.values()), **settings)
                self.known |= dict(zip(new, given, strict=True))
            return [tuple(found) if isinstance(found := self.known[name], list) else found for name in names]

        return answer
