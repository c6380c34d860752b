"""The format of a file, by what the use case declares or by its ending. Imports nothing heavy."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from assay.config.data import FileFormat, Source
from assay.errors import SourceError
from assay.sources.files import SourceFile, find_files

_ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".arrows": "arrow",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
_UNREAD = {
    ".xls": ("an Excel file of before 2007", "Save it as .xlsx, or as CSV."),
    ".xlsb": ("a binary Excel file", "Save it as .xlsx, or as CSV."),
    ".ods": ("an OpenDocument sheet", "Save it as .xlsx, or as CSV."),
    ".orc": ("ORC", "Write it as Parquet."),
    ".avro": ("Avro", "Write it as Parquet."),
    ".sav": ("an SPSS file", "Write it as Parquet, for example by pandas.read_spss."),
    ".dta": ("a Stata file", "Write it as Parquet, for example by pandas.read_stata."),
    ".sas7bdat": ("a SAS file", "Write it as Parquet, for example by pandas.read_sas."),
    ".rds": ("an R object", "Write it as Parquet, by arrow::write_parquet in R."),
    ".rdata": ("an R workspace", "Write it as Parquet, by arrow::write_parquet in R."),
    ".pkl": ("a pickle", "It could run code. Write it as Parquet: to_parquet in pandas."),
    ".pickle": ("a pickle", "It could run code. Write it as Parquet: to_parquet in pandas."),
    ".h5": ("HDF5", "Write it as Parquet: pandas.read_hdf, then to_parquet."),
    ".xml": ("XML", "Write it as CSV or Parquet, for example by pandas.read_xml."),
    ".tar": ("a tar archive", "Unpack it, and name its files."),
    ".tgz": ("a tar archive", "Unpack it, and name its files."),
    ".7z": ("a 7z archive", "Unpack it, and name its files."),
    ".rar": ("a rar archive", "Unpack it, and name its files."),
    ".db": ("a database file", "Query it: {sql: SELECT ..., connection: sqlite:///file.db}."),
    ".sqlite": ("a database file", "Query it: {sql: SELECT ..., connection: sqlite:///file}."),
    ".duckdb": ("a DuckDB database", "Write the table as Parquet: COPY ... TO 'rows.parquet'."),
}


def detect_format(source: Source, file: SourceFile) -> FileFormat:
    """The format that the use case declares, else the one that the file's ending tells."""
    ending = file.ending
    if not ending and file.compression == ".zip" and source.format is None:
        ending = _zip_ending(file)
    found = source.format or _ENDINGS.get(ending)
    if found is None and (named := _UNREAD.get(ending)):
        kind, remedy = named
        raise SourceError(f"{kind} is not read", where=file.display_path, remedy=remedy)
    if found is None:
        raise SourceError(
            f"the ending {ending or '(none)'!r} does not tell the format",
            where=file.display_path,
            remedy="Write data.source as {path: ..., format: csv}; others are parquet, jsonl, "
            "arrow and excel.",
        )
    return found


def reader_modules(source: Source) -> tuple[str, ...]:
    """The optional modules that read this source, for the key of ingestion: another release may
    read other rows. None for files that are not here or that no reader is known for: reading them
    raises, and a rebuild from the recorded table reads none.
    """
    with suppress(SourceError):
        files = find_files(source) if source.path is not None else []
        if any(detect_format(source, file) == "excel" for file in files):
            return ("openpyxl",)
    return ()


def _zip_ending(file: SourceFile) -> str:
    """The ending of the first file in a zip; empty if there is none."""
    import zipfile

    try:
        with file.translate_errors(), file.open() as raw, zipfile.ZipFile(raw) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile:
        return ""
    return Path(names[0].lower()).suffix if names else ""
