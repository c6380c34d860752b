"""Writes `nass_cds.parquet` from the comma-separated rows of nassCDS (the R package DAAG).

python examples/crashes/prepare.py nassCDS.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

SEVERITY = {
    0: "none",
    1: "possible",
    2: "minor",
    3: "serious",
    4: "killed",
    5: "unknown",
    6: "died before",
}


def main(source: str) -> None:
    rows = pd.read_csv(source)
    rows = rows.drop(columns=[name for name in rows.columns if name.startswith("Unnamed")])
    write(rows)


def write(rows: pd.DataFrame) -> None:
    """With the severity in words, and the crash that a person was in."""
    rows = rows.assign(severity=rows["injSeverity"].map(SEVERITY), crash=crashes(rows))
    rows = rows.drop(columns="injSeverity")
    rows.to_parquet(Path(__file__).with_name("nass_cds.parquet"), index=False, compression="zstd")


def crashes(rows: pd.DataFrame) -> pd.Series:
    """`caseid` is sampling unit : case : vehicle, anew each year: the first two and the year name a
    crash.
    """
    unit_and_case = rows["caseid"].str.rsplit(":", n=1).str[0]
    return rows["yearacc"].astype(str) + ":" + unit_and_case


if __name__ == "__main__":
    main(sys.argv[1])
