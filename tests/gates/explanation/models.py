"""Models whose answers are a formula, and rows with known outcomes, for the explanation gate."""

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.config.gates import Performance
from assay.problems.binary.explanation import DecisionScale
from assay.problems.multiclass.explanation import ClassScale
from assay.problems.regression.explanation import AmountScale

AMOUNTS = AmountScale(Performance(choose_by="rmse"), Target(column="y", unit="euros"))
DECISIONS = DecisionScale(Performance(choose_by="roc_auc"))
CLASSES = ClassScale(
    Performance(choose_by="log_loss"), Target(column="y", classes=("low", "middle", "high"))
)
KINDS = {"f": "number", "i": "integer", "b": "boolean", "M": "date"}


class Formula:
    """Answers by a function of the columns that it names, as `ScoringModel` does."""

    def __init__(self, answer, frame, columns, groups=()):
        self.answer, self.columns = answer, [*columns, *groups]
        kinds = {name: KINDS.get(frame[name].dtype.kind, "text") for name in columns}
        self.signature = {"inputs": [{"name": n, "type": kinds[n]} for n in columns]}

    def predict(self, frame):
        return self.answer(frame)


def amounts(answer, frame, columns):
    return Formula(lambda rows: pd.DataFrame({"prediction": answer(rows)}), frame, columns)


def decisions(answer, frame, columns):
    def of(rows):
        probability = 1 / (1 + np.exp(-np.asarray(answer(rows), dtype=float)))
        return pd.DataFrame({"probability": probability, "decision": probability >= 0.5})

    return Formula(of, frame, columns)


def numbers(rows=1000, seed=1, names="abc"):
    draw = np.random.default_rng(seed)
    return pd.DataFrame({name: draw.standard_normal(rows) for name in names})


def with_truth(truth, **labels):
    return pd.DataFrame({"row": np.arange(len(truth)), "truth": truth, **labels})
