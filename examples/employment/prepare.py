"""Make 2015.parquet to 2018.parquet from the three files as published: python prepare.py FOLDER.

FOLDER holds employment_MA_reference.pq, employment_MA_analysis.pq and
employment_MA_analysis_target.pq. Rows and their order stay as they are. The labels are put beside
the rows they are of, `person` numbers the rows from 1 over all years in place of the files' own
numbers, which begin again, and probabilities are rounded to four decimals.
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NAME = "employment_MA"
KINDS = {
    "AGEP": pa.int64(), "employed": pa.int64(), "year": pa.int64(), "prediction": pa.int64(),
}  # fmt: skip


def rows(folder: Path) -> pa.Table:
    """Both periods, one below the other, each row with its label."""
    reference = pq.read_table(folder / f"{NAME}_reference.pq")
    analysis = pq.read_table(folder / f"{NAME}_analysis.pq")
    target = pq.read_table(folder / f"{NAME}_analysis_target.pq")
    if not analysis["id"].equals(target["id"]):
        raise SystemExit("the labels are not in the order of the rows")
    later = analysis.append_column("employed", target["employed"]).select(reference.column_names)
    columns = {}
    for name in reference.column_names:
        if name == "id":
            continue
        kind = KINDS.get(name, pa.string())
        if name == "predicted_probability":
            kind = pa.float64()
        halves = [part[name].cast(kind) for part in (reference, later)]
        columns[name] = pa.chunked_array([c for half in halves for c in half.chunks])
    columns["predicted_probability"] = pc.round(columns["predicted_probability"], 4)
    columns["person"] = pa.array(range(1, len(columns["year"]) + 1))
    return pa.table(columns)


def main(folder: Path) -> None:
    every = rows(folder)
    coded = [name for name in every.column_names if name != "person"]
    for year in (2015, 2016, 2017, 2018):
        pq.write_table(
            every.filter(pc.equal(every["year"], year)).combine_chunks(),
            Path(__file__).with_name(f"{year}.parquet"),
            compression="zstd",
            compression_level=19,
            use_dictionary=coded,
            column_encoding={"person": "DELTA_BINARY_PACKED"},
            store_schema=False,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
