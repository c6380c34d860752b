"""Amounts of a challenger beside the champion's, in shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from assay.config.gates import RegressionMetric
from assay.config.use_case import UseCase
from assay.gates.report import Check
from assay.problems.answer_comparison import AnswerComparison, AnswerPair
from assay.problems.regression.amount_text import format_amount, with_unit
from assay.problems.regression.answer_comparison import compare_answers, stated_distance
from assay.problems.regression.answers import read_amounts, read_answers, too_few_remedy
from assay.problems.regression.comparisons import check_against_rivals
from assay.problems.shadow_gate import ShadowChanges
from assay.tables.table import Table


@dataclass(frozen=True)
class ShadowAmounts:
    """A `ShadowAnswers`: an amount that moves by more than a tenth of the interquartile range of
    the outcomes in `reference`, the challenger's test rows, is another answer.
    """

    use_case: UseCase
    reference: Table

    @property
    def shift_columns(self) -> Sequence[str]:
        return ["prediction"]

    def find_changes(self, pair: AnswerPair) -> ShadowChanges:
        tested = self.reference.to_arrow(["truth"]).to_pandas()
        distance = stated_distance(read_amounts(tested, "truth", "test rows"))
        old, new = (
            read_amounts(frame, "prediction", f"answers of the {who}")
            for frame, who in ((pair.first, "champion"), (pair.second, "challenger"))
        )
        moves, unit = new - old, self.use_case.data.target.unit or ""
        kinds = [
            ("higher", int((moves > distance).sum())),
            ("lower", int((moves < -distance).sum())),
        ]
        rule = f"the amount moves by more than {with_unit(format_amount(distance), unit)}"
        return ShadowChanges(np.abs(moves) > distance, rule, kinds, moves, unit)

    def too_few(self, pair: AnswerPair) -> str:
        few = too_few_remedy(pair.rows)
        if not few and np.ptp(read_amounts(pair.second, "truth", "labelled rows")) == 0:
            return "All labels are the same amount: others would tell."
        return few

    def compare(self, pair: AnswerPair) -> AnswerComparison:
        return compare_answers(pair, self.use_case)

    def check_champion(self, pair: AnswerPair) -> list[Check]:
        asked = self.use_case.performance
        return check_against_rivals(
            read_answers(pair.second, "answers of the challenger"),
            {"champion": read_amounts(pair.first, "prediction", "answers of the champion")},
            asked,
            cast(RegressionMetric, asked.choose_by),
            self.use_case.data.target.unit or "",
        )
