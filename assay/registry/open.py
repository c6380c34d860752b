"""From a URL to the bucket there."""

from __future__ import annotations

from functools import lru_cache

from assay.bucket.bucket import Bucket
from assay.registry.memo_signatures import memo_signatures
from assay.store.open import open_store


@lru_cache(maxsize=8)
def open_bucket(url: str) -> Bucket:
    """The bucket at a URL, its format checked once a process. Writes nothing.

    What its memo takes for done follows the people in force, as they are at each look.

    Raises FormatUnknown, StoreDenied, StoreUnreachable, ConfigError.
    """
    return Bucket.from_store(open_store(url), memo_signatures)
