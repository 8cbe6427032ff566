"""A served model as lm-evaluation-harness wants it: the harness's own tokens and templates, the server's answers.

A continuation is scored token by token: the server is asked for the log-probability that the continuation's next token
follows what is before it. The usual way, `echo` with the log-probabilities of whole prompts, ends vLLM's CPU server as
soon as an adapter is on, has it compute logits at each place of each prompt, and bars its cache of prompts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.evaluation.likelihood import Pair, Scored
from tasks.inference.client import Client

MOST_TOKENS = 128
"""Most tokens whose log-probability vLLM tells in one answer."""

PAIRS = 1024
"""Pairs whose prompts are held in memory at once, one for each token of a continuation."""

Step = tuple[tuple[int, ...], int]
"""What comes before a token of a continuation, and the token."""
Question = tuple[tuple[int, ...], list[int]]
"""A prompt, and the tokens whose log-probability after it is wanted."""

_SAMPLING = ("temperature", "top_p", "top_k")


@contextmanager
def asking(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; what was not begun when its work fails is not begun any more."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def served_model(client: Client, name: str, folder: Path, tokenizer: Any, context: int, threads: int) -> Any:
    """Return the harness's Hugging Face model without weights, whose answers are the server's.

    Args:
        client: Of the server.
        name: The served name.
        folder: The base model's, for its config.
        tokenizer: The model's.
        context: Most tokens of prompt and answer.
        threads: How many requests are under way at once.
    """
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
    from transformers import AutoConfig, AutoModelForCausalLM

    class ServedModel(HFLM):  # type: ignore[misc]
        """The harness's model; what computes is replaced."""

        def _loglikelihood_tokens(self, requests: list[Any], **_settings: Any) -> list[tuple[float, bool]]:
            def tell(at: int, scored: Scored) -> None:
                self.cache_hook.add_partial("loglikelihood", requests[at][0], (scored.value, scored.greedy))

            pairs = [(before, after) for _text, before, after in requests]
            found = log_likelihoods(client, name, pairs, context=self.max_length, threads=threads, on_answer=tell)
            return [(scored.value, scored.greedy) for scored in found]

        def generate_until(self, requests: list[Any], **_settings: Any) -> list[str]:
            end = self.tok_decode(self.eot_token_id, skip_special_tokens=False)

            def ask(request: Any) -> str:
                text, wanted = request.args
                settings = normalize_gen_kwargs(wanted, self.max_gen_toks)
                stops = [stop for stop in handle_stop_sequences(settings["until"], end) if stop]
                most = settings["max_gen_toks"]
                tokens = self.tok_encode(text, left_truncate_len=context - most)
                extra = {key: settings[key] for key in _SAMPLING if key in settings} if settings["do_sample"] else {}
                said = client.complete(tokens, most, name, {"stop": stops, **extra})
                return str(postprocess_generated_text(self.tok_decode(said.ids), stops, None))

            answers: list[str] = []
            with asking(threads) as pool:
                for request, answer in zip(requests, pool.map(ask, requests), strict=True):
                    answers.append(answer)
                    self.cache_hook.add_partial("generate_until", request.args, answer)
            return answers

    with torch.device("meta"):
        skeleton = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, trust_remote_code=False))
    # One token of the context is for the answer, which the server writes even where only likelihoods are asked for.
    return ServedModel(pretrained=skeleton, tokenizer=tokenizer, max_length=context - 1, batch_size=threads)


def log_likelihoods(
    client: Client,
    name: str,
    pairs: Sequence[Pair],
    *,
    context: int,
    threads: int,
    on_answer: Callable[[int, Scored], None],
) -> list[Scored]:
    """Return what a served model thinks of each continuation.

    Args:
        client: Of the server.
        name: The served name.
        pairs: Contexts with continuations.
        context: Most tokens that are given to the model; longer pairs lose tokens on the left, as in the harness.
        threads: How many requests are under way at once.
        on_answer: Called with each pair's place and result as it is known.
    """
    found: list[Scored] = []
    with asking(threads) as pool:
        for start in range(0, len(pairs), PAIRS):
            steps = [_steps(pair, context) for pair in pairs[start : start + PAIRS]]
            questions = _questions(steps)
            said = pool.map(lambda question: client.next_token(list(question[0]), question[1], name), questions)
            for scored in _in_order(steps, zip(questions, said, strict=True)):
                found.append(scored)
                on_answer(len(found) - 1, scored)
    return found


def _in_order(steps: Sequence[Sequence[Step]], answers: Iterable[tuple[Question, Any]]) -> Iterator[Scored]:
    """Yield each pair's result as soon as it is complete; questions stand in the pairs' order, so results do too."""
    known: dict[Step, Scored] = {}
    waiting = iter(steps)
    pair = next(waiting, None)
    for (before, wanted), (likeliest, said) in answers:
        known |= {(before, token): Scored(said[token], token == likeliest) for token in wanted}
        while pair is not None and all(step in known for step in pair):
            scores = [known[step] for step in pair]
            yield Scored(sum(one.value for one in scores), all(one.greedy for one in scores))
            pair = next(waiting, None)


def _steps(pair: Pair, context: int) -> list[Step]:
    """Return the steps of a continuation."""
    before, after = pair
    tokens = tuple([*before, *after][-(context + 1) :])
    start = max(1, len(tokens) - len(after))
    return [(tokens[:at], tokens[at]) for at in range(start, len(tokens))]


def _questions(steps: Sequence[Sequence[Step]]) -> list[Question]:
    """Return each prompt once with the tokens wanted after it: choices that share their beginning share a request."""
    wanted: dict[tuple[int, ...], dict[int, None]] = {}
    for of_pair in steps:
        for before, token in of_pair:
            wanted.setdefault(before, {})[token] = None
    return [
        (before, list(tokens)[at : at + MOST_TOKENS])
        for before, tokens in wanted.items()
        for at in range(0, len(tokens), MOST_TOKENS)
    ]
