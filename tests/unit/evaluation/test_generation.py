"""Greedy batched answers against one-by-one decoding."""

import torch

from tasks.evaluation import generation
from tasks.evaluation.decoding import Loop
from tasks.evaluation.generation import Answer, end_tokens, generate, plan
from tasks.evaluation.items import make_items


def naive(model, tokens: list[int], ends: set[int], limit: int) -> list[int]:
    written: list[int] = []
    with torch.inference_mode():
        while len(written) < limit:
            token = int(model(torch.tensor([tokens + written])).logits[0, -1].argmax())
            if token in ends:
                break
            written.append(token)
    return written


def answers(loaded, items, steps=None, **settings) -> list[Answer]:
    model, tokenizer = loaded
    known = {"batch_size": 4, "batch_tokens": 1 << 14, "max_new_tokens": 6} | settings
    on_step = (lambda *step: steps.append(step)) if steps is not None else (lambda *_step: None)
    return generate(model, tokenizer, items, on_step=on_step, **known)


def test_batches_of_any_size_write_what_single_prompts_do(loaded, record) -> None:
    model, tokenizer = loaded
    items = make_items([record(n, question="To Kobe " * (n % 4 + 1)) for n in range(7)], tokenizer, None)
    expected = [tokenizer.decode(naive(model, item.tokens, end_tokens(model, tokenizer), 6)) for item in items]
    for size in (1, 3, 16):
        assert [answer.text for answer in answers(loaded, items, batch_size=size)] == expected
    assert len(set(expected)) == len(expected)


def test_batches_are_even_and_each_token_is_reported(loaded, record) -> None:
    items = make_items([record(n) for n in range(10)], loaded[1], None)
    steps: list = []
    answers(loaded, items, steps, batch_size=8, max_new_tokens=2)
    assert steps == [(0, 0), (0, 1), (5, 0), (5, 1)]


def test_batches_hold_the_longest_first_and_are_bounded_by_tokens() -> None:
    lengths = [10, 50, 20, 40, 30]
    assert plan(lengths, 8, 10_000, 10) == [[1, 3, 4, 2, 0]]
    assert plan(lengths, 3, 10_000, 10) == [[1, 3, 4], [2, 0]]
    # 60 tokens at their longest: two of the first, then three of 40.
    assert plan(lengths, 8, 120, 10) == [[1, 3], [4, 2, 0]]
    assert plan(lengths, 8, 1, 10) == [[1], [3], [4], [2], [0]]


def test_rows_that_have_ended_leave_the_batch(loaded, record, monkeypatch) -> None:
    model, tokenizer = loaded
    items = make_items([record(n, question="To Kobe " * (n % 4 + 1)) for n in range(8)], tokenizer, None)
    free = [naive(model, item.tokens, set(), 12) for item in items]
    ends = {free[0][2], free[1][4], free[2][1], tokenizer.eos_token_id}
    monkeypatch.setattr(model.generation_config, "eos_token_id", sorted(ends))
    expected = [tokenizer.decode(naive(model, item.tokens, ends, 12)) for item in items]
    loops: list[Loop] = []
    monkeypatch.setattr(generation, "Loop", lambda *given: loops.append(Loop(*given)) or loops[-1])
    assert [answer.text for answer in answers(loaded, items, batch_size=8, max_new_tokens=12)] == expected
    (loop,) = loops
    steps = max(map(len, loop.written))
    needed = sum(map(len, loop.written))
    assert needed <= loop.row_steps < 8 * steps


def test_the_limit_cuts_an_answer_and_says_so(loaded, record) -> None:
    items = make_items([record(1)], loaded[1], None)
    short, long = (answers(loaded, items, max_new_tokens=limit)[0] for limit in (2, 9))
    assert long.text.startswith(short.text)
    assert len(long.text) > len(short.text)
    assert short.cut


def test_an_end_token_ends_an_answer_and_is_no_part_of_it(loaded, record, monkeypatch) -> None:
    model, tokenizer = loaded
    items = make_items([record(1)], tokenizer, None)
    free = naive(model, items[0].tokens, end_tokens(model, tokenizer), 6)
    stop = next(token for token in free if token != free[0])
    monkeypatch.setattr(model.generation_config, "eos_token_id", [stop])
    (answer,) = answers(loaded, items)
    assert answer == Answer(tokenizer.decode(free[: free.index(stop)]), cut=False)
    assert end_tokens(model, tokenizer) == {stop, tokenizer.eos_token_id}
