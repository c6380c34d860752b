"""`assay doctor`: find what is wrong with this set-up."""

from __future__ import annotations

import typer

from assay.cli.console import print_json, print_rows
from assay.cli.options import JsonOption, StoreOption


def command(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check the bucket and this installation, and say what is missing."""
    from assay.cli.existing_bucket import bucket_url
    from assay.gates.report import Verdict
    from assay.upkeep.doctor import diagnose_setup

    findings = diagnose_setup(bucket_url(store))
    if as_json:
        print_json({"findings": [finding.as_json() for finding in findings]})
    else:
        rows = [(str(f.verdict), f.name, f.what, f.remedy) for f in findings]
        print_rows(("verdict", "what", "seen", "what to do"), rows)
    raise typer.Exit(1 if any(f.verdict is Verdict.FAIL for f in findings) else 0)
