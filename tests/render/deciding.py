"""Reports of the three types of question, as small as a decision needs them."""

from __future__ import annotations

from assay.gates.report import Check, Interval, Measurement, Report, Verdict


def check(name: str, verdict: Verdict = Verdict.PASS, **more: object) -> Check:
    return Check.model_validate({"name": name, "claim": f"{name} holds", "verdict": verdict} | more)


def score(metric: str, value: float | None, *, kind: str = "score", **more: object) -> Measurement:
    return Measurement.model_validate({"kind": kind, "metric": metric, "value": value} | more)


def performance(*checks: Check, verdict: Verdict = Verdict.PASS, metric: str = "roc_auc",
                value: float = 0.929, dummy: float = 0.5, champion: float | None = None,
                others: dict[str, float] | None = None) -> Report:  # fmt: skip
    """A performance report; `others` are further metrics of the model."""
    beats = check("beats_dummy", threshold=0.05, estimate=0.429, rows=9851)
    rivals = [score(metric, dummy, kind="dummy_score")]
    if champion is not None:
        rivals.append(score(metric, champion, kind="champion_score"))
    return Report(
        gate="performance", subject="model", verdict=verdict, summary="A summary.",
        checks=(beats, *checks),
        measurements=(
            score(metric, value, interval=Interval(low=value - 0.006, high=value + 0.005),
                  headline=True),
            *(score(name, at) for name, at in (others or {}).items()), *rivals,
        ),
    )  # fmt: skip


def gap(group: str, value: float, verdict: Verdict, *, metric: str = "selection_rate",
        limit: float = 0.1, kind: str = "difference") -> tuple[Check, Measurement]:  # fmt: skip
    """A judged gap: its check and its measurement."""
    bounds = Interval(low=value - 0.02, high=value + 0.02)
    judged = check(f"{metric}[{group}]", verdict, estimate=value, interval=bounds, threshold=limit,
                   group=group, why=f"{metric} is far", remedy=f"Mitigate {group}.")  # fmt: skip
    measured = Measurement.model_validate(
        {"kind": kind, "metric": metric, "value": value, "interval": bounds, "limit": limit,
         "group": group}
    )  # fmt: skip
    return judged, measured


def fairness(*gaps: tuple[Check, Measurement]) -> Report:
    checks = tuple(one for one, _ in gaps)
    return Report(
        gate="fairness", subject="model", verdict=Verdict.worst(c.verdict for c in checks),
        summary="Not judged: no limit is set, so no gap was compared with one." * (not gaps),
        checks=(*checks, check("undeclared_columns", hard=False)),
        measurements=tuple(measured for _, measured in gaps),
    )  # fmt: skip


def gate(name: str, *checks: Check, verdict: Verdict = Verdict.PASS) -> Report:
    return Report(
        gate=name, subject="data", verdict=verdict, summary=f"{name} in a sentence.", checks=checks
    )
