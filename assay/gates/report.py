"""Check, verdict, report: the one form in which every gate answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from assay.bucket.artifacts import REPORT, Artifact
from assay.bucket.bucket import Bucket

Cell = str | float | int | bool | None


class Verdict(StrEnum):
    """`unknown` means that the data cannot tell, which is not the same as fine."""

    PASS = "pass"
    CAUTION = "caution"
    UNKNOWN = "unknown"
    FAIL = "fail"

    @property
    def severity(self) -> int:
        return _ORDER.index(self)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The most severe: fail, then unknown, then caution; pass for none at all."""
        return max(verdicts, key=lambda v: v.severity, default=cls.PASS)


_ORDER = (Verdict.PASS, Verdict.CAUTION, Verdict.UNKNOWN, Verdict.FAIL)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Frozen):
    """A two-sided interval at confidence `level`; None for a side that is unbounded."""

    low: float | None
    high: float | None
    level: float = 0.95


class Check(_Frozen):
    """One tested claim.

    `estimate`, `interval` and `threshold` share one unit: that of the statistic. `threshold` is
    the limit that the verdict was judged against. A `hard` check that fails fails its gate; a
    soft one counts as a caution. So does an `unknown` that the use case `accepted` beforehand.
    """

    name: str  # stable, for machines: FAMILY or FAMILY[SUBJECT], "selection_rate[sex=Female]"
    claim: str  # for people: what is tested, in one sentence
    verdict: Verdict
    statistic: str = ""
    estimate: float | None = None
    interval: Interval | None = None
    threshold: float | None = None
    why: str = ""  # what was seen, with numbers
    remedy: str = ""  # what to do about it; empty when there is nothing to do
    hard: bool = True
    accepted: bool = False  # people said that `unknown` shall not hold the model
    rows: int | None = None  # rows that the statistic rests on
    group: str | None = None  # "sex=Female", where the check speaks of one group

    @property
    def headline(self) -> str:
        """What a reader sees first: the claim where it holds, else what was seen instead."""
        if self.verdict is Verdict.PASS:
            return self.claim
        missing = "The data cannot tell" if self.verdict is Verdict.UNKNOWN else "Not so"
        return self.why or f"{missing}: {self.claim}"

    @property
    def explanation(self) -> str:
        """What stands below the headline: what was seen where the claim holds, else the claim."""
        return self.why if self.verdict is Verdict.PASS else f"Required: {self.claim}"

    @property
    def finding(self) -> str:
        """Headline and explanation, in a line."""
        parts = (self.headline.removesuffix("."), self.explanation.removesuffix("."))
        return ". ".join(part for part in parts if part)

    @property
    def family(self) -> str:
        """The first part of its name, which checks of one kind share: "selection_rate"."""
        return self.name.partition("[")[0]

    @property
    def subject(self) -> str:
        """The second part of its name: "sex=Female"; "" if it has none."""
        return self.name.partition("[")[2].removesuffix("]")


MeasurementKind = Literal[
    "score",  # a performance metric on the test rows
    "dummy_score",  # the same metric of the dummy, on the same rows
    "champion_score",  # the same metric of the champion, on the same rows
    "expected",  # a performance metric of current rows, estimated without labels
    "realised",  # a performance metric of current rows, from their labels
    "expected_drop",  # how far `expected` lies below the reference
    "realised_drop",  # how far `realised` lies below what was expected
    "difference",  # a fairness metric: group minus reference group
    "ratio",  # a fairness metric: group over reference group
    "effective_rows",  # how many rows of equal weight the weighted ones are worth
    "importance",  # how much a performance metric worsens without what some columns say
]


class Measurement(_Frozen):
    """One number of a report, for programs; checks and sheets show the same number to people.

    `limit` is the accepted value, in the unit of `value`. `group` is None for all rows.
    """

    kind: MeasurementKind
    metric: str  # by its name in a use case: "roc_auc", "selection_rate"
    value: float | None
    interval: Interval | None = None
    limit: float | None = None
    group: str | None = None
    headline: bool = False  # the one number that a summary gives
    # Of kind "importance", taken together. Left out where empty: other reports keep their bytes.
    columns: Annotated[tuple[str, ...], Field(exclude_if=lambda value: not value)] = ()


def _as_cells(value: Any) -> Any:
    return tuple(tuple(row) for row in value)


class Sheet(_Frozen):
    """A small table inside a report: the numbers that people would look up."""

    title: str
    columns: tuple[str, ...]
    rows: Annotated[tuple[tuple[Cell, ...], ...], BeforeValidator(_as_cells)]
    note: str = ""
    detail: bool = False  # for looking things up: a terminal names it, a page folds it


class Point(_Frozen):
    """One mark of a figure: `value` with its interval, or a point (x, value) of a curve or cloud.

    `x_low` and `x_high` are the interval of `x`, where that is an estimate too; of a bar, the
    edges of its bin. One end alone of an interval or a bin says that the other side is open.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    x: float | None = None
    x_low: float | None = None
    x_high: float | None = None


class Series(_Frozen):
    """Points of one kind. `joined` by a line or not; None: as is usual for the kind of figure."""

    name: str
    points: tuple[Point, ...]
    joined: bool | None = None


class Figure(_Frozen):
    """What a picture shows, as numbers; `render` draws it. `alt` tells it to who cannot see it.

    `intervals`: one mark with whiskers per label. `curve`: points joined by x; of more than 30
    points only the line is drawn. `bars`: one bar per label, series side by side; where points
    have edges (`x_low`, `x_high`), a histogram along the x axis, each bar as high as its value
    whatever its width. `scatter`: marks at (x, value) with whiskers both ways, their labels
    beside them or in a key.

    `reference` is a line to compare with and `band` the range that is allowed, or whatever
    `reference_name` and `band_name` say that they are; `x_reference` and `x_band` are the same on
    the x axis. `diagonal` names the line where value equals x; without a name it is not drawn.
    `x_log` asks for a logarithmic x axis, which is had where every x is above zero.
    """

    title: str
    kind: Literal["intervals", "curve", "bars", "scatter"]
    series: tuple[Series, ...]
    axis: str
    x_axis: str = ""
    x_log: bool = False
    reference: float | None = None
    reference_name: str = "reference"
    band: tuple[float, float] | None = None
    band_name: str = "allowed"
    x_reference: float | None = None
    x_reference_name: str = "reference"
    x_band: tuple[float, float] | None = None
    x_band_name: str = "allowed"
    diagonal: str = ""
    alt: str


class Report(_Frozen):
    """The checks of one gate, its overall verdict, and what people want to look at beside it."""

    gate: str  # "validation", "feasibility", "performance", "fairness", "explanation", "drift"
    subject: str  # what was judged: a table, a model
    verdict: Verdict
    summary: str  # one sentence
    checks: tuple[Check, ...]
    sheets: tuple[Sheet, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()  # what limits this report: sampling, skipped checks
    measurements: tuple[Measurement, ...] = ()  # older reports: see `stored_measurements`

    def measurements_of(self, *kinds: MeasurementKind) -> list[Measurement]:
        return [one for one in self.measurements if one.kind in kinds]

    def checks_with(self, verdict: Verdict) -> list[Check]:
        return [check for check in self.checks if check.verdict is verdict]

    def checks_weighing(self, verdict: Verdict) -> list[Check]:
        """The checks that weigh so much in the gate's verdict."""
        return [check for check in self.checks if _weighed_verdict(check) is verdict]

    def reasons_for(self, verdict: Verdict) -> list[str]:
        """What the checks of this weight saw and required, each with its remedy."""
        return [
            f"{check.finding}. {check.remedy}".strip() for check in self.checks_weighing(verdict)
        ]

    def causes_for(self, verdict: Verdict) -> list[str]:
        """What each of these reasons rests on, by a key that stays the same from run to run:
        "gate:fairness:selection_rate[sex=Female]", "drift:RELP".
        """
        return [_cause_key(self.gate, check) for check in self.checks_weighing(verdict)]


def _weighed_verdict(check: Check) -> Verdict:
    if check.verdict is Verdict.FAIL and not check.hard:
        return Verdict.CAUTION
    if check.verdict is Verdict.UNKNOWN and check.accepted:
        return Verdict.CAUTION
    return check.verdict


def overall_verdict(checks: Sequence[Check]) -> Verdict:
    """The verdict of a gate: its worst check, where a soft failure and an accepted `unknown`
    weigh as a caution.

    Never an average: ten good checks do not outweigh a bad one.
    """
    return Verdict.worst(_weighed_verdict(check) for check in checks)


def verdict_reasons(reports: Sequence[Report]) -> list[str]:
    """Why gates said no; where none did, why they were not sure. The worst verdict's alone."""
    worst = Verdict.worst(report.verdict for report in reports)
    if worst is Verdict.PASS:
        return []
    return [
        f"{report.gate}: {reason}"
        for report in reports
        if report.verdict is worst
        for reason in report.reasons_for(worst)
    ]


def verdict_causes(reports: Sequence[Report]) -> list[str]:
    """The causes of `verdict_reasons`, in the same order."""
    worst = Verdict.worst(report.verdict for report in reports)
    if worst is Verdict.PASS:
        return []
    return [c for report in reports if report.verdict is worst for c in report.causes_for(worst)]


def _cause_key(gate: str, check: Check) -> str:
    """The key of a check's cause. A shifted column is one cause, whichever gate found it."""
    return f"drift:{check.subject}" if check.family == "shift" else f"gate:{gate}:{check.name}"


def largest_difference(report: Report) -> float | None:
    """The largest difference between a group and its reference group; None if there is none."""
    gaps = [abs(one.value) for one in report.measurements_of("difference") if one.value is not None]
    return max(gaps, default=None)


def put_report(bucket: Bucket, report: Report) -> Artifact:
    """Store a report, canonically."""
    return bucket.put_json(report.model_dump(mode="json"), REPORT, f"{report.gate} report")


def get_report(bucket: Bucket, artifact: Artifact) -> Report:
    """A stored report, its bytes verified."""
    return Report.model_validate_json(bucket.get(artifact))
