"""A model repository for NVIDIA Triton with its vLLM backend."""

import json
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.serving.directory import context_length, read_config, write_script
from tasks.serving.params import ServingParams
from tasks.store.records import write_json

FOLDER = "triton"

SERVE_SH = """\
#!/usr/bin/env bash
# Serves this repository with Triton's vLLM backend (container tritonserver:*-vllm-python-py3) on 127.0.0.1. Paths in
# model.json count from the served directory, so the server is started there. The backend takes rendered text, not
# messages: apply model/chat_template.jinja first. Options of tritonserver may follow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1
exec tritonserver --model-repository triton --http-address 127.0.0.1 --grpc-address 127.0.0.1 --allow-metrics false "$@"
"""


def write_triton(out: Path, params: ServingParams) -> dict[str, Any]:
    """Write `triton/NAME/{config.pbtxt, 1/model.json}` and `serve.sh`, and read them back.

    Args:
        out: The served directory with its `model/`.
        params: How it is served.

    Raises:
        ProofError: What was written does not read back as it was meant.
    """
    name = repository_name(params.model_name)
    model = out / FOLDER / name
    (model / "1").mkdir(parents=True)
    (model / "config.pbtxt").write_text(_config(name), encoding="utf-8")
    write_json(model / "1" / "model.json", engine_arguments(read_config(out / "model"), params))
    write_script(out / FOLDER / "serve.sh", SERVE_SH)
    check_repository(out / FOLDER, out)
    return {"proven": False, "why": "its files were checked; no Triton ran here", "model": name}


def repository_name(model_name: str) -> str:
    """Return a served name as a folder's name, which Triton takes for the model's."""
    return model_name.replace("/", "--")


def engine_arguments(config: dict[str, Any], params: ServingParams) -> dict[str, Any]:
    """Return what vLLM's engine is started with; `model` counts from the served directory."""
    return {
        "model": "model",
        "served_model_name": [params.model_name],
        "dtype": params.dtype,
        "max_model_len": context_length(config, params),
        "enforce_eager": params.enforce_eager,
        "trust_remote_code": False,
    }


def _config(name: str) -> str:
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2 as triton

    config = triton.ModelConfig(name=name, backend="vllm")
    # The engine places the model on devices itself, and answers in parts.
    config.instance_group.add(count=1, kind=triton.ModelInstanceGroup.KIND_MODEL)
    config.model_transaction_policy.decoupled = True
    text: str = text_format.MessageToString(config)
    return text


def check_repository(repository: Path, root: Path) -> list[str]:
    """Read a model repository back as Triton and its vLLM backend do; return the names of its models.

    Args:
        repository: Holds a folder for each model.
        root: Where the server is started; the engine's `model` counts from there.

    Raises:
        ProofError: A file is missing, does not parse, or says what the backend refuses.
    """
    names = [_check_model(folder, root) for folder in sorted(repository.iterdir()) if folder.is_dir()]
    if not names:
        raise ProofError(f"{repository} holds no model")
    return names


def _check_model(folder: Path, root: Path) -> str:
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2 as triton

    where = folder / "config.pbtxt"
    try:
        config = text_format.Parse(where.read_text(encoding="utf-8"), triton.ModelConfig())
        arguments = json.loads((folder / "1" / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, text_format.ParseError) as error:
        raise ProofError(f"Triton could not read {folder}: {error}") from error
    problems = []
    if config.name != folder.name:
        problems.append(f"its name is '{config.name}', its folder's '{folder.name}'")
    if config.backend != "vllm":
        problems.append(f"its backend is '{config.backend}'")
    if not config.model_transaction_policy.decoupled:
        problems.append("it is not decoupled, which the vLLM backend insists on")
    if [group.kind for group in config.instance_group] != [triton.ModelInstanceGroup.KIND_MODEL]:
        problems.append("it needs one instance group of KIND_MODEL")
    if not (root / str(arguments.get("model")) / "config.json").is_file():
        problems.append(f"its model '{arguments.get('model')}' is no model folder below {root}")
    if problems:
        raise ProofError(f"{where} would not serve: {'; '.join(problems)}")
    return folder.name
