from pathlib import Path

import pytest

from tasks.base.params import BaseParams
from tasks.errors import ConfigError
from tasks.evaluation.params import EvaluationParams
from tasks.gating.params import GatingParams
from tasks.guardrails.params import GuardrailParams
from tasks.metrics.params import Extraction
from tasks.mixing.params import MixingParams
from tasks.pipeline.preflight import preflight
from tasks.promotion.params import PromotionParams
from tasks.rendering.params import RenderingParams
from tasks.serving.params import ServingParams


@pytest.fixture(autouse=True)
def _no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_VLLM_PYTHON", str(tmp_path / "none"))


def test_all_problems_are_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        preflight(
            [[str(tmp_path / "missing.jsonl")], []],
            MixingParams(share=0),
            BaseParams(model=str(tmp_path / "no-model")),
            RenderingParams(template=str(tmp_path / "none.jinja")),
            EvaluationParams(
                engine="vllm",
                constrained=str(tmp_path / "no-schema.json"),
                metrics=(Extraction(schema_file=str(tmp_path / "no-fields.json")),),
                guardrails=GuardrailParams(probes_file=str(tmp_path / "no-probes.jsonl")),
            ),
            GatingParams(policy=str(tmp_path / "no-policy.yaml")),
            ServingParams(),
            PromotionParams(),
            "inline",
        )
    text = str(caught.value)
    assert "missing.jsonl" in text
    assert "no-model" in text
    assert "none.jinja, which is no file" in text
    assert "make vllm" in text
    for name in ("no-schema.json", "no-fields.json", "no-probes.jsonl", "no-policy.yaml", "evaluation.engine"):
        assert name in text, name


def test_a_release_without_proof_is_known_to_be_impossible_before_training(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("{}\n")
    files = [[str(data)]]
    common = (
        files,
        MixingParams(share=0),
        BaseParams(),
        RenderingParams(),
        EvaluationParams(),
        GatingParams(),
        ServingParams(),
    )
    with pytest.raises(ConfigError, match="allow_unproven"):
        preflight(*common, PromotionParams(), "inline")
    preflight(*common, PromotionParams(allow_unproven=True), "inline")
    preflight(*common, PromotionParams(), "pool")


def test_a_key_that_cannot_sign_is_known_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_SIGNING_KEY", str(tmp_path / "no-key.pem"))
    data = tmp_path / "rows.jsonl"
    data.write_text("{}\n")
    common = (
        [[str(data)]],
        MixingParams(share=0),
        BaseParams(),
        RenderingParams(),
        EvaluationParams(),
        GatingParams(),
        ServingParams(),
    )
    release = PromotionParams(allow_unproven=True, sign=True)
    for where in ("inline", "pool"):
        with pytest.raises(ConfigError, match="FINETUNE_FLOWS_SIGNING_KEY names cannot be read"):
            preflight(*common, release, where)
    preflight(*common, release.model_copy(update={"sign": False}), "inline")
