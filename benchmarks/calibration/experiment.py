"""An experiment, what is claimed of it, and when a claim holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from assay.gates.report import Interval
from assay.gates.statistics.proportions import wilson_interval

# Of some fifty claims a few whose rate is just what is stated would miss a 95 % interval by chance.
LEVEL = 0.99

# What happened in one seed, by outcome; None where the seed says nothing of it.
Outcomes = Mapping[str, bool | None]
Holds = Literal["holds", "does not hold", "too few seeds", "shown"]


@dataclass(frozen=True, slots=True)
class Claim:
    """In how many seeds `outcome` is to happen. An `exact` one, stated as never or always, admits
    no exception; of others `rate` is a probability. Of one that is `shown` nothing is claimed.
    """

    outcome: str  # key of what the experiment returns
    says: str  # for people
    bound: Literal["at most", "at least", "shown"]
    rate: float

    @property
    def exact(self) -> bool:
        return self.bound != "shown" and self.rate in (0.0, 1.0)

    @property
    def stated(self) -> str:
        if self.bound == "shown":
            return ""
        if self.exact:
            return "always" if self.rate else "never"
        return f"{self.bound} {100 * self.rate:g} %"


def never(outcome: str, says: str) -> Claim:
    return Claim(outcome, says, "at most", 0.0)


def always(outcome: str, says: str) -> Claim:
    return Claim(outcome, says, "at least", 1.0)


def at_most(rate: float, outcome: str, says: str) -> Claim:
    return Claim(outcome, says, "at most", rate)


def at_least(rate: float, outcome: str, says: str) -> Claim:
    return Claim(outcome, says, "at least", rate)


def shown(outcome: str, says: str) -> Claim:
    """What was seen, without a claim: power where none is promised."""
    return Claim(outcome, says, "shown", 0.0)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One kind of made data, the seeds it is made with, and what a gate must say of it.

    `once` makes the data from a seed, asks the gate, and tells what happened. It must be importable
    by its module and name (or a partial of such), because it runs in processes of its own.
    """

    name: str
    done: str  # what was made and asked, with sizes, in a few sentences
    seeds: int
    once: Callable[[int], Outcomes]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A claim beside what was seen: `hits` of `tried` seeds, with Wilson's interval."""

    claim: Claim
    hits: int
    tried: int

    @property
    def rate(self) -> float | None:
        return self.hits / self.tried if self.tried else None

    @property
    def interval(self) -> Interval:
        return wilson_interval(self.hits, self.tried, LEVEL)

    @property
    def verdict(self) -> Holds:
        """Does not hold: the interval lies wholly on the wrong side of what is stated.

        Holds: it does not, and leaves no room for twice the stated rate of error, so that a gate
        half as good would have been noticed. What is claimed of every seed must be so in each.
        """
        claim, interval = self.claim, self.interval
        if claim.bound == "shown":
            return "shown"
        if not self.tried:
            return "too few seeds"
        if claim.exact:
            return "holds" if self.rate == claim.rate else "does not hold"
        assert interval.low is not None
        assert interval.high is not None
        if claim.bound == "at most":
            low, high, error = interval.low, interval.high, claim.rate
        else:
            low, high, error = 1 - interval.high, 1 - interval.low, 1 - claim.rate
        if low > error:
            return "does not hold"
        return "holds" if high < 2 * error else "too few seeds"


@dataclass(frozen=True, slots=True)
class Tally:
    """What an experiment came to over its seeds."""

    seeds: int
    counts: Mapping[str, tuple[int, int]]  # outcome to (hits, tried)
    raised: tuple[str, ...] = ()  # "seed 7: ValueError: ...": a gate must not, whatever the data

    def found(self, experiment: Experiment) -> list[Found]:
        return [Found(c, *self.counts.get(c.outcome, (0, 0))) for c in experiment.claims]

    def holds(self, experiment: Experiment) -> bool:
        """Whether nothing speaks against any claim."""
        return not self.raised and all(
            found.verdict != "does not hold" for found in self.found(experiment)
        )
