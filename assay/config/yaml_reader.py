"""Reads YAML within bounds, so that no file costs minutes, gigabytes or a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import Node
from ruamel.yaml.scanner import RoundTripScanner

from assay.errors import ConfigError

_MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 100
_TOO_DEEP = f"it is nested more than {_MAX_DEPTH} deep"
_MAX_VALUES = 100_000  # with every alias replaced by what it names
_MAX_BITS = 1024  # of a whole number; a float has no more either


def parse_yaml(text: str, name: str) -> Any:
    """The values of a YAML text, in ruamel's types, which know their lines.

    Raises ConfigError, with the line in the file `name`.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(
            f"it has {len(text):,} characters; at most {_MAX_CHARACTERS:,} are read", where=name
        )
    yaml = YAML(typ="rt")
    yaml.Scanner, yaml.Composer = _BoundedScanner, _BoundedComposer
    yaml.Constructor = _CheckedConstructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
        tab = "\t" in line
        remedy = "Indent with spaces; YAML allows no tabs." if tab else None
        what = "a tab stands where YAML wants spaces" if tab else f"not YAML: {error.problem}"
        if isinstance(error, _RefusedYaml):
            what, remedy = str(error.problem), None
        raise ConfigError(what, where=where, remedy=remedy) from None
    except YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=name) from None


class _RefusedYaml(MarkedYAMLError):
    """YAML that is beyond the bounds, or holds what no key takes."""

    def __init__(self, problem: str, mark: StreamMark) -> None:
        super().__init__(problem=problem, problem_mark=mark)


class _BoundedScanner(RoundTripScanner):
    """Counts brackets: it reads far ahead of the composer, and is slow in deep ones."""

    def fetch_flow_collection_start(self, token_class: Any, to_push: str) -> None:
        if len(self.flow_context) >= _MAX_DEPTH:
            raise _RefusedYaml(_TOO_DEEP, self.reader.get_mark())
        super().fetch_flow_collection_start(token_class, to_push)


class _BoundedComposer(Composer):
    """Counts depth and values while it composes, before anything is expanded."""

    _depth = 0
    _values = 0

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self._sizes: dict[str, int] = {}  # of the anchors whose values are complete

    def compose_node(self, parent: Any, index: Any) -> Any:
        event, before = self.parser.peek_event(), self._values
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _RefusedYaml(_TOO_DEEP, event.start_mark)
        if isinstance(event, AliasEvent):
            if event.anchor in self.anchors and event.anchor not in self._sizes:
                raise _RefusedYaml(f"*{event.anchor} names itself", event.start_mark)
            self._values += self._sizes.get(event.anchor, 0)
        self._values += 1
        if self._values > _MAX_VALUES:
            raise _RefusedYaml(
                f"its aliases make more than {_MAX_VALUES:,} values of it", event.start_mark
            )
        node = super().compose_node(parent, index)
        if not isinstance(event, AliasEvent) and event.anchor is not None:
            self._sizes[event.anchor] = self._values - before
        self._depth -= 1
        return node


class _CheckedConstructor(RoundTripConstructor):
    """Gives every value that cannot be had, or that no key takes, its line."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except ValueError as error:
            what = "this number is too long" if "digits" in str(error) else str(error)
            raise _RefusedYaml(what, node.start_mark) from None
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise _RefusedYaml("this number is too long", node.start_mark)
        if not isinstance(value, _PLAIN_TYPES):
            raise _RefusedYaml(
                f"{node.tag} is not read; write text, numbers, true, false, dates, lists and "
                "mappings",
                node.start_mark,
            )
        return value


_PLAIN_TYPES = (Mapping, list, str, int, float, date, type(None))
