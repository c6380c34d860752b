"""A candidate that was tried: the steps that judged it, their verdicts and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from assay.bucket.artifacts import Artifact
from assay.gates.catalog import GATE_BY_STAGE
from assay.gates.report import (
    Report,
    Verdict,
    get_report,
    largest_difference,
    verdict_causes,
    verdict_reasons,
)
from assay.registry.history import REGISTERED, REJECTED
from assay.runs.run import Run
from assay.steps.step import Step


class JudgedCandidate:
    """A candidate, the step that trained it, and all steps that judged it or its data."""

    def __init__(self, run: Run, training_step: Step, judging_steps: Sequence[Step]) -> None:
        self.training_step = training_step
        self.reports = _gate_reports(judging_steps)
        self.gates = {
            GATE_BY_STAGE[s.components["stage"]]: str(s.verdict) for s in judging_steps if s.verdict
        }
        self.status = REJECTED if Verdict.FAIL in self.gates.values() else REGISTERED
        # The champion's version that it was compared with, from its gate's settings.
        self.champion_number: int | None = next(
            (s.components["settings"]["against"] for s in judging_steps if _is_performance(s)), None
        )
        self._run = run

    @property
    def candidate(self) -> str:
        return str(self.training_step.components["settings"]["title"])

    @cached_property
    def evidence(self) -> list[Report]:
        return [get_report(self._run.bucket, artifact) for artifact in self.reports.values()]

    @property
    def reasons(self) -> list[str]:
        return verdict_reasons(self.evidence)

    @property
    def causes(self) -> list[str]:
        """The cause key of each reason."""
        return verdict_causes(self.evidence)

    @property
    def beats_champion(self) -> bool:
        checks = (check for report in self.evidence for check in report.checks)
        return any(c.name == "beats_champion" and c.verdict is Verdict.PASS for c in checks)

    @property
    def scores(self) -> dict[str, float]:
        """Its scores on the test rows and its largest gap between groups: see `Judged`."""
        of_gate = {report.gate: report for report in self.evidence}
        chosen = self._run.loaded.use_case.performance.choose_by
        found = {one.metric: one.value for one in of_gate["performance"].measurements_of("score")}
        shown = [name for name in dict.fromkeys([chosen, "accuracy"]) if name in found]
        scores = {name: found[name] or 0.0 for name in shown}
        gap = largest_difference(of_gate["fairness"])
        return scores | ({} if gap is None else {"largest_gap": gap})


def _is_performance(step: Step) -> bool:
    return GATE_BY_STAGE[step.components["stage"]] == "performance" if step.verdict else False


def _gate_reports(steps: Sequence[Step]) -> dict[str, Artifact]:
    """The gates' reports among the steps' outputs, by gate."""
    return {
        GATE_BY_STAGE[s.components["stage"]]: s["report"] for s in steps if "report" in s.outputs
    }
