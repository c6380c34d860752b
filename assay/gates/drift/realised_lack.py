"""How far realised performance lies below what was expected, as looks carry it on.

A look's own shortfall has one interval, for the look alone. Evidence over looks needs its two
parts apart: the reference's error is the same at every look, the rows' own is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.gates.statistics.change_evidence import LookEstimate


@dataclass(frozen=True)
class RealisedLack:
    """Of one metric and group, in the margin's unit. `name` is that of the realised check. Where
    `is_share`, lacks are shares of the reference's error, and more is an error that rose.
    """

    name: str
    reference: LookEstimate
    current: LookEstimate
    is_share: bool = False
