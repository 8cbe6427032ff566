"""The judge, against a real HTTP server."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tasks.errors import ConfigError, DataError, TransientError
from tasks.metrics import judge as module
from tasks.metrics.base import Item, Score
from tasks.metrics.judge import JudgeMetric
from tasks.metrics.params import Judge

Make = Callable[..., list[Item]]
REFERENCE = "the reference"


class Server:
    """An OpenAI-compatible server whose verdict is a function of the two answers it is shown."""

    def __init__(self) -> None:
        self.verdict: Callable[[str, str], str] = lambda _a, _b: "TIE"
        self.fails: list[int] = []
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.raw: bytes | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.seen.append(body | {"path": self.path})
                outer.headers.append(dict(self.headers))
                parts = json.loads(body["messages"][1]["content"])
                said = outer.verdict(parts["answer A"], parts["answer B"])
                status = outer.fails.pop(0) if outer.fails else 200
                answer = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
                if status != 200:
                    answer = f"no: {self.headers['Authorization']}".encode()
                # A client that has stopped waiting has closed its end.
                with contextlib.suppress(BrokenPipeError):
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(outer.raw if outer.raw is not None else answer)

            def log_message(self, *_args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def score(server: Server, make: Make, answer: str, **params: Any) -> Score:
    return JudgeMetric(Judge(url=server.url, model="judge", **params)).score(make([(REFERENCE, answer)]))[0]


def prefer(better: str) -> Callable[[str, str], str]:
    return lambda a, _b: "A" if a == better else "B"


@pytest.mark.parametrize(
    ("verdict", "value", "outcome", "verdicts", "consistent"),
    [
        (prefer("mine"), 1.0, "win", ["A", "B"], 1.0),
        (prefer(REFERENCE), 0.0, "loss", ["B", "A"], 1.0),
        (lambda _a, _b: "TIE", 0.5, "tie", ["tie", "tie"], 1.0),
        (lambda _a, _b: "A", 0.5, "contradiction", ["A", "A"], 0.0),
        (lambda _a, _b: "B", 0.5, "contradiction", ["B", "B"], 0.0),
        (lambda a, _b: "A" if a == "mine" else "TIE", 0.5, "contradiction", ["A", "tie"], 1.0),
    ],
)
def test_known_verdicts(
    server: Server, items: Make, verdict: Any, value: float, outcome: str, verdicts: list[str], consistent: float
) -> None:
    server.verdict = verdict
    found = score(server, items, "mine")
    assert (found.value, found.detail["outcome"], found.detail["verdicts"]) == (value, outcome, verdicts)
    assert found.figures == {"preference": value, "position_consistency": consistent, "readable": 1.0}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("a", "A"), ("**B**", "B"), ("Both are fine.\n\nTie.", "tie"), ("Verdict: A", "A"), ("(B)\n", "B"),
        ("A good answer", "unreadable"), ("A or B", "unreadable"),
        ("A\nbut then again", "unreadable"), ("", "unreadable"),
    ],
)  # fmt: skip
def test_how_verdicts_are_read(server: Server, items: Make, said: str, verdict: str) -> None:
    server.verdict = lambda a, _b: said if a == "mine" else "TIE"
    found = score(server, items, "mine")
    assert found.detail["verdicts"] == [verdict, "tie"]
    assert found.figures["readable"] == (0.5 if verdict == "unreadable" else 1.0)


def test_an_answer_equal_to_the_reference_costs_no_question(server: Server, items: Make) -> None:
    found = score(server, items, f" {REFERENCE}\n")
    assert (found.value, found.detail["outcome"], server.seen) == (0.5, "tie", [])


def test_what_the_server_is_asked(server: Server, items: Make) -> None:
    score(server, items, "mine", criteria="Shortness.", max_tokens=7)
    first, second = server.seen
    assert first["path"] == "/v1/chat/completions"
    assert (first["model"], first["temperature"], first["max_tokens"]) == ("judge", 0, 7)
    assert "Shortness." in first["messages"][0]["content"]
    shown = [json.loads(body["messages"][1]["content"]) for body in (first, second)]
    assert [(part["answer A"], part["answer B"]) for part in shown] == [("mine", REFERENCE), (REFERENCE, "mine")]
    assert shown[0]["conversation"] == [{"role": "system", "text": "Reply."}, {"role": "user", "text": "Go."}]
    assert "Authorization" not in server.headers[0]


def test_the_summary_counts_outcomes_and_measures_position_bias(server: Server, items: Make) -> None:
    server.verdict = lambda a, b: "A" if "good" in a + b and "good" in a else "B" if "good" in b else "A"
    metric = JudgeMetric(Judge(url=server.url, model="judge", parallel=2))
    made = items([(REFERENCE, "good"), (REFERENCE, "x"), (REFERENCE, "y"), (REFERENCE, REFERENCE)])
    found = metric.summarise(made, metric.score(made))
    assert found["value"] == (1 + 0.5 + 0.5 + 0.5) / 4
    assert found["figures"]["position_independence"] == pytest.approx(1 - 2 / 3)
    assert found["figures"]["position_consistency"] == 0.5
    assert found["tables"][0]["rows"] == [["win", 1], ["tie", 1], ["contradiction", 2], ["loss", 0], ["unreadable", 0]]
    assert found["tables"][1]["rows"] == [["A", 5], ["B", 1], ["tie", 0], ["unreadable", 0]]
    assert "position bias: 0.667" in found["tables"][1]["title"]


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(
    server: Server, items: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="variable JUDGE_KEY is not set"):
        score(server, items, "mine", api_key_variable="JUDGE_KEY")
    monkeypatch.setenv("JUDGE_KEY", "sk-hidden")
    score(server, items, "mine", api_key_variable="JUDGE_KEY")
    assert server.headers[0]["Authorization"] == "Bearer sk-hidden"
    server.fails = [401]
    with pytest.raises(ConfigError, match="refuses the question with 401") as caught:
        score(server, items, "mine", api_key_variable="JUDGE_KEY")
    assert "sk-hidden" not in str(caught.value)
    assert "[key]" in str(caught.value)
    with pytest.raises(ValueError, match="api_key_variable"):
        Judge(url=server.url, model="judge", api_key_variable="sk-hidden")


def test_a_busy_server_is_asked_again(server: Server, items: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    server.verdict, server.fails = prefer("mine"), [503, 429]
    assert score(server, items, "mine").value == 1.0
    server.fails = [503] * 4
    with pytest.raises(TransientError, match="did not answer 4 times, last with status 503"):
        score(server, items, "mine")


def test_a_server_that_is_not_there_or_is_none(server: Server, items: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert score(server, items, "mine").value == 0.5
    server.raw = b"<html>"
    with pytest.raises(ConfigError, match="does not answer as an OpenAI-compatible server does"):
        score(server, items, "mine")
    metric = JudgeMetric(Judge(url="http://127.0.0.1:9", model="judge"))
    with pytest.raises(TransientError, match="last with ConnectError"):
        metric.score(items([(REFERENCE, "mine")]))


def test_a_slow_server_is_not_waited_for_longer_than_said(
    server: Server, items: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRIES", 1)
    late = threading.Event()
    server.verdict = lambda _a, _b: "TIE" if late.wait(10) else "A"
    with pytest.raises(TransientError, match="ReadTimeout"):
        score(server, items, "mine", timeout_s=0.2)
    late.set()


def test_a_judge_that_never_gives_a_verdict_is_refused(server: Server, items: Make) -> None:
    server.verdict = lambda _a, _b: "I am a language model."
    with pytest.raises(
        DataError, match="gave no verdict that is A, B or TIE in 2 answers, such as 'I am a language model"
    ):
        score(server, items, "mine")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://localhost/v1",
        "https://[::1]:1/v1",
        "https://judge.example/team/v1",
        "https://judge.example/team",
    ],
)
def test_addresses_that_may_be_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_JUDGE_ROOTS", "https://other.example https://judge.example/team/")
    JudgeMetric(Judge(url=url, model="judge"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://judge.example/teams", "is another machine"),
        ("https://judge.example/team/../x", "is another machine"),
        ("https://judge.example/team/%2e%2e/x", "is another machine"),
        ("http://judge.example/team", "is another machine"),
        ("https://judge.example.evil/team", "is another machine"),
        ("http://127.0.0.1.evil.example/v1", "is another machine"),
        ("http://10.0.0.1/v1", "is another machine"),
        ("http://0.0.0.0/v1", "is another machine"),
        ("http://127.0.0.1@evil.example/v1", "is no base URL"),
        ("ftp://127.0.0.1/v1", "is no base URL"),
        ("127.0.0.1:8000", "is no base URL"),
        ("http://127.0.0.1/v1?x=1", "is no base URL"),
    ],
)
def test_addresses_that_may_not(url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETUNE_FLOWS_JUDGE_ROOTS", "https://judge.example/team")
    with pytest.raises(ConfigError, match=said):
        JudgeMetric(Judge(url=url, model="judge"))
    monkeypatch.delenv("FINETUNE_FLOWS_JUDGE_ROOTS")
    with pytest.raises(ConfigError):
        JudgeMetric(Judge(url=url, model="judge"))


def test_url_and_model_must_be_named() -> None:
    with pytest.raises(ValueError, match="url is empty"):
        Judge(model="judge")
    with pytest.raises(ValueError, match="model is empty"):
        Judge(url="http://127.0.0.1/v1")
