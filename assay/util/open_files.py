"""How many files this process may hold open at once."""

from __future__ import annotations

from assay.errors import ConfigError

LEAST_OPEN_FILES = 64  # a training of the income example was seen to hold 18


def allow_open_files(least: int = LEAST_OPEN_FILES) -> None:
    """Raise this process's limit of open files as far as the system allows.

    Prefect waits for ever where its event loop cannot be opened. Raises ConfigError where the
    system allows fewer than `least`.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # macOS: "unlimited" is more than the kernel gives
            pass
    if soft != resource.RLIM_INFINITY and soft < least:
        raise ConfigError(
            f"{soft:,} files may be open at once, and a flow needs {least:,}",
            where="ulimit -n",
            remedy="Raise the limit: ulimit -n 1024; in systemd LimitNOFILE=1024.",
        )
