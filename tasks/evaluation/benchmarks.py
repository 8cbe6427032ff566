"""The texts of the benchmarks' items, for whoever must know whether a model was trained on them.

The bundled suite is read as it lies. Other tasks are loaded as lm-evaluation-harness loads them, which imports torch
and reads the hub or its cache: in a child process.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.evaluation.suite import DATA, NAME
from tasks.runtime.child import Events, StopFlag
from tasks.runtime.parent import run_child
from tasks.settings import home
from tasks.store.keys import KEY_LENGTH, digest_of, library_versions
from tasks.store.records import Row, read_json, read_rows, write_json, write_rows

NOT_AVAILABLE = "data not available: neither in the local cache nor from the hub"


def benchmark_items(general_tasks: Sequence[str], out: Path, *, run_model_code: bool = False) -> dict[str, Path]:
    """Write the items of each benchmark to a file of its own.

    Args:
        general_tasks: Names of tasks, as in `evaluation.general_tasks`; a group stands for all its tasks.
        out: The folder for the files; made where it is missing.
        run_model_code: As in `evaluation.run_model_code`: some tasks run code as they are loaded.

    Returns:
        The file of each task, by the name that the scores use: JSON Lines of `id` (the item's name in
            `general_items.jsonl`), `text` and `answer`; the one line `{"not_checked": reason}` for a task whose data
            are out of reach.

    Raises:
        ConfigError: Names that no task has, or tasks that run code though that is not wanted.
    """
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    if NAME in general_tasks:
        files[NAME] = out / f"{NAME}.jsonl"
        _write(files[NAME], bundled_items())
    if others := [name for name in dict.fromkeys(general_tasks) if name != NAME]:
        files |= _of_the_harness(others, out / "harness", run_model_code=run_model_code)
    return files


def _of_the_harness(names: list[str], out: Path, *, run_model_code: bool) -> dict[str, Path]:
    """Return the files of the harness's tasks; those of an earlier run, unless a task's data were out of reach then."""
    about = digest_of([sorted(names), library_versions(("lm-eval",))])[:KEY_LENGTH]
    folder = out / about
    index = folder / "index.json"
    if index.is_file():
        return {name: folder / file for name, file in read_json(index).items()}
    cache = str(home() / "cache" / "datasets")
    payload = {"tasks": names, "out": str(folder), "cache": cache, "run_model_code": run_model_code}
    said = run_child("tasks.evaluation.benchmarks:write_harness_items", payload, folder)
    files = {name: folder / file for name, file in said.items()}
    if not any("not_checked" in row for path in files.values() for row in islice(read_rows(path), 1)):
        write_json(index, said)
    return files


def bundled_items() -> Iterator[Row]:
    """Yield the items of the bundled suite."""
    for row in read_rows(DATA):
        yield {"id": row["id"], "text": row["question"], "answer": row["choices"][row["answer"]]}


def write_harness_items(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, str]:
    """Child process: write the items of `payload["tasks"]` into `payload["out"]`.

    Returns:
        The file's name for each task.
    """
    os.environ.setdefault("HF_DATASETS_CACHE", payload["cache"])
    from tasks.evaluation.general import load_tasks

    files: dict[str, str] = {}
    for number, name in enumerate(payload["tasks"]):
        stop.check()
        events.progress(f"reading the items of {name}", number, len(payload["tasks"]))
        items: dict[str, Iterator[Row]]
        try:
            items = {
                leaf: harness_items(task)
                for leaf, task in load_tasks([name], run_model_code=payload["run_model_code"]).items()
            }
        except ConfigError as error:
            # A name that no task has is the operator's mistake; data out of reach has the library's error as its cause.
            if error.__cause__ is None:
                raise
            items = {name: iter([{"not_checked": NOT_AVAILABLE}])}
        for leaf, rows in items.items():
            files[leaf] = f"{leaf.replace('/', '-')}.jsonl"
            _write(Path(payload["out"]) / files[leaf], rows)
    return files


def harness_items(task: Any) -> Iterator[Row]:
    """Yield the items of a task of the harness, in the order in which it asks them."""
    for number, doc in enumerate(task.eval_docs):
        name = doc.get("id")
        text, answer = _asked(task, doc)
        yield {"id": name if isinstance(name, str) else str(number), "text": text, "answer": answer}


def _write(path: Path, rows: Iterable[Row]) -> None:
    """Write a file at one stroke: another run may read the one that is there."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    write_rows(partial, rows)
    partial.replace(path)


def _asked(task: Any, doc: Row) -> tuple[str, str]:
    question, target = task.doc_to_text(doc), task.doc_to_target(doc)
    choices = task.doc_to_choice(doc) if task.OUTPUT_TYPE == "multiple_choice" else []
    # Some tasks, such as winogrande, choose between beginnings: their text is the place of the right one.
    text = choices[question] if isinstance(question, int) else question
    if isinstance(target, int) and choices:
        target = choices[target] if 0 <= target < len(choices) else ""
    answer = " ".join(map(str, target)) if isinstance(target, list | tuple) else str(target)
    if task.should_decontaminate():
        text = _query(task, doc) or text
    return str(text), answer


def _query(task: Any, doc: Row) -> str:
    """Return what the task itself says should be looked for in training data; empty where that cannot be had."""
    try:
        query = task.doc_to_decontamination_query(doc)
    except (SyntaxError, ValueError):
        # The harness reads a rendered template as a Python literal, which plain words are not.
        return ""
    return query if isinstance(query, str) else ""
