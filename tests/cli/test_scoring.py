"""What comes while `assay score` goes on, and does not get its answers at once, is not lost."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.bucket.digest import Digest
from assay.cli import score_job
from assay.cli.score_job import ScoreJob
from assay.production.scoring.outcome import BatchOutcome, ScoringOutcome
from assay.registry.open import open_bucket

CASE = """\
name: guests
question: Will this guest come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data: {source: guests.csv, target: {column: back, positive: "yes"}}
candidates: [{estimator: sklearn.tree.DecisionTreeClassifier}]
"""


@pytest.fixture
def asked(tmp_path):
    """The command's words, where runs of the flow come to what `fates` say, one after the other."""
    (tmp_path / "guests.yaml").write_text(CASE)
    store = str(tmp_path / "bucket")
    open_bucket(store).prepare()

    def asked(fates, files=(), claims=False):
        begun = []

        class Told(ScoreJob):
            def _known_outcome(self, *_):
                return None

            def _run_flow(self, files, **more):
                fate = fates.pop(0)
                if isinstance(fate, BaseException):
                    raise fate
                seen.append(tuple(Path(file).read_text() for file in files))
                batches = [BatchOutcome(name=more.get("stream", file), fate=fate) for file in files]
                if fate == "scored":  # what was claimed and not delivered goes out with the next
                    batches += [BatchOutcome(name=name) for name in begun]
                begun.extend(batch.name for batch in batches if claims and fate == "failed")
                return ScoringOutcome(
                    use_case="guests", model="guests@1", digest=Digest.of_bytes(b""), as_of="",
                    batches=tuple(batches),
                )  # fmt: skip

        seen = []
        told = Told(
            str(tmp_path / "guests.yaml"), store, (), tuple(map(str, files)), None, None, None,
            False, None, score_job.ignore_outcome,
        )  # fmt: skip
        return told, seen

    return asked


@contextmanager
def sent(monkeypatch, content):
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    with open(read, "rb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        yield


def kept(err):
    return [Path(line.partition(": ")[2]) for line in err.splitlines() if "kept: " in line]


@pytest.mark.parametrize("fate", ["failed", "refused"])
def test_a_stretch_without_answers_is_kept_and_it_is_said_where(asked, monkeypatch, capsys, fate):
    told, _ = asked(["scored", fate, "scored"])
    with sent(monkeypatch, b"".join(b'{"a": %d}\n' % n for n in range(5))):
        found = told.score_stream(2, 60.0)
    assert [one["fate"] for one in found["batches"]] == ["scored", fate, "scored"]
    assert found["people"]["origin"].startswith("nobody")
    (file,) = kept(capsys.readouterr().err)
    assert file.name == "stream-from-line-3.jsonl"
    assert file.read_bytes() == b'{"a": 2}\n{"a": 3}\n'
    file.unlink()
    file.parent.rmdir()


def test_a_stretch_that_was_answered_later_is_not_kept(asked, monkeypatch, capsys):
    told, _ = asked(["failed", "scored"], claims=True)
    with sent(monkeypatch, b'{"a": 1}\n{"a": 2}\n'):
        told.score_stream(1, 60.0)
    assert kept(capsys.readouterr().err) == []


def test_a_stretch_whose_run_ends_in_an_error_is_kept(asked, monkeypatch, capsys):
    told, _ = asked([KeyboardInterrupt()])
    with sent(monkeypatch, b'{"a": 1}\n'), pytest.raises(KeyboardInterrupt):
        told.score_stream(2, 60.0)
    (file,) = kept(capsys.readouterr().err)
    assert file.read_bytes() == b'{"a": 1}\n'
    file.unlink()
    file.parent.rmdir()


def test_of_a_stream_with_all_its_answers_nothing_stays(asked, monkeypatch, capsys):
    folders, real = [], score_job.tempfile.mkdtemp
    monkeypatch.setattr(
        score_job.tempfile, "mkdtemp", lambda **how: folders.append(real(**how)) or folders[-1]
    )
    told, _ = asked(["scored"])
    with sent(monkeypatch, b'{"a": 1}\n'):
        told.score_stream(2, 60.0)
    assert kept(capsys.readouterr().err) == []
    assert not Path(folders[0]).exists()


def test_a_file_that_failed_is_scored_again_without_a_restart(asked, monkeypatch, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    fates = ["failed", "failed", "scored"]

    class Ends:
        def is_set(self):
            return not fates

        def wait(self, _):
            pass

    monkeypatch.setattr(score_job, "watch_signals", contextmanager(lambda: (yield Ends())))
    told, seen = asked(fates, [tmp_path / "a.csv"])
    found = told.watch_files(0.01)
    assert [one["fate"] for one in found["batches"]] == ["failed", "failed", "scored"]
    assert len(seen) == 3
