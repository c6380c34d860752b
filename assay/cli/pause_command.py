"""What `assay pause` and `assay resume` share: the entry first, then the server."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.console import print_json, print_stderr, print_text
from assay.cli.decision_command import entry_json
from assay.cli.existing_bucket import bucket_url, open_existing_bucket
from assay.cli.running_server import use_running_server

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.journal import JournalEntry

_NO_SERVER = (
    "no server of this bucket runs here. Where one runs, its keeper follows the bucket within "
    "five minutes; any other follows at its next `assay up`, or `python -m assay.deployments "
    "--apply`."
)


def change_pause(
    use_case: str,
    store: str | None,
    decide: Callable[[Bucket], JournalEntry | None],
    *,
    unchanged_message: str,
    as_json: bool,
) -> None:
    """Record what `decide` decides about a use case, let the running server follow, and print both.

    `decide` returns the entry it wrote, or None where the journal says so already; the server
    follows all the same, in case it did not hear of it then.
    """
    from assay.deployments.deployment_plan import scan_use_cases
    from assay.registry.decisions.use_case_pause import read_pauses, require_use_case
    from assay.util import clock

    url = bucket_url(store)
    bucket = open_existing_bucket(url)
    found = use_running_server(url)
    configs = Path(found.root) / "configs" if found else Path("configs")
    cases = [
        case.name for folder in {configs, Path("configs")} for case in scan_use_cases(folder)[0]
    ]
    require_use_case(bucket, use_case, cases)
    entry = decide(bucket)
    pool = found.pool if found else None
    changed, problem = _follow(url, pool, use_case)
    pause = read_pauses(bucket, [use_case], clock.parse_timestamp(None)).in_force.get(use_case)
    if as_json:
        print_json(
            {
                "use_case": use_case,
                "paused": pause is not None,
                "until": pause and pause.until and clock.format_timestamp(pause.until),
                "entry": entry and entry_json(entry),
                "changed": changed,
                "server": problem or "followed",
            }
        )
        return
    _print_entry(bucket, use_case, entry, unchanged_message)
    for line in changed:
        print_text(line)
    if not changed and not problem:
        print_text("the server had nothing to change")
    if problem:
        print_stderr(f"recorded in the bucket; {problem}")


def _follow(url: str, pool: str | None, use_case: str) -> tuple[list[str], str]:
    """What changed on the server, and why it did not follow. The record stands all the same."""
    if not os.environ.get("PREFECT_API_URL"):
        return [], _NO_SERVER
    os.environ["ASSAY_STORE"] = url
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    try:
        from assay.deployments.pauses import follow_journals

        return follow_journals(pool, [use_case]), ""
    except Exception as error:  # noqa: BLE001 - what a client raises shares no base
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return [], f"the server did not follow ({why}). Repeat the command once it answers."


def _print_entry(
    bucket: Bucket, use_case: str, entry: JournalEntry | None, unchanged_message: str
) -> None:
    from assay.registry.authority import describe_signature
    from assay.render.journal_text import entry_sentence

    if entry is None:
        print_text(f"{unchanged_message}; nothing was written")
        return
    print_text(f"{use_case} {entry_sentence(use_case, entry)}")
    print_text(f"entry {entry.number} by {entry.actor} ({describe_signature(bucket, entry)})")
