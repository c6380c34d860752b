"""`assay approve`: a person's yes to a version, beside what its gates say."""

from __future__ import annotations

from assay.cli.options import AsJson, AsOf, Because, Reference, Store


def command(
    reference: Reference,
    because: Because,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Say yes to a version whose gates could not tell, or of which another's word is asked."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.promotion import approve

    bucket = opened(store)
    entry = approve(bucket, reference, said(because, as_of))
    tell(bucket, reference, entry, already=f"you approved {reference} before", as_json=as_json)
