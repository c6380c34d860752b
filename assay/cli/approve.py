"""`assay approve`: record a person's approval of a version."""

from __future__ import annotations

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a version whose gates could not decide, or that needs a second person's approval."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.promotion import approve_version

    run_decision(
        approve_version,
        reference,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message=f"you approved {reference} before",
    )
