"""Metrics of deadlines and costs, as Prometheus has them."""

from datetime import UTC, datetime

from assay.deployments.desk.cost import UseCaseCost
from assay.deployments.desk.use_case_state import UseCaseState
from assay.deployments.metrics.desk import DeskMetrics
from assay.production.scoring.deadline import DeadlineRecord
from tests.deployments.metrics.fake_server import figures, of

SIX = datetime(2026, 3, 1, 6, tzinfo=UTC)


def gathered(*states):
    class Reader:
        def read_states(self, _as_of):
            return list(states)

    return figures(DeskMetrics(Reader()).gather())


def cost(**fields):
    zero = {"train": 0, "score": 0, "monitor": 0}
    told = {"cpu": {**zero, "train": 90.0}, "seconds": zero, "runs": {**zero, "score": 4}}
    return UseCaseCost(**(told | {"uncounted": 0.0, "own_bytes": 70, "shared_bytes": 5} | fields))


def test_a_missed_deadline_and_a_late_scoring_are_told():
    late = DeadlineRecord(SIX, (), SIX, 2400.0)
    missed = DeadlineRecord(SIX, (SIX, SIX))
    found = gathered(
        UseCaseState("guests", deadline=late),
        UseCaseState("rooms", deadline=missed),
        UseCaseState("free"),
    )
    assert of(found, "assay_score_late_seconds", use_case="guests") == 2400
    assert of(found, "assay_score_deadlines_missed", use_case="guests") == 0
    assert of(found, "assay_score_deadlines_missed", use_case="rooms") == 2
    assert of(found, "assay_score_deadline_timestamp_seconds", use_case="rooms") == SIX.timestamp()
    assert not [labels for labels in found if "free" in str(labels)]


def test_costs_are_told_by_work_and_share_and_never_half():
    found = gathered(UseCaseState("guests", cost=cost()))
    labels = {"use_case": "guests", "work": "train"}
    assert of(found, "assay_work_cpu_seconds_total", **labels) == 90
    assert of(found, "assay_work_runs_total", use_case="guests", work="score") == 4
    assert of(found, "assay_stored_bytes", use_case="guests", share="own") == 70
    assert of(found, "assay_stored_bytes", use_case="guests", share="shared") == 5
    assert gathered(UseCaseState("guests", cost=cost(is_complete=False))) == {}
