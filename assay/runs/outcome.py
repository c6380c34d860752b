"""The outcome of a run: its candidates, their gates, and the registered version."""

from __future__ import annotations

from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest
from assay.runs.run import _FrozenModel


class CandidateOutcome(_FrozenModel):
    """One candidate's version, the verdicts of its gates, and its scores.

    `scores`: the metric that ranks candidates and the accuracy, on the test rows. `largest_gap`:
    the largest gap that a fairness rule names.
    """

    model: str
    candidate: str
    status: str
    gates: dict[str, str]
    reasons: list[str]
    scores: dict[str, float]


class StepSummary(_FrozenModel):
    """One line about a step. `seconds` is what it took in this run: nothing if `cached`."""

    name: str
    cached: bool
    seconds: float


class RunOutcome(_FrozenModel):
    """The outcome of a run. `outcome` is registered, rejected or stopped."""

    use_case: str
    question: Digest
    run: Digest
    outcome: str
    model: str | None
    digest: Digest | None  # of the model's bytes
    champion: bool
    against: int | None  # the version of the champion that it was judged against
    gates: dict[str, str]
    reports: dict[str, Artifact]
    page: Artifact
    reasons: list[str]
    judged: list[CandidateOutcome]
    steps: list[StepSummary]
