"""A model as people use it: a frame in, answers out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.dataset.groups import intersect_groups, unchecked_group_labels
from assay.learning.abstention import AbstainRule
from assay.learning.mitigation.models import probability_and_decision
from assay.learning.model_codec import load_model
from assay.learning.one_thread import one_joblib_worker
from assay.learning.signature import answer_outputs, cast_frame, require_columns

_ROWS_AT_ONCE = 1 << 16


class ScoringModel:
    """A fitted model behind its signature."""

    def __init__(self, fitted: Any, signature: dict[str, Any]) -> None:
        self.fitted = fitted
        self.signature = signature

    @classmethod
    def load(cls, data: bytes, signature: dict[str, Any]) -> ScoringModel:
        """The model behind verified bytes. Raises IntegrityError (see `model_codec.load_model`)."""
        return cls(load_model(data), signature)

    @property
    def columns(self) -> list[str]:
        """All columns that `predict` needs, in the signature's order."""
        names = [entry["name"] for entry in self.signature["inputs"]]
        return list(dict.fromkeys([*names, *(entry["name"] for entry in self._group_entries)]))

    @property
    def _group_entries(self) -> list[dict[str, Any]]:
        """The columns that make a row's group, where the decision depends on it."""
        held = self.signature["groups"] or []
        return [held] if isinstance(held, dict) else held  # one column was once written alone

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The answers on the frame's own index, in the columns that the signature's outputs name:
        of a yes or no `probability` (float64) and `decision` (bool), and where rows are left
        to a person `answer` and `why` (text).

        Columns that the model does not know are ignored; rows are worked on in blocks, so that
        the memory is bounded. Raises DataError that lists what is absent or of a wrong type.
        """
        require_columns(frame, self.columns)
        rows = cast_frame(frame, self.signature["inputs"])
        return self.answer_rows(rows, self.groups(frame))

    def answer_rows(self, rows: pd.DataFrame, groups: np.ndarray | None) -> pd.DataFrame:
        """As `predict`, of rows as `cast_frame` gives them, and their `groups`."""
        if (answer := getattr(self.fitted, "answer", None)) is not None:
            return self._answer_blocks(answer, rows, groups)
        probability = np.empty(len(rows), dtype=np.float64)
        decision = np.empty(len(rows), dtype=bool)
        with one_joblib_worker():
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                block = slice(start, start + _ROWS_AT_ONCE)
                known = None if groups is None else groups[block]
                probability[block], decision[block] = probability_and_decision(
                    self.fitted, rows.iloc[block], known
                )
        answers = {"probability": probability, "decision": decision}
        if (rule := self.signature.get("abstain")) is not None:
            answers |= AbstainRule.from_json(rule).answer(probability, decision)
        return pd.DataFrame(answers, index=rows.index)

    def _answer_blocks(
        self, answer: Callable[..., pd.DataFrame], rows: pd.DataFrame, groups: np.ndarray | None
    ) -> pd.DataFrame:
        """What the served object of a problem type answers, told `groups` if it needs them."""
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        with one_joblib_worker():
            blocks = [
                answer(
                    rows.iloc[start : start + _ROWS_AT_ONCE],
                    *(() if groups is None else (groups[start : start + _ROWS_AT_ONCE],)),
                )
                for start in starts
            ]
        if blocks:
            return pd.concat(blocks)
        types = {"number": "float64", "boolean": "bool", "text": "str"}
        empty = {
            one["name"]: pd.Series(dtype=types[one["type"]])
            for one in answer_outputs(self.signature)
        }
        return pd.DataFrame(empty).set_index(rows.index)

    @property
    def group_columns(self) -> list[str]:
        """The columns that a row's decision depends on besides its probability."""
        return [entry["name"] for entry in self._group_entries]

    def groups(self, frame: pd.DataFrame) -> np.ndarray | None:
        """The rows' group labels, where the model's thresholds depend on them."""
        if not self._group_entries:
            return None
        labels = [
            unchecked_group_labels(
                frame[entry["name"]], Sensitive(bins=tuple(entry["bins"])), entry["name"]
            )
            for entry in self._group_entries
        ]
        return np.asarray(intersect_groups(labels).to_numpy(dtype=object))
