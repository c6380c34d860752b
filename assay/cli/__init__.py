"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `assay`."""
    from assay.cli.console import print_error
    from assay.errors import AssayError

    try:
        from assay.cli.app import app

        app()
    except AssayError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
