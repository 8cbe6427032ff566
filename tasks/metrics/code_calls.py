"""Whether a program's calls fit an API, which stub files (.pyi) declare; neither is run.

A call is looked at when its function can be followed to a declared module: through imports and their aliases, and to
methods of variables that are only ever bound to one declared class. What cannot be followed is not judged.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import ConfigError

_KIND = inspect.Parameter


@dataclass(frozen=True)
class Class:
    """A declared class: the signatures of its methods without `self`; `open` when it inherits from undeclared ones."""

    methods: dict[str, list[inspect.Signature]] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True)
class Module:
    """A declared module: functions by name (one signature, or one for each overload), classes, other names."""

    functions: dict[str, list[inspect.Signature]]
    classes: dict[str, Class]
    others: frozenset[str]


def read_stub(text: str, where: str) -> Module:
    """Return what a stub file declares.

    Raises:
        ConfigError: It is no Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{where} is no stub file: {error}") from error
    functions: dict[str, list[inspect.Signature]] = {}
    classes: dict[str, Class] = {}
    others: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.setdefault(node.name, []).append(_signature(node, bound=False))
        elif isinstance(node, ast.ClassDef):
            classes[node.name] = _class(node, classes)
        else:
            others |= {
                name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
            if isinstance(node, ast.Import | ast.ImportFrom):
                others |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if not functions and not classes:
        raise ConfigError(f"{where} declares no function and no class: write lines such as 'def quote(pol: str): ...'.")
    return Module(functions, classes, frozenset(others))


def wrong_calls(tree: ast.Module, api: dict[str, Module]) -> tuple[int, list[str]]:
    """Return how many calls of the API a program makes, and those that do not fit, each with its line and why.

    Args:
        tree: The program.
        api: The declared modules by their dotted name.
    """
    names = _bindings(tree, api)
    objects = _objects(tree, names, api)
    count, wrong = 0, []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        target = _follow(node.func, names, api)
        if target is None and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            owner = objects.get(node.func.value.id)
            target = (*owner, node.func.attr) if owner else None
        if target is None:
            continue
        count += 1
        if why := _misfit(node, target, api):
            wrong.append(f"line {node.lineno}: {'.'.join(target)}: {why}")
    return count, wrong


def _class(node: ast.ClassDef, known: dict[str, Class]) -> Class:
    methods: dict[str, list[inspect.Signature]] = {}
    is_open = False
    for base in node.bases:
        inherited = known.get(base.id) if isinstance(base, ast.Name) else None
        is_open |= inherited is None or inherited.open
        methods |= inherited.methods if inherited else {}
    own: dict[str, list[inspect.Signature]] = {}
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in inner.decorator_list)
            own.setdefault(inner.name, []).append(_signature(inner, bound=not static))
    # A class that declares nothing of its constructor is one whose constructor takes nothing.
    return Class(methods | own, is_open)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, *, bound: bool) -> inspect.Signature:
    given = node.args
    positional: list[tuple[ast.arg, Any]] = [(arg, _KIND.POSITIONAL_ONLY) for arg in given.posonlyargs]
    positional += [(arg, _KIND.POSITIONAL_OR_KEYWORD) for arg in given.args]
    needed = len(positional) - len(given.defaults)
    parameters = [
        _KIND(arg.arg, kind, default=_KIND.empty if at < needed else None) for at, (arg, kind) in enumerate(positional)
    ]
    if bound and parameters:
        parameters = parameters[1:]
    if given.vararg:
        parameters.append(_KIND(given.vararg.arg, _KIND.VAR_POSITIONAL))
    for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        parameters.append(_KIND(arg.arg, _KIND.KEYWORD_ONLY, default=_KIND.empty if default is None else None))
    if given.kwarg:
        parameters.append(_KIND(given.kwarg.arg, _KIND.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _bindings(tree: ast.Module, api: dict[str, Module]) -> dict[str, tuple[str, ...]]:
    """Return what the imported names stand for: a dotted path below a declared module, split at its dots."""
    names: dict[str, tuple[str, ...]] = {}
    roots = {module.split(".")[0] for module in api}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in roots:
                    whole = tuple(alias.name.split("."))
                    names[alias.asname or whole[0]] = whole if alias.asname else whole[:1]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in roots:
            for alias in node.names:
                names[alias.asname or alias.name] = (*node.module.split("."), alias.name)
    return names


def _follow(node: ast.expr, names: dict[str, tuple[str, ...]], api: dict[str, Module]) -> tuple[str, ...] | None:
    """Return the module and what is below it that an expression such as `s.rates.quote` stands for."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return None
    path = (*names[node.id], *reversed(parts))
    for length in range(len(path), 0, -1):
        if (module := ".".join(path[:length])) in api:
            return (module, *path[length:]) if length < len(path) else None
    return None


def _objects(tree: ast.Module, names: dict[str, tuple[str, ...]], api: dict[str, Module]) -> dict[str, tuple[str, ...]]:
    """Return the variables that are only ever bound to instances of one declared class."""
    bound: dict[str, set[tuple[str, ...] | None]] = {}
    for name, value in _assigned(tree):
        target = _follow(value.func, names, api) if isinstance(value, ast.Call) else None
        is_class = target is not None and len(target) == 2 and target[1] in api[target[0]].classes
        bound.setdefault(name, set()).add(target if is_class else None)
    return {name: kind for name, kinds in bound.items() if len(kinds) == 1 for kind in kinds if kind is not None}


def _assigned(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield every binding of a variable and its value (None where that is not a plain one)."""
    plain: set[int] = set()
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            plain.add(id(targets[0]))
            yield targets[0].id, node.value  # type: ignore[attr-defined]
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            plain.add(id(node.optional_vars))
            yield node.optional_vars.id, node.context_expr
        elif isinstance(node, ast.arg):
            yield node.arg, None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in plain:
            yield node.id, None


def _misfit(call: ast.Call, target: tuple[str, ...], api: dict[str, Module]) -> str:
    """Return why a call does not fit; empty when it does, or when the API does not say."""
    module, *path = target
    declared = api[module]
    name = path[0]
    signatures: list[inspect.Signature] | None = None
    if len(path) == 1 and name in declared.functions:
        signatures = declared.functions[name]
    elif name in declared.classes and len(path) <= 2:
        methods = declared.classes[name].methods
        method = path[1] if len(path) == 2 else "__init__"
        signatures = methods.get(method)
        if signatures is None and not declared.classes[name].open:
            if method != "__init__":
                return "the class has no such method"
            signatures = [inspect.Signature()]
    elif name not in declared.others and name not in declared.functions:
        return "the module has no such name"
    if signatures is None:
        return ""
    problems = [_bind(call, signature) for signature in signatures]
    return "" if "" in problems else problems[0]


def _bind(call: ast.Call, signature: inspect.Signature) -> str:
    """Return why the arguments of a call do not fit a signature, in Python's words; empty when they do."""
    positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    starred = len(positional) < len(call.args) or len(keywords) < len(call.keywords)
    try:
        # Starred arguments may fill any gap, so only what is written out can be wrong.
        (signature.bind_partial if starred else signature.bind)(*positional, **keywords)
    except TypeError as error:
        return str(error)
    return ""
