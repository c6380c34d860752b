"""The reasons of a batch's answers, as columns that stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.errors import AssayError, DataError
from assay.learning.scoring_model import ScoringModel
from assay.learning.signature import cast_frame
from assay.problems.explained_answer import ExplainedAnswer
from assay.production.reasons.contributions import (
    Background,
    Floats,
    Ints,
    measure_contributions,
)
from assay.production.reasons.usual_values import UsualValue, raw_values

REASON_COLUMN: Final = "reason_column"
"""The column that the first reason is about; null where there is none."""
NO_REASON: Final = "no column moved this answer"
BACKGROUND_ROWS: Final = 32
_ROWS: Final = 1 << 16  # at once: the more, the more share their mixtures


def reason_name(place: int) -> str:
    """The column of a reason, counted from 1."""
    return f"reason_{place}"


@dataclass(frozen=True)
class RowReasons:
    """Finds the reasons of one model's answers. `count`: of how many columns a row is told;
    `smallest`: the effect from which a column counts.
    """

    model: ScoringModel
    explained: ExplainedAnswer
    background: Background
    usual: tuple[UsualValue, ...]
    smallest: float
    count: int

    @classmethod
    def prepare(
        cls,
        model: ScoringModel,
        explained: ExplainedAnswer,
        reference: pd.DataFrame,
        *,
        count: int,
        seed: int,
    ) -> RowReasons:
        """`reference`: rows that stand for what is usual, with the model's columns."""
        entries = model.signature["inputs"]
        rows = cast_frame(reference, entries).reset_index(drop=True)
        usual = tuple(UsualValue.find(entry, rows[entry["name"]]) for entry in entries)
        values = explained.measure(model.fitted, rows)
        background = Background.draw(rows, values, BACKGROUND_ROWS, seed)
        smallest = explained.smallest_effect(values)
        return cls(model, explained, background, usual, smallest, count)

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """The columns that `explain` gives, in order."""
        names = [*(reason_name(place + 1) for place in range(self.count)), REASON_COLUMN]
        return dict.fromkeys(names, pa.string())

    def explain(
        self, batch: pa.RecordBatch, answers: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """The reasons of the answers to these rows, by column. Raises DataError where the model
        cannot answer rows that are like them but for some columns.
        """
        pieces = [
            self._explain_rows(
                batch.slice(start, _ROWS),
                pd.DataFrame({name: held[start : start + _ROWS] for name, held in answers.items()}),
            )
            for start in range(0, batch.num_rows, _ROWS)
        ]
        return {
            name: pa.concat_arrays([pa.array([], kind), *(piece[name] for piece in pieces)])
            for name, kind in self.columns.items()
        }

    def find_first_columns(self, batch: pa.RecordBatch, answers: pd.DataFrame) -> pa.Array:
        """The first reasons' columns alone; null where no column moved the answer."""
        contributions = self._measure(batch, self.explained.choose_outputs(answers))
        return self._first_columns(rank_columns(contributions, self.smallest))

    def _explain_rows(self, batch: pa.RecordBatch, answers: pd.DataFrame) -> dict[str, pa.Array]:
        outputs = self.explained.choose_outputs(answers)
        contributions = self._measure(batch, outputs)
        ranked = rank_columns(contributions, self.smallest)
        told = {
            reason_name(place + 1): self._write_reasons(
                batch, contributions, outputs, ranked, place
            )
            for place in range(self.count)
        }
        return {**told, REASON_COLUMN: self._first_columns(ranked)}

    def _measure(self, batch: pa.RecordBatch, outputs: Ints) -> Floats:
        frame = batch.select([one.name for one in self.usual]).to_pandas()
        rows = cast_frame(frame, self.model.signature["inputs"])
        try:
            values = self._measure_values(rows)
            return measure_contributions(
                self._measure_values, rows, values, outputs, self.background
            )
        except AssayError:
            raise
        except Exception as error:
            # A user's estimator, or a library below it, may raise anything.
            raise DataError(
                "the model cannot answer rows in which some columns have other rows' values"
                f" ({type(error).__name__}: {error})",
                where="score.reasons",
                remedy="Mend the estimator, or leave score.reasons out.",
            ) from error

    def _measure_values(self, rows: pd.DataFrame) -> Floats:
        return self.explained.measure(self.model.fitted, rows)

    def _first_columns(self, ranked: Ints) -> pa.Array:
        names = np.array([one.name for one in self.usual], dtype=object)
        first = ranked[:, 0]
        return pa.array(names[first], pa.string(), mask=first < 0)

    def _write_reasons(
        self,
        batch: pa.RecordBatch,
        contributions: Floats,
        outputs: Ints,
        ranked: Ints,
        place: int,
    ) -> pa.Array:
        chosen = ranked[:, place]
        texts = np.full(batch.num_rows, None, dtype=object)
        if place == 0:
            texts[chosen < 0] = NO_REASON
        for column in np.unique(chosen[chosen >= 0]).tolist():
            which, usual = np.flatnonzero(chosen == column), self.usual[column]
            values = raw_values(batch.column(usual.name), which)
            for row, value in zip(which.tolist(), values, strict=True):
                push = self.explained.describe_push(
                    float(contributions[row, column]), int(outputs[row])
                )
                texts[row] = f"{usual.describe(value)}: {push}"
        return pa.array(texts, pa.string())


def rank_columns(contributions: Floats, smallest: float) -> Ints:
    """The columns of each row by how far they moved its answer, most first; -1 for those that
    moved it by less than `smallest`, or not at all. Of equals the first column comes first.
    """
    size = np.abs(contributions)
    ranked = np.argsort(-size, axis=1, kind="stable")
    moved = np.take_along_axis(size, ranked, axis=1) >= max(smallest, np.finfo(float).tiny)
    return np.where(moved, ranked, -1)
