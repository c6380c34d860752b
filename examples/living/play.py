"""Play the years 2016 to 2018 through: python -m examples.employment.live [--harm NAME].

The model of configs/employment.yaml is trained on 2015. Then, month by month, a batch arrives and
is scored, the answers of two months before arrive as labels, and the monitor looks. What deployed
flows do by schedule and by event, this does one after the other, with the moments of the data in
place of the clock's: where the monitor wants it, the model is trained anew, and a challenger that
passes is approved. At the end, if anything was promoted, it is rolled back by hand.

Everything happens in the folder living/. From the month given by --from on, --harm plants
  labels   the outcome of those who never married is written the wrong way round
  scale    ages are given in months
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from assay.cli.flow_runner import run_named_flow
from assay.errors import AssayError
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.justification import Justification
from assay.registry.history import CHALLENGER, CHAMPION
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.util.wording import more_suffix

CONFIG = "configs/employment.yaml"
DATA = Path(__file__).parent
FOLDER = Path("living")
LATE = 2  # months until the answers come
_TOLD = 3  # reasons of a look that are printed


@dataclass(frozen=True)
class Month:
    """The rows of one twelfth of a year, in the order of the survey's file."""

    year: int
    month: int
    rows: pa.Table

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def end(self) -> datetime:
        """The moment at which the month is over."""
        year, month = (self.year + 1, 1) if self.month == 12 else (self.year, self.month + 1)
        return datetime(year, month, 1, tzinfo=UTC)


def months() -> Iterator[Month]:
    for year in (2016, 2017, 2018):
        rows = pq.read_table(DATA / f"{year}.parquet")
        for month in range(12):
            start, stop = (rows.num_rows * m // 12 for m in (month, month + 1))
            yield Month(year, month + 1, rows.slice(start, stop - start))


def harmed(month: Month, harm: str, since: str) -> pa.Table:
    """The month's rows as they arrive."""
    rows = month.rows
    if str(month) < since or harm == "none":
        return rows
    if harm == "scale":
        return _with(rows, "AGEP", pc.multiply(rows["AGEP"], 12))
    wrong = pc.equal(rows["MAR"], "5")
    turned = pc.subtract(1, rows["employed"])
    return _with(rows, "employed", pc.if_else(wrong, turned, rows["employed"]))


def _with(rows: pa.Table, name: str, column: Any) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, column)


class Life:
    """One play: the bucket, and what happened in it."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.bucket = open_bucket(store)

    def flow(self, name: str, when: datetime | None = None, **more: Any) -> Any:
        moment = {"as_of": when.isoformat()} if when else {}
        return run_named_flow(name, config=CONFIG, store=self.store, **moment, **more)

    def arrives(self, month: Month, rows: pa.Table) -> str:
        arrived(month, rows)
        scored = self.flow("score", month.end)
        return scored.sentence

    def looks(self, when: datetime) -> Any:
        return self.flow("monitor", when)

    def trains_anew(self, looked: Any, when: datetime) -> str:
        """What the automation on the monitor's event does, and then the office."""
        asked = {
            "because": looked.reasons[0] + more_suffix(len(looked.reasons)),
            "by": "monitor",
            "evidence": str(looked.report.digest),
        }
        outcome = self.flow("retrain", when, **asked)
        if not hasattr(outcome, "outcome"):
            return f"not trained anew: {outcome.why}"
        if outcome.outcome != "registered":
            return f"trained anew, and {outcome.outcome}: {'; '.join(outcome.reasons)}"
        return f"trained anew: {outcome.model}; {self._approved(when)}"

    def _approved(self, when: datetime) -> str:
        history = Registry(self.bucket).history("employment")
        challenger = history.aliases.get(CHALLENGER)
        if challenger is None or history.aliases.get(CHAMPION) == challenger:
            return "nothing awaits approval"
        said = Justification("it fits the people who come now", when)
        try:
            promotion.approve_version(self.bucket, f"employment@{challenger}", said)
            promotion.promote_version(self.bucket, f"employment@{challenger}", said)
        except AssayError as error:
            return f"not promoted: {error}"
        return f"employment@{challenger} approved and promoted"


def arrived(month: Month, rows: pa.Table) -> None:
    """A batch comes. Whole at once: whoever looks at the folder never finds half a file."""
    path = FOLDER / "arrivals" / f"{month}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(rows.drop_columns(["employed", "year"]), part)
    part.rename(path)


def answered(month: Month, rows: pa.Table, when: datetime) -> None:
    """Its answers come."""
    known = pa.array([when.replace(tzinfo=None)] * rows.num_rows, pa.timestamp("us"))
    labels = rows.select(["person", "employed"]).append_column("known", known)
    path = FOLDER / "labels" / f"{month}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(labels, path)


def play(harm: str, since: str, upto: str) -> None:
    life = Life(str(FOLDER / "bucket"))
    begun = life.flow("train")
    print(f"2015     {begun.model}: {begun.outcome}", flush=True)
    past: list[tuple[Month, pa.Table]] = []
    for month in months():
        if str(month) > upto:
            break
        rows = harmed(month, harm, since)
        told = life.arrives(month, rows)
        past.append((month, rows))
        if len(past) > LATE:
            answered(*past[-1 - LATE], month.end)
        looked = life.looks(month.end)
        print(f"{month}  {told}; {looked.verdict or 'nothing new'}", flush=True)
        for reason in looked.reasons[:_TOLD]:
            print(f"         - {reason}", flush=True)
        if len(looked.reasons) > _TOLD:
            print(f"         - and {len(looked.reasons) - _TOLD} more", flush=True)
        if looked.verdict == "retrain":
            print(f"         {life.trains_anew(looked, month.end)}", flush=True)
    history = Registry(life.bucket).history("employment")
    if history.aliases.get(CHAMPION) != 1:
        said = Justification("the office wants to look into it first", past[-1][0].end)
        withdrawal.roll_back_alias(life.bucket, "employment", said)
        print("rolled back by hand", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(
        prog="python -m examples.employment.live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--harm", choices=("none", "labels", "scale"), default="labels")
    asked.add_argument("--from", dest="since", default="2017-07", metavar="MONTH")
    asked.add_argument("--to", dest="upto", default="2018-12", metavar="MONTH")
    asked.add_argument("--again", action="store_true", help="forget what was played before")
    options = asked.parse_args()
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")  # the play tells enough
    if options.again and FOLDER.exists():
        shutil.rmtree(FOLDER)
    play(options.harm, options.since, options.upto)


if __name__ == "__main__":
    main()
