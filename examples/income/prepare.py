"""Make adult.parquet from the files that UCI ships: python prepare.py FOLDER.

FOLDER holds adult.data and adult.test. Only their form changes: train and test rows are put
together in their order, spaces after commas and the full stops of the test labels go.
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
    "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
    "native_country", "income",
]  # fmt: skip


def rows(file: Path) -> pa.Table:
    """The rows of one of the shipped files; its first line may be a comment."""
    lines = [line.strip().removesuffix(".") for line in file.read_text("ascii").splitlines()]
    text = "\n".join(line.replace(", ", ",") for line in lines if line and line[0] != "|")
    kinds = {c: pa.int64() if c in NUMBERS else pa.string() for c in COLUMNS}
    return csv.read_csv(
        pa.BufferReader(text.encode()),
        csv.ReadOptions(column_names=COLUMNS),
        convert_options=csv.ConvertOptions(column_types=kinds, null_values=[]),
    )


def main(folder: Path) -> None:
    table = pa.concat_tables([rows(folder / "adult.data"), rows(folder / "adult.test")])
    target = Path(__file__).with_name("adult.parquet")
    pq.write_table(table.combine_chunks(), target, compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
