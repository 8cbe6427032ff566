"""Child process: merge, write the model's folder, prove parity."""

from pathlib import Path
from typing import Any

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
    adapter = read_adapter(training / "adapter", said["method"])
    probes = choose_probes(Path(payload["splits"]), params.probes)
    model = out / "model"
    model.mkdir()
    passes = 3 if said["quantised"] else 2
    total = len(adapter.modules) + passes * len(probes)

    def on_tensor(done: int) -> None:
        stop.check()
        if done % 20 == 0 or done == len(adapter.modules):
            events.progress(f"merged {done} of {len(adapter.modules)} tensors", done, total)

    asked = 0

    def on_probe(what: str, index: int) -> None:
        nonlocal asked
        stop.check()
        if index % 4 == 0:
            events.progress(f"{what}: probe {index + 1} of {len(probes)}", len(adapter.modules) + asked, total)
        asked += 1

    delta, dtype = merge_weights(base, adapter, model, on_tensor)
    changed = {name: rounded(value) for name, value in delta.figures().items()}
    check_delta(changed)
    export_settings(base, training, model)
    tokens = check_tokens(base, training, model, probes)
    proof = Proof(base, training, probes, params, Path(payload["scratch"]), on_probe)
    quantised = said["compute_dtype"] if said["quantised"] else None
    figures = {**proof.measure(model, dtype, quantised), "prompt_tokens_equal": tokens, "delta": changed}
    write_json(out / "parity.json", figures)
    check_parity(figures)
    return {"probes": len(probes), "tensors": len(adapter.modules)}
