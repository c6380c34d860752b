"""What is judged of what a model leans on, and of how many answers flip."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from assay.config.gates import FlipLimits
from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.explained_rows import MIN_ROWS
from assay.gates.explanation.importance import GroupImportance, jackknife_estimate
from assay.gates.explanation.proxies import Proxies
from assay.gates.explanation.robustness import FAULTS, Flips
from assay.gates.explanation.wording import amount_text, bracketed_interval, join_names
from assay.gates.report import Check, Verdict
from assay.gates.statistics.intervals import Estimate, verdict_at_most

MOST_OF_ALL: Final = 0.8
"""Share of all importance; one group of columns that surely has more is a caution."""
TELLS_SURELY: Final = 0.8
"""ROC AUC; a group of people that is surely told better is one that the model can tell."""


def check_concentration(importances: Sequence[GroupImportance]) -> Check | None:
    """None where there is nothing to concentrate on: fewer than three groups of columns."""
    positive = [one for one in importances if one.value > 0]
    if len(importances) < 3 or not positive:
        return None
    chief = max(positive, key=lambda one: one.value)
    share = _share_of_all(chief, importances)
    low = share.interval.low
    surely = low is not None and low > MOST_OF_ALL
    name = join_names(chief.columns)
    return Check(
        name="concentration",
        claim=f"No group of columns surely carries more than {MOST_OF_ALL:.0%} of what all carry",
        verdict=Verdict.FAIL if surely else Verdict.PASS,
        statistic="largest share of the sum of all importances",
        estimate=share.value,
        interval=share.interval,
        threshold=MOST_OF_ALL,
        why=f"{share.value:.0%} {bracketed_interval(share.interval, '.0%')} of what all columns"
        f" carry rests on {name}; more than {MOST_OF_ALL:.0%} is too much for one thing",
        remedy=f"Ask whether {name} will be known, and mean the same, when decisions are made; a "
        "model that rests on one thing falls with it."
        if surely
        else "",
        hard=False,
    )


def _share_of_all(chief: GroupImportance, importances: Sequence[GroupImportance]) -> Estimate:
    value = chief.value / sum(max(one.value, 0.0) for one in importances)
    parts = np.array([np.maximum(one.without_block, 0.0) for one in importances])
    total = parts.sum(axis=0)
    own = np.maximum(chief.without_block, 0.0)
    share = np.divide(own, total, out=np.zeros(len(own)), where=total > 0)
    found = jackknife_estimate(value, share)
    low, high = found.interval.low, found.interval.high
    clipped = {
        "low": None if low is None else max(low, 0.0),
        "high": None if high is None else min(high, 1.0),
    }
    return Estimate(value, found.interval.model_copy(update=clipped))


def check_sensitive(
    proxies: Proxies,
    importances: Sequence[GroupImportance],
    without: GroupImportance | None,
    scale: AnswerScale,
    *,
    seen: bool,
) -> Check:
    """Whether the columns that lead a model's answers are a sensitive column, which the model may
    have `seen`, or tell its groups. `without`: what the model would lose without them all.
    """
    name, best = proxies.sensitive, proxies.best
    chief = max(importances, key=lambda one: one.value, default=None)
    leading = set(chief.columns) if chief is not None and chief.matters else set()
    claim = (
        f"The columns that the model leans on most are not {name} and do not surely tell its groups"
    )
    if best is None:
        return Check(
            name=f"proxies[{name}]",
            claim=claim,
            verdict=Verdict.FAIL if seen and name in leading else Verdict.PASS,
            why=f"The model leans most on {name} itself"
            if seen and name in leading
            else f"The groups of {name} have too few of the rows to ask whether other columns tell"
            " them",
            remedy=_ITSELF if seen and name in leading else "",
            hard=False,
        )
    low = best.area.interval.low
    told = low is not None and low > TELLS_SURELY
    leads = sorted(leading & set(proxies.columns))
    itself = seen and name in leading
    caution = itself or (told and bool(leads))
    return Check(
        name=f"proxies[{name}]",
        claim=claim,
        verdict=Verdict.FAIL if caution else Verdict.PASS,
        statistic=f"ROC AUC by which the other columns tell {best.group} from all others",
        estimate=best.area.value,
        interval=best.area.interval,
        threshold=TELLS_SURELY,
        why=_sensitive_finding(proxies, without, scale, itself, leads if told else []),
        remedy=(_ITSELF if itself else _PROXY.format(join_names(leads))) if caution else "",
        hard=False,
        rows=best.rows,
    )


_ITSELF = (
    "Say in the use case why the model may see it (data.sensitive: feature), or withhold it and "
    "compare what is lost."
)
_PROXY = (
    "Look at the fairness gate's limits for this column first: if they hold, the answers do not "
    "follow the groups. Otherwise try data.exclude for {} and compare."
)


def _sensitive_finding(
    proxies: Proxies,
    without: GroupImportance | None,
    scale: AnswerScale,
    itself: bool,
    leads: list[str],
) -> str:
    best = proxies.best
    assert best is not None, "its groups were told apart"
    name = proxies.sensitive
    area = f"ROC AUC {best.area.value:.2f} {bracketed_interval(best.area.interval, '.2f')}"
    parts = [f"The model leans most on {name} itself"] if itself else []
    if proxies.columns:
        alone = [f"{one} ({told.value:.2f})" for one, told in [*proxies.columns.items()][:3]]
        parts.append(
            f"{join_names(alone)} {_verb('tell', alone)} {name} alone, and all columns together"
            f" tell {best.group} with {area}"
        )
    else:
        parts.append(f"no column tells {name} alone; all together tell {best.group} with {area}")
    if leads:
        parts.append(f"the model leans most on {join_names(leads)}")
    if without is not None:
        surely = "" if without.matters else "does not surely worsen: it "
        parts.append(
            f"without {join_names(without.columns)} its {scale.title} {surely}{scale.worsens} by"
            f" {amount_text(without.estimate, scale)}"
        )
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] if text.startswith("no ") else text


def _verb(verb: str, names: Sequence[str]) -> str:
    return verb if len(names) > 1 else f"{verb}s"


def check_flips(flips: Flips, limits: FlipLimits, rule: str, *, too_few: bool) -> Check:
    """Judge one fault by its limit, where it has one. `rule`: what counts as a flip."""
    limit: float | None = getattr(limits, flips.fault)
    bound = "has no limit" if limit is None else f"is at most {limit:.1%}"
    share, verdict = flips.share, Verdict.PASS
    if limit is not None and share is not None:
        verdict = Verdict.UNKNOWN if too_few else verdict_at_most(share.interval, limit)
    why = f"No column can have it: {FAULTS[flips.fault]}"
    if share is not None:
        worst = ""
        if flips.worst and flips.worst[1] > 0:
            worst = f"; most where {flips.worst[0]} is hit, {flips.worst[1]:.1%}"
        why = (
            f"{share.value:.1%} {bracketed_interval(share.interval, '.1%')} of {flips.rows:,} rows "
            f"have another answer if {FAULTS[flips.fault]}{worst}"
        )
    remedies = {
        Verdict.FAIL: "Refuse or mend such rows before they are scored (expectations), choose a "
        "simpler model, or accept more.",
        Verdict.UNKNOWN: f"At least {MIN_ROWS} test rows are needed to judge."
        if too_few
        else "Bring more test rows, or set a limit further off.",
    }
    return Check(
        name=f"flips[{flips.fault}]",
        claim=f"The share of rows whose {rule} if {FAULTS[flips.fault]} {bound}",
        verdict=verdict,
        statistic="share of rows",
        estimate=None if share is None else share.value,
        interval=None if share is None else share.interval,
        threshold=limit,
        why=why,
        remedy=remedies.get(verdict, ""),
        rows=flips.rows,
    )


def check_enough_rows(rows: int, scale: AnswerScale) -> Check:
    """That nothing can be said of so few rows, or of rows that do not define the metric."""
    few = rows < MIN_ROWS
    why = (
        f"{rows:,} test rows are too few to say what the model leans on; {MIN_ROWS} are needed"
        if few
        else f"{scale.title} is not defined on the {rows:,} test rows: they hold one outcome only"
    )
    return Check(
        name="rows",
        claim=f"There are at least {MIN_ROWS} test rows, of more than one outcome",
        verdict=Verdict.UNKNOWN,
        why=why,
        remedy="Bring more rows, or enlarge split.test.",
        hard=False,
        rows=rows,
    )


def find_useless_groups(importances: Collection[GroupImportance]) -> list[GroupImportance]:
    """The groups whose importance cannot be told from zero."""
    return [one for one in importances if not one.matters]
