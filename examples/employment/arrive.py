"""Let months of the survey arrive: python -m examples.employment.arrive 2016-01 2016-02 ...

Puts each month's rows where the use case reads batches, and the people's answers where it reads
labels, as an office that delivers them would; the deployed flows do the rest. With --harm, as in
`examples.employment.live`, there is something for the monitor to find.
"""

from __future__ import annotations

import argparse

from assay.util import clock
from examples.employment.live import answered, arrived, harmed, months


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m examples.employment.arrive")
    asked.add_argument("months", nargs="+", metavar="MONTH", help="such as 2016-01")
    asked.add_argument("--harm", choices=("none", "labels", "scale"), default="none")
    asked.add_argument("--known", metavar="DATE", help="since when the answers are; else now")
    options = asked.parse_args()
    known, there = clock.parse_timestamp(options.known), {str(month): month for month in months()}
    if unknown := [name for name in options.months if name not in there]:
        asked.error(f"no month {unknown[0]}; there are {min(there)} to {max(there)}")
    for name in options.months:
        rows = harmed(there[name], options.harm, name)
        arrived(there[name], rows)
        answered(there[name], rows, known)
        print(f"{name}: {rows.num_rows:,} rows")


if __name__ == "__main__":
    main()
