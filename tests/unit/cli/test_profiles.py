"""The profiles that ship are accepted by the flow they are for."""

from pathlib import Path

import pytest

from deployments.cli.values import check, read_profile
from tasks.settings import PROJECT_ROOT

PROFILES = sorted((PROJECT_ROOT / "deployments" / "profiles").glob("*.yaml"))


def test_there_are_profiles() -> None:
    assert {"demo.yaml", "default.yaml"} <= {path.name for path in PROFILES}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profile_is_accepted(path: Path) -> None:
    from flows.finetune import finetune

    values = read_profile(path)
    check(finetune.fn, values)
    for name in (*values["files"], *values["heldout_files"]):
        assert (PROJECT_ROOT / name).is_file()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profile_starts_with_its_command(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("\nname:")[0]
    assert "finetune-flows run finetune --profile" in head
