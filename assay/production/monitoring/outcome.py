"""What the monitor flow came to. Imports nothing heavy, for the runs that find nothing new."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from assay.bucket.artifacts import Artifact
from assay.production.monitoring.look import Look


class ShadowOutcome(BaseModel):
    """What a challenger's answers in shadow came to. `entry`: the journal's, if that was news."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    against: str
    verdict: str
    summary: str
    report: Artifact
    entry: int | None = None


class MonitorOutcome(BaseModel):
    """What the monitor flow came to. `verdict` is None where there was nothing to look at, or
    the look was not counted: `why` says so. `entry` is the look's in the journal. `labels`: what
    came of reading labels, by name. `shadow`: what the challenger's answers beside it came to,
    where there is one to compare.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str
    model: str
    look: int | None = None
    entry: int | None = None
    verdict: str | None = None
    summary: str = ""
    reasons: list[str] = []
    report: Artifact | None = None
    figures: dict[str, float] = {}
    why: str = ""
    labels: dict[str, str] = {}
    refused: dict[str, str] = {}
    shadow: ShadowOutcome | None = None


def idle_outcome(use_case: str, look: Look, why: str = "nothing is new") -> MonitorOutcome:
    """The outcome of a look that there was no reason to take."""
    since = f" since look {len(look.past_looks)}" if look.past_looks else ""
    return MonitorOutcome(use_case=use_case, model=look.version.name, why=why + since)
