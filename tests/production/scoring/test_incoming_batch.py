"""What is there to be scored, what is still being written, and what was scored before."""

import uuid
import zipfile
from dataclasses import replace

import fsspec
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.data import Target
from assay.errors import ConfigError, ReferenceUnknown, Unproven
from assay.production.scoring.folder_watch import FolderWatch
from assay.production.scoring.incoming_batch import list_batches, list_marked_files
from assay.production.scoring.loaded_version import (
    LoadedVersion,
    PriorScores,
    resolve_reference,
    shadow_challenger,
)
from assay.registry.batch_ledger import BatchLedger, ScoredBatch
from assay.registry.registry import Registry
from assay.sources.ingestion import open_reader
from assay.store.memory import MemoryStore
from assay.tables.table_writer import write_frame
from assay.util.clock import parse_timestamp
from tests.production.small import champion, people, promote, register, use_case


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def test_each_file_that_fits_the_pattern_is_a_batch(tmp_path):
    for name in ("b.csv.gz", "a.csv", "c.txt"):
        (tmp_path / name).write_text("a\n1\n")
    found = list_batches(use_case(score={"source": f"{tmp_path}/*.csv*"}))
    assert [(a.name, a.stem) for a in found] == [
        (f"{tmp_path}/a.csv", "a"),
        (f"{tmp_path}/b.csv.gz", "b"),
    ]
    assert list_batches(use_case(score={"source": f"{tmp_path}/*.parquet"})) == []


def test_a_folder_is_its_files_of_rows(tmp_path):
    for name in ("a.csv", "_SUCCESS", ".hidden.csv", "read.me"):
        (tmp_path / name).write_text("a\n1\n")
    assert [a.stem for a in list_batches(use_case(), [str(tmp_path)])] == ["a"]


def test_any_fsspec_prefix_will_do():
    place = f"memory://{uuid.uuid4().hex}"
    for name in ("x", "y"):
        with fsspec.open(f"{place}/{name}.csv", "wb") as file:
            file.write(b"a\n1\n")
    assert [a.stem for a in list_batches(use_case(), [f"{place}/*.csv"])] == ["x", "y"]
    assert [a.stem for a in list_batches(use_case(), [f"{place}/"])] == ["x", "y"]


def test_how_files_are_read_is_said_by_the_score_section_else_by_the_datas(tmp_path):
    data = {"source": {"path": "never.csv", "delimiter": ";", "encoding": "latin-1"}}
    (one,) = list_batches(use_case(data=data), ["a.csv"])
    assert (one.source.delimiter, one.source.encoding) == (";", "latin-1")
    section = {"source": {"path": "in/*.dat", "format": "csv"}}
    (one,) = list_batches(use_case(data=data, score=section), ["a.dat"])
    assert (one.source.delimiter, one.source.format) == (",", "csv")
    (one,) = list_batches(use_case(data=data, score=section), ["a.dat"], "jsonl")
    assert one.source.format == "jsonl"


def test_without_a_source_the_use_case_says_what_to_write():
    with pytest.raises(ConfigError, match="nothing says") as caught:
        list_batches(use_case())
    assert "score:" in caught.value.remedy


def test_a_query_is_one_batch_named_by_its_rows():
    query = {"sql": "SELECT 1", "connection": "sqlite:///x.db"}
    (one,) = list_batches(use_case(score={"source": query}))
    rows = Digest.of_bytes(b"rows")
    assert (one.name, one.file_name(rows)) == ("query", f"query-{rows.short}")


def test_a_file_is_taken_once_it_stopped_growing_and_again_only_when_it_changed(tmp_path):
    written, file = use_case(score={"source": f"{tmp_path}/*.csv"}), tmp_path / "a.csv"
    watch = FolderWatch(lambda: list_marked_files(written))
    assert watch.poll() == []
    file.write_text("a\n")
    assert watch.poll() == []
    file.write_text("a\n1\n")
    assert watch.poll() == []
    assert [a.stem for a in watch.poll()] == ["a"]
    assert watch.poll() == []
    file.write_text("a\n1\n2\n")
    assert watch.poll() == []
    assert [a.stem for a in watch.poll()] == ["a"]


def test_a_file_that_is_given_back_comes_again_after_ever_longer_pauses(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n1\n")
    written = use_case(score={"source": f"{tmp_path}/*.csv"})
    watch, looks = FolderWatch(lambda: list_marked_files(written)), []
    for number in range(40):
        found = watch.poll()
        if any(arrival.stem == "a" for arrival in found):
            looks.append(number)
        watch.give_back(arrival.name for arrival in found if arrival.stem == "a")
        assert number == 1 or "b" not in {arrival.stem for arrival in found}
    assert looks == [1, 2, 4, 8, 16, 32]
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    assert watch.poll() == []
    assert [arrival.stem for arrival in watch.poll()] == ["a"], "what changed waits for nothing"


def scored(bucket, version, rows=b"rows", source="sha256:file", role="served"):
    table = write_frame(bucket, people(5, seed=len(rows)), "batch")
    entry = ScoredBatch(
        name="x",
        source=source,
        as_of="2026-01-01T00:00:00+00:00",
        table=table,
        predictions=table,
        unfit=None,
        rows=5,
        unfit_rows=0,
        version=version.number,
        model=version.digest,
        role=role,
        seconds=1.0,
    )
    BatchLedger(bucket, "jobs").add_scored(entry)
    return table.digest


def test_a_batch_is_served_once_whoever_is_champion_unless_a_version_is_named(bucket):
    first, second = champion(bucket, use_case()), register(bucket, use_case(), people(), c=0.1)
    rows = scored(bucket, first)
    before = PriorScores.from_ledger(bucket, second, for_named_version=False)
    assert before.has_source("sha256:file")
    assert before.has_batch(rows)
    assert not before.has_source(None)
    named = PriorScores.from_ledger(bucket, second, for_named_version=True)
    assert not named.has_source("sha256:file")
    assert not named.has_batch(rows)


def test_what_was_only_scored_in_the_shadow_was_not_served(bucket):
    version = champion(bucket, use_case())
    scored(bucket, version, role="shadow")
    assert not PriorScores.from_ledger(bucket, version, for_named_version=False).has_source(
        "sha256:file"
    )


def test_the_champion_serves_unless_another_is_named(bucket):
    written = use_case()
    champion(bucket, written)
    promote(bucket, register(bucket, written, people(), c=0.1), "candidate")
    assert resolve_reference(bucket, "jobs", None) == "jobs@champion"
    assert resolve_reference(bucket, "jobs", "candidate") == resolve_reference(
        bucket, "jobs", "jobs@candidate"
    )
    by = LoadedVersion.load(
        bucket, written, resolve_reference(bucket, "jobs", "2"), parse_timestamp(None)
    )
    assert by.version.number == 2
    needed = [name for name, how in by.column_specs.items() if how["required"]]
    assert needed == ["person", "age", "job", "sex"]
    with pytest.raises(ConfigError, match="no version of 'jobs'"):
        resolve_reference(bucket, "jobs", "income@3")
    with pytest.raises(ReferenceUnknown, match="no version '7'"):
        resolve_reference(bucket, "jobs", "7")


@pytest.mark.parametrize(
    ("kind", "asked"),
    [({"unit": "dollars"}, "regression"), ({"classes": ("a", "b", "c")}, "multiclass")],
)
def test_a_champion_of_another_question_scores_nothing(bucket, kind, asked):
    written = use_case()
    champion(bucket, written)
    now = written.use_case
    target = Target(column=now.data.target.column, **kind)
    data = now.data.model_copy(update={"target": target})
    changed = replace(written, use_case=now.model_copy(update={"data": data}))
    words = f"jobs@1 cannot score .*a binary question, and the use case asks a {asked} one"
    with pytest.raises(ConfigError, match=words):
        LoadedVersion.load(bucket, changed, "jobs@champion", parse_timestamp(None))


def test_a_retired_champion_and_a_missing_one_are_told(bucket):
    version = champion(bucket, use_case())
    said = {"version": 1, "because": "it errs", "as_of": "2026-01-01T00:00:00+00:00"}
    Journal(bucket, "jobs").append(lambda _: ("retired", said))
    with pytest.raises(ReferenceUnknown, match="no champion to score with: version 1 was retired"):
        resolve_reference(bucket, "jobs", None)
    with pytest.raises(Unproven, match="was retired: it errs"):
        resolve_reference(bucket, "jobs", "1")
    assert version.number == 1


def test_a_champion_that_is_replaced_while_it_is_loaded_gives_no_mixture(bucket, monkeypatch):
    written = use_case()
    champion(bucket, written)
    second, real = register(bucket, written, people(), c=0.1), Registry.load
    moved = []

    def load(self, reference, **how):
        if not moved:
            moved.append(True)
            promote(bucket, second)
        return real(self, reference, **how)

    monkeypatch.setattr(Registry, "load", load)
    by = LoadedVersion.load(bucket, written, "jobs@champion", parse_timestamp(None))
    assert by.version.number == 2


def test_the_challenger_scores_beside_only_where_the_use_case_asks_for_it(bucket):
    one = champion(bucket, use_case())
    promote(bucket, register(bucket, use_case(), people(), c=0.1), "challenger")
    asks = use_case(promotion={"shadow": 3})
    assert shadow_challenger(bucket, use_case(), one) is None
    assert shadow_challenger(bucket, asks, one).name == "jobs@2"
    assert shadow_challenger(bucket, asks, Registry(bucket).find_version("jobs@2")) is None


def partitioned(folder):
    for region in ("7", "8", "__HIVE_DEFAULT_PARTITION__"):
        place = folder / f"region={region}/day=2026-01-02"
        place.mkdir(parents=True)
        (place / "rows.csv").write_text("age\n31\n")
    (folder / "_SUCCESS").write_text("")


def columns_of(batch, written):
    data = written.use_case.data.model_copy(update={"source": batch.source})
    reader = open_reader(data)
    (block,) = reader.blocks()
    return block.rows.select(["region", "day"]).to_pylist()[0]


def test_each_file_of_a_partitioned_folder_is_a_batch_with_its_folders_columns(tmp_path):
    partitioned(tmp_path / "in")
    written = use_case(tmp_path, score={"source": "in"})
    found = list_batches(written)
    assert [batch.stem for batch in found] == [
        "region=7-day=2026-01-02-rows",
        "region=8-day=2026-01-02-rows",
        "region=missing-day=2026-01-02-rows",
    ]
    assert [columns_of(batch, written)["region"] for batch in found] == ["7", "8", None]
    assert columns_of(found[0], written)["day"] == "2026-01-02"
    # Equal bytes in other folders are other rows.
    assert len({batch.fingerprint(written) for batch in found}) == 3
    assert [batch.name for batch, _ in list_marked_files(written)] == [b.name for b in found]


def test_a_file_that_is_named_by_itself_keeps_its_partition(tmp_path):
    partitioned(tmp_path / "in")
    written = use_case(tmp_path, score={"source": "in"})
    every = list_batches(written)
    again = list_batches(written, [str(batch.source.path) for batch in every])
    assert [(b.stem, b.source.partition) for b in again] == [
        (b.stem, b.source.partition) for b in every
    ]
    (other,) = list_batches(use_case(), [str(every[0].source.path)])
    assert other.source.partition == ()


def test_a_partitioned_folder_elsewhere_is_read_alike():
    place = f"memory://{uuid.uuid4().hex}"
    for region in ("7", "8"):
        with fsspec.open(f"{place}/region={region}/rows.csv", "wb") as file:
            file.write(b"age\n31\n")
    found = list_batches(use_case(score={"source": f"{place}/"}))
    assert [batch.stem for batch in found] == ["region=7-rows", "region=8-rows"]
    assert [batch.source.partition for batch in found] == [(("region", "7"),), (("region", "8"),)]


def write_feather(frame, path):
    feather.write_feather(pa.Table.from_pandas(frame), str(path))


def write_zip(frame, path):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("rows.csv", frame.to_csv(index=False))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.feather", write_feather),
        ("a.zip", write_zip),
        ("a.csv.zip", write_zip),
        ("a.xlsx", lambda frame, path: frame.to_excel(path, index=False)),
        ("a.json", lambda frame, path: path.write_text(frame.to_json(orient="records"))),
    ],
)
def test_batches_are_read_in_every_format_that_ingestion_reads(tmp_path, name, write):
    write(pd.DataFrame({"age": [31, 45], "job": ["cook", "clerk"]}), tmp_path / name)
    written = use_case(score={"source": str(tmp_path)})
    (batch,) = list_batches(written)
    assert batch.stem == "a"
    data = written.use_case.data.model_copy(update={"source": batch.source})
    reader = open_reader(data)
    assert sum(len(block.lines) for block in reader.blocks()) == 2
    assert reader.columns == ["age", "job"]
