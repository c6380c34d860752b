"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import sys
from gc import set_threshold

_GC_THRESHOLD = (
    50_000  # made between two searches for garbage, most of which find what was imported
)


def main() -> None:
    """Entry point of `assay`."""
    set_threshold(_GC_THRESHOLD)
    from assay.cli.console import print_error, print_json
    from assay.errors import AssayError

    try:
        from assay.cli.app import app

        app()
    except AssayError as error:
        print_error(error, as_json="--json" in sys.argv)
        _drop_tracebacks(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        misused = getattr(end.__context__, "format_message", None)  # what Typer ends with 2 for
        if misused and "--json" in sys.argv:
            print_json({"error": "UsageError", "what": misused(), "where": None, "remedy": None})
        raise


def _drop_tracebacks(reported: BaseException) -> None:
    """Drop the tracebacks of an error that was told, and of those behind it.

    Prefect keeps an error for as long as the process lives. Its traceback would keep every frame
    it passed, and DuckDB reports at the interpreter's end what of its own is still held.
    """
    error: BaseException | None = reported
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
