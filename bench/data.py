"""Raw JSON Lines to clean, deduplicated JSON Lines, against the public pipelines: `make bench-data`.

Each pipeline reads the same files, removes exact and near duplicates (word 3-shingles, Jaccard 0.8, 128 permutations)
and writes what it keeps; ours also validates every row, keeps the groups and accounts for each row. A second line of
ours screens each row for secrets and personal data besides, which the peers' pipelines do not do here. Whole processes
are timed, imports included, in turn; medians. The files hold planted copies; ours have a thousand damaged lines
besides, which are left out for the peers. Writes bench/results/data.json.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.common import CACHE, RESULTS, ROOT, cores, peers_environment, sentence_pool
from bench.corpus import records

RESULT = RESULTS / "data.json"
OURS = "finetune-flows"
SCREENED = "finetune-flows, with screening"
DAMAGED = 1_000
FILES = 2
PEERS: dict[str, list[str]] = {
    "datatrove": ["datatrove[processing]==0.10.1", "orjson", "spacy"],
    "data-juicer": ["py-data-juicer==1.6.1", "aiohttp"],
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    pythons = {name: peers_environment(f"peer-{name}", packages) for name, packages in PEERS.items()}
    folder = CACHE / f"data-{asked.records}"
    _write(folder, records(sentence_pool(), asked.records))
    told: dict[str, list[dict[str, float]]] = {}
    for _ in range(asked.runs):
        told.setdefault(OURS, []).append(_ours(folder, screening=False))
        told.setdefault(SCREENED, []).append(_ours(folder, screening=True))
        told.setdefault("datatrove", []).append(_datatrove(pythons["datatrove"], folder))
        told.setdefault("data-juicer", []).append(_data_juicer(pythons["data-juicer"], folder))
    rows = [{"tool": tool, **_medians(runs)} for tool, runs in told.items()]
    ours = rows[0]
    for row in rows:
        row["times_ours"] = round(row["wall_s"] / ours["wall_s"], 2)
    fastest = min((row for row in rows if row["tool"] in PEERS), key=lambda row: float(row["wall_s"]))
    result = {
        "records": asked.records, "damaged_lines_in_ours": DAMAGED, "cores": cores(),
        "runs": asked.runs, "fastest_peer": fastest["tool"], "ratio_to_fastest_peer": fastest["times_ours"],
        "rows_per_s": round(asked.records / ours["wall_s"]), "tools": rows,
    }  # fmt: skip
    print(f"{'tool':<32}{'wall s':>10}{'kept':>10}{'times ours':>12}")
    for row in rows:
        print(f"{row['tool']:<32}{row['wall_s']:>10}{row['kept']:>10}{row['times_ours']:>12}")
    print(f"ratio to the fastest peer ({fastest['tool']}): {fastest['times_ours']}")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written: {RESULT}")


def _write(folder: Path, texts: list[str]) -> None:
    """Write the clean files for the peers, and the same rows with damaged lines among them for us."""
    rng = random.Random(0)  # noqa: S311
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("clean", "raw"):
        (folder / name).mkdir(parents=True)
    per_file = -(-len(texts) // FILES)
    for number in range(FILES):
        lines = [json.dumps({"text": text}) for text in texts[number * per_file : (number + 1) * per_file]]
        (folder / "clean" / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for _ in range(DAMAGED // FILES):
            at = rng.randrange(len(lines))
            lines.insert(at, rng.choice(['{"text": ', '{"text": ""}', "[]", '{"txt": "a"}']))
        (folder / "raw" / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ours(folder: Path, *, screening: bool) -> dict[str, float]:
    out = _fresh(folder / "ours")
    what = "screening" if screening else "none"
    taken = _timed([sys.executable, "-m", "bench.data_ours", str(folder / "raw"), str(out), what])
    return {**taken, "kept": _lines(out / "dedup" / "records.jsonl")}


def _datatrove(binaries: Path, folder: Path) -> dict[str, float]:
    out = _fresh(folder / "datatrove")
    script = ROOT / "bench" / "peers" / "datatrove_run.py"
    taken = _timed([str(binaries / "python"), str(script), str(folder / "clean"), str(out), str(cores())])
    return {**taken, "kept": sum(map(_lines, (out / "kept").glob("*.jsonl")))}


def _data_juicer(binaries: Path, folder: Path) -> dict[str, float]:
    out = _fresh(folder / "data-juicer")
    settings = {
        "project_name": "bench",
        "dataset_path": str(folder / "clean"),
        "export_path": str(out / "kept.jsonl"),
        "work_dir": str(out / "work"),
        "np": cores(),
        "use_cache": False,
        "process": [
            {
                "document_minhash_deduplicator": {
                    "tokenization": "space",
                    "window_size": 3,
                    "num_permutations": 128,
                    "jaccard_threshold": 0.8,
                }
            }
        ],
    }
    config = out / "config.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")
    taken = _timed([str(binaries / "dj-process"), "--config", str(config)])
    return {**taken, "kept": sum(map(_lines, out.rglob("kept*.jsonl")))}


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _timed(command: list[str]) -> dict[str, float]:
    """Return the wall seconds of a process with all its children."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return {"wall_s": wall}


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _medians(runs: list[dict[str, float]]) -> dict[str, Any]:
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]} | {
        "walls_s": [round(run["wall_s"], 2) for run in runs]
    }


if __name__ == "__main__":
    main()
