"""Scores a batch's rows part by part, in bounded memory.

Rows that cannot be scored are listed, not dropped: those with an answer that is no finite number,
and those whose group is missing where the decision depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.use_case import UseCase
from assay.dataset.row_identity import hash_units, identity_columns
from assay.errors import AssayError, ConfigError, DataError
from assay.learning.signature import answer_outputs
from assay.production.scoring.outside_values import OutsideValues
from assay.production.scoring.unfit_rows import drop_rows, list_unfit_rows
from assay.sources.source_lines import SourceLines
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from assay.util.progress import UnitsDone, publish_progress

if TYPE_CHECKING:
    import pandas as pd

    from assay.learning.scoring_model import ScoringModel

ROW, UNIT, PROBABILITY, DECISION, MODEL = "row", "unit", "probability", "decision", "model"
_ARROW_TYPES: Final = {"number": pa.float64(), "boolean": pa.bool_(), "text": pa.string()}

_ROWS: Final = 1 << 16
_MOST_BROKEN: Final = 20  # rows that an estimator may break on among `_ROWS`
_PROGRESS_EVERY: Final = 1_000_000  # rows between two words about progress


class AnswerExplanation(Protocol):
    """What is told of each answer beside it."""

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """The columns that `explain` gives, in order."""

    def explain(
        self, batch: pa.RecordBatch, answers: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """What is told of the answers to these rows, by column."""


@dataclass(frozen=True)
class BatchPredictions:
    """`table` holds the scored rows, in order. `predictions` has one row for each: row (its number
    in `table`, from 0, int64), unit (int64, the bits of `dataset.row_identity` hashes), the columns
    of the declared identity, the model's answers (of a yes or no: probability, float64, and
    decision, bool), those of `AnswerExplanation`s, model (its digest, text).
    `lines` gives the scored rows' lines; `unfit` lists all other rows: line, reason, row.
    """

    table: Artifact
    predictions: Artifact
    lines: Artifact
    unfit: Artifact | None
    rows: int
    unfit_rows: int
    outside: tuple[str, ...] = ()
    """Findings on values far outside what training held, a sentence for each column."""


def score_table(
    bucket: Bucket,
    model: ScoringModel,
    digest: Digest,
    table: Artifact,
    use_case: UseCase,
    *,
    lines: Artifact,
    unfit: Artifact | None,
    explanations: Sequence[AnswerExplanation] = (),
    say: Callable[[str], None] = lambda _: None,
) -> BatchPredictions:
    """Score the rows of `table`. The same rows and model give the same bytes.

    `lines` and `unfit` come from `parse_batch`; `explanations` add their columns. Raises DataError
    where no row is left, and where the model cannot answer; ConfigError for an identity column with
    the name of another column.
    """
    from assay.learning.one_thread import one_thread

    rows = Table.read(bucket, table)
    scorer = _Scorer(rows, model, digest, use_case, say, explanations)
    with one_thread():
        predictions = write_table(
            bucket, scorer.batches(), scorer.schema, f"{table.name} predictions"
        )
    before = Table.read(bucket, unfit).rows if unfit else 0
    numbers = np.asarray(scorer.outside.row_numbers(), np.int64)
    held = SourceLines.from_table(Table.read(bucket, lines)).lines(numbers)
    outside = tuple(
        scorer.outside.findings(dict(zip(numbers.tolist(), held.tolist(), strict=True)))
    )
    if scorer.unscorable:
        unfit = list_unfit_rows(rows, scorer.unscorable, lines=lines, earlier_list=unfit)
        table, lines = drop_rows(rows, list(scorer.unscorable), lines=lines)
    if not scorer.scored_rows:
        raise DataError(
            f"none of {rows.rows:,} rows can be scored: {next(iter(scorer.unscorable.values()))}",
            where=table.name,
        )
    return BatchPredictions(
        table,
        predictions,
        lines,
        unfit,
        scorer.scored_rows,
        before + len(scorer.unscorable),
        outside,
    )


@dataclass
class _Scorer:
    """One pass over the rows. `unscorable`: the reasons of unscorable rows, by row number."""

    rows: Table
    model: ScoringModel
    digest: Digest
    use_case: UseCase
    say: Callable[[str], None]
    explanations: Sequence[AnswerExplanation] = ()
    scored_rows: int = 0
    unscorable: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._identity = identity_columns(self.rows.schema.names, self.use_case)
        self._shown = list(self.use_case.data.identity)
        self._answers = {
            one["name"]: _ARROW_TYPES[one["type"]] for one in answer_outputs(self.model.signature)
        }
        self._told = {name: kind for one in self.explanations for name, kind in one.columns.items()}
        self.outside = OutsideValues(self.model.signature["inputs"])
        for name in self._shown:
            if name in {ROW, UNIT, *self._answers, *self._told, MODEL}:
                raise ConfigError(
                    f"an identity column cannot be called {name!r}: predictions have a column of "
                    "that name",
                    where="data.identity",
                    remedy="Rename it in the source.",
                )

    @property
    def schema(self) -> pa.Schema:
        shown = [self.rows.schema.field(name) for name in self._shown]
        return pa.schema(
            [
                pa.field(ROW, pa.int64()),
                pa.field(UNIT, pa.int64()),
                *shown,
                *(pa.field(name, kind) for name, kind in self._answers.items()),
                *(pa.field(name, kind) for name, kind in self._told.items()),
                pa.field(MODEL, pa.string()),
            ]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        columns = list(dict.fromkeys([*self.model.columns, *self._identity]))
        start = 0
        for part in self.rows.batches(columns):
            for offset in range(0, part.num_rows, _ROWS):
                batch = part.slice(offset, _ROWS)
                yield self._score_batch(batch, start)
                publish_progress(UnitsDone(start + batch.num_rows, self.rows.rows, "rows scored"))
                if (start + batch.num_rows) // _PROGRESS_EVERY > start // _PROGRESS_EVERY:
                    self.say(f"{start + batch.num_rows:,} rows scored")
                start += batch.num_rows

    def _score_batch(self, batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
        frame = batch.select(self.model.columns).to_pandas()
        answers, broken = self._predict_frame(frame)
        far = self.outside.add(frame, start)
        odd = far if self.use_case.score.outside == "refuse" else {}
        odd |= self._find_unscorable(frame, answers) | broken
        kept = np.ones(len(frame), bool)
        for place, reason in odd.items():
            self.unscorable[start + place] = reason
            kept[place] = False
        if odd:
            batch = batch.filter(pa.array(kept))
            answers = {name: found[kept] for name, found in answers.items()}
        rows = np.arange(self.scored_rows, self.scored_rows + batch.num_rows)
        self.scored_rows += batch.num_rows
        told: dict[str, pa.Array] = {}
        for explanation in self.explanations:
            told |= explanation.explain(batch, answers)
        named = pa.array([str(self.digest)])
        identity = batch.select(self._identity)
        arrays = [
            pa.array(rows, pa.int64()),
            pa.array(hash_units(identity, self.rows.identity_rule).view(np.int64)),
            *(batch.column(name) for name in self._shown),
            *(pa.array(answers[name], kind) for name, kind in self._answers.items()),
            *(told[name] for name in self._told),
            pa.DictionaryArray.from_arrays(np.zeros(batch.num_rows, np.int32), named),
        ]
        return pa.RecordBatch.from_arrays(arrays, names=self.schema.names)

    def _predict_frame(self, frame: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[int, str]]:
        """The answers by column, and why rows have none, by their places in the frame.

        A row that the estimator breaks on is found by halving, so that it costs no other its
        answer. Raises DataError where there are many: then it is the estimator.
        """
        answers = {name: _no_answers(kind, len(frame)) for name, kind in self._answers.items()}
        broken: dict[int, str] = {}
        pieces = [(0, len(frame))]
        while pieces:
            start, end = pieces.pop()
            try:
                found = self.model.predict(frame.iloc[start:end])
            except AssayError:
                raise
            except Exception as error:
                # A user's estimator, or a library below it, may raise anything.
                why = f"{type(error).__name__}: {error}".partition("\n")[0]
                if end - start == 1 and len(broken) < _MOST_BROKEN:
                    broken[start] = f"the model cannot answer it ({why})"
                    continue
                if end - start == 1 or len(frame) == 1:
                    raise self._broken_model_error(why) from error
                middle = (start + end) // 2
                pieces += [(middle, end), (start, middle)]
                continue
            for name, column in answers.items():
                column[start:end] = found[name].to_numpy()
        if len(broken) == len(frame):
            raise self._broken_model_error(next(iter(broken.values())))
        return answers, broken

    def _broken_model_error(self, why: str) -> DataError:
        return DataError(
            f"the model cannot answer these rows ({why})",
            where=self.rows.artifact.name,
            remedy="Mend the rows, or the estimator if it is your own.",
        )

    def _find_unscorable(
        self, frame: pd.DataFrame, answers: dict[str, np.ndarray]
    ) -> dict[int, str]:
        """The reasons of rows that cannot be scored, by place in the frame."""
        found: dict[int, str] = {}
        for name, column in answers.items():
            if pa.types.is_floating(self._answers[name]):
                for place in np.flatnonzero(~np.isfinite(column)):
                    found.setdefault(int(place), f"its {name} is {column[place]}")
        for name in self.model.group_columns:
            missing = np.flatnonzero(frame[name].isna())
            for place in missing[~self._has_rule(frame, missing)]:
                found[int(place)] = f"{name} is missing, and the decision depends on it"
        return found

    def _has_rule(self, frame: pd.DataFrame, places: np.ndarray) -> np.ndarray:
        """Whether training learnt a rule for these rows' groups. Missing values that training saw
        are a group like any other.
        """
        if not len(places):
            return np.empty(0, bool)
        groups = self.model.groups(frame.iloc[places])
        known: np.ndarray = np.isin(np.asarray(groups, dtype=str), list(self.model.fitted.rules))
        return known


def _no_answers(kind: pa.DataType, rows: int) -> np.ndarray:
    """A column to be filled."""
    if pa.types.is_floating(kind):
        return np.full(rows, np.nan)
    return np.zeros(rows, bool) if pa.types.is_boolean(kind) else np.full(rows, "", dtype=object)
