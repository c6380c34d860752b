"""The newest rows: those that the champion cannot have learnt from, on which a challenger must
beat it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket

if TYPE_CHECKING:  # the registry would be in the keys of the gates that use this module
    from assay.registry.history import Version

CUTOFF_KEY = "upto"  # in the `registered` entry of a retrained version


def training_cutoff(champion: Version | None) -> int:
    """The last entry of the batch ledger whose rows the champion may have learnt from; 0 for a
    champion trained on the use case's source alone.
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
