"""Known answers of the code metric: syntax, imports, calls."""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score
from tasks.metrics.code import CodeMetric, code_of
from tasks.metrics.code_calls import read_stub, wrong_calls
from tasks.metrics.code_imports import _find, missing_imports
from tasks.metrics.params import Code
from tasks.settings import PROJECT_ROOT

Make = Callable[..., list[Item]]
STUB = """
from typing import Any, overload

VERSION: str

def quote(pol: str, pod: str, /, boxes: int = 1, *, firm: bool = False) -> float: ...
async def track(*numbers: str, **options: Any) -> None: ...
@overload
def when(day: str) -> str: ...
@overload
def when(year: int, month: int, day: int) -> str: ...

class Client:
    def __init__(self, key: str) -> None: ...
    def book(self, voyage: str, boxes: int) -> str: ...
    @staticmethod
    def parse(text: str) -> "Client": ...

class Sub(Client):
    def cancel(self) -> None: ...

class Plain: ...

class Open(Foreign): ...
"""
API = {"shipping.rates": read_stub(STUB, "stub")}


def calls(code: str) -> tuple[int, list[str]]:
    return wrong_calls(ast.parse(code), API)


@pytest.mark.parametrize(
    "call",
    [
        "quote('A', 'B')",
        "quote('A', 'B', 2, firm=True)",
        "quote('A', 'B', boxes=2)",
        "track()",
        "track('a', 'b', x=1)",
        "when('today')",
        "when(2026, 5, 1)",
        "when(*parts)",
        "quote('A', *rest)",
        "quote('A', 'B', **more)",
        "Client('k')",
        "Client(key='k').book('x')",
        "Client.parse('x')",
        "Plain()",
        "Open(1, 2, 3)",
        "Open.anything(1)",
        "Sub('k')",
        "VERSION.upper()",
    ],
)
def test_calls_that_fit(call: str) -> None:
    names = "quote, track, when, Client, Plain, Open, Sub, VERSION"
    count, wrong = calls(f"from shipping.rates import {names}\n{call}")
    assert (count > 0, wrong) == (True, [])


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("quote('A')", "missing a required argument: 'pod'"),
        ("quote('A', 'B', 1, True)", "too many positional arguments"),
        ("quote('A', pod='B')", "'pod'"),
        ("quote('A', 'B', hurry=True)", "got an unexpected keyword argument 'hurry'"),
        ("quote(*both, hurry=True)", "got an unexpected keyword argument 'hurry'"),
        ("when()", "missing a required argument: 'day'"),
        ("Client()", "missing a required argument: 'key'"),
        ("Sub()", "missing a required argument: 'key'"),
        ("Client.parse()", "missing a required argument: 'text'"),
        ("Plain(1)", "too many positional arguments"),
        ("Client.cancel()", "the class has no such method"),
        ("rates.quotes('A', 'B')", "the module has no such name"),
    ],
)
def test_calls_that_do_not_fit(call: str, why: str) -> None:
    code = f"from shipping import rates\nfrom shipping.rates import quote, when, Client, Plain, Sub\n\n{call}"
    count, wrong = calls(code)
    assert count == 1
    assert wrong[0].startswith("line 4: shipping.rates.")
    assert why in wrong[0]


@pytest.mark.parametrize(
    "code",
    [
        "import shipping.rates\nshipping.rates.quote()",
        "import shipping.rates as r\nr.quote()",
        "from shipping import rates as r\nr.quote()",
        "from shipping.rates import quote as q\nq()",
        "def f():\n    import shipping.rates\n    return [shipping.rates.quote() for _ in 'ab']",
        "import shipping.rates as r\nc = r.Client('k')\nc.book()",
        "import shipping.rates as r\nwith r.Client('k') as c:\n    c.book()",
        "import shipping.rates as r\nc = r.Sub('k')\nc.book()",
    ],
)
def test_calls_are_followed_through_imports_aliases_and_variables(code: str) -> None:
    assert len(calls(code)[1]) == 1


@pytest.mark.parametrize(
    "code",
    [
        "quote()",
        "from other import quote\nquote()",
        "import shipping\nshipping.other.quote()",
        "import shipping.rates as r\nc = r.Client('k')\nc = other()\nc.book()",
        "import shipping.rates as r\ndef f(c):\n    c.book()\nc = r.Client('k')",
        "import shipping.rates as r\nfor c in [r.Client('k')]:\n    c.book()",
        "f().quote()",
        "x[0].book()",
    ],
)
def test_what_cannot_be_followed_is_not_judged(code: str) -> None:
    assert calls(code)[1] == []


def imports(code: str, *known: str) -> tuple[int, list[str]]:
    return missing_imports(ast.parse(code), frozenset(known))


@pytest.mark.parametrize(
    "code",
    [
        "import os, sys, json",
        "import os.path",
        "from os.path import join",
        "import xml.etree.ElementTree as ET",
        "from json import dumps, JSONDecodeError",
        "from collections.abc import Mapping",
        "from xml.etree import ElementTree",
        "import numpy.linalg",
        "from numpy.linalg import norm",
        "from time import sleep",
        "from os import *",
        "import pydantic",
        "from __future__ import annotations",
        "from typing import TypedDict",
        "from http import HTTPStatus",
        "from re import compile, IGNORECASE",
        "from pathlib import Path",
        "from dataclasses import dataclass",
        "from socket import AF_INET",
        "import concurrent.futures",
        "from concurrent.futures import ThreadPoolExecutor",
        "from pydantic import BaseModel",
        "from math import sqrt",
        "from transformers import AutoModel",
        "from signal import SIGTERM",
        "from datetime import datetime",
    ],
)
def test_imports_that_exist(code: str) -> None:
    count, missing = imports(code)
    assert (count > 0, missing) == (True, [])


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import jsonn", ["jsonn"]),
        ("import json.fast", ["json.fast"]),
        ("from json import parse, loads", ["json.parse"]),
        ("import os.paths", ["os.paths"]),
        ("from os.paths import join", ["os.paths.join"]),
        ("from . import x", ["..x"]),
        ("from .a import b", [".a.b"]),
        ("def f():\n    import nothing_at_all", ["nothing_at_all"]),
        ("import numpy.linear", ["numpy.linear"]),
        ("from pathlib import Paths", ["pathlib.Paths"]),
        ("import tests, bench", ["tests", "bench"]),
        ("import tasks.metrics", ["tasks.metrics"]),
    ],
)
def test_imports_that_do_not_exist(code: str, missing: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    # The tests' interpreter may have been installed for another copy of this project.
    others = [entry for entry in sys.path if Path(entry, "tasks", "metrics").exists() or Path(entry, "flows").exists()]
    monkeypatch.setattr(sys, "path", [str(PROJECT_ROOT), *(entry for entry in sys.path if entry not in others)])
    _find.cache_clear()
    assert imports(code)[1] == missing


def test_nothing_is_imported_to_find_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "traps"
    (package / "inner").mkdir(parents=True)
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\nraise SystemExit\n"
    (package / "__init__.py").write_text(trap + "name = 1\n")
    inner = "if 1:\n    try:\n        import json as j\n    finally:\n        def f(): hidden = 1\n"
    (package / "inner" / "__init__.py").write_text(trap + inner)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "import traps.inner\nfrom traps import inner, name\n"
    code += "from traps.inner import f, j\nfrom traps.inner import hidden, json"
    assert imports(code) == (7, ["traps.inner.hidden", "traps.inner.json"])
    assert not (tmp_path / "sprung").exists()
    assert not [name for name in sys.modules if name.startswith("traps")]


def test_modules_known_elsewhere_exist() -> None:
    assert imports("import shipping.rates\nfrom shipping import anything", "shipping")[1] == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("x = 1", "x = 1"),
        ("Sure:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```\na = 1\n```\nand\n```py\nb = 2\n```", "a = 1\n\nb = 2\n"),
        ("```python\nx = 1", "x = 1"),
        ("Use `x` and ```y``` here", "Use `x` and ```y``` here"),
    ],
)
def test_where_the_code_is(answer: str, code: str) -> None:
    assert code_of(answer, "fenced") == code
    assert code_of(answer, "whole") == answer


def score(make: Make, answer: str, **params: Any) -> Score:
    return CodeMetric(Code(**params)).score(make([("", answer)]))[0]


@pytest.mark.parametrize("answer", ["def f(:", "", "# only words", "x = '\0'", "(" * 5000, "Sure! Here is the code."])
def test_what_does_not_parse_scores_nothing(items: Make, answer: str) -> None:
    found = score(items, answer)
    assert found.figures == {"sound": 0.0, "parses": 0.0, "imports": 0.0}
    assert found.detail["syntax"]


def test_figures_and_detail(items: Make, tmp_path: Path) -> None:
    stub = tmp_path / "shipping.rates.pyi"
    stub.write_text(STUB)
    code = "import shipping.rates as r, jsonn\nr.quote('A', 'B')\nr.quote()"
    assert score(items, code).figures == {"sound": 0.0, "parses": 1.0, "imports": 0.0}
    found = score(items, code, api_files=(str(stub),))
    assert found.figures == {"sound": 0.0, "parses": 1.0, "imports": 0.5, "calls": 0.5}
    assert found.detail["missing_imports"] == ["jsonn"]
    assert found.detail["wrong_calls"] == ["line 3: shipping.rates.quote: missing a required argument: 'pol'"]
    assert score(items, code, modules=("jsonn", "shipping")).figures["imports"] == 1.0
    assert score(items, "x = '\\d'").value == 1.0
    assert score(items, "Look:\n```\nx = 1\n```", code_in="whole").value == 0.0


def test_summary_lists_what_does_not_exist(items: Make) -> None:
    metric = CodeMetric(Code())
    made = items([("", "import a_a, b_b"), ("", "import b_b, json"), ("", "x = 1")])
    found = metric.summarise(made, metric.score(made))
    assert (found["value"], found["figures"]["imports"]) == (pytest.approx(1 / 3), pytest.approx(0.5))
    assert found["tables"][0]["rows"] == [["b_b", 2], ["a_a", 1]]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("shipping.py", "def f(): ...", "not named after its module"),
        ("ship-ping.pyi", "def f(): ...", "not named after its module"),
        ("shipping.pyi", "def f(:", "is no stub file"),
        ("shipping.pyi", "x: int", "declares no function and no class"),
    ],
)
def test_broken_api_files(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"metrics\[code\]\.api_files.*{said}"):
        CodeMetric(Code(api_files=(str(path),)))


def test_a_module_is_declared_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.pyi").write_text("def f(): ...")
    with pytest.raises(ConfigError, match="the module m is there twice"):
        CodeMetric(Code(api_files=(str(tmp_path / "a" / "m.pyi"), str(tmp_path / "b" / "m.pyi"))))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 is no JSON"),
        ('{"id": "0"}', "line 1 must be"),
        ('{"id": 0, "tests": "1"}', "line 1 must be"),
        ('{"id": "0", "tests": "assert ("}', "line 1: the tests of 0 are no Python"),
        ('{"id": "0", "tests": "1"}\n{"id": "0", "tests": "1"}', "line 2: the id 0 is there twice"),
    ],
)
def test_broken_test_files(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "tests.jsonl"
    path.write_text(line)
    with pytest.raises(ConfigError, match=rf"unit_tests_file: {said}"):
        CodeMetric(Code(unit_tests_file=str(path)))


def test_unit_tests_decide_when_they_are_asked_for(tmp_path: Path, items: Make) -> None:
    path = tmp_path / "tests.jsonl"
    path.write_text("".join(json.dumps({"id": str(at), "tests": "assert double(2) == 4"}) + "\n" for at in range(3)))
    metric = CodeMetric(Code(unit_tests_file=str(path)))
    made = items([("", "def double(x): return 2 * x"), ("", "def double(x): return x"), ("", "def double(")])
    metric.check(made)
    good, wrong, broken = metric.score(made)
    assert good.figures == {"sound": 1.0, "parses": 1.0, "imports": 1.0, "tests": 1.0}
    assert (wrong.value, wrong.figures["tests"], wrong.detail) == (0.0, 0.0, {"tests": "AssertionError"})
    assert broken.detail["tests"] == "the code does not parse"
    with pytest.raises(ConfigError, match="has no tests for 1 of 4 items, such as 3"):
        metric.check(items([("", "")] * 4))
