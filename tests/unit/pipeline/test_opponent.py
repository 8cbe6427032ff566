"""Which release a new model must not be worse than."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.evaluation.params import EvaluationParams
from tasks.pipeline.opponent import Opponent, find_opponent
from tasks.store.refs import Ref
from tasks.store.store import Store

Stages = dict[str, Ref]
LINEAGE = ("training", "base", "rendering", "splitting")


def records(*questions: str, split: str) -> str:
    rows = [
        {
            "id": f"{split}:{place}",
            "file": "mails.jsonl",
            "origin": "task",
            "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": "{}"}],
            "text": None,
        }
        for place, question in enumerate(questions)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def stages(make_ref) -> Callable[..., Stages]:
    """Return a function that makes the stages of a run."""

    def make(
        adapter: str, test: tuple[str, ...] = ("a", "b"), train: tuple[str, ...] = ("t",), **changes: str
    ) -> Stages:
        texts = {"train": train, "validation": ("v",), "test": (), "heldout": test}
        return {
            "training": make_ref("training", {"adapter/weights": adapter}),
            "base": make_ref("base", {"base.json": changes.get("base", "{}")}),
            "rendering": make_ref("rendering", {"chat_template.jinja": changes.get("template", "{{ messages }}")}),
            "splitting": make_ref(
                "splitting", {f"{name}.jsonl": records(*asked, split=name) for name, asked in texts.items()}
            ),
        }

    return make


@pytest.fixture
def release(home: Path) -> Callable[..., None]:
    """Return a function that writes a release of stages and points to it."""

    def make(version: str, stages: Stages, before: str | None = None) -> None:
        said: dict[str, Any] = {
            "name": "mails",
            "version": version,
            "lineage": {role: {"kind": ref.kind, "key": ref.key, "digest": ref.digest} for role, ref in stages.items()},
            "verdict": {"champion": before},
        }
        folder = home / "releases" / "mails"
        (folder / version).mkdir(parents=True)
        (folder / version / "release.json").write_text(json.dumps(said))
        (folder / "champion").unlink(missing_ok=True)
        (folder / "champion").symlink_to(version)

    return make


def find(stages: Stages) -> Opponent:
    found = find_opponent("mails", stages, EvaluationParams())
    assert found is not None
    return found


def test_the_first_model_has_no_opponent(stages) -> None:
    assert find_opponent("mails", stages("one"), EvaluationParams()) is None


def test_the_release_that_serves_is_the_opponent(stages, release) -> None:
    old = stages("one")
    release("v1", old)
    found = find(stages("two"))
    assert (found.champion.name, found.version, found.training) == ("mails v1", "v1", old["training"])
    assert found.champion.same_template
    assert found.champion.why_not == ""


def test_an_unchanged_run_meets_the_opponent_of_its_own_release(stages, release) -> None:
    first, second = stages("one"), stages("two")
    release("v1", first)
    assert find_opponent("mails", first, EvaluationParams()) is None
    release("v2", second, before="mails v1")
    assert find(second).champion.name == "mails v1"
    # Released again for another margin: still the same training, still the same opponent.
    release("v3", second, before="mails v1")
    assert find(second).training == first["training"]
    # The older data again, while v3 serves.
    assert find(first).champion.name == "mails v3"


def test_another_base_is_said_and_not_compared(stages, release) -> None:
    release("v1", stages("one", base='{"model": "another"}'))
    found = find(stages("two"))
    assert found.training is None
    assert "another base model" in found.champion.why_not


def test_stages_that_are_gone_or_damaged_are_said_and_not_compared(stages, release) -> None:
    old = stages("one")
    release("v1", old)
    new = stages("two")
    store = Store()
    (store.open(old["training"]) / "adapter" / "weights").write_text("damaged")
    found = find(new)
    assert found.training is None
    assert "missing or damaged" in found.champion.why_not
    release("v2", stages("three"), before="mails v9")
    gone = find(stages("three"))
    assert "there is no release mails v9" in gone.champion.why_not


def test_new_and_learnt_items_are_known_by_what_they_ask(stages, release) -> None:
    release("v1", stages("one", test=("a", "b"), train=("t", "c")))
    found = find(stages("two", test=("b", "c", "d"), train=("t",))).champion
    assert found.seen == ("heldout:1",)
    assert found.fresh == ("heldout:2",)
    assert "1 are new since mails v1 was trained" in found.note
    assert "left out of the comparison" in found.note


def test_the_champion_is_asked_in_its_own_template(stages, release) -> None:
    old = stages("one", template="{{ old }}")
    release("v1", old)
    found = find(stages("two"))
    assert not found.champion.same_template
    assert found.rendering == old["rendering"]
