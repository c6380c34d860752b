"""A champion, its batches and labels, made by hand: what monitoring needs and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.bucket.artifacts import JSON, MODEL, RECORD, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.config.loaded_use_case import LoadedUseCase, parse_use_case
from assay.dataset.row_identity import identity_hashes
from assay.production.monitoring.judgement import (
    LookInputs,
    collect_facts,
    is_worth_recording,
    judge_look,
    look_body,
)
from assay.production.monitoring.look import Look, append_look, next_look
from assay.production.monitoring.windows import build_reference, build_window
from assay.production.scoring.loaded_version import shadow_challenger
from assay.registry.batch_ledger import BatchLedger, ReceivedLabels, ScoredBatch
from assay.registry.registry import Registry
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table

START = datetime(2016, 1, 1, tzinfo=UTC)


def written(name: str, data: dict[str, Any], **sections: Any) -> LoadedUseCase:
    """A use case that asks as little as may be, beside what is given."""
    least = {
        "name": name,
        "question": "asked in a test",
        "decision": "none",
        "harm": "none",
        "owner": "tests",
        "data": {"source": "-", **data},
        "candidates": [{"estimator": "sklearn.dummy.DummyClassifier"}],
        **sections,
    }
    return parse_use_case({"file": f"{name}.yaml", "text": json.dumps(least), "set": []})


def loans(numbers: Iterable[int], seed: int = 0) -> pd.DataFrame:
    """Rows of loans, with what a version says of them."""
    held, rng = list(numbers), np.random.default_rng(seed)
    probability = rng.random(len(held))
    return pd.DataFrame(
        {
            "loan": held,
            "amount": rng.normal(size=len(held)),
            "paid": (rng.random(len(held)) < probability).astype(int),
            "said_probability": probability,
            "said_decision": probability > 0.5,
        }
    )


def said_columns(rows: pd.DataFrame) -> list[str]:
    """The columns of rows that a version says and no source holds."""
    return [name for name in rows if name.startswith("said_")]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@dataclass
class Living:
    """A bucket with a champion, and what can happen to it. Rows are frames with the use case's
    columns and the model's `said_probability` and `said_decision`."""

    written: LoadedUseCase
    bucket: Bucket

    @classmethod
    def begin(
        cls,
        written: LoadedUseCase,
        rows: pd.DataFrame,
        test: np.ndarray,
        bucket: Bucket | None = None,
    ) -> Living:
        """Register and promote a version that was tested on some of `rows`."""
        living = cls(written, (bucket or Bucket.from_store(MemoryStore())).prepare())
        living.register(rows, test)
        living.promote(1)
        return living

    def truth(self, rows: pd.DataFrame) -> np.ndarray:
        """What became of the rows, as predictions and labels hold it."""
        target = self.case.data.target
        return (rows[target.column] == target.positive).to_numpy(bool)

    def answers(self, rows: pd.DataFrame) -> dict[str, np.ndarray]:
        """What a version says of the rows, by column."""
        return {
            "probability": rows["said_probability"].to_numpy(float),
            "decision": rows["said_decision"].to_numpy(bool),
        }

    @property
    def case(self) -> Any:
        return self.written.use_case

    def register(self, rows: pd.DataFrame, test: np.ndarray) -> int:
        put, case = self.bucket, self.case
        table = write_frame(put, rows.drop(columns=said_columns(rows)), "table")
        held = rows[test]
        predictions = write_frame(
            put,
            pd.DataFrame(
                {
                    "row": np.flatnonzero(test).astype(np.int64),
                    "truth": self.truth(held),
                    **self.answers(held),
                }
            ),
            "predictions",
        )
        step = {
            "name": "train",
            "cached": False,
            "seconds": 1.0,
            "inputs": {"table": table.as_json()},
            "outputs": {"predictions": predictions.as_json()},
        }
        run = put.put_json({"steps": [step]}, RECORD, "run")
        number = max(Registry(put).history(case.name).versions, default=0) + 1
        said = {
            "question": str(table.digest),
            "model": put.put(b"model %d" % number, MODEL, "model").as_json(),
            "predictions": predictions.as_json(),
            "run": run.as_json(),
            "reports": {},
            "against": None,
            "gates": {},
            "reasons": [],
            "signature": put.put_json({}, JSON, "signature").as_json(),
            "version": number,
            "as_of": day(-30).isoformat(),
        }
        Journal(put, case.name).append(lambda _: ("registered", said))
        return number

    def promote(self, number: int, when: float = -1, alias: str = "champion") -> None:
        before = Registry(self.bucket).history(self.case.name).aliases.get(alias)
        said = {
            "alias": alias,
            "version": number,
            "previous": before,
            "because": "a test says so",
            "as_of": day(when).isoformat(),
        }
        Journal(self.bucket, self.case.name).append(lambda _: ("promoted", said))

    @property
    def ledger(self) -> BatchLedger:
        return BatchLedger(self.bucket, self.case.name)

    def serve(
        self,
        rows: pd.DataFrame,
        when: float,
        *,
        name: str | None = None,
        with_labels: bool = False,
        version: int = 1,
        seconds: float = 0.1,
        unfit: int = 0,
        role: str = "served",
        lines: Iterable[int] | None = None,
    ) -> ScoredBatch:
        """A batch that a version answered; where it was served, the challenger was to do so too.
        `lines`: of its source, by row; None where nothing tells them.
        """
        by = Registry(self.bucket).history(self.case.name).versions[version]
        asked = shadow_challenger(self.bucket, self.written, by) if role == "served" else None
        drop = said_columns(rows)
        drop += [] if with_labels else [self.case.data.target.column]
        table = write_frame(self.bucket, rows.drop(columns=drop), "batch")
        units = identity_hashes(Table.read(self.bucket, table), self.case).view(np.int64)
        identity = {n: rows[n].to_numpy() for n in self.case.data.identity}
        predictions = pd.DataFrame(
            {
                "row": np.arange(len(rows), dtype=np.int64),
                "unit": units,
                **identity,
                **self.answers(rows),
                "model": "sha256:none",
            }
        )
        scored = ScoredBatch(
            name=name or f"batch of day {when:g}",
            source=None,
            as_of=day(when).isoformat(),
            table=table,
            predictions=write_frame(self.bucket, predictions, "predictions"),
            unfit=None,
            rows=len(rows),
            unfit_rows=unfit,
            version=version,
            model=by.digest,
            role=role,
            seconds=seconds,
            lines=None if lines is None else self._lines(lines),
            beside=asked.number if asked else None,
        )
        assert self.ledger.add_scored(scored)
        return scored

    def _lines(self, lines: Iterable[int]) -> Artifact:
        places = SourceLines()
        places.add(np.array([*lines], np.int64))
        return write_table(self.bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines")

    def label(
        self, rows: pd.DataFrame, when: float, *, known: float | None = None
    ) -> ReceivedLabels:
        """Labels of these rows, as if they were read from a file."""
        identity = list(self.case.data.identity)
        held = write_frame(self.bucket, rows[identity], "identities")
        table = pd.DataFrame(
            {
                "unit": identity_hashes(Table.read(self.bucket, held), self.case).view(np.int64),
                "label": self.truth(rows),
                "known": pd.Series(
                    [pd.NaT if known is None else pd.Timestamp(day(known)).tz_localize(None)]
                    * len(rows),
                    dtype="datetime64[us]",
                ).to_numpy(),
                **{n: rows[n].to_numpy() for n in identity},
            }
        )
        came = ReceivedLabels(
            name=f"labels of day {when:g}",
            source=None,
            as_of=day(when).isoformat(),
            table=write_frame(self.bucket, table, "labels"),
            unfit=None,
            rows=len(rows),
            unfit_rows=0,
        )
        assert self.ledger.add_labels(came)
        return came

    def about(self, when: float) -> Look:
        return next_look(self.bucket, self.case.name, self.case.monitor, day(when))

    def look(self, when: float) -> dict[str, Any] | None:
        """Take a look and write it down, as the flow does; None where there is nothing to judge.

        What the journal keeps, and the report itself.
        """
        ahead = self.about(when)
        if ahead.is_idle:
            return None
        against = build_reference(self.bucket, ahead.version, self.case)
        seen = build_window(self.bucket, ahead, self.case, against)
        kept = self.bucket.put_json(seen.label_counts, JSON, "counted")
        material = LookInputs(
            against, seen.current, seen.labelled, seen.same_rows, seen.label_counts, kept
        )
        if not is_worth_recording(ahead, material):
            return None
        told = collect_facts(self.bucket, ahead, self.case, material)
        found = judge_look(self.bucket, told, material, self.case, ahead.version)
        kept = self.bucket.put_json(found.report.model_dump(mode="json"), JSON, "report")
        entry = append_look(self.bucket, ahead, look_body(ahead, material, told, found, kept))
        assert entry is not None
        return {**entry.body, "said": found.report}


def table_rows(bucket: Bucket, artifact: Any) -> pa.Table:
    return Table.read(bucket, artifact).to_arrow()
