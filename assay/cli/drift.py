"""`assay drift`: has the data shifted from a reference, and do the predictions suffer?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import finish_gate, print_stderr
from assay.cli.options import ConfigOption, HtmlOption, JsonOption, ProblemOption

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.config.data import Target
    from assay.config.loaded_use_case import LoadedUseCase
    from assay.gates.drift.scored_rows import ColumnRoles
    from assay.problems.problem_type import ProblemType
    from assay.tables.table import Table

_PART_PATTERN = re.compile(
    r"(?P<file>.+)#(?P<column>[^#=]+)=(?P<low>[^#]+?)(?:\.\.(?P<high>[^#]+))?"
)
_DATA_HELP = (
    "a CSV, Parquet or JSON Lines file, or a part of one: data.csv#rows=1..5000, "
    "data.csv#year=2015, data.csv#day=2018-01..2018-06."
)


def command(
    reference: Annotated[str, typer.Argument(help=f"The rows to compare with: {_DATA_HELP}")],
    current: Annotated[str, typer.Argument(help="The rows to judge, named the same way.")],
    config: ConfigOption = None,
    problem: ProblemOption = None,
    prediction: Annotated[
        str | None, typer.Option(help="The column of decisions, or of predicted amounts.")
    ] = None,
    probability: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CLASS=]COLUMN",
            help="The column of probabilities of the positive class; of several classes, one column"
            " each: may be repeated.",
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(help="The column of labels; the current rows may lack some or all."),
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class.")] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column of groups; may be repeated.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="A column to compare; may be repeated. Default: all.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A column not to compare; may be repeated.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="The accepted drop of performance; of errors, the accepted rise as a share of the"
            " reference's. Default 0.05."
        ),
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option(
            min=20,
            metavar="ROWS",
            help="Also tell the performance of each so many current rows (multiclass and"
            " regression).",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Keep tables and profiles in this bucket, so that each is made once."),
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge whether data shifted from a reference, and whether that harms the predictions."""
    from assay.cli.gate_input import find_gate_problem
    from assay.gates.drift.gate import judge_drift

    if config and margin is not None:
        raise typer.BadParameter("with --config the margin comes from the use case")
    kind = find_gate_problem(problem, config)
    roles = _column_roles(kind, prediction, probability, truth, by)
    if chunk is not None and not kind.estimates_chunks:
        raise typer.BadParameter(
            f"performance by chunk is not estimated for {kind.question}: leave --chunk out"
        )
    sections = {} if config else {"drift": _drift_section(kind, margin)}
    with _open_bucket(store) as bucket:
        intake = _FileTables(bucket, config, sections)
        old, new = intake.read_table(reference), intake.read_table(current)
        case = intake.load_use_case(_file_part(reference)).use_case
        roles = replace(
            roles,
            positive=positive or (_positive_value(case.data.target) if config else None),
            sensitive=case.data.sensitive,
        )
        names = list(dict.fromkeys([*old.schema.names, *new.schema.names]))
        chosen = _chosen_columns(column, without, case.feature_columns(names) if config else names)
        report = judge_drift(
            old,
            new,
            case.drift,
            roles=roles,
            columns=chosen if config or column else _drop_dated_columns(old, chosen),
            subject=f"{current} against {reference}",
            seed=case.seed,
            estimate=kind.estimate_performance,
            chunk_rows=chunk,
        )
    finish_gate(report, as_json=as_json, html=html)


def _column_roles(
    kind: ProblemType,
    prediction: str | None,
    probability: list[str] | None,
    truth: str | None,
    by: list[str] | None,
) -> ColumnRoles:
    """Refuses columns that are missing, or named twice."""
    from assay.cli.gate_input import require_distinct_columns, split_class_columns
    from assay.gates.drift.scored_rows import ColumnRoles

    by_class: dict[str, str] = {}
    columns = list(probability or ())
    if kind.has_class_probabilities:
        by_class, columns = split_class_columns(columns), []
    if len(columns) > 1:
        raise typer.BadParameter(
            f"{kind.question} has one column of probabilities, and --probability names"
            f" {len(columns)}"
        )
    roles = ColumnRoles(
        probability=columns[0] if columns else None,
        probabilities=by_class,
        prediction=prediction,
        truth=truth,
        by=by or (),
    )
    if missing := kind.find_missing_answers(roles):
        raise typer.BadParameter(missing)
    require_distinct_columns(
        {
            "--truth": truth,
            "--prediction": prediction,
            "--probability": roles.probability,
            **{f"--probability {label}=": name for label, name in by_class.items()},
        }
    )
    return roles


def _drift_section(kind: ProblemType, margin: float | None) -> dict[str, Any]:
    """Of a use case: the margin, and metrics that the problem type has."""
    from assay.config.gates import DriftSettings

    section: dict[str, Any] = {} if margin is None else {"margin": margin}
    if not set(DriftSettings().metrics) <= set(kind.estimable_metrics):
        section["metrics"] = list(kind.estimable_metrics)
    return section


def _positive_value(target: Target) -> str | None:
    """The value that means yes; of numbers above a limit, none does."""
    return None if target.positive is None else str(target.positive)


class _FileTables:
    """Tables of files and of parts of files, read as a run reads them, each file once."""

    def __init__(self, bucket: Bucket, config: Path | None, sections: dict[str, Any]) -> None:
        self._bucket, self._config, self._sections = bucket, config, sections
        self._tables: dict[str, Table] = {}

    def load_use_case(self, file: str) -> LoadedUseCase:
        from assay.cli.gate_input import load_gate_use_case

        return load_gate_use_case(file, self._config, self._sections)

    def read_table(self, table_name: str) -> Table:
        from assay.tables.row_selection import rows_between, rows_where

        part = _match_part(table_name)
        whole = self._read_whole(_file_part(table_name))
        if part is None:
            return whole
        low, high = part["low"], part["high"] or part["low"]
        if part["column"] != "rows":
            return rows_where(whole, part["column"], low, high, table_name)
        if not all(re.fullmatch(r"[0-9]{1,18}", end) for end in (low, high)):
            raise typer.BadParameter(f"{table_name}: write the range of rows as rows=1..5000")
        return rows_between(whole, int(low), int(high), table_name)

    def _read_whole(self, file: str) -> Table:
        from assay.cli.gate_input import describe_left_out
        from assay.sources.ingestion import store_source_table
        from assay.sources.quarantine import QuarantineSummary
        from assay.tables.table import Table

        if file not in self._tables:
            found = store_source_table(
                self._bucket, self.load_use_case(file).use_case.data, file, say=print_stderr
            )
            if found.quarantine:
                aside = QuarantineSummary.from_table(self._bucket, found.quarantine, file)
                print_stderr(f"{file}: {describe_left_out(aside)}")
            self._tables[file] = Table.read(self._bucket, found.table)
        return self._tables[file]


def _file_part(table_name: str) -> str:
    part = _match_part(table_name)
    return part["file"] if part else table_name


def _match_part(table_name: str) -> re.Match[str] | None:
    """A file and a part of it; None for a name without one, or that a file bears as it is."""
    return None if Path(table_name).exists() else _PART_PATTERN.fullmatch(table_name)


def _drop_dated_columns(reference: Table, names: list[str]) -> list[str]:
    """Names without the text columns that hold dates: later rows always have later dates."""
    from assay.tables.dates import find_date_columns

    dated = [name for name in find_date_columns(reference) if name in names]
    for name in dated:
        print_stderr(f"{name} is not compared: it holds dates")
    return [name for name in names if name not in dated]


def _chosen_columns(
    columns: list[str] | None, without: list[str] | None, default_columns: list[str]
) -> list[str]:
    chosen = columns or default_columns
    for name in without or ():
        if name not in chosen:
            raise typer.BadParameter(f"--without names {name}, which is not compared anyway")
    return [name for name in chosen if name not in (without or ())]


@contextmanager
def _open_bucket(store: str | None) -> Iterator[Bucket]:
    """The named bucket, or a temporary one."""
    from assay.bucket.bucket import Bucket
    from assay.registry.open import open_bucket
    from assay.store.local import LocalStore

    if store is not None:
        yield open_bucket(store).prepare()
        return
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        yield Bucket.from_store(LocalStore(folder))
