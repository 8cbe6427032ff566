import sys
import time
from pathlib import Path

import pytest

from tasks.errors import ProofError, ResourceError
from tasks.inference.client import Client, Question
from tasks.inference.server import Start, running_server, running_vllm

# An interpreter that takes vLLM's options and tells them as its models' names.
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def reply(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_GET(self):
        self.reply({"data": [{"id": word} for word in [*sys.argv[1:], os.environ["HF_HUB_OFFLINE"]]]})
    def do_POST(self):
        if self.path == "/tokenize":
            self.reply({"error": "no such model"}, 404)
        else:
            os._exit(3)
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    (tmp_path / "server.py").write_text(SERVER)
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path}/server.py "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_a_model_folder_is_served_with_the_callers_settings(tmp_path: Path, python: str) -> None:
    settings = {"max-model-len": 128, "enforce-eager": True}
    with running_vllm(python, tmp_path / "model", settings, tmp_path / "log", 60, "x.y", lambda _s: None) as client:
        assert client.model == "model"
        words = client.models()
        with pytest.raises(ProofError, match="404"):
            client.tokenize(Question([1], [], "text"))
        with pytest.raises(ProofError, match="broke off at POST /v1/completions"):
            client.complete([1], 2)
    assert words[2:4] == ["--model", str(tmp_path / "model")]
    assert words[8:] == ["--max-model-len", "128", "--enforce-eager", "--served-model-name", "model", "1"]


def test_a_server_that_ends_is_shown_with_the_end_of_its_log(tmp_path: Path) -> None:
    start = Start(
        lambda port: [sys.executable, "-c", f"print('no head size', {port}); raise SystemExit(7)"],
        "m", tmp_path / "log", 60, "evaluation.start_timeout_s",
    )  # fmt: skip
    with pytest.raises(ProofError, match=r"(?s)code 7 .*no head size"), running_server(start, lambda _s: None):
        pass


def test_a_slow_server_names_the_parameter_that_waits_longer(tmp_path: Path) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    start = Start(lambda _port: sleeping, "m", tmp_path / "log", 0.1, "evaluation.start_timeout_s")
    began = time.monotonic()
    with (
        pytest.raises(ResourceError, match=r"raise evaluation\.start_timeout_s"),
        running_server(start, lambda _s: None),
    ):
        pass
    assert time.monotonic() - began < 30


def test_a_server_that_is_not_there_is_not_ready() -> None:
    client = Client(1, "m")
    assert not client.ready()
    client.close()
