"""A server without vLLM: transformers and PEFT behind the OpenAI API, for what vLLM cannot take."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tasks.merging.adapter import CONFIG, WEIGHTS
from tasks.serving.directory import context_length, link_file, read_config, write_script
from tasks.serving.params import ServingParams
from tasks.serving.reference import Case

if TYPE_CHECKING:
    from tasks.serving.targets import Prove

FOLDER = "transformers"
SERVER = Path(__file__).with_name("openai_server.py")

SERVE_SH = """\
#!/usr/bin/env bash
# Serves this directory's model with transformers over the OpenAI API on 127.0.0.1, port $PORT or 8000.
# $TRANSFORMERS_PYTHON names the interpreter of an environment with torch, transformers, peft, fastapi and uvicorn;
# without it, the nearest .venv above this directory is taken. Settings are in settings.yaml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python="${TRANSFORMERS_PYTHON:-}"
folder="$PWD"
while [[ -z $python && $folder != / ]]; do
  [[ ! -x $folder/.venv/bin/python ]] || python="$folder/.venv/bin/python"
  folder="$(dirname "$folder")"
done
if [[ -z $python ]]; then
  echo "serve.sh: no .venv above $PWD: run 'make install' in the project, or set TRANSFORMERS_PYTHON" >&2
  exit 2
fi
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
exec "$python" openai_server.py --settings settings.yaml --host 127.0.0.1 --port "${PORT:-8000}" "$@"
"""


def write_transformers(out: Path, params: ServingParams, cases: list[Case], prove: "Prove") -> dict[str, Any]:
    """Write `transformers/` beside a served directory's `model/`, and prove its server live.

    Args:
        out: The served directory with its `model/`.
        params: How it is served.
        cases: The probes with the answers of transformers.
        prove: Proves a live server.

    Raises:
        ProofError: It does not answer as the model does.
    """
    context = context_length(read_config(out / "model"), params)
    folder = write_folder(out / FOLDER, params, model="../model", context=context)
    proof = prove("the transformers server", FOLDER, folder, cases, {"TRANSFORMERS_PYTHON": sys.executable})
    return {"proven": True, "why": "", **proof.as_json()}


def write_folder(folder: Path, params: ServingParams, *, model: str, context: int, adapter: Path | None = None) -> Path:
    """Write server, settings and `serve.sh` into a folder.

    Args:
        folder: Made if it is not there.
        params: How it is served.
        model: The model folder, as seen from there.
        context: Prompt and answer together, tokens.
        adapter: A PEFT adapter of any method to put on the model; linked into the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SERVER, folder / SERVER.name)
    settings = {
        "model": model,
        "adapter": "adapter" if adapter else None,
        "served_model_name": params.model_name,
        "dtype": "float32" if params.dtype == "auto" else params.dtype,
        "max_model_len": context,
    }
    if adapter:
        for name in (CONFIG, WEIGHTS):
            link_file(adapter / name, folder / "adapter" / name)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    write_script(folder / "serve.sh", SERVE_SH)
    return folder
