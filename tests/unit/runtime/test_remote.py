"""Waiting for a run on another pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed, Scheduled

from tasks.errors import FinetuneError
from tasks.runtime import task
from tasks.runtime.remote import Remote


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for a server whose answers are listed; tell what was cancelled."""
    said: dict[str, Any] = {"answers": [], "cancelled": []}

    def read(_run_id: object) -> SimpleNamespace:
        answer = said["answers"].pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return SimpleNamespace(state=answer)

    @contextmanager
    def client(**_options: Any) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(
            read_flow_run=read, set_flow_run_state=lambda run_id, state: said["cancelled"].append((run_id, state.name))
        )

    monkeypatch.setattr(task, "get_client", client)
    monkeypatch.setattr(task, "run_deployment", lambda *_a, **_k: SimpleNamespace(id=uuid4(), name="far-away"))
    monkeypatch.setattr(task, "REMOTE_POLL_S", 0)
    monkeypatch.setattr(task, "AWAY_S", 0)
    return said


def completed(data: Any = None) -> State[Any]:
    return Completed(data=data)


def test_a_server_that_is_away_for_a_moment_costs_nothing(remote: dict[str, Any]) -> None:
    remote["answers"] = [Scheduled(), OSError("away"), RuntimeError("bad gateway"), completed({"merging": "merging/k"})]
    assert task.run_remote(Remote("export_model/export_model")) == {"merging": "merging/k"}
    assert remote["cancelled"] == []


def test_a_result_that_nobody_wants_is_not_read(remote: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def result(_state: State[Any]) -> None:
        raise FileNotFoundError("storage of another machine")

    monkeypatch.setattr(State, "result", result)
    remote["answers"] = [completed(), completed()]
    assert task.run_remote(Remote("train_adapter/train_adapter"), result=False) is None
    with pytest.raises(FinetuneError, match="PREFECT_RESULTS_LOCAL_STORAGE_PATH"):
        task.run_remote(Remote("export_model/export_model"))


def test_a_failed_run_is_named(remote: dict[str, Any]) -> None:
    remote["answers"] = [Failed(message="out of memory")]
    with pytest.raises(FinetuneError, match=r"far-away.*out of memory"):
        task.run_remote(Remote("train_adapter/train_adapter"))


def test_a_deleted_run_is_an_error(remote: dict[str, Any]) -> None:
    remote["answers"] = [ObjectNotFound(http_exc=RuntimeError("404"))]
    with pytest.raises(FinetuneError, match="deleted"):
        task.run_remote(Remote("train_adapter/train_adapter"))


def test_the_run_over_there_is_cancelled_with_this_one(remote: dict[str, Any]) -> None:
    remote["answers"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        task.run_remote(Remote("train_adapter/train_adapter"))
    assert [name for _run, name in remote["cancelled"]] == ["Cancelling"]


def test_what_ended_this_run_is_told_even_if_nothing_can_be_cancelled(
    remote: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_options: Any) -> None:
        raise ConnectionError("away")

    def stop(_run_id: object) -> None:
        monkeypatch.setattr(task, "get_client", away)
        raise KeyboardInterrupt

    monkeypatch.setattr(task, "_wait", stop)
    with pytest.raises(KeyboardInterrupt):
        task.run_remote(Remote("train_adapter/train_adapter"))
