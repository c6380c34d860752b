"""`assay approve`: record a person's approval of a version."""

from __future__ import annotations

from assay.cli.options import (
    AsOfOption,
    JsonOption,
    OptionalBecauseOption,
    ReferenceArgument,
    StoreOption,
)


def command(
    reference: ReferenceArgument,
    because: OptionalBecauseOption = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a version whose gates could not decide, or that needs a second person's approval.

    Without a reason it decides nothing, and shows champion and challenger side by side.
    """
    from assay.cli.decision_command import DecisionOptions, run_decision, show_brief
    from assay.registry.decisions.promotion import approve_version

    if because is None:
        commands = (f"assay {act} {reference} --because TEXT" for act in ("approve", "refuse"))
        show_brief(reference, store, list(commands), as_json=as_json)
    run_decision(
        approve_version,
        reference,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message=f"you approved {reference} before",
    )
