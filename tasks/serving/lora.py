"""The base model with the adapter beside it: a second served directory, for servers that share one base."""

from pathlib import Path
from typing import Any

from tasks.merging.adapter import CONFIG, WEIGHTS
from tasks.serving.compatibility import check_adapter, rank_limit
from tasks.serving.directory import link_file, link_tree, read_config, server_settings, write_server
from tasks.serving.params import ServingParams
from tasks.store.records import read_json

FOLDER = "lora"


def write_lora_directory(base: Path, training: Path, out: Path, params: ServingParams, *, gpu: bool) -> Path:
    """Write `lora/`: the base's weights with the trained tokenizer, the adapter, `vllm.yaml` and `serve.sh`.

    Args:
        base: The base model's folder.
        training: The training artefact.
        out: The served directory, whose `model/` is there.
        params: How it is served.
        gpu: Whether the server is known to compute on GPUs.

    Raises:
        ConfigError: vLLM cannot serve this adapter.
    """
    folder = out / FOLDER
    model = folder / "model"
    adapter_config = read_json(training / "adapter" / CONFIG)
    check_adapter(adapter_config)
    # Tokenizer, template and stops are those of the merged model; weights and shape are the base's.
    link_tree(out / "model", model, lambda path: not path.name.endswith((".safetensors", ".safetensors.index.json")))
    for path in [*base.glob("*.safetensors"), *base.glob("*.safetensors.index.json")]:
        link_file(path, model / path.name)
    for name in (CONFIG, WEIGHTS):
        link_file(training / "adapter" / name, folder / "adapter" / name)
    settings = server_settings(read_config(model), params, gpu=gpu)
    write_server(folder, {**settings, **_lora_settings(params.model_name, adapter_config)})
    return folder


def _lora_settings(name: str, adapter: dict[str, Any]) -> dict[str, Any]:
    ranks = [adapter["r"], *(adapter.get("rank_pattern") or {}).values()]
    return {
        "served-model-name": [f"{name}-base"],
        "enable-lora": True,
        "max-lora-rank": rank_limit(max(ranks)),
        "lora-modules": [f"{name}=adapter"],
    }
