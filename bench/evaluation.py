"""Answers and likelihoods of the evaluation against the plain ways: `make bench-eval`, or `python -m bench.evaluation`.

Generation: the demo's held-out prompts in the embedded model, greedy. Ours, one `generate` call for each prompt, and
`generate` over batches in file order, one after the other, round by round; medians, and whether all texts are equal.
Likelihoods: general questions with long contexts, ours and the harness's own model, each in a process of its own;
seconds and how much the peak of memory grew. Writes bench/results/evaluation.json and prints the table.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.common import CACHE, RESULTS, ROOT, cores, forget_peak, processor, resident
from tasks.base.convert import convert_embedded
from tasks.evaluation.generation import end_tokens, generate
from tasks.evaluation.items import TaskItem, make_items
from tasks.evaluation.model import load_model
from tasks.evaluation.params import EvaluationParams
from tasks.store.records import read_rows, write_json

RESULT = RESULTS / "evaluation.json"
HELDOUT = ROOT / "deployments" / "demo" / "data" / "heldout.jsonl"
BATCH = 32
WAYS = ("ours", "one by one", "batches in file order")
CONTEXTS, CONTEXT_WORDS = 8, 200


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=48, help="longest answer")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--model", type=Path, help="a model folder with a chat template; default: the embedded one")
    parser.add_argument("--adapter", type=Path, help="a PEFT adapter to put on it: tuned answers end by themselves")
    parser.add_argument("--result", type=Path, default=RESULT)
    parser.add_argument("--likelihoods", choices=("ours", "harness"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(asked.threads)
    folder = asked.model or _embedded()
    if asked.likelihoods:
        print(json.dumps(_likelihoods(folder, asked.likelihoods)))
        return
    told = {
        "processor": processor(),
        "python": platform.python_version(),
        "threads": asked.threads,
        "runs": asked.runs,
        "generation": _generation(folder, asked),
        "likelihoods": _processes(folder, asked),
    }
    write_json(asked.result, told)
    _print(told)


def _embedded() -> Path:
    folder = CACHE / "embedded"
    if not (folder / "config.json").is_file():
        partial = CACHE / "embedded.part"
        convert_embedded(partial)
        partial.rename(folder)
    return folder


def _generation(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    model, tokenizer, _layers = load_model(folder, folder, asked.adapter)
    rows = [row | {"id": str(at)} for at, row in enumerate(read_rows(HELDOUT))][: asked.items]
    items = make_items(rows, tokenizer, None)
    ways: dict[str, Callable[[], list[str]]] = {
        "ours": lambda: _ours(model, tokenizer, items, asked.tokens),
        "one by one": lambda: _plain(model, tokenizer, items, asked.tokens, 1),
        "batches in file order": lambda: _plain(model, tokenizer, items, asked.tokens, BATCH),
    }
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    texts: dict[str, list[str]] = {}
    for run in range(asked.runs):
        for way, ask in ways.items():
            started = time.perf_counter()
            texts[way] = ask()
            seconds[way].append(time.perf_counter() - started)
            print(f"round {run + 1}: {way}: {seconds[way][-1]:.1f} s", file=sys.stderr)
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    return {
        "items": len(items),
        "prompt_tokens": sum(len(item.tokens) for item in items),
        "answer_tokens": sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts["ours"]),
        "longest_answer": asked.tokens,
        "seconds": medians,
        "equal_texts": {way: sum(map(str.__eq__, texts["ours"], texts[way])) for way in WAYS if way != "ours"},
        "ratio": {way: medians[way] / medians["ours"] for way in WAYS if way != "ours"},
    }


def _ours(model: Any, tokenizer: Any, items: list[TaskItem], tokens: int) -> list[str]:
    answers = generate(
        model,
        tokenizer,
        items,
        batch_size=BATCH,
        batch_tokens=1 << 14,
        max_new_tokens=tokens,
        on_step=lambda *_step: None,
    )
    return [answer.text for answer in answers]


def _plain(model: Any, tokenizer: Any, items: list[TaskItem], tokens: int, size: int) -> list[str]:
    """Answer as a loop around `generate` does; batches are padded by the tokenizer."""
    import torch

    texts = []
    for start in range(0, len(items), size):
        batch = [{"input_ids": item.tokens} for item in items[start : start + size]]
        padded = tokenizer.pad(batch, padding_side="left", return_tensors="pt")
        with torch.inference_mode():
            written = model.generate(
                **padded,
                do_sample=False,
                max_new_tokens=tokens,
                eos_token_id=sorted(end_tokens(model, tokenizer)),
                pad_token_id=tokenizer.pad_token_id,
            )
        answers = written[:, padded["input_ids"].shape[1] :]
        texts += tokenizer.batch_decode(answers, skip_special_tokens=True)
    return texts


def _processes(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure both ways in processes of their own: the peak of memory of a process never falls."""
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "harness": []}
    for _run in range(asked.runs):
        for way, found in runs.items():
            command = [sys.executable, "-m", "bench.evaluation", "--likelihoods", way, "--threads", str(asked.threads)]
            command += ["--model", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            found.append(json.loads(done.stdout.splitlines()[-1]))
    difference = max(
        abs(one - other) for one, other in zip(runs["ours"][0]["values"], runs["harness"][0]["values"], strict=True)
    )
    seconds = {way: statistics.median(run["seconds"] for run in found) for way, found in runs.items()}
    grown = {way: statistics.median(run["grown_mb"] for run in found) for way, found in runs.items()}
    return {
        "requests": len(runs["ours"][0]["values"]),
        "seconds": seconds,
        "peak_grown_mb": grown,
        "largest_difference_nats": difference,
        "ratio_seconds": seconds["harness"] / seconds["ours"],
        "ratio_memory": grown["harness"] / grown["ours"],
    }


def _likelihoods(folder: Path, way: str) -> dict[str, Any]:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from tasks.evaluation.harness import local_model

    model, tokenizer, _layers = load_model(folder, folder, None)
    words = " ".join(turn["content"] for row in read_rows(HELDOUT) for turn in row["messages"]).split()
    contexts = [" ".join(words[at * 37 : at * 37 + CONTEXT_WORDS - at * 3]) for at in range(CONTEXTS)]
    pairs = [(context, choice) for context in contexts for choice in (" the port of Kobe", " a reefer box")]
    requests = [Instance("loglikelihood", {}, pair, at) for at, pair in enumerate(pairs)]
    if way == "ours":
        lm = local_model(model, tokenizer, EvaluationParams(batch_size=CONTEXTS))
    else:
        lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=CONTEXTS)
    lm.loglikelihood([Instance("loglikelihood", {}, ("warm", " up"), 0)], disable_tqdm=True)
    forget_peak()
    before, started = resident("VmRSS"), time.perf_counter()
    found = lm.loglikelihood(requests, disable_tqdm=True)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "grown_mb": resident("VmHWM") - before, "values": [value for value, _greedy in found]}


def _print(told: dict[str, Any]) -> None:
    made, scored = told["generation"], told["likelihoods"]
    print(f"{told['processor']}, {told['threads']} threads, medians of {told['runs']} runs")
    print(f"generation: {made['items']} prompts, {made['prompt_tokens']} + {made['answer_tokens']} tokens")
    print(f"  {'ours':24}{made['seconds']['ours']:8.1f} s")
    for way, ratio in made["ratio"].items():
        equal = made["equal_texts"][way]
        print(f"  {way:24}{made['seconds'][way]:8.1f} s  {ratio:5.2f} x  {equal} of {made['items']} texts equal")
    print(f"likelihoods: {scored['requests']} choices, largest difference {scored['largest_difference_nats']:.1e} nats")
    for way in ("ours", "harness"):
        print(f"  {way:24}{scored['seconds'][way]:8.1f} s, peak of memory + {scored['peak_grown_mb'][way]:.0f} MB")


if __name__ == "__main__":
    main()
