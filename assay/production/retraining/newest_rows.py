"""The rows that came after the champion had learnt: on these a challenger is held against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.registry.history import Version

CUTOFF_KEY = "upto"  # in what the journal says of a version that was trained anew


def training_cutoff(champion: Version | None) -> int:
    """The last entry of the ledger whose rows the champion may have learnt from; 0 for one that
    knows its use case's source alone.
    """
    return int(champion.entry.body.get(CUTOFF_KEY, 0)) if champion else 0


def mask_newest_rows(
    bucket: Bucket, arrival_entries: Artifact, rows: Sequence[int], cutoff: int
) -> NDArray[np.bool_] | None:
    """Which of these rows of a gathered table came after `cutoff`; None if none did."""
    from assay.tables.table import Table

    entries = Table.read(bucket, arrival_entries).to_arrow()["arrived"].to_numpy()
    mask: NDArray[np.bool_] = entries[np.asarray(rows)] > cutoff
    return mask if mask.any() else None
