"""Load a use case from YAML, or raise one error that says where and what to write instead."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assay.config.actionable import check_actionable
from assay.config.data import MISSING_GROUP
from assay.config.use_case import UseCase
from assay.config.yaml_reader import parse_yaml
from assay.errors import ConfigError, nearest_name

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class ConfigText:
    """The text of a use case, which gives the line of each key."""

    name: str
    tree: Any
    overridden_paths: frozenset[KeyPath] = field(default_factory=frozenset)
    options: Mapping[str | int, str] = field(default_factory=dict)
    """For a use case made from a command's options: the option that each key came from."""

    def locate(self, path: KeyPath) -> str:
        """`file:line` of the deepest part of `path` that the file holds; or the option."""
        if self.options:
            return next((self.options[s] for s in path[::-1] if s in self.options), self.name)
        for known in range(len(path), 0, -1):
            if path[:known] in self.overridden_paths:
                return f"--set {_dotted_path(path[:known])}"
        line = self._line(path)
        return f"{self.name}:{line}" if line else self.name

    def _line(self, path: KeyPath) -> int | None:
        node, line = self.tree, 1
        for step in path:
            try:
                is_key = isinstance(node, Mapping)
                line = (node.lc.key(step) if is_key else node.lc.item(step))[0] + 1
                node = node[step]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return line


@dataclass(frozen=True)
class LoadedUseCase:
    """A use case with its source text, for errors that only the data can reveal."""

    use_case: UseCase
    text: ConfigText
    document: dict[str, Any]

    def make_error(self, path: KeyPath, message: str, remedy: str | None = None) -> ConfigError:
        return ConfigError(message, where=self.text.locate(path), remedy=remedy)


def load_use_case(path: Path | str, overrides: Sequence[str] = ()) -> LoadedUseCase:
    """Read and check a use case. `overrides` are `key.path=value`, the value in YAML.

    Raises ConfigError.
    """
    path = Path(path)
    text = _read_text(path)
    _refuse_signatures(text, str(path))
    document = {"file": str(path), "text": text, "set": list(overrides)}
    written = parse_use_case(document)
    # Every run stores this text, and the folders of a person's machine are private.
    name = path.name if path.is_absolute() else str(path)
    _folders[name, text] = str(path.parent)
    return replace(written, document=document | {"file": name})


def parse_use_case(
    document: Mapping[str, Any], options: Mapping[str | int, str] | None = None
) -> LoadedUseCase:
    """Parse and check a use case from a document: `file`, its `text`, and the overrides `set`.

    A run stores the text with its comments. `options`: see `ConfigText`. Raises ConfigError.
    """
    name = document["file"]
    tree = parse_yaml(document["text"], name)
    if not isinstance(tree, Mapping):
        raise ConfigError("a use case is a mapping of keys to values", where=name)
    plain = _to_json_value(tree)
    changed = frozenset(_apply_override(plain, text) for text in document["set"])
    plain.setdefault("name", Path(name).stem)
    text = ConfigText(name, tree, changed, options or {})
    _check_numbers(plain, text)
    try:
        use_case = UseCase.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        raise _explain_error(error, text, plain) from None
    _check_groups(use_case, text)
    _check_bins(use_case, text)
    check_actionable(use_case, text.locate)
    folder = _folders.get((name, document["text"]), str(Path(name).parent))
    return LoadedUseCase(_place_sources(use_case, folder, changed), text, dict(document))


# Folders of use cases that were read by absolute paths, which their documents leave out.
_folders: dict[tuple[str, str], str] = {}


def _place_sources(use_case: UseCase, folder: str, overridden_paths: frozenset[KeyPath]) -> UseCase:
    """The use case with sources, and where predictions go, that know its folder; --set paths count
    from the working folder.
    """
    if folder in {"", "."}:
        return use_case
    placed: dict[str, Any] = {}
    for section in ("data", "score", "labels"):
        held = getattr(use_case, section)
        named = ((section,), (section, "source"), (section, "source", "path"))
        if held.source is not None and overridden_paths.isdisjoint(named):
            placed[section] = held.model_copy(update={"source": held.source.below(folder)})
    sink, named = use_case.score.to, (("score",), ("score", "to"), ("score", "to", "path"))
    if sink is not None and sink.path is not None and overridden_paths.isdisjoint(named):
        score = placed.get("score", use_case.score)
        placed["score"] = score.model_copy(update={"to": sink.below(folder)})
    return use_case.model_copy(update=placed)


def _refuse_signatures(text: str, name: str) -> None:
    """Raise ConfigError for a signed URL: whoever may read the bucket could use it."""
    found = _SIGNATURE.search(text)
    if found:
        raise ConfigError(
            f"this URL is signed ({found[1]}), and the use case is kept with every run",
            where=f"{name}:{text.count(chr(10), 0, found.start()) + 1}",
            remedy="Put the URL into a variable of the environment and write ${NAME} instead.",
        )


_SIGNATURE = re.compile(
    r"[?&]((?:X-Amz-|X-Goog-)(?:Signature|Security-Token)|Signature|sig)=(?!\$\{)", re.IGNORECASE
)


def read_yaml(path: Path | str) -> Any:
    """Any YAML or JSON file as plain values. Raises ConfigError."""
    return read_yaml_with_lines(path)[0]


def read_yaml_with_lines(path: Path | str) -> tuple[Any, ConfigText]:
    """`read_yaml`, with a text that gives the line of each key."""
    text = ConfigText(str(path), parse_yaml(_read_text(Path(path), "file"), str(path)))
    return _to_json_value(text.tree), text


def check_columns(loaded: LoadedUseCase, columns: Sequence[str]) -> None:
    """Raise ConfigError for the first column that the use case names and a table lacks.

    Columns that are never stored are in no table.
    """
    for path, name in loaded.use_case.column_references():
        if name not in columns and path[1] != "never_store":
            raise loaded.make_error(
                path,
                f"the data have no column {name!r}",
                _suggest_or_list(name, columns, "Columns"),
            )


def _read_text(path: Path, kind: str = "use case") -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = nearest_name(path.name, [p.name for p in path.parent.glob("*.y*ml")])
        other = "Name a file in configs/." if kind == "use case" else "Check its name."
        remedy = f"Did you mean {path.parent / near}?" if near else other
        raise ConfigError(f"there is no such {kind}", where=str(path), remedy=remedy) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"byte {error.start} is not UTF-8", where=str(path), remedy="Save the file as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _to_json_value(node: Any) -> Any:
    """Convert YAML's own types to JSON's. Dates become their ISO text."""
    if isinstance(node, Mapping):
        return {str(key): _to_json_value(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_to_json_value(value) for value in node]
    if isinstance(node, datetime | date):
        return node.isoformat()
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _check_numbers(node: Any, text: ConfigText, path: KeyPath = ()) -> None:
    """Refuse numbers that canonical JSON, and so the record of a run, cannot hold."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for step, value in children:
        here = (*path, step)
        if isinstance(value, dict | list):
            _check_numbers(value, text, here)
        elif (isinstance(value, float) and not math.isfinite(value)) or (
            isinstance(value, int) and abs(value) >= 2**53
        ):
            raise ConfigError(
                f"{_dotted_path(here)} is {value}, which a run's record cannot hold",
                where=text.locate(here),
                remedy="Write a finite number below 2**53, leave it out, or write it as text.",
            )


def _check_groups(use_case: UseCase, text: ConfigText) -> None:
    """Raise ConfigError for the first group that is named but not declared.

    If two names are nearly alike, nothing here shows which one is misspelt.
    """
    declared = use_case.data.sensitive
    for path, name in use_case.group_references():
        if name not in declared:
            near = nearest_name(name, declared)
            other = near and text.locate(("data", "sensitive", near))
            raise ConfigError(
                f"{name!r} is used as a group, but not under data.sensitive",
                where=text.locate(path),
                remedy=f"There it is {near!r} ({other}). Did you mean {name!r}, or {near!r} here?"
                if near
                else f"Declare it there, `{name}: {{}}`, with bins if it holds numbers.",
            )


def _check_bins(use_case: UseCase, text: ConfigText) -> None:
    """Raise ConfigError for the first group that the cut points of its column cannot make."""
    for column, declared in use_case.data.sensitive.items():
        named: list[tuple[KeyPath, str]] = [
            (("population", group), group) for group in declared.population
        ]
        if declared.reference is not None:
            named.insert(0, (("reference",), declared.reference))
        groups = [*declared.bin_labels(), MISSING_GROUP]
        for path, group in named if declared.bins else ():
            if group not in groups:
                raise ConfigError(
                    f"{group!r} is none of the groups that the cut points of {column!r} make",
                    where=text.locate(("data", "sensitive", column, *path)),
                    remedy=_suggest_or_list(group, groups, "Groups"),
                )


def _apply_override(plain: dict[str, Any], text: str) -> KeyPath:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text!r} is not of the form key.path=value")
    path: KeyPath = tuple(int(s) if re.fullmatch(r"[0-9]{1,9}", s) else s for s in key.split("."))
    node: Any = plain
    for step, following in itertools.pairwise(path):
        try:
            if isinstance(step, str) and isinstance(node, dict):
                node = node.setdefault(step, [] if isinstance(following, int) else {})
            else:
                node = node[step]
        except (IndexError, KeyError, TypeError):
            raise ConfigError(
                f"the use case has no {_dotted_path(path)!r}", where=f"--set {text}"
            ) from None
    try:
        node[path[-1]] = _to_json_value(parse_yaml(value, f"--set {key}"))
    except (IndexError, KeyError, TypeError):
        raise ConfigError(
            f"the use case has no {_dotted_path(path)!r}", where=f"--set {text}"
        ) from None
    return path


def _explain_error(error: ValidationError, text: ConfigText, plain: Any) -> ConfigError:
    """One message for the first problem, with the number of further ones."""
    problems = _root_problems(error)
    first = problems[0]
    path = _file_path_of(first["loc"], plain)
    name = _dotted_path(path)
    others = f" ({len(problems) - 1} more after this one)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        return ConfigError(
            f"unknown key {str(path[-1])!r}{_under_key(path[:-1])}{others}",
            where=text.locate(path),
            remedy=_suggest_or_list(str(path[-1]), known, "Known keys"),
        )
    if first["type"] == "missing":
        return ConfigError(
            f"{name!r} is missing{others}",
            where=text.locate(path[:-1]),
            remedy=f"Add {path[-1]!r}{_under_key(path[:-1])}.",
        )
    if path == ("name",) and "name" not in text.tree and path not in text.overridden_paths:
        return ConfigError(
            f"the file's name makes the use case's, and {plain['name']!r} cannot be one{others}",
            where=text.name,
            remedy=f"{_NAME_HINT} (my-guests.yaml), or write such a `name:` into the file.",
        )
    said = _MESSAGE_BY_TYPE.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] == "string_pattern_mismatch":
        said = _NAME_HINT if path == ("name",) else _IMPORT_PATH_HINT
    said = said.replace("Input should", "it should")
    given = first.get("input")
    shown = f", but it is {given!r}" if isinstance(given, str | int | float | bool) else ""
    remedy = None
    if first["type"] == "literal_error" and isinstance(given, str):
        allowed = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        remedy = _suggest_or_list(given, allowed, "Allowed")
    named = name and text.options.keys().isdisjoint(path)  # otherwise the option says where it is
    message = f"{name}: {said}{shown}{others}" if named else f"{said}{shown}{others}"
    return ConfigError(message, where=text.locate(path), remedy=remedy)


_NAME_HINT = "Use small letters, digits, - and _ alone"
_IMPORT_PATH_HINT = (
    "write where it is imported from, such as sklearn.linear_model.LogisticRegression"
)
_MESSAGE_BY_TYPE = {  # pydantic's messages about JSON, in terms of YAML
    "tuple_type": "it should be a list, such as [this, that]",
    "list_type": "it should be a list, such as [this, that]",
    "dict_type": "it should be a mapping, such as {key: value}",
    "model_type": "it should be a mapping, such as {key: value}",
    "model_attributes_type": "it should be a mapping, such as {key: value}",
    "string_type": "it should be text",
}


def _root_problems(error: ValidationError) -> list[ErrorDetails]:
    """The problems that are not mere consequences of another, misspelt keys first."""
    problems = error.errors()
    # pydantic also calls a list too short if its only item is wrong.
    inner = {p["loc"][:n] for p in problems for n in range(1, len(p["loc"]))}
    unknown = [p["loc"] for p in problems if p["type"] == "extra_forbidden"]

    def follows(problem: ErrorDetails) -> bool:
        where, name = problem["loc"][:-1], str(problem["loc"][-1:])
        misspelt = [str(loc[-1:]) for loc in unknown if loc[:-1] == where]
        return problem["loc"] in inner or (
            problem["type"] == "missing" and nearest_name(name, misspelt) is not None
        )

    own = [problem for problem in problems if not follows(problem)]
    return sorted(own, key=lambda problem: problem["type"] != "extra_forbidden")


def _file_path_of(loc: tuple[int | str, ...], plain: Any) -> KeyPath:
    """Drop the steps that pydantic adds for unions and keys, which the file does not hold."""
    path: list[int | str] = []
    node = plain
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(node, dict) and (step in node or (last and step != "[key]")):
            path.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            path.append(step)
            node = node[step]
    return tuple(path)


def _known_keys(path: KeyPath) -> list[str]:
    """The keys allowed at `path`, from the models."""
    from typing import get_args

    kind: Any = UseCase
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(step, str):
            kind = kind.model_fields[step].annotation
        else:  # inside a dict or a list: step to its items' type
            kind = get_args(kind)[-1] if isinstance(step, str) else get_args(kind)[0]
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            models = [a for a in get_args(kind) if isinstance(a, type) and issubclass(a, BaseModel)]
            if models and type(None) in get_args(kind):
                kind = models[0]
    return list(kind.model_fields) if hasattr(kind, "model_fields") else []


def _suggest_or_list(word: str, names: Sequence[str], label: str) -> str:
    near = nearest_name(word, names)
    if near:
        return f"Did you mean {near!r}?"
    shown = ", ".join(list(names)[:20]) + (", ..." if len(names) > 20 else "")
    return f"{label}: {shown}."


def _under_key(path: KeyPath) -> str:
    return f" under {_dotted_path(path)!r}" if path else ""


def _dotted_path(path: KeyPath) -> str:
    return ".".join(str(step) for step in path)
