"""A model as people use it: a frame in, probabilities and decisions out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from assay.codecs import load_model
from assay.config.data import Sensitive
from assay.evidence.groups import labels_of
from assay.learning.mitigation import GroupThresholds
from assay.learning.signature import cast, require

_ROWS_AT_ONCE = 1 << 16


class Model:
    """A fitted classifier behind its signature. Made by `Model.load`, or `Model(fitted, ...)`."""

    def __init__(self, fitted: Any, signature: dict[str, Any]) -> None:
        self.fitted = fitted
        self.signature = signature

    @classmethod
    def load(cls, data: bytes, signature: dict[str, Any]) -> Model:
        """The model behind verified bytes. Raises IntegrityError (see `codecs.load_model`)."""
        return cls(load_model(data), signature)

    @property
    def columns(self) -> list[str]:
        """All columns that `predict` needs, in the signature's order."""
        names = [entry["name"] for entry in self.signature["inputs"]]
        groups = self.signature["groups"]
        return names if groups is None or groups["name"] in names else [*names, groups["name"]]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Columns `probability` (float64) and `decision` (bool), on the frame's own index.

        Columns that the model does not know are ignored; rows are worked on in blocks, so that
        the memory is bounded. Raises DataError that lists what is absent or of a wrong type.
        """
        require(frame, self.columns)
        rows = cast(frame, self.signature["inputs"])
        groups = self._groups(frame)
        probability = np.empty(len(rows), dtype=np.float64)
        decision = np.empty(len(rows), dtype=bool)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            found = self.fitted.predict_proba(rows.iloc[block])
            probability[block] = found[:, 1]
            decision[block] = self._decide(rows.iloc[block], groups, block)
        return pd.DataFrame({"probability": probability, "decision": decision}, index=frame.index)

    def _groups(self, frame: pd.DataFrame) -> np.ndarray | None:
        """The rows' group labels, where the model's thresholds depend on them."""
        asked = self.signature["groups"]
        if asked is None:
            return None
        declared = Sensitive(bins=tuple(asked["bins"]))
        labels = labels_of(frame[asked["name"]], declared, asked["name"])
        return np.asarray(labels.to_numpy(dtype=object))

    def _decide(self, rows: pd.DataFrame, groups: np.ndarray | None, block: slice) -> np.ndarray:
        if isinstance(self.fitted, GroupThresholds):
            assert groups is not None, "a mitigated model's signature names its groups"
            decided = self.fitted.predict(rows, groups[block])
        else:
            decided = np.asarray(self.fitted.predict(rows))
        decision: np.ndarray = decided == 1
        return decision
