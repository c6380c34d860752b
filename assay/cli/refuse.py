"""`assay refuse`: record that a version shall not become champion."""

from __future__ import annotations

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse to make a version champion. The champion stays, and the reason is kept."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.approval_form import refuse_promotion

    run_decision(refuse_promotion, reference, DecisionOptions(because, as_of, store, as_json))
