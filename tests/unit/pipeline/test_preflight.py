from pathlib import Path

import pytest

from tasks.base.params import BaseParams
from tasks.errors import ConfigError
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
            ServingParams(),
            PromotionParams(),
            "inline",
        )
    text = str(caught.value)
    assert "missing.jsonl" in text
    assert "no-model" in text
    assert "none.jinja, which is no file" in text
    assert "make vllm" in text


def test_a_release_without_proof_is_known_to_be_impossible_before_training(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("{}\n")
    files = [[str(data)]]
    common = (files, MixingParams(share=0), BaseParams(), RenderingParams(), ServingParams())
    with pytest.raises(ConfigError, match="allow_unproven"):
        preflight(*common, PromotionParams(), "inline")
    preflight(*common, PromotionParams(allow_unproven=True), "inline")
    preflight(*common, PromotionParams(), "pool")
