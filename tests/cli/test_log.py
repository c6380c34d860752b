"""`assay log`: events of all journals in the order of their moments, by kind and by time."""

import pytest

from assay.bucket.journal import Journal
from assay.registry.open import open_bucket


@pytest.fixture
def log(assay, tmp_path):
    bucket = open_bucket(str(tmp_path / "bucket")).prepare()

    def note(model, kind, as_of, because):
        body = {"because": because, "as_of": f"{as_of}T12:00:00+00:00"}
        Journal(bucket, model).append(lambda _: (kind, body), actor="olga")

    note("a", "paused", "2026-03-05", "third")
    note("a", "resumed", "2026-03-03", "second")  # written later, of an earlier day
    note("b", "paused", "2026-03-01", "first")
    return lambda *words: assay("log", *words)


def reasons(done):
    return [line.rpartition(": ")[2] for line in done.out.splitlines()]


def test_the_newest_comes_last_whatever_journal_it_stands_in(log):
    assert reasons(log()) == ["first", "second", "third"]
    assert reasons(log("--reverse")) == ["third", "second", "first"]
    assert log().out.splitlines()[0] == "2026-03-01 12:00  olga  b  paused: first"


def test_kind_and_since_choose(log):
    assert reasons(log("--kind", "paused")) == ["first", "third"]
    assert reasons(log("--since", "2026-03-03")) == ["second", "third"]
    found = log("--kind", "paused", "--since", "2026-03-02", "--json").json
    assert [e["body"]["because"] for es in found.values() for e in es] == ["third"]
    done = log("--kind", "pausd")
    assert done.code == 1
    assert "Did you mean 'paused'?" in done.err
