"""One candidate that answers yes or no, and leaves rows to a person where the use case asks so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.dataset.row_weights import WEIGHT_COLUMN
from assay.learning import train
from assay.learning.abstention import ANSWER, OUTPUTS
from assay.learning.estimators import FieldLocator
from assay.learning.learning_problem import FitProgress
from assay.learning.search import SearchOutcome
from assay.learning.train import TrainedCandidate
from assay.learning.training_rows import require_free_names
from assay.problems.binary.plausible_answers import learn_rule
from assay.problems.problem_type import StoredSearch
from assay.tables.table import Table


def train_candidate(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    search: StoredSearch,
    *,
    say: FitProgress,
    locate: FieldLocator,
) -> TrainedCandidate:
    """As `learning.train.train_candidate`, from the stored search.

    With `performance.abstain`, the rule is learnt from the answers out of fold. The signature then
    holds it as `abstain`, and the predictions have a text column `answer`. Raises DataError also
    for rows that are too few for the rule.
    """
    asked = use_case.performance.abstain
    if asked is not None:
        require_free_names(use_case, {one["name"] for one in OUTPUTS}, locate)
    found = SearchOutcome.restore(search.tried, search.scores, candidate, use_case)
    trained = train.train_candidate(table, test, candidate, use_case, found, say=say, locate=locate)
    if asked is None:
        return trained
    held, tested = trained.held_out, trained.predictions
    weights = held[WEIGHT_COLUMN].to_numpy() if WEIGHT_COLUMN in held.column_names else None
    rule = learn_rule(
        held["probability"].to_numpy(), held["truth"].to_numpy(), asked, weights, locate=locate
    )
    answers = rule.answer(tested["probability"].to_numpy(), tested["decision"].to_numpy())
    signature = trained.signature | {
        "outputs": [*trained.signature["outputs"], *OUTPUTS],
        "abstain": rule.as_json(),
    }
    return replace(
        trained,
        signature=signature,
        predictions=tested.append_column(ANSWER, pa.array(answers[ANSWER], pa.string())),
        outcomes=trained.outcomes | {"abstain": rule.as_json()},
    )
