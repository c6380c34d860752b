"""Let months of the survey arrive: python -m examples.employment.arrive 2016-01 2016-02 ...

Puts each month's rows where the use case reads batches, and the people's answers where it reads
labels, as an office that delivers them would; the deployed flows do the rest. With --harm, as in
`examples.living.play`, there is something for the monitor to find.
"""

from __future__ import annotations

import argparse

from assay.util import clock
from examples.employment.months import EXAMPLE
from examples.living.example import HARMS


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m examples.employment.arrive")
    asked.add_argument("months", nargs="+", metavar="MONTH", help="such as 2016-01")
    asked.add_argument("--harm", choices=HARMS, default="none")
    asked.add_argument("--known", metavar="DATE", help="since when the answers are; else now")
    options = asked.parse_args()
    known = clock.parse_timestamp(options.known)
    there = {str(month): month for month in EXAMPLE.months()}
    if unknown := [name for name in options.months if name not in there]:
        asked.error(f"no month {unknown[0]}; there are {min(there)} to {max(there)}")
    for name in options.months:
        rows = EXAMPLE.add_harm(there[name], options.harm, name)
        EXAMPLE.deliver_batch(there[name], rows)
        EXAMPLE.deliver_labels(there[name], rows, known)
        print(f"{name}: {rows.num_rows:,} rows")


if __name__ == "__main__":
    main()
