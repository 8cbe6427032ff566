"""Python code: it parses, what it imports exists, its calls fit an API; its unit tests pass, if that is asked for."""

import ast
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tasks.errors import ConfigError
from tasks.metrics.base import Item, Score, Summary, Table, summary
from tasks.metrics.code_calls import Module, read_stub, wrong_calls
from tasks.metrics.code_imports import missing_imports
from tasks.metrics.files import read_text, role
from tasks.metrics.params import Code
from tasks.metrics.sandbox import Sandbox

_FENCED = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


class CodeMetric:
    """Reads code; `sound` decides: everything that is checked is right.

    Figures of an item: `parses`; `imports` (share of the imports that exist); with API files `calls` (share of the
    calls that fit); with unit tests `tests` (they pass). Of code that does not parse, all are 0; of code without
    imports or calls of the API, these are 1.
    """

    main = "sound"

    def __init__(self, params: Code) -> None:
        self._params = params
        self._api: dict[str, Module] = {}
        where = role(params, "api_files")
        for name in params.api_files:
            module = Path(name).name.removesuffix(".pyi")
            if not name.endswith(".pyi") or not all(part.isidentifier() for part in module.split(".")):
                raise ConfigError(f"{where}: {name} is not named after its module: call it shipping.pyi for shipping.")
            if module in self._api:
                raise ConfigError(f"{where}: the module {module} is there twice.")
            self._api[module] = read_stub(read_text(name, where), f"{where}: {name}")
        self._known = frozenset(params.modules) | {module.split(".")[0] for module in self._api}
        self._tests: dict[str, str] = {}
        self._sandbox: Sandbox | None = None
        if params.unit_tests_file:
            self._where = role(params, "unit_tests_file")
            self._tests = _read_tests(read_text(params.unit_tests_file, self._where), self._where)
            self._sandbox = Sandbox(params.timeout_s, params.memory_mb, self._where)

    def check(self, items: Sequence[Item]) -> None:
        """Refuse items without tests, where tests are run."""
        lacking = [item.id for item in items if self._sandbox and item.id not in self._tests]
        if lacking:
            raise ConfigError(
                f"{self._where} has no tests for {len(lacking)} of {len(items)} items, such as {lacking[0]}. Add a row "
                '{"id": ..., "tests": ...} for each, or name the sources that have tests.'
            )

    def score(self, items: Sequence[Item]) -> list[Score]:
        """Return a score for each item; its detail has the first problems of each kind."""
        return [self._score(item) for item in items]

    def summarise(self, _items: Sequence[Item], scores: Sequence[Score]) -> Summary:
        """Return the means, and a table of what is imported or called though it does not exist."""
        wrong: dict[str, int] = {}
        for score in scores:
            for name in dict.fromkeys(score.detail.get("missing_imports", ())):
                wrong[name] = wrong.get(name, 0) + 1
        rows: list[list[Any]] = [[name, count] for name, count in sorted(wrong.items(), key=lambda e: (-e[1], e[0]))]
        tables: list[Table] = [{"title": "Imports that do not exist", "columns": ["import", "answers"], "rows": rows}]
        return summary("code", self.main, scores, tables if rows else ())

    def _score(self, item: Item) -> Score:
        code = code_of(item.answer, self._params.code_in)
        tree, problem = _parse(code)
        figures = {"parses": float(tree is not None)}
        detail: dict[str, Any] = {} if tree is not None else {"syntax": problem}
        figures["imports"] = 0.0
        if self._api:
            figures["calls"] = 0.0
        if tree is not None:
            count, missing = missing_imports(tree, self._known)
            figures["imports"] = 1 - len(missing) / count if count else 1.0
            if missing:
                detail["missing_imports"] = missing
        if tree is not None and self._api:
            count, wrong = wrong_calls(tree, self._api)
            figures["calls"] = 1 - len(wrong) / count if count else 1.0
            if wrong:
                detail["wrong_calls"] = wrong
        if self._sandbox:
            failed = self._sandbox.run(code, self._tests[item.id]) if tree is not None else "the code does not parse"
            figures["tests"] = float(not failed)
            if failed:
                detail["tests"] = failed
        sound = float(all(value == 1.0 for value in figures.values()))
        return Score(sound, {self.main: sound} | figures, detail)


def code_of(answer: str, code_in: str) -> str:
    """Return the code of an answer: its fenced blocks one after the other, or all of it."""
    blocks = _FENCED.findall(answer) if code_in == "fenced" else []
    return "\n".join(blocks) if blocks else answer


def _parse(code: str) -> tuple[ast.Module | None, str]:
    """Return the tree of a program, or why it has none. Empty text is a program to Python, but no answer."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except SyntaxError as error:
        return None, f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return None, type(error).__name__
    return (tree, "") if tree.body else (None, "no statement")


def _read_tests(text: str, where: str) -> dict[str, str]:
    tests: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"{where}: line {number} is no JSON: {error}") from error
        if (
            not isinstance(row, dict)
            or set(row) != {"id", "tests"}
            or not all(isinstance(v, str) for v in row.values())
        ):
            raise ConfigError(f'{where}: line {number} must be {{"id": text, "tests": text}}.')
        if row["id"] in tests:
            raise ConfigError(f"{where}: line {number}: the id {row['id']} is there twice.")
        if _parse(row["tests"])[0] is None:
            raise ConfigError(
                f"{where}: line {number}: the tests of {row['id']} are no Python: {_parse(row['tests'])[1]}"
            )
        tests[row["id"]] = row["tests"]
    return tests
