"""The served directory: weights, `serve.sh`, `vllm.yaml`."""

import json
import os
import shutil
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
    settings = server_settings(json.loads((merged / "model" / "config.json").read_text()), params, gpu=gpu)
    (out / "vllm.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    script = out / "serve.sh"
    script.write_text(SERVE_SH, encoding="utf-8")
    script.chmod(0o755)
    return settings


def server_settings(config: dict[str, Any], params: ServingParams, *, gpu: bool) -> dict[str, Any]:
    """Return what `vllm.yaml` says; the context never exceeds what the model was made for."""
    longest = config.get("max_position_embeddings") or params.max_model_len
    return {
        "model": "model",
        "served-model-name": [params.model_name],
        "dtype": params.dtype if params.dtype != "auto" or gpu else "float32",
        "max-model-len": min(params.max_model_len, longest),
        "enforce-eager": params.enforce_eager,
    }


def link_tree(source: Path, target: Path) -> None:
    """Hard-link every file of a folder, or copy where the file system cannot link."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, place)
            except OSError:
                shutil.copyfile(path, place)
