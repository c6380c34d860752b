"""Which method of mitigation a candidate asks for."""

from __future__ import annotations

from assay.config.candidates import REDUCTIONS, REWEIGHING
from assay.learning.mitigation import reductions, reweighing, thresholds
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs


def mitigate_model(material: MitigationInputs) -> MitigatedModel:
    """The model, mitigated as its candidate asks, and its answers out of fold.

    Raises ConfigError for an estimator that cannot be trained so, DataError for groups from which
    nothing can be learnt.
    """
    method = material.mitigation.method
    if method in REDUCTIONS:
        return reductions.mitigate_by_reduction(material)
    if method == REWEIGHING:
        return reweighing.mitigate_by_reweighing(material)
    return thresholds.mitigate_by_thresholds(material)
