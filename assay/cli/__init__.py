"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import signal
import sys
from gc import set_threshold
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from assay.errors import AssayError

# Allocations between two runs of the garbage collector. Most runs find only imported modules.
_GC_THRESHOLD = 50_000


def main() -> None:
    """Entry point of `assay`."""
    set_threshold(_GC_THRESHOLD)
    from assay.cli.console import (
        explain_encoding_error,
        explain_system_error,
        print_json,
        print_stderr,
    )
    from assay.cli.signals import is_untold_interrupt
    from assay.errors import AssayError
    from assay.util.printable_text import make_logs_printable
    from assay.util.proxies import bypass_proxies_on_loopback

    make_logs_printable()
    bypass_proxies_on_loopback()
    try:
        from assay.cli.app import app

        app()
    except AssayError as error:
        _exit_with(error)
    except OSError as error:
        _drop_tracebacks(error)
        _exit_with(explain_system_error(error))
    except UnicodeEncodeError as error:
        if error.encoding.lower().replace("_", "-") == "utf-8":
            raise  # no setting of the system helps
        _drop_tracebacks(error)
        _exit_with(explain_encoding_error(error))
    except KeyboardInterrupt:
        print_stderr("stopped")
        sys.exit(128 + signal.SIGINT)
    except SystemExit as end:
        if is_untold_interrupt(end):
            print_stderr("stopped")
        format_usage_error = getattr(end.__context__, "format_message", None)  # Typer's exit 2
        if format_usage_error and "--json" in sys.argv:
            what = format_usage_error()
            print_json({"error": "UsageError", "what": what, "where": None, "remedy": None})
        raise


def _exit_with(error: AssayError) -> NoReturn:
    from assay.cli.console import drop_unwritable_stdout, print_error

    print_error(error, as_json="--json" in sys.argv)
    drop_unwritable_stdout()
    _drop_tracebacks(error)
    sys.exit(error.exit_code)


def _drop_tracebacks(reported: BaseException) -> None:
    """Drop the tracebacks of a reported error and of its causes.

    Prefect keeps an error as long as the process lives, and its traceback keeps every frame. DuckDB
    complains at exit about its objects in such frames.
    """
    error: BaseException | None = reported
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
