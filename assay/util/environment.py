"""Variables of the environment that a use case names as ${NAME}."""

from __future__ import annotations

import os
import re
from typing import Final

from assay.errors import ConfigError, suggest_name

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


def read_variables(text: str, location: str) -> dict[str, str]:
    """The values of the variables that a text names. Raises ConfigError for one that is not set."""
    return {name: _read_variable(name, location) for name in _VARIABLE.findall(text)}


def expand_variables(text: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1]], text)


def hide_values(text: str, values: dict[str, str]) -> str:
    """The text with the variables' names in place of their values."""
    for name, value in values.items():
        text = text.replace(value, f"${{{name}}}") if value else text
    return text


def _read_variable(name: str, location: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigError(
            f"the environment has no variable {name!r}",
            where=location,
            remedy=suggest_name(name, os.environ, f"Set it: export {name}=..."),
        ) from None
