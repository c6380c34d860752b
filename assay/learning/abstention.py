"""Which rows of a yes or no the machine decides, and which a person does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

YES, NO, PERSON = "yes", "no", "person"
ANSWER, WHY = "answer", "why"
OUTPUTS: Final = (
    {
        "name": ANSWER,
        "type": "text",
        "means": "yes or no where the machine decides, and person where a person is to",
    },
    {
        "name": WHY,
        "type": "text",
        "means": "why a person is to decide; empty where the machine does",
    },
)
"""The columns that a model with a rule gives beside its own, as its signature names them."""

BOTH = "both answers are plausible"
NEITHER = "neither answer is plausible"
AGAINST = "the decision is not the plausible answer"


@dataclass(frozen=True)
class AbstainRule:
    """Yes is plausible from the probability `yes_from` on, no up to `no_to`.

    The machine decides where its decision is the one plausible answer. So it holds for decisions by
    any threshold, those of a mitigated model included. `coverage` is what the two were learnt for;
    None where people set them.
    """

    yes_from: float
    no_to: float
    coverage: float | None = None

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> AbstainRule:
        return cls(**found)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def answer(self, probability: np.ndarray, decision: np.ndarray) -> dict[str, np.ndarray]:
        """The columns `answer` and `why` for rows, as text. Where there is no probability, both
        answers are plausible.
        """
        missing = np.isnan(probability)
        yes, no = (probability >= self.yes_from) | missing, (probability <= self.no_to) | missing
        decided = np.asarray(decision, dtype=bool)
        machine = (yes != no) & (decided == yes)
        return {
            ANSWER: np.where(machine, np.where(decided, YES, NO), PERSON).astype(object),
            WHY: np.select(
                [machine, yes & no, ~yes & ~no], ["", BOTH, NEITHER], default=AGAINST
            ).astype(object),
        }
