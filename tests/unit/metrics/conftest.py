"""Items made by hand."""

from collections.abc import Callable, Sequence

import pytest

from tasks.metrics.base import Item


@pytest.fixture
def items() -> Callable[..., list[Item]]:
    """Return a function that makes items of pairs: `items([(expected, answer), ...], prompt="...", source="...")`."""

    def make(pairs: Sequence[tuple[str, str]], prompt: str = "Go.", source: str = "data/mails.jsonl") -> list[Item]:
        messages = [{"role": "system", "content": "Reply."}, {"role": "user", "content": prompt}]
        return [Item(str(at), source, messages, *pair, cut=False) for at, pair in enumerate(pairs)]

    return make
