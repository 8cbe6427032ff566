"""Likelihoods are right whatever the batches, and batches keep to their bounds."""

import functools

import pytest
import torch

from tasks.evaluation import likelihood
from tasks.evaluation.draw import draw
from tasks.evaluation.likelihood import Scored, log_likelihoods


def plain(model, before: list[int], after: list[int]) -> Scored:
    with torch.inference_mode():
        logits = model(torch.tensor([before + after])).logits[0, len(before) - 1 : -1].float()
    wanted = torch.tensor(after)
    chosen = torch.log_softmax(logits, -1)[range(len(after)), wanted]
    return Scored(float(chosen.sum()), bool((logits.argmax(-1) == wanted).all()))


def test_every_batch_gives_what_one_pair_alone_does(loaded, monkeypatch) -> None:
    model, _tokenizer = loaded
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(3, 300, (9, 40), generator=generator).tolist()
    pairs = [(row[: 5 + 3 * at], row[30 : 31 + at % 4]) for at, row in enumerate(words)]
    # What the model would write itself, and continuations that differ in their last token alone.
    best = int(model(torch.tensor([words[0][:5]])).logits[0, -1].argmax())
    pairs += [(words[0][:5], [best]), (words[0][:5], [best + 1])]
    expected = [plain(model, *pair) for pair in pairs]
    assert [scored.greedy for scored in expected[-2:]] == [True, False]
    widths: list[tuple[int, int]] = []
    forward = model.forward

    @functools.wraps(forward)
    def watched(**given):
        widths.append((given["input_ids"].numel(), len(given["input_ids"]) * len(given["logits_to_keep"])))
        return forward(**given)

    for tokens, logit_bytes in ((4096, 1 << 30), (64, 1 << 30), (4096, 4 * 600 * 12)):
        monkeypatch.setattr(likelihood, "LOGIT_BYTES", logit_bytes)
        monkeypatch.setattr(model, "forward", watched)
        widths.clear()
        told: dict[int, Scored] = {}
        found = log_likelihoods(
            model, pairs, context=2048, batch_size=8, batch_tokens=tokens, on_answer=told.__setitem__
        )
        monkeypatch.undo()
        assert [scored.greedy for scored in found] == [scored.greedy for scored in expected]
        assert [scored.value for scored in found] == pytest.approx([scored.value for scored in expected], abs=1e-4)
        assert told == dict(enumerate(found))
        assert all(taken <= tokens for taken, _kept in widths)
        assert all(4 * 600 * kept <= logit_bytes for _taken, kept in widths)


def test_what_is_longer_than_the_context_loses_its_beginning(loaded) -> None:
    model, _tokenizer = loaded
    before, after = list(range(3, 60)), [7, 9]
    (cut,) = log_likelihoods(
        model, [(before, after)], context=20, batch_size=4, batch_tokens=512, on_answer=lambda *_told: None
    )
    kept = plain(model, before[-19:], after)
    assert cut.value == pytest.approx(kept.value, abs=1e-4)


def test_a_draw_gives_each_category_its_share() -> None:
    categories = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    places = draw(categories, 20, "0")
    assert places == sorted(set(places))
    assert [sum(categories[at] == name for at in places) for name in "abc"] == [12, 6, 2]
    assert draw(categories, 20, "1") != places == draw(categories, 20, "0")
    assert draw(categories, 500, "0") == list(range(100))
    assert len(draw([None] * 9, 4, "0")) == 4
    # A category more leaves the draw from the others as it is, where their numbers stay.
    assert [at for at in draw([*categories, *["d"] * 100], 40, "0") if at < 100] == places
