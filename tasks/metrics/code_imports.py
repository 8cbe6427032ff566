"""Whether what a program imports exists, found out without importing anything.

Importing a module, or a submodule (which imports its parents), runs code; so modules are looked up by the path finder
with their parents' search paths, and names in them are read off their source. Where a source cannot say (extension
modules, star imports, a module's `__getattr__`), a name counts as existing: only what is surely absent is wrong.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from tasks.settings import PROJECT_ROOT

# Bound at run time by modules that are no packages.
_NOT_BELOW_A_PACKAGE = {"os.path"}
_INSTALLED = {"site-packages", "dist-packages"}
MOST_SOURCE = 2_000_000


def missing_imports(tree: ast.Module, known: frozenset[str]) -> tuple[int, list[str]]:
    """Return how many things a program imports, and those that do not exist.

    Args:
        tree: The program.
        known: Names of top-level modules that exist wherever the program is to run.
    """
    asked = list(_imported(tree))
    return len(asked), [
        name if part is None else f"{name}.{part}" for name, part in asked if not _exists(name, part, known)
    ]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield each import as a module, and the name taken from it (None: the module itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import has no package to be relative to.
            module = "." * node.level + (node.module or "")
            yield from ((module, None if alias.name == "*" else alias.name) for alias in node.names)


def _exists(module: str, part: str | None, known: frozenset[str]) -> bool:
    if module.split(".", maxsplit=1)[0] in known:
        return True
    if not _module_exists(module):
        return False
    return part is None or _has_name(module, part) or _module_exists(f"{module}.{part}")


def _module_exists(name: str) -> bool:
    return name in _NOT_BELOW_A_PACKAGE or name in sys.builtin_module_names or _find(name) is not None


@cache
def _find(name: str) -> ModuleSpec | None:
    """Return the spec of a module; nothing is imported on the way."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    parent, _dot, _last = name.rpartition(".")
    path: Iterable[str] = _search_path()
    if parent:
        found = _find(parent)
        if found is None or found.submodule_search_locations is None:
            return None
        path = list(found.submodule_search_locations)
    spec = PathFinder.find_spec(name, list(path))
    if spec is not None and spec.origin is None and not parent and spec.submodule_search_locations is not None:
        # A folder without __init__.py is a package only where packages are installed, and with a file of Python in it.
        folders = [Path(place) for place in spec.submodule_search_locations if Path(place).parent.name in _INSTALLED]
        return spec if any(next(folder.rglob("*.py"), None) for folder in folders) else None
    return spec


def _search_path() -> list[str]:
    """Return where modules are installed: not this project's folder, nor the working directory."""
    here = {PROJECT_ROOT, Path.cwd()}
    return [entry for entry in sys.path if entry and Path(entry).resolve() not in here]


@cache
def _names(module: str) -> frozenset[str] | None:
    """Return the names that a module's source binds at its top level; None where that cannot be known."""
    spec = _find(module)
    source = Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
    if source is None or not source.is_file() or source.stat().st_size > MOST_SOURCE:
        return None
    try:
        tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError):
        return None
    names: set[str] = {"__name__", "__file__", "__doc__", "__path__", "__spec__"}
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if any("global_enum" in ast.dump(mark) for mark in node.decorator_list):
                return None
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Call) and _writes_names(node.func):
            return None
        waiting.extend(ast.iter_child_nodes(node))
    return None if {"*", "__getattr__"} & names else frozenset(names)


def _writes_names(function: ast.expr) -> bool:
    """Return whether a call at a module's top level may bind names that its source does not show."""
    return (isinstance(function, ast.Name) and function.id in {"globals", "vars", "locals", "exec", "setattr"}) or (
        isinstance(function, ast.Attribute) and function.attr in {"_convert_", "attach", "attach_stub", "update"}
    )


def _has_name(module: str, name: str) -> bool:
    if module in _NOT_BELOW_A_PACKAGE or module in sys.builtin_module_names:
        return True
    names = _names(module)
    return names is None or name in names
