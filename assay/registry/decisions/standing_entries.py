"""The journal's entries that a version's present state rests on."""

from __future__ import annotations

from assay.bucket.journal import JournalEntry
from assay.registry.history import APPROVED, RETIRED, WAIVED, ModelHistory, Version


def standing_entries(history: ModelHistory, version: Version) -> list[JournalEntry]:
    """Approvals, waivers and its retirement; the promotion and rollback behind each alias; its last
    comparison in shadow. In the journal's order.
    """
    kinds = (APPROVED, WAIVED, RETIRED)
    own = [e for e in history.entries if e.kind in kinds and e.body["version"] == version.number]
    for alias, number in history.aliases.items():
        if number == version.number:
            own += [history.promotion_trails[alias][-1], history.alias_entries[alias]]
    if last := history.last_shadow_comparison(version):
        own.append(last)
    return sorted({entry.number: entry for entry in own}.values(), key=lambda entry: entry.number)
