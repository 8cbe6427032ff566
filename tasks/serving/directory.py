"""The served directory: weights, `serve.sh`, `vllm.yaml`."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tasks.serving.params import ServingParams

SERVE_SH = """\
#!/usr/bin/env bash
# Serves this directory's model over the OpenAI API on 127.0.0.1, port $PORT or 8000. More options: ./serve.sh --help
# $VLLM_PYTHON names the interpreter of a vLLM environment; without it, the nearest .venv-vllm above this directory is
# taken. Settings are in vllm.yaml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python="${VLLM_PYTHON:-}"
folder="$PWD"
while [[ -z $python && $folder != / ]]; do
  [[ ! -x $folder/.venv-vllm/bin/python ]] || python="$folder/.venv-vllm/bin/python"
  folder="$(dirname "$folder")"
done
if [[ -z $python ]]; then
  echo "serve.sh: no .venv-vllm above $PWD: run 'make vllm' in the project, or set VLLM_PYTHON" >&2
  exit 2
fi

export VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 HF_HUB_OFFLINE=1
export VLLM_CPU_KVCACHE_SPACE="${VLLM_CPU_KVCACHE_SPACE:-1}" # GiB, on CPU servers only
exec "$python" -m vllm.entrypoints.openai.api_server \\
  --config vllm.yaml --host 127.0.0.1 --port "${PORT:-8000}" "$@"
"""


def write_directory(merged: Path, out: Path, params: ServingParams, *, gpu: bool) -> dict[str, Any]:
    """Fill the directory and return the server's settings.

    Args:
        merged: The merging artefact's directory.
        out: The empty directory.
        params: How it is served.
        gpu: Whether the server is known to compute on GPUs.
    """
    link_tree(merged / "model", out / "model")
    settings = server_settings(read_config(merged / "model"), params, gpu=gpu)
    write_server(out, settings)
    return settings


def write_server(out: Path, settings: dict[str, Any]) -> None:
    """Write `vllm.yaml` and the `serve.sh` that starts a server with it."""
    (out / "vllm.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    write_script(out / "serve.sh", SERVE_SH)


def write_script(path: Path, text: str) -> None:
    """Write a program that may be started."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def read_config(model: Path, name: str = "config.json") -> dict[str, Any]:
    """Return a model folder's `config.json`, or another of its settings files."""
    config: dict[str, Any] = json.loads((model / name).read_text())
    return config


def context_length(config: dict[str, Any], params: ServingParams) -> int:
    """Return the context that is served, tokens; it never exceeds what the model was made for."""
    return min(params.max_model_len, config.get("max_position_embeddings") or params.max_model_len)


def server_settings(config: dict[str, Any], params: ServingParams, *, gpu: bool) -> dict[str, Any]:
    """Return what `vllm.yaml` says."""
    return {
        "model": "model",
        "served-model-name": [params.model_name],
        "dtype": params.dtype if params.dtype != "auto" or gpu else "float32",
        "max-model-len": context_length(config, params),
        "enforce-eager": params.enforce_eager,
    }


def link_tree(source: Path, target: Path, wanted: Callable[[Path], bool] = lambda _path: True) -> None:
    """Hard-link every wanted file of a folder, or copy where the file system cannot link."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and wanted(path):
            link_file(path, target / path.relative_to(source))


def link_file(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it where the file system cannot link; links are followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
