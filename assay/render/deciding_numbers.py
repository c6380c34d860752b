"""The three numbers that decide: how good a model is, how fair, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.config.gates import LOWER_IS_BETTER
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.report import Check, Measurement, Report, Verdict, overall_verdict
from assay.render.numbers import estimate_parts, format_interval, format_numbers, value_parts
from assay.util.wording import format_count

HOW_GOOD, HOW_FAIR, HOW_SURE = "How good?", "How fair?", "How sure?"
LABELS = {HOW_SURE: "open"}  # what `against` says of a number; of the others "against"
_NOT_A_GAP = "undeclared_columns"  # a check of the fairness gate that compares no groups


@dataclass(frozen=True, slots=True)
class DecidingNumber:
    """One answer of the first screen, as text. `verdict` is None where nothing was judged."""

    question: str  # "How good?"
    value: str  # "ROC AUC 0.929 [0.923, 0.934]"
    against: str = ""  # what it is compared with: "dummy 0.500; champion income@1 0.921"
    limit: str = ""  # what is accepted: "more than 0.05 above the dummy"
    verdict: Verdict | None = None
    meaning: str = ""  # the same for readers without statistics, where it is short and true

    @property
    def terms(self) -> list[str]:
        """What it is compared with, and what is accepted: "against the dummy", "accepted: ..."."""
        compared = self.against if self.question in LABELS else f"against {self.against}"
        accepted = f"accepted: {self.limit}" if self.limit else ""
        return [part for part in (compared if self.against else "", accepted) if part]


def deciding_numbers(
    reports: Sequence[Report], *, champion: str = "", unit: str = "", stopped: bool = False
) -> tuple[DecidingNumber, ...]:
    """How good, how fair, how sure. `champion` names the version compared with, `unit` is what
    outcomes are counted in.
    """
    of_gate = {report.gate: report for report in reports}
    performance = of_gate.get("performance")
    return (
        _performance_number(performance, champion, unit)
        if performance
        else _feasibility_number(of_gate),
        fairness_number(of_gate.get("fairness"), unit=unit, stopped=stopped),
        _certainty_number(reports, performance),
    )


# --- how good ---------------------------------------------------------------------------------


def headline_score(report: Report) -> Measurement | None:
    """The score that the use case chooses by; None where it could not be measured."""
    found = [one for one in report.measurements_of("score") if one.headline]
    return next((one for one in found if one.value is not None), None)


def _performance_number(report: Report, champion: str, unit: str) -> DecidingNumber:
    score = headline_score(report)
    if score is None:
        return DecidingNumber(HOW_GOOD, report.summary, verdict=report.verdict)
    counted = metric_unit(score.metric, unit)
    title, value, interval = metric_title(score.metric), *estimate_texts(score)
    beats = {c.name: c for c in report.checks if c.family.startswith("beats_")}
    asked = _check_named(report, f"at_least[{score.metric}]")
    judged = [check for check in (*beats.values(), asked) if check is not None]
    return DecidingNumber(
        HOW_GOOD,
        " ".join(part for part in (title, value, counted, interval) if part),
        against="; ".join(_rival_texts(report, score, beats, champion)),
        limit=_score_limit(score, beats.get("beats_dummy"), asked, counted),
        verdict=overall_verdict(judged) if judged else None,
        meaning=_score_meaning(report, unit),
    )


def _rival_texts(
    report: Report, score: Measurement, beats: dict[str, Check], champion: str
) -> list[str]:
    """ "dummy 0.500", "champion income@1 0.921 (gain 0.008 [0.001, 0.015])"."""
    found = []
    for kind, name in (("dummy_score", "dummy"), ("champion_score", f"champion {champion}")):
        rival = next(
            (m for m in report.measurements if m.kind == kind and m.metric == score.metric), None
        )
        if rival is None or rival.value is None:
            continue
        text = f"{name.strip()} {format_numbers([rival.value, score.value])[0]}"
        gain = beats.get("beats_champion") if kind == "champion_score" else None
        if gain is not None and gain.estimate is not None:
            text += f" (gain {' '.join(filter(None, estimate_parts(gain)[:2]))})"
        found.append(text)
    return found


def _score_limit(score: Measurement, dummy: Check | None, asked: Check | None, counted: str) -> str:
    """What is accepted: a limit of the score itself, else a margin over the dummy."""
    if asked is not None and asked.threshold is not None:
        side = "at most" if score.metric in LOWER_IS_BETTER else "at least"
        return _with_unit(f"{side} {asked.threshold:g}", counted)
    if dummy is None or dummy.threshold is None:
        return ""
    if not dummy.threshold:
        return "better than the dummy"
    return f"better than the dummy by more than {_with_unit(f'{dummy.threshold:g}', counted)}"


def _score_meaning(report: Report, unit: str) -> str:
    """The score in words of everyday, by the metrics that the question has."""
    of = {m.metric: m.value for m in report.measurements_of("score") if m.value is not None}
    if {"recall", "precision"} <= of.keys():
        if not of["recall"]:
            return "It finds none of the rows whose true answer is yes."
        return (
            f"Of 100 rows whose true answer is yes it finds {_hundredths(of['recall'])}; of 100 "
            f"that it calls yes, {_hundredths(of['precision'])} are."
        )
    if "mae" in of:
        return f"It is off by {_with_unit(format_numbers([of['mae']])[0], unit)} on average."
    if "accuracy" in of:
        return f"It names the right class for {_hundredths(of['accuracy'])} of 100 rows."
    return ""


def _feasibility_number(of_gate: dict[str, Report]) -> DecidingNumber:
    """Of a run without a model: what a quick learner reached, where the data got so far."""
    checks = of_gate["feasibility"].checks if "feasibility" in of_gate else ()
    for family in ("reach", "signal"):
        for check in checks:
            if check.family == family and check.estimate is not None:
                value, limit = format_numbers([check.estimate, check.threshold], distinct=True)
                interval = format_interval(check.interval) if check.interval else ""
                return DecidingNumber(
                    HOW_GOOD,
                    f"{statistic_title(check)}: {value} {interval}".strip(),
                    limit="" if check.threshold is None else limit,
                    verdict=overall_verdict([check]),
                )
    return DecidingNumber(HOW_GOOD, "Not judged: no model was trained.")


# --- how fair ---------------------------------------------------------------------------------


def fairness_number(
    report: Report | None, *, unit: str = "", stopped: bool = False
) -> DecidingNumber:
    """The judged gap that is widest for its limit, or why none was judged."""
    if report is None:
        why = ": no model was trained" if stopped else ""
        return DecidingNumber(HOW_FAIR, f"Not judged{why}.")
    checks = [check for check in report.checks if check.family != _NOT_A_GAP]
    if not checks:
        return DecidingNumber(HOW_FAIR, report.summary)
    verdict = overall_verdict(checks)
    if not judged_gaps(report):
        worst = max(checks, key=lambda check: overall_verdict([check]).severity)
        return DecidingNumber(HOW_FAIR, worst.headline, verdict=verdict)
    widest = widest_gap(report)
    value, interval = estimate_texts(widest)
    what = "gap" if widest.kind == "difference" else "ratio"
    counted = gap_unit(widest, unit)
    parts = (f"{gap_title(widest)}: {what}", value, counted, interval)
    others = f"; the widest of {len(checks)} held to a limit" if len(checks) > 1 else ""
    return DecidingNumber(
        HOW_FAIR,
        " ".join(part for part in parts if part),
        against=f"the reference group{others}",
        limit=gap_limit_text(widest, unit),
        verdict=verdict,
        meaning=_gap_meaning(widest),
    )


def gap_sentence(gap: Measurement, unit: str = "") -> str:
    """A gap with its interval and what is accepted, without a full stop."""
    value, interval = estimate_texts(gap)
    what = "gap" if gap.kind == "difference" else "ratio"
    size = " ".join(part for part in (value, gap_unit(gap, unit), interval) if part)
    accepted = gap_limit_text(gap, unit)
    return f"{gap_title(gap)} has a {what} of {size}; {accepted} is accepted"


def gap_title(gap: Measurement) -> str:
    """Whose metric a gap is of: "Selection rate of sex=Female"."""
    return f"{metric_title(gap.metric)} of {group_title(gap)}"


def group_title(gap: Measurement) -> str:
    """A gap's group, its parts with a space between them."""
    return (gap.group or "all rows").replace(",", ", ")


def gap_unit(gap: Measurement, unit: str) -> str:
    """What a gap is counted in: of errors of amounts, the outcomes' unit; "" for shares."""
    return unit if gap.kind == "difference" and gap.metric in _IN_UNIT else ""


_IN_UNIT = (
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_prediction",
)


def judged_gaps(report: Report) -> list[Measurement]:
    """The gaps that the gate held to a limit."""
    return [
        m
        for m in report.measurements_of("difference", "ratio")
        if m.value is not None and m.limit is not None
    ]


def widest_gap(report: Report) -> Measurement:
    """Of the judged gaps, that with the worst verdict; of these, the farthest for its limit."""
    of_name = {check.name: check for check in report.checks}

    def badness(gap: Measurement) -> tuple[int, float]:
        check = of_name.get(f"{gap.metric}[{gap.group}]")
        return (overall_verdict([check]).severity if check else 0, _share_of_limit(gap))

    return max(judged_gaps(report), key=badness)


def _share_of_limit(gap: Measurement) -> float:
    """How much of what is accepted a gap takes: 1 at its limit."""
    value, limit = gap.value or 0.0, gap.limit or 0.0
    if gap.kind == "ratio":
        value, limit = (abs(math.log(v)) if v > 0 else math.inf for v in (value, limit))
    if math.isinf(value):
        return math.inf
    return abs(value) / limit if limit else abs(value) * 1e9


def gap_limit_text(gap: Measurement, unit: str = "") -> str:
    """What is accepted of a gap: "at most 0.1 either way"."""
    limit = gap.limit or 0.0
    if gap.kind == "difference":
        return f"at most {_with_unit(f'{limit:g}', gap_unit(gap, unit))} either way"
    return f"at least {limit:g}" if limit <= 1 else f"at most {limit:g}"


_MEANINGS = {
    "selection_rate": "of 100 rows, {count} {word} are answered yes",
    "true_positive_rate": "of 100 rows with that true answer, {count} {word} are found",
    "false_positive_rate": "of 100 rows without that true answer, {count} {word} are answered so",
    "accuracy_score": "of 100 rows, {count} {word} are answered rightly",
}


def _gap_meaning(gap: Measurement) -> str:
    """A gap between shares, counted in people of a hundred."""
    form = _MEANINGS.get(gap.metric)
    if form is None or gap.kind != "difference" or gap.value is None:
        return ""
    count, group = _hundredths(abs(gap.value)), group_title(gap)
    said = form.format(count=count, word="fewer" if gap.value < 0 else "more")
    if count == "0":
        return f"Less than 1 of 100 rows of {group} is answered unlike the reference group's."
    return f"In {group}, {said} than in the reference group."


# --- how sure ---------------------------------------------------------------------------------


def _certainty_number(reports: Sequence[Report], performance: Report | None) -> DecidingNumber:
    """On how many rows all this rests, and what is unknown or to be weighed."""
    unknown, cautions = (_count_by_gate(reports, v) for v in (Verdict.UNKNOWN, Verdict.CAUTION))
    parts = [
        f"{said}: {', '.join(f'{count} in {gate}' for gate, count in by_gate.items())}"
        for said, by_gate in (("unknown", unknown), ("cautions", cautions))
        if by_gate
    ]
    return DecidingNumber(
        HOW_SURE,
        _rows_text(reports, performance),
        against="; ".join(parts) or "nothing is unknown, and there is no caution",
        verdict=Verdict.UNKNOWN if unknown else Verdict.CAUTION if cautions else Verdict.PASS,
    )


def _count_by_gate(reports: Sequence[Report], verdict: Verdict) -> dict[str, int]:
    counts = {report.gate: len(report.checks_weighing(verdict)) for report in reports}
    return {gate: count for gate, count in counts.items() if count}


def _rows_text(reports: Sequence[Report], performance: Report | None) -> str:
    judged = [performance] if performance else list(reports)
    rows = max((c.rows for report in judged for c in report.checks if c.rows), default=None)
    if rows is None:
        return "number of rows not known"
    if performance is None:
        return f"{format_count(rows, 'row')} of data"
    text = format_count(rows, "test row")
    worth = _effective_rows(performance, rows)
    return text if worth is None else f"{text}, worth about {worth:,} independent ones"


def _effective_rows(report: Report, rows: int) -> int | None:
    """The independent rows of equal weight that would give the widest of the score's intervals.

    Rows that err together widen a standard error by a factor, whose square is the design effect
    (Kish, Survey Sampling, 1965); unequal weights do so before.
    """
    check = _check_named(report, "independence")
    factor = max(check.estimate or 1.0 if check else 1.0, 1.0)
    weighted = (m.value for m in report.measurements if m.kind == "effective_rows")
    worth = (next(weighted, None) or rows) / factor**2
    return max(round(worth), 1) if worth < rows else None


# --- texts ------------------------------------------------------------------------------------


def estimate_texts(measured: Measurement) -> tuple[str, str]:
    """A measurement's value and its interval, in the precision of its limit; "" for no interval."""
    value, interval, _ = value_parts(measured.value, measured.interval, measured.limit)
    return value, interval


def _hundredths(share: float) -> str:
    """A share as a whole number of a hundred, never rounded to none or all."""
    count = round(100 * share)
    if count == 0 and share > 0.0005:
        return "less than 1"
    if count == 100 and share < 0.9995:
        return "more than 99"
    return f"{count}"


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def statistic_title(check: Check) -> str:
    """What a check measured, with a metric by its name for people: "ROC AUC of a quick learner"."""
    text = check.statistic or "estimate"
    if "=" not in check.subject and text.startswith(check.subject):
        text = text.replace(check.subject, metric_title(check.subject), 1)
    return text[:1].upper() + text[1:]


def _check_named(report: Report, name: str) -> Check | None:
    return next((check for check in report.checks if check.name == name), None)
