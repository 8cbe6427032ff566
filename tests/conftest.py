"""Fixtures for all tests: an isolated home, a tiny model, artefacts made by hand."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

os.environ.update(
    HF_HUB_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    WANDB_MODE="offline",
    DO_NOT_TRACK="1",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
)

from tasks.settings import PROJECT_ROOT
from tasks.store.keys import Stage, digest_of, stage_key
from tasks.store.params import NoParams, Params
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe
from tests.tiny import write_tiny_model

# No test is timed but by its limit: a busy machine is not a fault of the code.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home of its own, and let it read files below its temporary folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("FINETUNE_FLOWS_HOME", str(folder))
    monkeypatch.setenv("FINETUNE_FLOWS_INPUT_ROOTS", os.pathsep.join([str(tmp_path.parent.parent), str(PROJECT_ROOT)]))
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the server that a run without one gets, with a database and results of the test session's own."""
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings
    from prefect.testing import utilities

    from deployments.server import TemporaryServer

    storage = tmp_path_factory.mktemp("results")
    settings = {PREFECT_RESULTS_LOCAL_STORAGE_PATH: str(storage)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "SubprocessASGIServer", TemporaryServer)
        with utilities.prefect_test_harness(server_startup_timeout=120), temporary_settings(settings):
            yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a two-layer llama with a ChatML template and a tokenizer trained on the demo's text."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture
def make_ref(home: Path) -> Callable[..., Ref]:
    """Return a function that stores files as a finished artefact: `make_ref(kind, {name: bytes or str}, counts={})`."""

    def make(kind: str, files: Mapping[str, bytes | str], counts: Mapping[str, int] | None = None) -> Ref:
        contents = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}

        def write(out: Path) -> Outcome:
            for name, data in contents.items():
                path = out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return Outcome(counts=dict(counts or {}))

        key = digest_of({name: data.hex() for name, data in contents.items()})[:24]
        return Store().build(Stage(kind, "test"), key, write, parents={}, params=NoParams())

    return make


@pytest.fixture
def build_at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType], None]:
    """Return a function that lets a room's door build at once, with the key that it would have as a Prefect task."""

    def run(
        recipe: Recipe, write: Callable[[Path], Outcome], *, inputs: Mapping[str, Ref], params: Params, label: str
    ) -> Ref:
        assert label
        key = stage_key(recipe.stage, {role: ref.digest for role, ref in inputs.items()}, params)
        parents = {role: ref.name for role, ref in inputs.items()}
        return Store().build(recipe.stage, key, write, parents=parents, params=params)

    return lambda door: monkeypatch.setattr(door, "run_stage", run)
