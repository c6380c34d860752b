"""`assay approve`: a person's yes to a version, beside what its gates say."""

from __future__ import annotations

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say yes to a version whose gates could not tell, or of which another's word is asked."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.promotion import approve_version

    bucket = open_existing_bucket(store)
    entry = approve_version(bucket, reference, make_justification(because, as_of))
    print_decision(
        bucket,
        reference,
        entry,
        unchanged_message=f"you approved {reference} before",
        as_json=as_json,
    )
