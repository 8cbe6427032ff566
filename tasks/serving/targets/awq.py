"""The AWQ target: 4-bit weights for vLLM, measured against the model they were made of, and proven on a server.

Activation-aware weight quantisation (Lin et al. 2023, arXiv:2306.00978) by llm-compressor, in the compressed-tensors
format: weights of four bits with a scale and a zero point for each group of inputs (W4A16, asymmetric).
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.inference.guard import GRACE_S
from tasks.inference.server import REPORT_EVERY_S, tail
from tasks.merging.asking import load, load_tokenizer, logits
from tasks.merging.figures import Distance
from tasks.merging.probes import Probe, choose_probes, token_ids
from tasks.rendering.chat import encode
from tasks.serving.directory import link_file, link_tree, read_config, server_settings, write_server
from tasks.serving.reference import cases
from tasks.serving.targets import Order
from tasks.serving.targets.packed import write_unpacked
from tasks.store.records import write_json

FOLDER = "awq"
SCRIPT = Path(__file__).with_name("awq_quantise.py")
# Families whose layers llm-compressor knows, so that it smooths the right ones.
ARCHITECTURES = (
    "LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
)  # fmt: skip
GROUP_SIZES = (128, 64, 32)
# vLLM's kernels want inputs and outputs in blocks of so many.
_BLOCK = 32
CALIBRATION_TOKENS = 512
POLL_S = 0.5


def problems(config: Mapping[str, Any]) -> list[str]:
    """Return every reason why a model's `config.json` cannot be quantised."""
    names = config.get("architectures") or ["none"]
    if names[0] not in ARCHITECTURES:
        return [f"its architecture is {names[0]}, and the AWQ target knows {', '.join(ARCHITECTURES)}"]
    return [
        f"its {name} of {width} is no multiple of {_BLOCK}" for name, width in _widths(config).items() if width % _BLOCK
    ]


def group_size(config: Mapping[str, Any]) -> int:
    """Return how many inputs share a scale: the largest usual size that divides the inputs of every layer."""
    widths = _widths(config)
    del widths["width of keys and values"]
    return next(size for size in GROUP_SIZES if all(width % size == 0 for width in widths.values()))


def _widths(config: Mapping[str, Any]) -> dict[str, int]:
    heads = config["num_attention_heads"]
    size = config.get("head_dim") or config["hidden_size"] // heads
    return {
        "hidden_size": config["hidden_size"],
        "intermediate_size": config["intermediate_size"],
        "width of heads": heads * size,
        "width of keys and values": (config.get("num_key_value_heads") or heads) * size,
    }


def write_awq(order: Order) -> dict[str, Any]:
    """Write `awq/` from a served directory's `model/`: measured against it, and proven on vLLM where there is one.

    Raises:
        ProofError: The quantised model is too far from `model/`, or a server does not answer as it does.
    """
    out, work, params = order.out, order.work, order.params
    folder = out / FOLDER
    tokenizer = load_tokenizer(out / "model")
    rows = [
        [*token_ids(tokenizer, probe), *encode(tokenizer, probe.answer)][:CALIBRATION_TOKENS]
        for probe in choose_probes(order.splits, params.awq_rows, ("train",))
    ]
    size = group_size(read_config(out / "model"))
    settings = {"model": str(out / "model"), "out": str(work / FOLDER), "rows": rows, "group_size": size}
    _quantise(order.compressor.python, settings, work, order.wait)
    for name in ("config.json", *(path.name for path in (work / FOLDER).glob("model*.safetensors*"))):
        link_file(work / FOLDER / name, folder / "model" / name)
    # Tokenizer, template and stops are those of the model, not those that another transformers writes.
    link_tree(out / "model", folder / "model", lambda path: not (folder / "model" / path.name).exists() and _text(path))
    plain = work / "awq-unpacked"
    shutil.rmtree(plain, ignore_errors=True)
    layers = write_unpacked(folder / "model", plain)
    figures = _distance(out / "model", plain, order.probes, order.step).figures()
    if not figures["kl"] <= params.awq_max_kl:
        raise ProofError(
            f"the 4-bit model is {figures['kl']} nats (KL) from the 16-bit one, more than serving.awq_max_kl = "
            f"{params.awq_max_kl}; their first choices agree at {figures['top1_agreement']:.1%} of positions. Small "
            "models lose most: calibrate with more rows (serving.awq_rows), allow more, or leave awq out of "
            "serving.targets"
        )
    # No kernel for 4-bit weights computes in float32.
    dtype = "float16" if params.dtype == "float16" else "bfloat16"
    settings = server_settings(read_config(folder / "model"), params, gpu=order.server.has_gpu_kernels)
    write_server(folder, settings | {"dtype": dtype})
    said: dict[str, Any] = {"proven": False, "why": f"{order.server.why}; {_told(figures)}"}
    if order.proving:
        known = cases(plain, order.probes, params.max_new_tokens, order.step)
        proof = order.prove("vLLM with 4-bit weights", FOLDER, folder, known, {"VLLM_PYTHON": order.server.python})
        said = {"proven": True, "why": _told(figures), **proof.as_json()}
    shutil.rmtree(plain)
    return said | {"layers": layers, "group_size": size, "calibration_rows": len(rows), **figures}


def _text(path: Path) -> bool:
    return not path.name.endswith((".safetensors", ".safetensors.index.json"))


def _told(figures: Mapping[str, float]) -> str:
    return f"KL {figures['kl']} nats from the 16-bit model, top-1 agreement {figures['top1_agreement']:.1%}"


def _quantise(python: str, settings: dict[str, Any], work: Path, wait: Callable[[str], None]) -> None:
    shutil.rmtree(settings["out"], ignore_errors=True)
    asked, log = work / "awq.json", work / "awq.log"
    write_json(asked, settings)
    with log.open("wb") as file:
        guard = subprocess.Popen(
            # -P: the script's own folder holds modules with the names of libraries.
            [sys.executable, "-m", "tasks.inference.guard", python, "-P", str(SCRIPT), str(asked)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    started = reported = time.monotonic()
    try:
        while guard.poll() is None:
            if (now := time.monotonic()) - reported >= REPORT_EVERY_S:
                reported = now
                wait(f"4-bit weights are made ({now - started:.0f} s)")
            time.sleep(POLL_S)
    finally:
        guard.terminate()
        guard.wait(3 * GRACE_S)
    if guard.returncode:
        raise ProofError(
            f"llm-compressor ended with code {guard.returncode}: it cannot quantise this model, or memory was not "
            f"enough. Leave awq out of serving.targets, or read {log}, which ends:\n{tail(log)}"
        )


def _distance(before: Path, after: Path, probes: list[Probe], step: Callable[[str], None]) -> Distance:
    found = Distance()
    tokenizer, model = load(before)
    expected = [logits(model, tokenizer, probe) for probe in probes]
    del model
    _tokenizer, model = load(after)
    for index, (probe, known) in enumerate(zip(probes, expected, strict=True)):
        found.add(known, logits(model, tokenizer, probe))
        step(f"the 4-bit model answered probe {index + 1} of {len(probes)}")
    return found
