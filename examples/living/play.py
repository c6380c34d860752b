"""Play months of an example through: python -m examples.living.play [--example NAME] [--harm NAME].

A first model is trained. Then, month by month, a batch arrives and is scored, the answers of two
months before arrive as labels, and the monitor looks. What deployed flows do by schedule and by
event, this does one after the other, with the moments of the data in place of the clock's: where
the monitor wants it, the model is trained anew, and a challenger that passes is approved. At the
end, if anything was promoted, it is rolled back by hand.

Everything happens in the example's folder: living/ for employment, living/wages/ for wages. From
the month given by --from on, --harm plants
  labels   employment: the outcome of those who never married is written the wrong way round;
           wages: women are paid a third less
  scale    ages are given in months
"""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from typing import Any

import pyarrow as pa

from assay.cli.flow_runner import run_named_flow
from assay.errors import AssayError
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.justification import Justification
from assay.registry.history import CHALLENGER, CHAMPION
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.util.wording import more_suffix
from examples.living.example import EXAMPLES, HARMS, LivingExample, Month, load_example

LATE = 2  # months until the answers come
_TOLD = 3  # reasons of a look that are printed


class Life:
    """One play: the example, its bucket, and what happens in it."""

    def __init__(self, example: LivingExample) -> None:
        self.example = example
        self.store = str(example.folder / "bucket")
        self.bucket = open_bucket(self.store)

    def flow(self, name: str, when: datetime | None = None, **more: Any) -> Any:
        moment = {"as_of": when.isoformat()} if when else {}
        asked = {"config": self.example.config, "overrides": self.example.overrides}
        return run_named_flow(name, **asked, store=self.store, **moment, **more)

    def arrives(self, month: Month, rows: pa.Table) -> str:
        self.example.deliver_batch(month, rows)
        scored = self.flow("score", month.end)
        return scored.sentence

    def looks(self, when: datetime) -> Any:
        return self.flow("monitor", when)

    def trains_anew(self, looked: Any, when: datetime) -> str:
        """What the automation on the monitor's event does, and then whoever approves."""
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

    def champion(self) -> int | None:
        return Registry(self.bucket).history(self.example.name).aliases.get(CHAMPION)

    def rolls_back(self, when: datetime) -> None:
        said = Justification("somebody wants to look into it first", when)
        withdrawal.roll_back_alias(self.bucket, self.example.name, said)

    def _approved(self, when: datetime) -> str:
        challenger = Registry(self.bucket).history(self.example.name).aliases.get(CHALLENGER)
        if challenger is None or self.champion() == challenger:
            return "nothing awaits approval"
        version = f"{self.example.name}@{challenger}"
        said = Justification(self.example.because, when)
        try:
            promotion.approve_version(self.bucket, version, said)
            promotion.promote_version(self.bucket, version, said)
        except AssayError as error:
            return f"not promoted: {error}"
        return f"{version} approved and promoted"


def play(example: LivingExample, harm: str, since: str, upto: str | None) -> None:
    example.write_training_rows()
    life = Life(example)
    begun = life.flow("train")
    print(f"{example.begun}     {begun.model}: {begun.outcome}", flush=True)
    past: list[tuple[Month, pa.Table]] = []
    for month in example.months():
        if upto is not None and str(month) > upto:
            break
        rows = example.add_harm(month, harm, since)
        told = life.arrives(month, rows)
        past.append((month, rows))
        if len(past) > LATE:
            example.deliver_labels(*past[-1 - LATE], month.end)
        looked = life.looks(month.end)
        print(f"{month}  {told}; {looked.verdict or 'nothing new'}", flush=True)
        for reason in looked.reasons[:_TOLD]:
            print(f"         - {reason}", flush=True)
        if len(looked.reasons) > _TOLD:
            print(f"         - and {len(looked.reasons) - _TOLD} more", flush=True)
        if looked.verdict == "retrain":
            print(f"         {life.trains_anew(looked, month.end)}", flush=True)
    if life.champion() != 1:
        life.rolls_back(past[-1][0].end)
        print("rolled back by hand", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(
        prog="python -m examples.living.play",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--example", choices=EXAMPLES, default="employment")
    asked.add_argument("--harm", choices=HARMS, default="labels")
    asked.add_argument("--from", dest="since", metavar="MONTH", help="such as 2017-07")
    asked.add_argument("--to", dest="upto", metavar="MONTH", help="such as 2018-12")
    asked.add_argument("--again", action="store_true", help="forget what was played before")
    options = asked.parse_args()
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")  # the play tells enough
    example = load_example(options.example)
    if options.again:
        example.forget()
    play(example, options.harm, options.since or example.since, options.upto)


if __name__ == "__main__":
    main()
