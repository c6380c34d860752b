"""How outcomes that arrive after their rows are held: in tables of labels, and in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from assay.config.data import Target
    from assay.tables.table import Table

Outcomes = NDArray[Any]
"""An outcome a row, of a format's `row_type`; `unknown` where nothing is known."""


class TargetValues(Protocol):
    """The target's column, written from labels: in the first table's own values."""

    def outcomes(self, truth: Outcomes, own: pa.Array | None, kind: pa.DataType) -> pa.Array:
        """The column of these rows: the known outcome's value, else what the rows say themselves
        (`own`, None where they have no such column). `kind`: the first table's type.

        Raises DataError for outcomes that the type cannot hold.
        """


@dataclass(frozen=True)
class OutcomeFormat(ABC):
    """How outcomes of one target are held.

    A table of labels has a column of `kind` (see `tables.columns`). In memory, what is known is of
    `known_type`; where something may be unknown, it is of `row_type`, with `unknown`.
    """

    target: Target

    kind: ClassVar[str]
    known_type: ClassVar[type[np.generic]]
    row_type: ClassVar[type[np.generic]]
    unknown: ClassVar[float]

    @abstractmethod
    def read_target(self, column: pa.Array) -> Outcomes:
        """What a column of the target's values says. Missing values and those that are no outcome
        are unknown.
        """

    @abstractmethod
    def read_labels(self, column: pa.Array) -> Outcomes:
        """What a label table's column says; unknown where it was written for another question."""

    @abstractmethod
    def write_labels(self, column: pa.Array) -> pa.Array:
        """The label table's column, from target's values that are fit, none of them missing."""

    @abstractmethod
    def write_outcomes(self, known: Outcomes) -> pa.Array:
        """A column of `kind`, from outcomes that are all known."""

    @abstractmethod
    def trained_values(self, trained: Table) -> pa.Array | None:
        """The values that `mask_unfit` needs of the table that a model was trained on."""

    @abstractmethod
    def mask_unfit(self, column: pa.Array, trained: pa.Array | None) -> NDArray[np.bool_]:
        """Which of these values are no outcomes; what it says of missing ones does not count."""

    @abstractmethod
    def describe_unfit(self, value: Any) -> str:
        """Why a value is no outcome: what is to follow its column and the value in a sentence."""

    @abstractmethod
    def target_values(self, first: Table) -> TargetValues:
        """What turns labels into the first table's values again."""

    def mask_known(self, outcomes: Outcomes) -> NDArray[np.bool_]:
        """Which outcomes are known."""
        known: NDArray[np.bool_] = outcomes >= 0
        return known

    def fill_unknown(self, rows: int) -> Outcomes:
        """Outcomes of so many rows, none known."""
        return np.full(rows, self.unknown, self.row_type)

    def keep_where(self, mask: NDArray[np.bool_], outcomes: Outcomes) -> Outcomes:
        """The outcomes where `mask` is true; the others become unknown."""
        return np.where(mask, outcomes, self.unknown).astype(self.row_type)
