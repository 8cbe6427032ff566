"""Evaluation through the real vLLM: the same answers and likelihoods as transformers gives, with an adapter on."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from tasks.evaluation import general
from tasks.evaluation.constrain import load_schema
from tasks.evaluation.engines import Engine, engine
from tasks.evaluation.items import load_asking, make_items
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.served import BASE, TUNED, Served
from tasks.inference.environment import ABSENT, find_server
from tests.tiny import write_tiny_model

SERVER = find_server()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.vllm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(SERVER.name == ABSENT, reason=f"{SERVER.why}: run `make vllm`"),
    pytest.mark.filterwarnings("ignore"),
]

SCHEMA = {
    # An untrained model writes white space for ever where it may, and vLLM's llguidance knows no bound for it.
    "x-guidance": {"whitespace_flexible": False},
    "type": "object",
    "properties": {"pod": {"type": "string", "maxLength": 8}, "reefer": {"type": "boolean"}},
    "required": ["pod", "reefer"],
    "additionalProperties": False,
}

PAIRS = (("Boxes go to", " Kobe, Osaka and Busan"), ("Boxes go to", " Kobe"), ("", "Dear all, please book"))
WRITTEN = {"until": ["\n"], "max_gen_toks": 8, "do_sample": False}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model whose heads are as wide as vLLM's CPU kernels want them."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny"), hidden_size=256)


@pytest.fixture(scope="module")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an adapter that changes what the model says."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("adapter")
    config = LoraConfig(
        r=4, lora_alpha=64, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)
    return folder


def request(kind: Any, *arguments: Any) -> Instance:
    return Instance(request_type=kind, doc={}, arguments=arguments, idx=0)


def measured(found: Engine, items: list[Any], schema: Any, params: EvaluationParams) -> dict[str, Any]:
    tasks = general.load_tasks(params.general_tasks)
    lm = found.harness()
    return {
        "free": [answer.text for answer in found.answer(items, 12, None, lambda *_step: None)],
        "held": [answer.text for answer in found.answer(items, 100, schema, lambda *_step: None)],
        "general": general.ask(lm, tasks, params, on_answer=lambda *_told: None),
        # Free answers and continuations of several tokens, as other tasks of the harness ask for them.
        "written": lm.generate_until([request("generate_until", "3 boxes to", WRITTEN)]),
        "pairs": lm.loglikelihood([request("loglikelihood", *pair) for pair in PAIRS]),
        "facts": found.facts,
    }


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["free"] == theirs["free"]
    assert ours["held"] == theirs["held"]
    assert all(set(json.loads(answer)) == {"pod", "reefer"} for answer in theirs["held"])
    for one, other in zip(ours["general"], theirs["general"], strict=True):
        assert one["loglikelihoods"] == pytest.approx(other["loglikelihoods"], abs=1e-3)
        assert one["item"] == other["item"]
    assert ours["written"] == theirs["written"]
    assert ours["pairs"] == [(pytest.approx(value, abs=1e-3), greedy) for value, greedy in theirs["pairs"]]


def test_vllm_says_what_transformers_says(
    model: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One server, asked for its base and for the adapter."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(SCHEMA))
    schema = load_schema(str(path))
    tokenizer, context = load_asking(model, model)
    rows = [
        {
            "id": f"q:{at}",
            "messages": [{"role": "user", "content": f"{at} boxes to Kobe"}, {"role": "assistant", "content": "{}"}],
        }
        for at in range(4)
    ]
    items = make_items(rows, tokenizer, context)
    ours = {}
    params = EvaluationParams(engine="transformers", general_limit=6, batch_size=4)
    for name, used in ((BASE, None), (TUNED, adapter)):
        with engine(model, model, used, params, 256, tmp_path, lambda _waited: None) as local:
            ours[name] = measured(local, items, schema, params)
    params = params.model_copy(update={"engine": "vllm"})
    with engine(model, model, adapter, params, 256, tmp_path, lambda _waited: None) as found:
        assert isinstance(found, Served)
        base = Served(found.client, BASE, model, tokenizer, found.ends, found.context, params, found.facts)
        theirs = {BASE: measured(base, items, schema, params), TUNED: measured(found, items, schema, params)}
    same(ours[BASE], theirs[BASE])
    same(ours[TUNED], theirs[TUNED])
    assert ours[BASE]["free"] != ours[TUNED]["free"]
    assert ours[BASE]["general"][0]["loglikelihoods"] != ours[TUNED]["general"][0]["loglikelihoods"]
    assert theirs[TUNED]["facts"].engine == SERVER.name
    assert theirs[TUNED]["facts"].adapter_layers == ours[TUNED]["facts"].adapter_layers == 4
