"""The code behind a step: first-party modules by digest, distributions by version."""

from __future__ import annotations

import ast
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from assay.bucket.digest import Digest
from assay.util.import_path import use_working_folder

_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9._-]+")  # at the beginning of a requirement (PEP 508)
_OURS = Path(__file__).parents[1]  # the package assay, wherever it lies
_EXTRA = re.compile(r"\bextra\s*==")
# These move bytes and order work, they compute nothing: what they require cannot change a result.
_TRANSPORT_DISTRIBUTIONS = {"prefect", "s3fs", "aiohttp", "botocore"}
# The usual distributions whose import name differs from their own, to spare the slow look-up.
_DISTRIBUTION_BY_IMPORT = {"sklearn": "scikit-learn", "ruamel": "ruamel.yaml", "yaml": "PyYAML"}


@dataclass(frozen=True)
class CodeVersion:
    """The code behind a step: first-party modules by digest; by version Python, the distributions
    that they import, and all that these require.
    """

    modules: dict[str, str]
    distributions: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"modules": self.modules, "distributions": self.distributions}


def read_code_version(*roots: str, glue: str | None = None) -> CodeVersion:
    """Read the code reachable from `roots`: these modules and all first-party modules they import.

    Imports are read from the source without running it, those inside functions included and those
    for type checkers left out. First-party is all code outside the standard library and the
    installed packages, a team's own estimators included, and Assay itself, installed or not. `glue`
    is one more module; its own text counts, its imports do not.

    A module that cannot be found or parsed is left out; running it gives the error.
    """
    _follow_import_path()
    modules: dict[str, str] = {}
    distributions = {"Python": platform.python_version()}
    waiting = [package for root in roots for package in _with_parents(root)]
    while waiting:
        name = waiting.pop()
        path = _source_of(name)
        if name in modules:
            continue
        top = name.partition(".")[0]
        if path is None:
            distributions.update({} if _first_party_path(top) else _distributions_of(top))
            continue
        digest, imports = _read_module(path)
        modules[name] = digest
        waiting += _resolve_imports(imports, name, path)
    if glue and (path := _source_of(glue)):
        modules[glue] = _read_module(path)[0]
    return CodeVersion(dict(sorted(modules.items())), dict(sorted(distributions.items())))


def find_module_file(name: str) -> Path | None:
    """The source of a first-party module, found without importing it; None if there is none."""
    _follow_import_path()
    return _source_of(name)


def _follow_import_path() -> None:
    """Use the working folder, and forget where modules lie once the import path has changed."""
    use_working_folder()
    if _seen_path != sys.path:
        _seen_path[:] = sys.path
        _source_of.cache_clear()
        _first_party_path.cache_clear()


_seen_path: list[str] = []


def _resolve_imports(
    imports: Iterable[tuple[int, str, str]], importer: str, path: Path
) -> Iterator[str]:
    """Names of the imported modules, with their parent packages."""
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    for level, base, name in imports:
        if level:
            above = package.split(".")[: len(package.split(".")) - level + 1]
            base = ".".join([*above, base] if base else above)  # noqa: PLW2901 - made absolute
        yield from _with_parents(base)
        # `from package import module` names a module only if there is one.
        if name and _source_of(f"{base}.{name}"):
            yield f"{base}.{name}"


def _with_parents(name: str) -> list[str]:
    """A module and the packages above it, whose `__init__` runs before it."""
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


@lru_cache(maxsize=4096)
def _read_module(path: Path) -> tuple[str, tuple[tuple[int, str, str], ...]]:
    data = path.read_bytes()
    try:
        found = tuple(_imports(ast.parse(data)))
    except (SyntaxError, ValueError):
        found = ()
    return str(Digest.of_bytes(data)), found


_TYPE_CHECKING_TESTS = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _imports(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """(level, module, name) of every import statement in `node` that can run."""
    if isinstance(node, ast.Import):
        yield from ((0, alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.level, node.module or "", alias.name) for alias in node.names)
    elif isinstance(node, ast.If) and ast.unparse(node.test) in _TYPE_CHECKING_TESTS:
        for statement in node.orelse:
            yield from _imports(statement)
    elif not isinstance(node, ast.expr):
        for child in ast.iter_child_nodes(node):
            yield from _imports(child)


@lru_cache(maxsize=4096)
def _source_of(name: str) -> Path | None:
    """The file of a first-party module, found without importing anything."""
    top, *rest = name.split(".")
    folder = _first_party_path(top)
    if folder is None:
        return None
    for step in rest:
        folder = folder / step
    for path in (folder / "__init__.py", folder.with_name(folder.name + ".py")):
        if path.is_file():
            return path
    return None


@lru_cache(maxsize=1024)
def _first_party_path(top: str) -> Path | None:
    """Where a top-level module would lie, without suffix, if it is first-party."""
    if not top or top in sys.stdlib_module_names:
        return None
    # Editable installs put finders on the meta path, so the path finder alone is not enough.
    for finder in [PathFinder, *sys.meta_path]:
        spec = finder.find_spec(top, None) if hasattr(finder, "find_spec") else None
        if spec is None:
            continue
        if spec.submodule_search_locations:
            folder = Path(next(iter(spec.submodule_search_locations)))
        elif spec.origin and spec.origin.endswith(".py"):
            folder = Path(spec.origin).with_suffix("")
        else:
            return None
        # Assay is read even where it is installed: two builds may have one version.
        return folder if folder == _OURS or not _is_installed(folder) else None
    return None


def _is_installed(folder: Path) -> bool:
    return any(folder.is_relative_to(sysconfig.get_path(k)) for k in ("purelib", "platlib"))


def _distribution_name(top: str) -> str | None:
    """The installed distribution that is imported under a name; None if there is none."""
    name = _DISTRIBUTION_BY_IMPORT.get(top, top)
    return name if _find_distribution(name) else _distributions_by_import().get(top)


@lru_cache(maxsize=1)
def _distributions_by_import() -> dict[str, str]:
    """Distributions by import name. Slow, so used only where the usual names miss."""
    return {top: names[0] for top, names in metadata.packages_distributions().items()}


@lru_cache(maxsize=1024)
def _distributions_of(top: str) -> dict[str, str]:
    """The distribution imported under this name and all that it requires, by version: SciPy changes
    a model as much as scikit-learn, which requires it.
    """
    # Nothing is named by `from . import x` at the top: running it will say so.
    first = _distribution_name(top) if top and top not in sys.stdlib_module_names else None
    waiting, found = [first] if first else [], {}
    while waiting:
        held = _find_distribution(waiting.pop())
        if held and held.name not in found:
            found[held.name] = held.version
            waiting += () if held.name in _TRANSPORT_DISTRIBUTIONS else held.required
    return found


@dataclass(frozen=True, slots=True)
class _InstalledDistribution:
    """A distribution, and the names of those that it always requires."""

    name: str
    version: str
    required: tuple[str, ...]


@lru_cache(maxsize=1024)
def _find_distribution(name: str) -> _InstalledDistribution | None:
    """The installed distribution; None for one that only other systems need."""
    try:
        held = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    always = (line for line in held.requires or () if not _EXTRA.search(line))
    required = (found[0] for found in map(_REQUIREMENT_NAME.match, always) if found)
    return _InstalledDistribution(held.name, held.version, tuple(required))
