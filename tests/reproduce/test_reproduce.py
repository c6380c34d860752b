"""What a record names is laid out again, and two runs are held against each other."""

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket import artifacts
from assay.bucket.artifacts import JSON, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.errors import ConfigError, IntegrityError, ReferenceUnknown
from assay.learning.stable_pickle import stable_pickle
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.reproduce import environment as environments
from assay.reproduce.code_tree import lay_out_code
from assay.reproduce.output_differences import model_differences
from assay.reproduce.pickle_contents import pickle_contents
from assay.reproduce.rebuild import RebuiltRun
from assay.reproduce.recorded_run import recall_run
from assay.reproduce.row_origin import find_source_rows, source_depth
from assay.reproduce.run_comparison import compare_runs
from assay.reproduce.table_differences import table_differences
from assay.reproduce.value_differences import value_differences
from assay.steps.step import Step
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


# --- values ----------------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSONS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner)
)


@given(JSONS, JSONS)
def test_values_are_told_apart_exactly_when_they_are_not_the_same(one, other):
    assert not value_differences(one, one)
    assert bool(value_differences(one, other)) == (repr(one) != repr(other) and one != other) or (
        # Python calls 1, 1.0 and True equal, and 0.0 and -0.0; a record does not.
        one == other and repr(one) != repr(other)
    )


def test_a_difference_is_named_by_its_path_and_items_by_their_names():
    checks = [{"name": "signal", "estimate": 0.5}, {"name": "reach", "estimate": 0.75}]
    other = [{"name": "reach", "estimate": 0.75}, {"name": "signal", "estimate": 0.625}]
    assert value_differences(
        {"checks": checks, "verdict": "pass"}, {"checks": other, "verdict": "fail"}
    ) == [
        "checks[signal].estimate: 0.5 -> 0.625",
        "verdict: 'pass' -> 'fail'",
    ]
    assert value_differences([1, 2], [1]) == ["the value, items: 2 -> 1"]


def test_numbers_that_differ_by_rounding_alone_are_said_to():
    (first, second) = value_differences({"mean": 0.1 + 0.2}, {"mean": 0.3})
    assert first == "mean: 0.30000000000000004 -> 0.3"
    assert second == "only numbers differ, by at most 2e-16 of their size"
    assert len(value_differences({"mean": 0.1}, {"mean": "0.1"})) == 1


def test_of_many_differences_the_rest_is_counted():
    lines = value_differences({str(n): "a" for n in range(30)}, {str(n): "b" for n in range(30)})
    assert len(lines) == 13
    assert lines[-1] == "and 18 more differences"


def test_places_that_changed_alike_share_a_line():
    before, after = ([{"version": v, "n": n} for n in range(3)] for v in ("1.9.1", "1.9.0"))
    assert value_differences(before, after) == [
        "[0].version: '1.9.1' -> '1.9.0', and so in 2 more places"
    ]


# --- tables ----------------------------------------------------------------------------------


@pytest.fixture
def told(bucket):
    def tell(before, after):
        one, other = (write_frame(bucket, pd.DataFrame(rows), "rows") for rows in (before, after))
        return table_differences(Table.read(bucket, one), Table.read(bucket, other))

    return tell


def test_columns_of_a_table_that_came_or_went_or_changed_their_type_are_named(told):
    lines = told(
        {"a": [1, 2], "b": [1, 2], "c": [1, 2]}, {"a": [1, 2], "b": ["1", "2"], "d": [1, 2]}
    )
    assert lines == [
        "column c is gone",
        "column d is new",
        "column b: integer -> text",
    ]


def test_rows_of_a_table_that_came_or_went_are_counted(told):
    lines = told({"a": [1, 2, 3, 3]}, {"a": [3, 2, 5]})
    assert lines == ["4 rows -> 3 rows", "2 of the recorded rows are gone, 1 rows are new"]


def test_values_of_a_table_that_differ_are_shown(told):
    lines = told(
        {"x": [1.0, np.nan, 3.0], "y": ["a", None, "c"]},
        {"x": [1.0, np.nan, 3.5], "y": ["a", "b", "c"]},
    )
    assert lines == [
        "column x: 1 of 3 rows differ, by at most 0.5 (row 3: 3.0 -> 3.5)",
        "column y: 1 of 3 rows differ (row 2: None -> 'b')",
    ]


def test_equal_tables_in_other_bytes_are_said_to_be(told):
    assert "the same columns and rows" in told({"a": [1, 2]}, {"a": [1, 2]})[0]


# --- models ----------------------------------------------------------------------------------


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("dump", [stable_pickle, "joblib"])
def test_looking_into_a_model_runs_nothing_that_it_names(tmp_path, dump):
    trap = [Trap(tmp_path / "plain"), np.array([Trap(tmp_path / "array")], dtype=object)]
    if dump == "joblib":
        file = io.BytesIO()
        joblib.dump(trap, file)
        data = file.getvalue()
    else:
        data = dump(trap)
    held = pickle_contents(data)
    assert held[0]["(arguments)"] == [str(tmp_path / "plain")]
    assert list(tmp_path.iterdir()) == []


def fitted(shift=0.0, **params):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(0).normal(size=(40, 3))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(**params))
    pipeline.fit(rows, rows[:, 0] > 0)
    pipeline[-1].coef_[0, 1] += shift
    return pipeline


def test_the_part_of_a_model_that_differs_is_named():
    (line, *_) = model_differences(stable_pickle(fitted()), stable_pickle(fitted(shift=0.5)))
    assert line == "steps[1][1].coef_: 1 of 3 values differ, by at most 0.5"
    (line, *_) = model_differences(stable_pickle(fitted()), stable_pickle(fitted(max_iter=99)))
    assert line == "steps[1][1].max_iter: 100 -> 99"


def test_trees_are_compared_field_by_field():
    from sklearn.tree import DecisionTreeClassifier

    rows = np.random.default_rng(0).normal(size=(40, 3))
    one, other = (
        DecisionTreeClassifier(random_state=0).fit(rows + shift, rows[:, 0] > 0) for shift in (0, 1)
    )
    lines = model_differences(stable_pickle(one), stable_pickle(other))
    assert any("nodes: threshold:" in line for line in lines)


def test_a_model_that_differs_in_its_sharing_alone_is_said_to():
    text = "".join(["a", "b"])
    files = []
    for value in ([text, text], ["".join(["a", "b"]), "".join(["a", "b"])]):
        joblib.dump(value, file := io.BytesIO())
        files.append(file.getvalue())
    assert files[0] != files[1]
    assert "one and the same object in memory" in model_differences(*files)[0]


def test_a_model_that_cannot_be_read_is_told_by_its_size():
    (line,) = model_differences(b"no pickle", stable_pickle(1))
    assert line.startswith("9 bytes -> ")


# --- the environment -------------------------------------------------------------------------


def environment(**changes):
    told = {"python": "3.11.4", "processor_features": ["avx", "fma"], "distributions": {}}
    return {**told, **changes}


def test_an_environment_that_differs_is_told_by_what_matters_first():
    before = environment(distributions={"numpy": "2.0", "rich": "14", "old": "1", "assay": "0.1"})
    after = environment(
        python="3.11.9",
        processor_features=["avx", "avx512f"],
        distributions={"numpy": "2.1", "rich": "15", "new": "2", "pip": "26"},
    )
    assert [str(d) for d in environments.environment_differences(before, after, {"numpy"})] == [
        "python: 3.11.4 -> 3.11.9",
        "processor features: fma -> avx512f",
        "numpy: 2.0 -> 2.1",
        "new: nothing -> 2",
        "old: 1 -> nothing",
        "rich: 14 -> 15",
    ]
    assert environments.environment_differences(before, before, set()) == []


def test_a_recorded_environment_is_built_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    recorded = environment(python=".".join(map(str, sys.version_info[:3])))
    said = []
    python = environments.build_environment(recorded, said.append)
    bare = subprocess.run([python, "-c", "import pandas"], check=False, capture_output=True)
    assert bare.returncode
    assert environments.build_environment(recorded, said.append) == python
    assert [words.partition(" ")[0] for words in said] == ["installing", "the"]


def test_what_cannot_be_installed_is_named_and_tried_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    monkeypatch.setattr(environments, "_interpreter", lambda _: sys.executable)
    made = []

    def call(words, failed):
        made.append(words)
        if "install" in words:
            raise ConfigError(f"{failed}: no such distribution")

    monkeypatch.setattr(environments, "_call", call)
    for _ in range(2):  # half an environment must not pass for a whole one
        with pytest.raises(ConfigError, match="no such distribution"):
            environments.build_environment(environment(distributions={"gone": "1"}), lambda _: None)
    assert len(made) == 4


def test_a_python_that_is_not_here_is_refused():
    with pytest.raises(ConfigError, match=r"no python3\.2 is here"):
        environments.build_environment(environment(python="3.2.1"), lambda _: None)


# --- the code --------------------------------------------------------------------------------


class Repository:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q")

    def git(self, *words):
        told = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *told, *words], cwd=self.folder, check=True, capture_output=True
        )
        return done.stdout

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "one")
        return self.git("rev-parse", "HEAD").decode().strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    made = Repository(tmp_path / "theirs")
    made.write("assay/__init__.py", b"")
    made.write("assay/runs/run.py", b"RUNS = 1\n")
    made.write("picture.bin", bytes(range(256)))
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def laid_out(tmp_path):
    def lay(commit, diff=b"", modules=None, repository=None):
        recorded = SimpleNamespace(commit=commit, diff=diff, modules=modules or {})
        working = tmp_path / "made" / "run"
        working.mkdir(parents=True)
        return lay_out_code(recorded, tmp_path / "made", working, repository)

    return lay


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_the_commit_and_its_changes_are_laid_out_and_the_repository_stays_as_it_is(
    repository, laid_out
):
    from assay.steps.environment import read_git_state

    commit = repository.commit()
    repository.write("assay/runs/run.py", b"RUNS = 2\n")
    repository.write("picture.bin", bytes(range(255, -1, -1)))
    # What a person likes to see of a difference must not spoil the recorded one.
    for name in ("diff.noprefix", "diff.mnemonicPrefix", "diff.relative"):
        repository.git("config", name, "true")
    state = read_git_state(repository.folder)
    repository.git("checkout", "-q", ".")
    repository.write("assay/runs/run.py", b"RUNS = 3\n")
    before = repository.git("status", "--porcelain"), sorted(repository.folder.rglob("*"))
    code = laid_out(commit, state.diff, {"assay.runs.run": digest(b"RUNS = 2\n")})
    assert (code.changed_files, code.changed_modules, code.stray_modules) == (2, [], {})
    assert (code.root / "assay/runs/run.py").read_bytes() == b"RUNS = 2\n"
    assert (code.root / "picture.bin").read_bytes() == bytes(range(255, -1, -1))
    after = repository.git("status", "--porcelain"), sorted(repository.folder.rglob("*"))
    assert after == before


def test_a_commit_that_is_not_here_is_found_where_it_is_said_to_be(
    repository, laid_out, tmp_path, monkeypatch
):
    commit = repository.commit()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReferenceUnknown, match="which is not here") as caught:
        laid_out(commit)
    assert "--repository" in caught.value.remedy
    for number, place in enumerate([str(repository.folder), repository.folder.as_uri()]):
        monkeypatch.setattr("assay.reproduce.code_tree._OURS", tmp_path)
        recorded = SimpleNamespace(commit=commit, diff=b"", modules={})
        folder = tmp_path / str(number)
        code = lay_out_code(recorded, folder, folder, place)
        assert (code.root / "assay/runs/run.py").exists()


def test_a_file_that_the_estimator_reads_is_put_where_the_rebuilt_run_reads_it(
    repository, laid_out, tmp_path
):
    repository.write("weights.csv", b"1")
    commit = repository.commit()
    repository.write("weights.csv", b"2")
    repository.write("data/untracked.csv", b"3")
    files = {"file:weights.csv": digest(b"1"), "file:data/untracked.csv": digest(b"4")}
    code = laid_out(commit, modules=files)
    assert code.changed_modules == ["file:data/untracked.csv"]
    assert (tmp_path / "made/run/weights.csv").read_bytes() == b"1"
    assert (tmp_path / "made/run/data/untracked.csv").read_bytes() == b"3"


def test_a_file_that_is_nowhere_is_named(repository, laid_out):
    with pytest.raises(ConfigError, match=r"the file weights\.csv, which the estimator read"):
        laid_out(repository.commit(), modules={"file:weights.csv": digest(b"1")})


def test_changes_that_do_not_apply_are_an_error(repository, laid_out):
    commit = repository.commit()
    with pytest.raises(IntegrityError, match="git apply failed"):
        laid_out(commit, b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")


def test_modules_that_git_does_not_know_are_compared_by_their_digests(
    repository, laid_out, tmp_path, monkeypatch
):
    commit = repository.commit()
    (tmp_path / "made_up_own.py").write_text("X = 1\n")
    repository.write("assay/made_up_new.py", b"Y = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(
        "assay.reproduce.code_tree.find_module_file",
        lambda name: next(tmp_path.rglob(f"{name.rpartition('.')[2]}.py"), None),
    )
    modules = {
        "assay.runs.run": digest(b"something else"),
        "made_up_own": digest(b"X = 1\n"),
        "assay.made_up_new": digest(b"Y = 2\n"),
    }
    code = laid_out(commit, modules=modules)
    assert code.changed_modules == ["assay.runs.run", "assay.made_up_new"]
    assert set(code.stray_modules) == {"made_up_own", "assay.made_up_new"}
    assert (tmp_path / "made/run/made_up_own.py").exists()
    assert (code.root / "assay/made_up_new.py").exists()  # a package is found in one place


def test_a_module_that_is_nowhere_is_an_error(repository, laid_out):
    with pytest.raises(ConfigError, match="made_up_gone ran then and is nowhere now"):
        laid_out(repository.commit(), modules={"made_up_gone": digest(b"")})


# --- the rows --------------------------------------------------------------------------------


def asked_of(source, fingerprint):
    data = SimpleNamespace(source=SimpleNamespace(path=source, sql=None, format=None))
    text = SimpleNamespace(name="case.yaml")
    written = SimpleNamespace(use_case=SimpleNamespace(data=data), text=text)
    return SimpleNamespace(retraining_entry=None, source=fingerprint, loaded_use_case=written)


@pytest.fixture
def places(tmp_path, monkeypatch):
    for name in ("here/data", "code/data", "run"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def test_rows_are_read_again_where_the_source_is_what_it_was(places):
    (places / "here/data/a.csv").write_text("x\n1\n")
    recorded = asked_of("data/a.csv", digest(b"x\n1\n"))
    rows = find_source_rows(recorded, places / "run", places / "code")
    assert rows.is_repeatable
    assert (places / "run/data/a.csv").read_text() == "x\n1\n"


def test_a_tracked_source_that_changed_is_taken_from_the_commit(places):
    (places / "here/data/a.csv").write_text("x\n2\n")
    (places / "code/data/a.csv").write_text("x\n1\n")
    rows = find_source_rows(
        asked_of("data/a.csv", digest(b"x\n1\n")), places / "run", places / "code"
    )
    assert rows.is_repeatable
    assert (places / "run/data/a.csv").read_text() == "x\n1\n"


@pytest.mark.parametrize(
    ("text", "why"), [("x\n2\n", "data/a.csv has changed since"), (None, "data/a.csv is not here")]
)
def test_rows_come_from_the_recorded_table_where_the_source_changed_or_is_gone(places, text, why):
    if text:
        (places / "here/data/a.csv").write_text(text)
    rows = find_source_rows(
        asked_of("data/a.csv", digest(b"x\n1\n")), places / "run", places / "code"
    )
    assert not rows.is_repeatable
    assert rows.reason == why
    assert list((places / "run").rglob("*")) == []


def test_several_files_are_known_by_their_names_too(places, monkeypatch):
    from assay.config.data import Source
    from assay.sources.fingerprint import fingerprint

    for name in ("a", "b"):
        (places / f"here/data/{name}.csv").write_text(f"x\n{name}\n")
    pattern = "./data/*.csv"
    fingerprint_then = fingerprint(SimpleNamespace(source=Source(path=pattern)))
    recorded = asked_of(pattern, fingerprint_then)
    assert find_source_rows(recorded, places / "run", places / "code").is_repeatable
    monkeypatch.chdir(places / "run")
    assert fingerprint(SimpleNamespace(source=Source(path=pattern))) == fingerprint_then
    monkeypatch.chdir(places / "here")
    (places / "here/data/b.csv").rename(places / "here/data/c.csv")
    assert not find_source_rows(recorded, places / "other", places / "code").is_repeatable


def test_a_path_that_climbs_stays_within_the_rebuilds_own_folder(places):
    (places / "up.csv").write_text("x\n1\n")
    recorded = asked_of("../up.csv", digest(b"x\n1\n"))
    assert source_depth(recorded) == 1
    working = places / "run" / "run"
    working.mkdir()
    assert find_source_rows(recorded, working, places / "code").is_repeatable
    assert (places / "run/up.csv").is_symlink()


def test_a_query_is_not_asked_again(places):
    rows = find_source_rows(asked_of(None, None), places / "run", places / "code")
    assert "it is a query" in rows.reason


# --- the record ------------------------------------------------------------------------------

WORDS = """\
question: q
decision: d
harm: h
owner: o
data: {source: guests.csv, target: {column: back, positive: "yes"}}
candidates: [{estimator: sklearn.dummy.DummyClassifier}]
"""


class Made:
    """Runs put into a bucket by hand: what each step yielded, and what the journal says of it."""

    def __init__(self, bucket):
        self.bucket = bucket

    def step(self, name, inputs=None, verdict=None, **outputs):
        held = {n: v if isinstance(v, Artifact) else self.json(v) for n, v in outputs.items()}
        stage = name.partition(" ")[0]
        return Step(
            name=name,
            key=Digest.of_bytes(name.encode()),
            components={
                "stage": stage,
                "code": {"assay.x": digest(b"")},
                "distributions": {},
                "settings": {},
                "inputs": {},
                "seed": 0,
            },
            inputs=inputs or {},
            outputs=held,
            cached=False,
            seconds=0.1,
            verdict=verdict,
        )

    def json(self, value):
        return self.bucket.put_json(value, JSON, "value")

    def register(self, steps, question=b"q", against=None, model=b"model"):
        words = {"file": "guests.yaml", "text": WORDS, "set": []}
        environment = {"distributions": {}, "python": "3.11.4"}
        record = {
            "record": 1,
            "question": str(Digest.of_bytes(question)),
            "source": digest(b"rows"),
            "use_case": self.bucket.put_json(words, artifacts.USE_CASE, "w").as_json(),
            "code": {"commit": None, "diff": None},
            "environment": self.json(environment).as_json(),
            "steps": [step.as_json() for step in steps],
        }
        run = self.bucket.put_json(record, artifacts.RECORD, f"run {question!r}")
        body = {
            "question": str(Digest.of_bytes(question)),
            "run": run.as_json(),
            "against": against,
            "candidate": "Dummy",
            "model": self.bucket.put(model, artifacts.MODEL, "model").as_json(),
            "signature": self.json({}).as_json(),
            "gates": {"fairness": "pass", "technical": "pass"},
            "reports": {"technical": self.json(str(os.urandom(4))).as_json()},
        }
        return Registry(self.bucket).register("guests", "registered", body)


@pytest.fixture
def made(bucket):
    return Made(bucket)


def test_the_journal_is_recalled_as_the_run_met_it(made, bucket):
    registry = Registry(bucket)
    first = made.register([made.step("ingest", table=1)], b"first", model=b"first")
    registry.promote(first, because="b", expected_version=None)
    second = made.register([made.step("ingest", table=2)], b"second", against=1, model=b"second")
    registry.promote(second, because="b", expected_version=1)
    # While this one was under way, the second became champion: it was judged against the first.
    third = made.register([made.step("ingest", table=3)], b"third", against=1, model=b"third")
    recorded = recall_run(bucket, third.name)
    assert [entry.number for entry in recorded.history_before.entries] == [1, 2, 3]
    assert recorded.history_before.champion.number == 1
    assert [entry.body["version"] for entry in recorded.entries] == [3]


def test_a_rebuild_finds_the_champion_of_the_time_and_no_step_done(made, bucket):
    first = made.register([made.step("ingest", table=1)], b"first", model=b"first")
    Registry(bucket).promote(first, because="b", expected_version=None)
    previous = write_frame(bucket, pd.DataFrame({"x": [1, 2]}), "before")
    steps = [made.step("validate", inputs={"previous": previous}, report=3)]
    made.register(steps, b"second", against=1, model=b"second")
    target = Bucket.from_store(MemoryStore())
    recall_run(bucket, "guests@2").seed(target)
    history = Registry(target).history("guests")
    assert {entry.bucket for entry in history.entries} == {bucket.id} == {target.id}
    assert target.get(history.champion.artifact("model")) == b"first"
    assert list(history.versions) == [1]
    assert Table.read(target, previous).to_pandas()["x"].tolist() == [1, 2]
    assert not target.objects.has(Digest.of_bytes(b"second"))
    assert list(target.store.list("memo/")) == []


# --- the comparison --------------------------------------------------------------------------


def held_against(bucket, before, after):
    """The comparison of two lists of steps, by the names of those that diverge."""
    old = Made(bucket)
    old.register(before)
    recorded = recall_run(bucket, "guests@1")
    other = Made(Bucket.from_store(MemoryStore()).prepare())
    steps = after(other)
    entries = [other.register(steps).entry]
    found = compare_runs(recorded, RebuiltRun(other.bucket, tuple(steps), tuple(entries)))
    return found, {step.name: step.status for step in found.steps}


def test_times_and_what_is_judged_by_them_are_not_compared(made, bucket):
    def steps(made, clock):
        source = {"path": "a.csv", "modified": str(clock)}
        return [
            made.step("ingest", table=1, source=source),
            made.step("train x", model=2, timing={"fit": clock}),
            made.step("technical x", {"timing": made.json(clock)}, "pass", report=clock),
        ]

    found, status = held_against(bucket, steps(made, 1), lambda other: steps(other, 2))
    assert found.identical
    assert status["technical x"] == "timed"
    assert found.compared_count == 4


def test_a_verdict_that_times_changed_is_a_divergence(made, bucket):
    found, _ = held_against(
        bucket,
        [made.step("technical x", verdict="pass", report=1)],
        lambda other: [other.step("technical x", verdict="fail", report=2)],
    )
    assert not found.identical
    assert "pass -> fail" in found.first_divergence.outputs[0].differences[0]


def test_the_first_divergence_is_named_and_what_follows_from_it_told_apart(made, bucket):
    def steps(made, scores, other):
        tried, report = made.json({"scores": scores}), made.json({"verdict": other})
        return [
            made.step("ingest", table=1),
            made.step("search x", {"table": made.json(1)}, tried=tried),
            made.step("train x", {"tried": tried}, model=made.json(scores)),
            made.step("fairness x", {"table": made.json(1)}, report=report),
        ]

    found, status = held_against(
        bucket, steps(made, 0.5, "pass"), lambda other: steps(other, 0.75, "fail")
    )
    assert status == {
        "ingest": "identical",
        "search x": "differs",
        "train x": "follows",
        "fairness x": "differs",
        "register": "identical",
    }
    assert found.first_divergence.name == "search x"
    assert found.first_divergence.outputs[0].differences[0] == "scores: 0.5 -> 0.75"
    assert found.steps[2].changed_inputs == ["tried"]


def test_steps_that_came_or_went_are_told(made, bucket):
    found, status = held_against(
        bucket,
        [made.step("ingest", table=1), made.step("train x", model=1)],
        lambda other: [other.step("ingest", table=1), other.step("train y", model=1)],
    )
    assert (status["train x"], status["train y"]) == ("not rebuilt", "new")
    assert found.first_divergence.name == "train x"


def test_the_journal_must_say_the_same_too(bucket):
    made = Made(bucket)
    made.register([made.step("ingest", table=1)], model=b"one")
    other = Made(Bucket.from_store(MemoryStore()).prepare())
    steps = [other.step("ingest", table=1)]
    entry = other.register(steps, model=b"other").entry
    found = compare_runs(
        recall_run(bucket, "guests@1"), RebuiltRun(other.bucket, tuple(steps), (entry,))
    )
    assert found.first_divergence.name == "register"
    assert found.first_divergence.outputs[0].differences[0].startswith("version 1.model: ")


def test_how_a_retraining_ended_is_told_by_its_versions(bucket):
    made = Made(bucket)
    steps = [made.step("ingest", table=1)]
    made.register(steps)
    recorded = recall_run(bucket, "guests@1")
    said = {"retraining": 1, "outcome": "registered", "version": 1}
    ended = Journal(bucket, "guests").append(lambda _: ("retrained", said))
    assert compare_runs(
        recorded, RebuiltRun(bucket, tuple(steps), (*recorded.entries, ended))
    ).identical


def test_an_output_whose_recorded_object_is_gone_is_a_divergence_all_the_same(made, bucket):
    from assay.bucket.objects import object_key

    gone = made.json({"a": 1})
    made.register([made.step("train x", about=gone)])
    bucket.store.delete(object_key(gone.digest))
    other = Made(Bucket.from_store(MemoryStore()).prepare())
    steps = [other.step("train x", about={"a": 2})]
    entry = other.register(steps).entry
    found = compare_runs(
        recall_run(bucket, "guests@1"), RebuiltRun(other.bucket, tuple(steps), (entry,))
    )
    assert "how cannot be told" in found.first_divergence.outputs[0].differences[0]


def test_a_bucket_of_the_first_version_is_recalled():
    """Its runs recorded less: what is missing must not be in the way."""
    recorded = recall_run(open_bucket(str(GOLDEN)), "guests@2")
    assert (recorded.history_before.entries, len(recorded.steps)) == ([], 12)
    assert len(recorded.commit) == 40
    target = Bucket.from_store(MemoryStore())
    recorded.seed(target)
    assert compare_runs(
        recorded, RebuiltRun(recorded.bucket, recorded.steps, recorded.entries)
    ).identical


# --- another interpreter ---------------------------------------------------------------------


def test_another_interpreter_says_what_it_holds(tmp_path):
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    told = environments.interpreter_environment(str(python))
    assert told["python"] == environments.describe_environment()["python"]
    assert "distributions" in told
