"""What an estimator warned of while it was fitted, and nothing else.

A process warns of other things at any time: a socket that the garbage collector closes, a thread
that uses an old function. Such warnings fall into a fit by chance. What is kept of a fit is part
of digests, so only warnings that the same fit gives each time are kept.
"""

from __future__ import annotations

import os
import re
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

# Of the process, or of code that is merely imported: not of the fit.
_FOREIGN_CATEGORIES: Final = (
    ResourceWarning,
    DeprecationWarning,
    PendingDeprecationWarning,
    ImportWarning,
    SyntaxWarning,
    BytesWarning,
    EncodingWarning,
)
_NUMERIC_PACKAGES: Final = frozenset({"sklearn", "numpy", "scipy", "pandas"})
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]+")
_LEARNING_FOLDER: Final = Path(__file__).parent
_ASSAY_FOLDER: Final = _LEARNING_FOLDER.parent
_STANDARD_LIBRARY: Final = Path(sysconfig.get_path("stdlib"))


@dataclass
class FitWarnings:
    """The warnings of one fit: distinct texts in alphabetical order, once the fit has ended."""

    texts: tuple[str, ...] = ()


@contextmanager
def record_fit_warnings(estimator: Any) -> Iterator[FitWarnings]:
    """Record what `estimator` warns of: its own package, scikit-learn and the numeric libraries,
    and a team's own modules. No warning reaches the screen meanwhile.
    """
    found = FitWarnings()
    packages = _NUMERIC_PACKAGES | _packages_of(estimator)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield found
        finally:
            own = [one for one in caught if _is_own(one, packages)]
            found.texts = tuple(sorted({_first_line(one.message) for one in own}))


def mask_addresses(message: object) -> str:
    """The text of a message, without the memory addresses that differ from run to run."""
    return _ADDRESS.sub("0x...", str(message))


def _first_line(message: object) -> str:
    return mask_addresses(message).strip().split(os.linesep, 1)[0]


def _packages_of(estimator: Any) -> set[str]:
    """Top-level packages of the classes in an estimator, such as a pipeline."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return {type(part).__module__.partition(".")[0] for part in parts} - {"builtins"}


def _is_own(warning: warnings.WarningMessage, packages: set[str] | frozenset[str]) -> bool:
    # `source` is what was destroyed: the garbage collector was at work.
    if issubclass(warning.category, _FOREIGN_CATEGORIES) or warning.source is not None:
        return False
    file = Path(warning.filename)
    if file.is_relative_to(_ASSAY_FOLDER):
        return file.is_relative_to(_LEARNING_FOLDER)  # it called the estimator
    for name, below in pairwise(file.parts):
        if name in {"site-packages", "dist-packages"}:
            return below.partition(".")[0] in packages
    return file.is_file() and not file.is_relative_to(_STANDARD_LIBRARY)
