"""What a search of amounts or classes hands over to training, and how it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.learning.search import FoundParameters, parameter_combinations
from assay.problems.problem_type import StoredSearch


@dataclass(frozen=True)
class RawAnswerSearch:
    """A search's choice, with the raw answers out of fold under these names of columns."""

    found: FoundParameters
    columns: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """The trials and the choice as JSON, the same for the same inputs."""
        return {"tried": self.found.trials, "chosen": self.found.chosen_index}

    def frame(self) -> pd.DataFrame:
        """The raw answers, one row a training row, NaN for rows that no fold held out."""
        raw = self.found.raw.reshape(len(self.found.raw), -1)
        return pd.DataFrame(raw, columns=list(self.columns))


def restore_search(
    search: StoredSearch, candidate: Candidate, use_case: UseCase, columns: Sequence[str]
) -> tuple[dict[str, Any], np.ndarray]:
    """The chosen parameters and the raw answers, a column each.

    The parameters come from the use case, because canonical JSON turns a 1.0 into 1.
    """
    params = parameter_combinations(candidate, use_case)[search.tried["chosen"]]
    return params, search.scores[list(columns)].to_numpy(dtype=np.float64)
