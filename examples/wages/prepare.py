"""Writes `cps_wages.parquet` from the comma-separated rows of CPSSW8 (the R package AER).

python examples/wages/prepare.py CPSSW8.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

COLUMNS = ["earnings", "gender", "age", "region", "education"]


def main(source: str) -> None:
    rows = pd.read_csv(source)[COLUMNS]
    rows.insert(0, "person", range(1, len(rows) + 1))
    rows.to_parquet(Path(__file__).with_name("cps_wages.parquet"), index=False, compression="zstd")


if __name__ == "__main__":
    main(sys.argv[1])
