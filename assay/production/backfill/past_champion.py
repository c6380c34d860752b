"""Who was champion at a past moment."""

from __future__ import annotations

from datetime import datetime

from assay.bucket.bucket import Bucket
from assay.bucket.journal import entry_timestamp
from assay.registry.history import PROMOTED, RETIRED, ROLLED_BACK, Version, fold_journal
from assay.registry.registry import Registry

_MOVES = frozenset({PROMOTED, ROLLED_BACK, RETIRED})  # what moves an alias


def champion_at(bucket: Bucket, model: str, moment: datetime) -> Version | None:
    """The champion at a moment; None if there was none yet. Raises ChainBroken."""
    entries = Registry(bucket).history(model).entries
    later = (
        place for place, e in enumerate(entries) if e.kind in _MOVES and entry_timestamp(e) > moment
    )
    return fold_journal(bucket, model, entries[: next(later, len(entries))]).champion
