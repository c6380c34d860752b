"""The code behind a step: first-party modules by digest, distributions by version."""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assay.bucket.digest import Digest
from assay.steps.import_cache import open_import_cache
from assay.steps.module_source import ModuleSource, read_module_imports, read_module_source
from assay.util.import_path import use_working_folder

FILE_PREFIX = "file:"  # begins the key's entry of a file that the code reads
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9._-]+")  # at the beginning of a requirement (PEP 508)
_OURS = Path(__file__).parents[1]  # the package assay, wherever it lies
_EXTRA = re.compile(r"\bextra\s*==")
# These move bytes and order work, they compute nothing: what they require cannot change a result.
_TRANSPORT_DISTRIBUTIONS = {"prefect", "s3fs", "aiohttp", "botocore"}
# The usual distributions whose import name differs from their own, to spare the slow look-up.
_DISTRIBUTION_BY_IMPORT = {"sklearn": "scikit-learn", "ruamel": "ruamel.yaml", "yaml": "PyYAML"}


@dataclass(frozen=True)
class CodeVersion:
    """The code behind a step: first-party modules by digest, and `file:` with the path of each file
    that they read; by version Python, the distributions that they import, and all that these
    require.
    """

    modules: dict[str, str]
    distributions: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"modules": self.modules, "distributions": self.distributions}


def read_code_version(*roots: str, glue: Iterable[str] = ()) -> CodeVersion:
    """Read the code reachable from `roots`: these modules and all first-party modules they import.

    Imports are read from the source without running it, those inside functions included and those
    for type checkers left out. First-party is all code outside the standard library and the
    installed packages, a team's own estimators included, and Assay itself, installed or not. `glue`
    are further modules; their own text counts, their imports do not.

    A root may also be the path of a file or folder that the code reads; then its bytes count. In
    a team's own modules, modules that `import_module("name")` names count too, and so do files
    whose names are written there, from the working folder or beside the module.

    A module that cannot be found or parsed is left out; running it gives the error.
    """
    _follow_import_path()
    distributions = {"Python": platform.python_version()}
    modules: dict[str, str] = {}
    for name, path in _reachable_modules(roots):
        if path is not None:
            modules[name] = read_module_imports(path).digest
            if _is_team_module(name):
                modules |= _own_files(path, read_module_source(path))
        elif not _first_party_path(top := name.partition(".")[0]):
            distributions |= _distributions_of(top)
    for root in roots:
        modules |= {f"{FILE_PREFIX}{file}": _file_digest(file) for file in _files_at(root)}
    for name in glue:
        if path := _source_of(name):
            modules[name] = read_module_imports(path).digest
    open_import_cache().save()
    return CodeVersion(dict(sorted(modules.items())), dict(sorted(distributions.items())))


def find_hidden_dependencies(*roots: str) -> list[str]:
    """Places in a team's own modules, reachable from `roots`, that read a file or import a module
    by a computed name. The key cannot hold what they read. As `estimators/mine.py:12: open`.
    """
    _follow_import_path()
    return [
        f"{_shown_path(path)}:{call.line}: {call.function}"
        for name, path in sorted(_reachable_modules(roots), key=lambda one: one[0])
        if path is not None and _is_team_module(name)
        for call in read_module_source(path).computed_calls
        if not any(_find_own_file(text, path) for text in call.texts)
    ]


def find_code_file(name: str) -> Path | None:
    """The file behind the name of a `file:` entry, as it lies now; None if there is none."""
    _follow_import_path()
    if Path(name).is_file():
        return Path(name)
    package = _first_party_path(Path(name).parts[0])
    path = package.parent / name if package else None
    return path if path and path.is_file() else None


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


def _reachable_modules(roots: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Every module reachable from `roots`, once, with its source; None for installed ones."""
    waiting = [package for root in roots if not _files_at(root) for package in _with_parents(root)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _source_of(name)
        yield name, path
        if path is not None:
            waiting += _resolve_imports(read_module_imports(path).imports, name, path)
            if _is_team_module(name):
                named = read_module_source(path).named_imports
                waiting += _resolve_imports(named, name, path)


def _is_team_module(name: str) -> bool:
    """Assay's own modules import by name only what is to stay out of the keys."""
    return name.partition(".")[0] != "assay"


def _files_at(root: str) -> list[Path]:
    """The file of this path, or all files of this folder; none for the name of a module."""
    path = Path(root)
    if _source_of(root) is not None or not path.exists():
        return []
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _own_files(path: Path, source: ModuleSource) -> dict[str, str]:
    """The files whose names are written in a team's own module, by their entries of the key."""
    found = (_find_own_file(text, path) for text in source.texts)
    return {f"{FILE_PREFIX}{_shown_path(file)}": _file_digest(file) for file in found if file}


def _find_own_file(text: str, module: Path) -> Path | None:
    """The file of this name in the working folder or beside the module."""
    try:
        return next((f for f in (Path(text), module.parent / text) if f.is_file()), None)
    except (OSError, ValueError):  # no name of a file
        return None


def _shown_path(path: Path) -> str:
    """From the working folder, else from the folder that holds the package: alike everywhere."""
    if not path.is_absolute():
        return str(path)
    for base in (Path.cwd(), *map(Path, sys.path)):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return str(path)


def _file_digest(file: Path) -> str:
    status = file.stat()
    return _cached_digest(file.absolute(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _cached_digest(file: Path, _size: int, _modified: int) -> str:
    return str(Digest.of_file(file))


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
def _source_of(name: str) -> Path | None:
    """The file of a first-party module, found without importing anything."""
    top, *rest = name.split(".")
    folder = _first_party_path(top)
    if folder is None:
        return None
    for step in rest:
        folder = folder / step
    files = [folder / "__init__.py", folder.with_name(folder.name + ".py")]
    files += [folder.with_name(folder.name + suffix) for suffix in EXTENSION_SUFFIXES]
    return next((path for path in files if path.is_file()), None)


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
        elif spec.origin and spec.origin.endswith((".py", *EXTENSION_SUFFIXES)):
            folder = Path(spec.origin).with_name(top)
        else:
            return None
        # Assay's own modules count one by one even where it is installed: two builds may have one
        # version. So does a module that was copied into site-packages: no version tells of it.
        own = folder == _OURS or not _is_installed(folder) or _distribution_name(top) is None
        return folder if own else None
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
    # Each of the distribution's own properties would parse the whole file anew.
    fields = held.metadata
    lines = fields.get_all("Requires-Dist") or held.requires or ()
    always = (line for line in lines if not _EXTRA.search(line) and _is_required_here(line))
    required = (found[0] for found in map(_REQUIREMENT_NAME.match, always) if found)
    return _InstalledDistribution(
        fields["Name"], _exact_version(held, fields["Version"]), tuple(required)
    )


def _is_required_here(requirement: str) -> bool:
    """Whether a requirement without extras holds for this Python and this system."""
    condition = requirement.partition(";")[2].strip()
    if not condition:
        return True
    from packaging.markers import InvalidMarker, Marker

    try:
        return Marker(condition).evaluate({"extra": ""})
    except InvalidMarker:  # of an old distribution: what is installed is then taken for needed
        return True


def _exact_version(distribution: metadata.Distribution, version: str) -> str:
    """The version; with a digest of the files for a distribution that is not from an index, which
    may be installed again with other files under the same version (PEP 610).
    """
    origin = distribution.read_text("direct_url.json")
    if origin is None:
        return version
    told = json.loads(origin)
    if told.get("dir_info", {}).get("editable"):
        folder = Path(unquote(urlsplit(told["url"]).path))
        files = sorted(f for f in folder.rglob("*.py") if not _is_hidden(f.relative_to(folder)))
        lines = [f"{f.relative_to(folder)} {_file_digest(f)}" for f in files]
    else:
        recorded = (distribution.read_text("RECORD") or "").splitlines()
        lines = sorted(line for line in recorded if not _VOLATILE_RECORD.search(line))
    return f"{version} of {Digest.of_bytes(chr(10).join(lines).encode()).short}"


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "site-packages" for part in path.parts)


# Lines of a RECORD that differ from one installation of the same files to the next.
_VOLATILE_RECORD = re.compile(r"\.pyc,|\.dist-info/(?!METADATA)|^\.\.")
