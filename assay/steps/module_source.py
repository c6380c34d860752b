"""What a module's source says, read without running it: imports, and the files that it may read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.bucket.digest import Digest
from assay.steps.import_cache import ImportedName, open_import_cache

_Call = tuple[ast.Call, str]

_TYPE_CHECKING_TESTS = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
_LONGEST_NAME = 255
_IMPORTERS = {"import_module", "importlib.import_module", "__import__"}
_RUNNERS = {"exec", "eval", "runpy.run_path", "spec_from_file_location"} | {
    "importlib.util.spec_from_file_location"
}
_LOADERS = {f"{module}.load" for module in ("np", "numpy", "joblib", "torch")}
_READERS = {
    *("open", "read_text", "read_bytes", "read_csv", "read_parquet", "read_json", "read_pickle"),
    *("read_excel", "read_feather", "read_table", "loadtxt", "genfromtxt", "fromfile", "memmap"),
    *("load_model", "urlopen", "urlretrieve"),
}


@dataclass(frozen=True)
class ComputedCall:
    """A call that reads a file, or runs code, by name. `texts`: the texts that may be its name."""

    line: int
    function: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class ModuleSource:
    """A module's digest, its import statements, the modules that `import_module("name")` names,
    all short texts in it, and the calls that read or run something by name.
    """

    digest: str
    imports: tuple[ImportedName, ...] = ()
    named_imports: tuple[ImportedName, ...] = ()
    texts: tuple[str, ...] = ()
    computed_calls: tuple[ComputedCall, ...] = ()


@dataclass(frozen=True)
class ModuleImports:
    """A module's digest and its import statements."""

    digest: str
    imports: tuple[ImportedName, ...] = ()


def read_module_imports(path: Path) -> ModuleImports:
    """Read what a module imports, without parsing a text that this user's cache knows."""
    status = path.stat()
    return _read_imports(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read_imports(path: Path, _size: int, _modified: int) -> ModuleImports:
    if path.suffix != ".py":
        return ModuleImports(str(Digest.of_file(path)))
    data = path.read_bytes()
    digest = str(Digest.of_bytes(data))
    cache = open_import_cache()
    imports = cache.find(digest)
    if imports is None:
        tree = _parse_module(data)
        imports = tuple(_imports(tree)) if tree else ()
        cache.add(digest, imports)
    return ModuleImports(digest, imports)


def read_module_source(path: Path) -> ModuleSource:
    """Read a module's source. Of a compiled module, or one that cannot be parsed, the digest alone
    is known.
    """
    status = path.stat()
    return _read_source(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read_source(path: Path, _size: int, _modified: int) -> ModuleSource:
    data = path.read_bytes()
    digest = str(Digest.of_bytes(data))
    tree = _parse_module(data) if path.suffix == ".py" else None
    if tree is None:
        return ModuleSource(digest)
    nodes = list(ast.walk(tree))
    calls = list(_calls(nodes))
    return ModuleSource(
        digest,
        imports=tuple(_imports(tree)),
        named_imports=tuple(_named_imports(calls)),
        texts=tuple(dict.fromkeys(_texts(nodes))),
        computed_calls=tuple(_computed_calls(calls, nodes)),
    )


def _parse_module(data: bytes) -> ast.Module | None:
    """The syntax tree; None for what is no Python."""
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError):
        return None


def _imports(node: ast.AST) -> Iterator[ImportedName]:
    """Every import statement in `node` that can run."""
    if isinstance(node, ast.Import):
        yield from ((0, alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.level, node.module or "", alias.name) for alias in node.names)
    elif isinstance(node, ast.If) and _dotted_name(node.test) in _TYPE_CHECKING_TESTS:
        for statement in node.orelse:
            yield from _imports(statement)
    elif not isinstance(node, ast.expr):
        for child in ast.iter_child_nodes(node):
            yield from _imports(child)


def _calls(nodes: Iterable[ast.AST]) -> Iterator[_Call]:
    """Every call that may import, read or run something, with its function as it is written."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            if name := _dotted_name(node.func):
                yield node, name
            elif isinstance(node.func, ast.Attribute) and node.func.attr in _READERS:
                yield node, ast.unparse(node.func)


def _dotted_name(node: ast.expr) -> str | None:
    """The text of a name with its attributes; None for any other expression."""
    attributes = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(attributes)]) if isinstance(node, ast.Name) else None


def _named_imports(calls: Iterable[_Call]) -> Iterator[ImportedName]:
    for call, function in calls:
        if function in _IMPORTERS and call.args and (name := _text(call.args[0])):
            level = len(name) - len(name.lstrip("."))
            yield level, name[level:], ""


def _computed_calls(calls: Iterable[_Call], nodes: Iterable[ast.AST]) -> Iterator[ComputedCall]:
    values = _assigned_values(nodes)
    for call, function in calls:
        last = function.rpartition(".")[2]
        if function in _IMPORTERS:
            computed = not (call.args and _text(call.args[0]))
        else:
            reads = last in _READERS or function in _LOADERS or function in _RUNNERS
            computed = reads and not _writes(call)
        if computed:
            parts = [call, *(value for name in _names(call) for value in values.get(name, ()))]
            texts = dict.fromkeys(text for part in parts for text in _texts(ast.walk(part)))
            yield ComputedCall(call.lineno, function, tuple(texts))


def _assigned_values(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What each name, and each attribute, is bound to anywhere in the module."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        pairs: list[tuple[Any, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(node.target, node.value)]
        for target, value in pairs:
            name = getattr(target, "id", None) or getattr(target, "attr", None)
            if name and value is not None:
                found.setdefault(name, []).append(value)
    return found


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _writes(call: ast.Call) -> bool:
    """Whether a call of `open` has a mode that writes."""
    modes = [_text(value) for value in (*call.args, *(word.value for word in call.keywords))]
    return any(mode and len(mode) <= 3 and mode[0] in "wax" for mode in modes)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Texts among `nodes` that may name a file."""
    for part in nodes:
        text = _text(part) if isinstance(part, ast.expr) else None
        if text and len(text) <= _LONGEST_NAME and "\n" not in text:
            yield text
