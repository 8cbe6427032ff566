"""The rules of the house, read off the sources: who may import whom, and what a flow file may hold."""

import ast
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.settings import PROJECT_ROOT

ROOMS = [
    "store", "runtime", "base", "ingest", "screening", "dedup", "quality", "mixing", "splitting", "leakage",
    "rendering", "training", "inference", "metrics", "guardrails", "evaluation", "gating", "merging", "serving",
    "reporting", "approval", "promotion", "pipeline",
]  # fmt: skip
HEAVY = {
    "torch", "transformers", "trl", "peft", "datasets", "bitsandbytes", "sentence_transformers", "datasketch",
    "lm_eval", "matplotlib", "scipy", "pyarrow", "numpy", "wandb", "pandas", "numba", "faiss", "model2vec", "ray",
    "datafog", "detect_secrets", "phonenumbers", "s3fs", "huggingface_hub",
}  # fmt: skip
# A room's parameters and door import what they need of rooms above; these two look down on purpose.
GROUND = {"store": {"runtime"}, "runtime": {"store"}}
FLOW_FILES = sorted(path for path in (PROJECT_ROOT / "flows").glob("*.py") if path.stem != "__init__")
GOLDEN = Path(__file__).parent / "golden"


def modules(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each module a file imports, and whether at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", id(node) in top


def sources() -> list[Path]:
    return sorted((PROJECT_ROOT / "tasks").rglob("*.py"))


def test_every_room_is_known_and_says_its_contract() -> None:
    found = sorted(path.name for path in (PROJECT_ROOT / "tasks").iterdir() if (path / "__init__.py").is_file())
    assert found == sorted(ROOMS)
    for room in ROOMS:
        docstring = ast.get_docstring(ast.parse((PROJECT_ROOT / "tasks" / room / "__init__.py").read_text())) or ""
        for word in ("Takes:", "Gives:", "Promises:", "Refuses:"):
            assert word in docstring, f"tasks/{room}/__init__.py does not say what it {word}"


def test_only_the_door_of_a_room_knows_prefect() -> None:
    checked = 0
    for path in sources():
        if path.name != "task.py":
            checked += 1
            assert not [name for name, _top in modules(path) if name.split(".")[0] == "prefect"], path
    assert checked > 50


def test_no_stage_imports_a_later_one() -> None:
    crossings = 0
    for room in ROOMS:
        allowed = set(ROOMS[: ROOMS.index(room) + 1]) | GROUND.get(room, set())
        for path in (PROJECT_ROOT / "tasks" / room).rglob("*.py"):
            for name, _top in modules(path):
                parts = name.split(".")
                assert parts[0] != "flows", f"{path}: tasks do not know flows"
                if parts[0] == "deployments":
                    raise AssertionError(f"{path}: tasks do not know deployments")
                if parts[0] == "tasks" and len(parts) > 1 and parts[1] in ROOMS:
                    crossings += parts[1] != room
                    assert parts[1] in allowed, f"{path} imports {name}, which comes later"
    assert crossings > 50


def test_nothing_heavy_is_imported_at_module_level() -> None:
    # Modules that are imported inside functions only, and say so, may name what they need at the top.
    inner = {PROJECT_ROOT / "tasks" / "training" / name for name in ("callbacks.py", "trainer.py")}
    inner |= set((PROJECT_ROOT / "tasks" / "dedup" / "kernels").glob("*.py"))
    for path in [*sources(), *FLOW_FILES, *(PROJECT_ROOT / "deployments").rglob("*.py")]:
        if path not in inner:
            heavy = {name for name, top in modules(path) if top and name.split(".")[0] in HEAVY}
            assert not heavy, f"{path} imports {heavy} at its top"


def test_importing_the_main_flow_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, json, flows.finetune; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert not (HEAVY - {"numpy"}) & set(json.loads(done.stdout))


@pytest.mark.parametrize("path", FLOW_FILES, ids=lambda path: path.stem)
def test_a_flow_file_is_imports_and_one_thin_flow(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions] == [path.stem]
    assert len(functions[0].decorator_list) == 1
    others = [
        node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom | ast.Expr)
    ]
    assert not others
    assert not [node for node in ast.walk(functions[0]) if isinstance(node, ast.For | ast.While | ast.Try | ast.With)]
    assert len(path.read_text().splitlines()) < 100


@pytest.mark.parametrize("path", FLOW_FILES, ids=lambda path: path.stem)
def test_a_flow_file_shadows_no_module(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry or ".").name != "flows"])
    assert importlib.util.find_spec(path.stem) is None


def test_the_profile_model_and_the_flow_have_the_same_parameters() -> None:
    from flows.finetune import finetune
    from tasks.pipeline.params import FinetuneParams

    signature = inspect.signature(finetune.fn)
    assert list(signature.parameters) == list(FinetuneParams.model_fields)
    for name, field in FinetuneParams.model_fields.items():
        assert signature.parameters[name].default == field.default
        annotation = signature.parameters[name].annotation
        if typing.get_origin(annotation) is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        assert annotation == field.annotation


def entrypoints() -> dict[str, str]:
    said = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return {deployment["name"]: deployment["entrypoint"] for deployment in said["deployments"]}


def test_every_flow_is_deployed_under_its_own_name() -> None:
    assert entrypoints() == {path.stem: f"flows/{path.name}:{path.stem}" for path in FLOW_FILES}
    assert len(FLOW_FILES) == 8


LOAD = """
import json, sys
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
found = {}
for entrypoint in json.loads(sys.argv[1]):
    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    found[flow.name] = parameter_schema(flow).model_dump_for_openapi()
print(json.dumps(found))
"""


def test_forms_are_as_agreed(tmp_path: Path) -> None:
    """A changed form is a changed interface: `UPDATE_GOLDEN=1 pytest -k forms` accepts it."""
    paths = [f"{PROJECT_ROOT / entrypoint}" for entrypoint in entrypoints().values()]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps(paths)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    schemas: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert set(schemas) == set(entrypoints())
    for name, schema in schemas.items():
        path = GOLDEN / f"{name}.json"
        text = json.dumps(schema, indent=1, sort_keys=True) + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert json.loads(path.read_text(encoding="utf-8")) == schema, f"the form of {name} has changed"


def test_every_field_of_a_form_is_explained() -> None:
    golden = json.loads((GOLDEN / "finetune.json").read_text(encoding="utf-8"))
    fields = 0
    for name, definition in golden["definitions"].items():
        for key, field in definition["properties"].items():
            fields += 1
            assert field.get("title"), f"{name}.{key} has no title"
            assert field.get("description"), f"{name}.{key} has no description"
            assert "default" in field, f"{name}.{key} has no default in the form"
            assert "position" in field, f"{name}.{key} has no position"
    assert fields > 60
