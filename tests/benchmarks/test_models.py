import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from assay.config.gates import ErrorCosts
from assay.gates.performance.gate import SCORES
from assay.gates.performance.point_scores import ModelPredictions, point_score
from benchmarks.calibration.models import Population

COST = ErrorCosts(false_positive=1.0, false_negative=2.0)


@pytest.mark.parametrize("population", [Population(-1.5, 1.5), Population(0.5, 2.0, 1.7)])
def test_the_scores_of_a_population_are_those_of_very_many_of_its_rows(population):
    rows = population.predictions(400_000, 3, COST)
    who = ModelPredictions(rows["probability"].to_numpy(), rows["decision"].to_numpy())
    truth = rows["truth"].to_numpy()
    true = population.scores(COST)
    assert set(true) == set(SCORES)
    for metric in SCORES:
        assert point_score(metric, truth, who, COST) == pytest.approx(true[metric], abs=0.006)


def test_a_calibrated_population_gains_nothing_by_another_threshold():
    rows = Population(-1.0, 2.0).predictions(200_000, 5, COST)
    probability, truth = rows["probability"].to_numpy(), rows["truth"].to_numpy()

    def cost(cut):
        chosen = probability >= cut
        return float(np.mean(chosen & ~truth) + 2 * np.mean(~chosen & truth))

    assert cost(1 / 3) < min(cost(0.25), cost(0.42))
    assert average_precision_score(truth, probability) > truth.mean()
