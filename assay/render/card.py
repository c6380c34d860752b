"""The model card: what a version is for, how it was judged, and where it must not be trusted.

Source: Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.evidence.report import Report, Verdict
from assay.render.numbers import measured


def card(use_case: UseCase, candidate: Candidate, reports: Sequence[Report]) -> str:
    """The card as Markdown, drawn from the use case and the gates' reports alone."""
    return "\n".join([*_about(use_case, candidate), *_gates(reports), *_limits(use_case, reports)])


def _about(use_case: UseCase, candidate: Candidate) -> Iterator[str]:
    data = use_case.data
    yield f"# {use_case.name}: {candidate.title}\n"
    yield f"- **Question.** {use_case.question}"
    yield f"- **Decision.** {use_case.decision}"
    yield f"- **Harm of a wrong answer.** {use_case.harm}"
    yield f"- **Owner.** {use_case.owner}"
    yield f"- **Positive outcome.** `{data.target.column}` is `{data.target.positive}`"
    yield f"- **Sensitive columns.** {_sensitive(use_case, candidate)}"
    cost = use_case.performance.cost
    yield (
        f"- **Costs.** a false positive {cost.false_positive:g}, "
        f"a false negative {cost.false_negative:g}\n"
    )


def _sensitive(use_case: UseCase, candidate: Candidate) -> str:
    """Which are declared, and what the model makes of them."""
    declared = use_case.data.sensitive
    seen = [name for name, column in declared.items() if column.feature]
    words = f"{', '.join(declared) or 'none declared'}; "
    words += f"the model sees {', '.join(seen)}" if seen else "none of them is a feature"
    if candidate.mitigate:
        words += f"; its thresholds depend on {candidate.mitigate.by}"
    return words


def _gates(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        yield f"## {report.gate.capitalize()}: {report.verdict}\n"
        yield f"{report.summary}\n"
        for check in report.checks:
            estimate, limit = measured(check)
            if estimate:
                against = f", limit {limit}" if limit else ""
                yield f"- {check.verdict}: {check.claim} ({estimate}{against})"
        yield ""


def _limits(use_case: UseCase, reports: Sequence[Report]) -> Iterator[str]:
    yield "## Limits\n"
    for rule in use_case.fairness:
        yield f"- Tolerance {rule.tolerance:g} for {rule.metric}: {rule.because}"
    for report in reports:
        for check in report.checks:
            if check.verdict is Verdict.UNKNOWN:
                yield f"- Not known: {check.claim}. {check.why} {check.remedy}".rstrip()
        yield from (f"- {note}" for note in report.notes)
