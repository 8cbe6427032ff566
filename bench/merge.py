"""Our merge against PEFT's `merge_and_unload`, from files to files, on a large model that is made for it.

    python -m bench.merge                    # 1.1 B parameters in bfloat16, files of 0.5 GB, three rounds
    python -m bench.merge --rounds 1 --layers 4

Makes a model of Llama's shape with random weights and a LoRA adapter on all its linear layers below `var/bench`, merges
it with each tool in a process of its own, prints medians of time and of the highest resident memory, compares the
results tensor by tensor, and removes everything. Tools take turns within a round, so that a busy minute hits all.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.common import RESULTS, ROOT, cores, processor, resident

OURS, WIDE, NARROW = "finetune-flows", "PEFT, float32", "PEFT, bfloat16"
MB, GB = 1_000_000, 1_000_000_000
HIDDEN, INNER, HEADS, KV_HEADS, VOCABULARY, RANK = 2048, 5632, 32, 4, 32_000, 16
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def main() -> None:
    """Make the model, run the tools, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each tool; medians are shown (default: 3)")
    parser.add_argument("--layers", type=int, default=22, help="layers of 44 M parameters each (default: 22)")
    parser.add_argument("--file-gb", type=float, default=0.5, help="largest file of the model, GB (default: 0.5)")
    parser.add_argument("--run", choices=(OURS, WIDE, NARROW), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench" / "merge", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        sys.stdout.write(json.dumps(run(arguments.run, arguments.folder, arguments.file_gb)) + "\n")
        return
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    try:
        facts = make(folder, arguments.layers, arguments.file_gb)
        say(
            f"{facts['parameters'] / 1e9:.2f} B parameters in bfloat16, {facts['files']} files, the largest "
            f"{facts['largest_mb']:.0f} MB; LoRA of rank {RANK} on {facts['targets']} layers\n"
            f"{processor()}, {cores()} cores, rounds: {arguments.rounds}\n\n"
        )
        runs: dict[str, list[dict[str, float]]] = {OURS: [], WIDE: [], NARROW: []}
        for index in range(arguments.rounds):
            for tool, found in runs.items():
                shutil.rmtree(folder / tool, ignore_errors=True)
                found.append(measured(tool, folder, arguments.file_gb))
                say(f"round {index + 1}: {tool}: {found[-1]['seconds']:.1f} s, {found[-1]['peak_mb']:.0f} MB\n")
        rows = summary(runs, facts["largest_mb"])
        differences = {tool: differing(folder / OURS, folder / tool) for tool in (WIDE, NARROW)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(rows, differences)
    kept = {"machine": processor(), "cores": cores(), "rounds": arguments.rounds, "model": facts}
    kept |= {"tools": rows, "share_of_weights_that_differ_from_ours": differences}
    (RESULTS / "merge.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def make(folder: Path, layers: int, file_gb: float) -> dict[str, Any]:
    """Write the model and the adapter, and say how large they are."""
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=layers,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, tie_word_embeddings=False, dtype="bfloat16",
        architectures=["LlamaForCausalLM"],
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.device("meta"):
        shapes = {name: weight.shape for name, weight in LlamaForCausalLM(config).state_dict().items()}
    base = folder / "base"
    base.mkdir(parents=True)
    config.save_pretrained(base)
    files: list[dict[str, Any]] = [{}]
    where, room, largest, total = {}, file_gb * GB, 0.0, 0
    for name, shape in shapes.items():
        size = 2 * shape.numel()
        if files[-1] and size > room:
            save_file(files[-1], base / f"model-{len(files):05d}.safetensors", metadata={"format": "pt"})
            files[-1] = {}
            files.append({})
            room = file_gb * GB
        spread = torch.ones(shape) if "norm" in name else torch.randn(shape) * 0.02
        files[-1][name] = spread.to(torch.bfloat16)
        where[name] = f"model-{len(files):05d}.safetensors"
        room -= size
        total += shape.numel()
    save_file(files[-1], base / f"model-{len(files):05d}.safetensors", metadata={"format": "pt"})
    index = {"metadata": {"total_size": 2 * total}, "weight_map": where}
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    largest = max(path.stat().st_size for path in base.glob("*.safetensors"))
    settings = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=list(TARGETS), task_type="CAUSAL_LM")
    settings.save_pretrained(folder / "adapter")
    pairs = {}
    for name, shape in shapes.items():
        module = name.removesuffix(".weight")
        if module.endswith(TARGETS):
            pairs[f"base_model.model.{module}.lora_A.weight"] = torch.randn(RANK, shape[1]) * 0.02
            pairs[f"base_model.model.{module}.lora_B.weight"] = torch.randn(shape[0], RANK) * 0.02
    save_file(pairs, folder / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    return {"parameters": total, "files": len(files), "largest_mb": largest / MB, "targets": len(pairs) // 2}


def measured(tool: str, folder: Path, file_gb: float) -> dict[str, float]:
    """Run one tool in a process of its own."""
    command = [sys.executable, "-m", "bench.merge", "--run", tool]
    command += ["--folder", str(folder), "--file-gb", str(file_gb)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def run(tool: str, folder: Path, file_gb: float) -> dict[str, float]:
    """Merge with one tool in this process; libraries are imported before the clock starts."""
    import torch
    from transformers import AutoConfig, LlamaConfig, LlamaForCausalLM

    work = {OURS: _ours, WIDE: _peft("float32"), NARROW: _peft("bfloat16")}[tool]
    AutoConfig.from_pretrained(folder / "base")
    with torch.device("meta"):  # loads the modules that all three need
        LlamaForCausalLM(LlamaConfig(num_hidden_layers=1))
    idle = resident("VmRSS")
    out = folder / tool
    out.mkdir()
    started = time.perf_counter()
    work(folder, out, file_gb)
    return {"seconds": time.perf_counter() - started, "idle_mb": idle, "peak_mb": resident("VmHWM")}


def _ours(folder: Path, out: Path, file_gb: float) -> None:
    from tasks.merging.adapter import read_adapter
    from tasks.merging.weights import merge_weights

    merge_weights(folder / "base", read_adapter(folder / "adapter", "lora"), out, max_shard_size=file_gb)


def _peft(dtype: str) -> Callable[[Path, Path, float], None]:
    """Return PEFT's merge with the model held in one type, saved in bfloat16."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    def work(folder: Path, out: Path, file_gb: float) -> None:
        model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=getattr(torch, dtype))
        merged = PeftModel.from_pretrained(model, str(folder / "adapter")).merge_and_unload()
        merged.to(torch.bfloat16).save_pretrained(out, max_shard_size=f"{int(file_gb * 1000)}MB")

    return work


def differing(ours: Path, theirs: Path) -> float:
    """Return the share of all weights that are not the same bits in two merged models."""
    import torch

    from tasks.merging.tensors import model_files, read_headers

    left, right = read_headers(model_files(ours)), read_headers(model_files(theirs))
    if left.keys() != right.keys():
        raise SystemExit(f"{theirs.name} wrote other tensors than we did: {sorted(left.keys() ^ right.keys())[:4]}")
    different = total = 0
    for name, stored in left.items():
        one, other = stored.whole().view(torch.int16), right[name].whole().view(torch.int16)
        different += int((one != other).sum())
        total += one.numel()
    return different / total


def summary(runs: dict[str, list[dict[str, float]]], largest_mb: float) -> dict[str, dict[str, float]]:
    """Return each tool's medians, and its memory against the largest file."""
    rows = {}
    for tool, found in runs.items():
        row = {key: statistics.median(one[key] for one in found) for key in ("seconds", "peak_mb", "idle_mb")}
        row["taken_mb"] = row["peak_mb"] - row["idle_mb"]
        row["peak_to_file"], row["taken_to_file"] = row["peak_mb"] / largest_mb, row["taken_mb"] / largest_mb
        rows[tool] = row
    return rows


def show(rows: dict[str, dict[str, float]], differences: dict[str, float]) -> None:
    """Print the table."""
    say(
        f"\n{'':16} {'time':>8} {'against ours':>13} {'peak memory':>12} {'of largest file':>16} "
        f"{'without imports':>16} {'weights not as ours':>20}\n"
    )
    for tool, row in rows.items():
        other = f"{differences[tool]:.1e}" if tool in differences else "-"
        say(
            f"{tool:16} {row['seconds']:6.1f} s {row['seconds'] / rows[OURS]['seconds']:12.2f}x "
            f"{row['peak_mb']:9.0f} MB {row['peak_to_file']:15.2f}x {row['taken_to_file']:15.2f}x {other:>20}\n"
        )


if __name__ == "__main__":
    main()
