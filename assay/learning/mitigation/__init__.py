"""Mitigation: what can be done when a model treats groups of people too differently.

Three families, each on request. Thresholds by group after training (`thresholds`), training under
a constraint (`reductions`), and training on reweighted rows (`reweighing`). All leave a model's
probability what it is, calibrated, and change what is decided. `strength` means the same for all:
the share of the gap that is to be closed, as it stands on rows that the model did not see.
"""

# Pickles of models that early versions registered name these classes here: the path is a format.
from assay.learning.mitigation.models import GroupThresholds, Lottery

__all__ = ["GroupThresholds", "Lottery"]
