"""The items of the benchmarks as files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import orjson
import pytest

from tasks.errors import ConfigError
from tasks.evaluation import benchmarks, general
from tasks.evaluation.benchmarks import (
    NOT_AVAILABLE,
    benchmark_items,
    bundled_items,
    harness_items,
    write_harness_items,
)
from tasks.evaluation.suite import NAME
from tasks.settings import PROJECT_ROOT
from tasks.store.records import read_rows


class Quiet:
    """Stands for the events and the stop flag of a child process."""

    def progress(self, *_said: Any) -> None: ...

    def check(self) -> None: ...


@pytest.fixture
def payload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    return {"tasks": [NAME], "out": str(tmp_path), "cache": str(tmp_path / "cache"), "run_model_code": False}


def harness_task(tmp_path: Path, docs: list[dict[str, Any]], **config: Any) -> Any:
    """Return a real task of the harness over local rows."""
    from lm_eval.tasks import TaskManager

    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    whole = {
        "task": "local",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        **config,
    }
    return TaskManager(include_defaults=False).load([whole])["tasks"]["local"]


DOC = {"question": "Which is blue?", "choices": ["the sky", "the grass"], "answer": 0}


def test_the_bundled_suite_is_written_without_a_child_process(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(benchmarks, "run_child", lambda *_: pytest.fail("no child is needed"))
    files = benchmark_items([NAME], tmp_path / "new" / "folder")
    rows = list(read_rows(files[NAME]))
    assert (list(files), len(rows)) == ([NAME], 595)
    assert [path.name for path in files[NAME].parent.iterdir()] == [f"{NAME}.jsonl"]
    assert rows[0] == {
        "id": "months-008", "text": "The month that comes right after August is", "answer": "September",
    }  # fmt: skip


def test_the_harness_gives_the_same_items_of_the_bundled_suite(payload, tmp_path) -> None:
    assert write_harness_items(payload, Quiet(), Quiet()) == {NAME: f"{NAME}.jsonl"}
    assert list(read_rows(tmp_path / f"{NAME}.jsonl")) == list(bundled_items())


def test_data_out_of_reach_are_said_not_skipped(payload, tmp_path, monkeypatch) -> None:
    loaded = general.load_tasks([NAME])

    def load(names: list[str], **_settings: bool) -> dict[str, Any]:
        if names == ["far"]:
            raise ConfigError("the data could not be loaded") from ConnectionError("no hub")
        return {"group/leaf": loaded[NAME]}

    monkeypatch.setattr(general, "load_tasks", load)
    payload["tasks"] = ["far", "group"]
    files = write_harness_items(payload, Quiet(), Quiet())
    assert files == {"far": "far.jsonl", "group/leaf": "group-leaf.jsonl"}
    assert list(read_rows(tmp_path / "far.jsonl")) == [{"not_checked": NOT_AVAILABLE}]
    assert len(list(read_rows(tmp_path / "group-leaf.jsonl"))) == 595


def test_the_items_of_other_tasks_are_read_once(tmp_path, monkeypatch) -> None:
    found = {"row": {"not_checked": NOT_AVAILABLE}}
    calls = []

    def child(_target: str, payload: dict[str, Any], _workdir: Path) -> dict[str, str]:
        calls.append(payload["tasks"])
        write_rows(Path(payload["out"]) / "arc_easy.jsonl", [found["row"]])
        return {"arc_easy": "arc_easy.jsonl"}

    def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))

    monkeypatch.setattr(benchmarks, "run_child", child)
    for _ in range(2):
        assert list(read_rows(benchmark_items(["arc_easy"], tmp_path)["arc_easy"])) == [found["row"]]
    assert len(calls) == 2, "data that were out of reach may be there now"
    found["row"] = {"id": "1", "text": "Which?", "answer": "That."}
    for _ in range(2):
        assert list(read_rows(benchmark_items(["arc_easy"], tmp_path)["arc_easy"])) == [found["row"]]
    assert len(calls) == 3
    benchmark_items(["arc_easy", "arc_challenge"], tmp_path)
    assert len(calls) == 4, "other tasks are read anew"


@pytest.mark.integration
def test_a_real_child_process_notes_a_task_without_its_data(tmp_path) -> None:
    files = benchmark_items(["arc_easy", NAME], tmp_path)
    assert list(read_rows(files["arc_easy"])) == [{"not_checked": NOT_AVAILABLE}]
    assert len(list(read_rows(files[NAME]))) == 595


def test_a_name_that_no_task_has_is_refused(payload, monkeypatch) -> None:
    def load(names: list[str], **_settings: bool) -> dict[str, Any]:
        raise ConfigError(f"no tasks: {names}")

    monkeypatch.setattr(general, "load_tasks", load)
    with pytest.raises(ConfigError, match="no tasks"):
        write_harness_items(payload, Quiet(), Quiet())


@pytest.mark.parametrize(
    ("config", "doc", "expected"),
    [
        ({}, DOC | {"id": "d-1"}, ("d-1", "Question: Which is blue?\nAnswer:", "the sky")),
        ({}, DOC | {"id": 7}, ("0", "Question: Which is blue?\nAnswer:", "the sky")),
        ({}, DOC | {"answer": -1}, ("0", "Question: Which is blue?\nAnswer:", "")),
        (
            {"should_decontaminate": True, "doc_to_decontamination_query": "question"},
            DOC,
            ("0", "Which is blue?", "the sky"),
        ),
        (
            {"should_decontaminate": True, "doc_to_decontamination_query": "Question: {{question}}"},
            DOC,
            ("0", "Question: Which is blue?\nAnswer:", "the sky"),
        ),
        (
            {"output_type": "generate_until", "doc_to_choice": None, "doc_to_target": "answer"},
            DOC | {"answer": ["blue", "azure"]},
            ("0", "Question: Which is blue?\nAnswer:", "blue azure"),
        ),
        (
            {"doc_to_text": "answer", "doc_to_target": "{{question}}"},
            DOC | {"answer": 1},
            ("0", "the grass", "Which is blue?"),
        ),
    ],
    ids=["own id", "number", "no label", "query field", "query template", "free answer", "choice of beginnings"],
)
def test_what_a_harness_task_asks(tmp_path, monkeypatch, config, doc, expected) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    (row,) = harness_items(harness_task(tmp_path, [doc], **config))
    assert (row["id"], row["text"], row["answer"]) == expected


def test_importing_the_module_loads_nothing_heavy() -> None:
    code = "import sys, tasks.evaluation.benchmarks; print({'torch', 'lm_eval', 'datasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
