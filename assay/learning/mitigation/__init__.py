"""Mitigation: what can be done when a model treats groups of people too differently.

Three families, each on request. Thresholds by group after training (`thresholds`), training under
a constraint (`reductions`), and training on reweighted rows (`reweighing`). All leave a model's
probability what it is, calibrated, and change what is decided. `strength` means the same for all:
the share of the gap that is to be closed, as it stands on rows that the model did not see.
"""

from __future__ import annotations

from assay.config.candidates import REDUCTIONS, REWEIGHING
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs


def mitigate_model(material: MitigationInputs) -> MitigatedModel:
    """The model, mitigated as its candidate asks, and its answers out of fold.

    Raises ConfigError for an estimator that cannot be trained so, DataError for groups from which
    nothing can be learnt.
    """
    method = material.mitigation.method
    if method in REDUCTIONS:
        from assay.learning.mitigation import reductions

        return reductions.mitigate_by_reduction(material)
    if method == REWEIGHING:
        from assay.learning.mitigation import reweighing

        return reweighing.mitigate_by_reweighing(material)
    from assay.learning.mitigation import thresholds

    return thresholds.mitigate_by_thresholds(material)
