"""Paths that begin with `~`, the user's home folder."""

from __future__ import annotations

from pathlib import Path

from assay.errors import ConfigError


def expand_home(path: str | Path, remedy: str = "Write the path in full.") -> Path:
    """The path with the home folder in place of `~`.

    Raises ConfigError where there is none: HOME is unset and the system does not know the user, as
    in many containers; or nobody has the name after `~`.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(
            "the system knows no home folder for this user", where=str(path), remedy=remedy
        ) from None
