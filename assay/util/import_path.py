"""Where Python looks for the modules of a team's own folder."""

from __future__ import annotations

import sys
from pathlib import Path


def use_working_folder() -> None:
    """Let modules in the working folder be imported, such as a team's own estimators.

    The folder comes last, so that none of its modules hides another.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
