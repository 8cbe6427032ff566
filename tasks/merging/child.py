"""Child process: merge, write the model's folder, prove parity."""

from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.merging.adapter import read_adapter
from tasks.merging.export import check_tokens, export_settings
from tasks.merging.figures import rounded
from tasks.merging.params import MergingParams
from tasks.merging.parity import Proof, check_delta, check_parity
from tasks.merging.probes import choose_probes
from tasks.merging.weights import merge_weights
from tasks.runtime.child import Events, StopFlag
from tasks.store.records import read_json, write_json


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Merge `payload["training"]` into `payload["model"]` and prove it on rows of `payload["splits"]`."""
    params = MergingParams.model_validate(payload["params"])
    base, training, out = Path(payload["model"]), Path(payload["training"]), Path(payload["out"])
    said = read_json(training / "training.json")
    if params.base == "dequantised" and not said["quantised"]:
        raise ConfigError(
            "merging.base is dequantised, but training had the 16-bit base: there are no 4-bit weights to read back. "
            "Set merging.base to 16-bit, or training.method to qlora."
        )
    adapter = read_adapter(training / "adapter", said["method"])
    probes = choose_probes(Path(payload["splits"]), params.probes)
    model = out / "model"
    model.mkdir()
    passes = 4 if said["quantised"] else 3
    asked, told = 0, -1

    def on_tensor(done: int, total: int) -> None:
        nonlocal told
        stop.check()
        # Called for each block, of which a tensor has many.
        if done != told and (done % 20 == 0 or done == total):
            told = done
            events.progress(f"merged {done} of {total} tensors", done, total)

    def on_probe(what: str, index: int) -> None:
        nonlocal asked
        stop.check()
        if index % 4 == 0:
            events.progress(f"{what}: probe {index + 1} of {len(probes)}", asked, passes * len(probes))
        asked += 1

    held_in = said["base_dtype"] if params.base == "dequantised" else ""
    merge = merge_weights(base, adapter, model, on_tensor, max_shard_size=params.max_shard_size, held_in=held_in)
    changed = {name: rounded(value) for name, value in merge.delta.figures().items()}
    check_delta(changed)
    export_settings(base, training, model, untied=merge.untied)
    tokens = check_tokens(base, training, model, probes)
    proof = Proof(base, training, probes, params, Path(payload["scratch"]), on_probe)
    figures = {
        **proof.measure(model, merge.dtype, quantised=said["quantised"]),
        "base": params.base,
        "untied": merge.untied,
        "files": merge.files,
        "prompt_tokens_equal": tokens,
        "delta": changed,
        "warnings": merge.delta.warnings(),
    }
    write_json(out / "parity.json", figures)
    check_parity(figures)
    return {"probes": len(probes), "tensors": merge.delta.tensors, "warnings": len(figures["warnings"])}
