"""One bucket: its store, and on it objects and the memo.

It imports no backend and no journal, because every step's key holds what it imports:
`assay.registry.open.open_bucket` opens a bucket, `assay.bucket.journal.Journal` is a journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from assay import __version__
from assay.bucket import canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest
from assay.bucket.memo import Memo, MemoSignatures, required_objects
from assay.bucket.objects import Objects
from assay.errors import FormatUnknown, KeyAbsent, ReferenceUnknown, StoreUnsafe
from assay.store.base import Store

FORMAT_VERSION = 1
MARKER_KEY = "assay.json"
_JOURNAL_PREFIX = "journals/"
_BUCKET_PREFIXES = (MARKER_KEY, "objects/sha256/", _JOURNAL_PREFIX)  # any of them marks a bucket
_ID_BYTES = 16


class BucketMark:
    """What assay.json says of a bucket: its format, the version that made it, and its id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Mapping[str, Any] | None = None

    @property
    def id(self) -> str | None:
        """What tells the bucket from all others, its copies aside. None in an old bucket, and
        before there is one.
        """
        if self._known is None:
            self._known = _read_mark(self._store) or _find_lost_mark(self._store)
        return self._known.get("id") if self._known else None

    def read(self) -> None:
        """Read the file, if it is there. Raises FormatUnknown."""
        self._known = _read_mark(self._store)

    def render(self, bucket_id: str | None) -> bytes:
        """The file as it is, or as it is to be: a new bucket has this id, or a random one."""
        known = self._known or _read_mark(self._store) or _find_lost_mark(self._store)
        return canonical_json.dump(known or _new_mark(bucket_id))


def _ask_for_no_signatures(_bucket: Bucket) -> None:
    return None


class Bucket:
    """Everything Assay keeps, in one place."""

    def __init__(
        self,
        store: Store,
        memo_signatures: Callable[[Bucket], MemoSignatures | None] = _ask_for_no_signatures,
    ) -> None:
        self.store = store
        self.mark = BucketMark(store)
        self._memo_signatures = memo_signatures

    @classmethod
    def from_store(
        cls,
        store: Store,
        memo_signatures: Callable[[Bucket], MemoSignatures | None] = _ask_for_no_signatures,
    ) -> Bucket:
        """The bucket on a store, its format checked. `memo_signatures`: see `Memo`."""
        bucket = cls(store, memo_signatures)
        bucket.mark.read()
        return bucket

    @property
    def id(self) -> str | None:
        """See `BucketMark.id`."""
        return self.mark.id

    def prepare(self, *, bucket_id: str | None = None) -> Bucket:
        """Mark the store as a bucket of this format, before the first write. Returns itself.

        A new bucket gets an id: a random one, or `bucket_id` for a copy of a part of another.
        Raises StoreDenied, StoreFull, StoreUnsafe: better at the start than after an hour's
        work.
        """
        mark = self.mark.render(bucket_id)
        # The mark is written once in a bucket's life, so a store that says "created" twice in a
        # row overwrites. The probe costs a sound bucket nothing: its first answer is "exists".
        if self.store.put_if_absent(MARKER_KEY, mark) and self.store.put_if_absent(
            MARKER_KEY, mark
        ):
            raise StoreUnsafe(
                "this store overwrites what exists, though asked not to (If-None-Match)",
                where=self.store.root,
                remedy="Use a server with conditional writes, such as AWS S3, Ceph or MinIO, or a "
                "folder; `assay doctor` tells which server answers.",
            )
        self.mark.read()  # another process's, if that was faster
        return self

    def require_existing(self) -> Bucket:
        """Return itself, if there is a bucket to read. Raises ReferenceUnknown, so that a misspelt
        place does not pass for an empty bucket, nor a folder of other files for a sound one.
        """
        if not any(True for held in _BUCKET_PREFIXES for _ in self.store.list(held)):
            raise ReferenceUnknown(
                "there is no bucket here",
                where=self.root,
                remedy="Name another with --store or ASSAY_STORE; the first `assay run` makes one.",
            )
        return self

    @property
    def root(self) -> str:
        return self.store.root

    @cached_property
    def objects(self) -> Objects:
        return Objects(self.store)

    @cached_property
    def memo(self) -> Memo:
        return Memo(self.store, partial(self._memo_signatures, self))

    def put(self, data: bytes, media_type: str, name: str) -> Artifact:
        """Store bytes as an artifact."""
        return Artifact(
            media_type=media_type, digest=self.objects.put(data), size=len(data), name=name
        )

    def put_json(self, value: Any, media_type: str, name: str) -> Artifact:
        """Store a JSON value, canonically."""
        return self.put(canonical_json.dump(value), media_type, name)

    def describe_json(self, value: Any, media_type: str, name: str) -> Artifact:
        """The artifact that `put_json` would return; stores nothing."""
        data = canonical_json.dump(value)
        return Artifact(
            media_type=media_type, digest=Digest.of_bytes(data), size=len(data), name=name
        )

    def get(self, artifact: Artifact) -> bytes:
        """An artifact's bytes, verified. Raises ObjectMissing, ObjectCorrupt."""
        return self.objects.get(artifact.digest)

    def get_json(self, artifact: Artifact) -> Any:
        return canonical_json.load(self.get(artifact))

    def find_memo_entry(self, stage: str, key: Digest) -> dict[str, Any] | None:
        """The memo's entry for a key, if all objects that it needs are there; otherwise it is
        deleted.
        """
        entry = self.memo.find(stage, key)
        if entry and self.objects.find_missing(required_objects(entry)):
            self.memo.forget(stage, key)
            return None
        return entry

    def url(self, artifact: Artifact) -> str:
        """Where other tools read the artifact in place."""
        return self.objects.url(artifact.digest)


def _new_mark(bucket_id: str | None) -> Mapping[str, Any]:
    # The version is for people whose Assay is too old for the bucket: this one reads it.
    mark = {"format": FORMAT_VERSION, "assay": __version__}
    return mark | {"id": bucket_id or secrets.token_hex(_ID_BYTES)}


def _find_lost_mark(store: Store) -> Mapping[str, Any] | None:
    """The mark of a bucket that lost it, with the id that its entries name; None without entries.

    Those of an old bucket name none, and it keeps none.
    """
    mark: dict[str, Any] = {"format": FORMAT_VERSION, "assay": __version__}
    empty = True
    for entry in store.list(_JOURNAL_PREFIX):
        empty = False
        with suppress(KeyAbsent, ValueError, KeyError, TypeError):
            return mark | {"id": str(canonical_json.load(store.get(entry.key))["bucket"])}
    return None if empty else mark


def _read_mark(store: Store) -> Mapping[str, Any] | None:
    """What assay.json says; None if it is not there. Raises FormatUnknown."""
    try:
        mark = canonical_json.load(store.get(MARKER_KEY))
        found = mark["format"]
        if not isinstance(mark.get("id"), str | None):
            raise TypeError("its id is no text")
    except KeyAbsent:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatUnknown(
            "assay.json cannot be read, so this is no bucket of Assay's",
            where=store.url(MARKER_KEY),
            remedy="Choose another --store, or restore this file from a backup.",
        ) from error
    if found != FORMAT_VERSION:
        raise FormatUnknown(
            f"the bucket has format {found!r}; this version of Assay reads format {FORMAT_VERSION}",
            where=store.url(MARKER_KEY),
            remedy=f"Use Assay {mark.get('assay', 'of the version that made it')} or a newer one.",
        )
    return dict(mark)
