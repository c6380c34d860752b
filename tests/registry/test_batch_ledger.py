"""A batch is answered by one version, whoever is killed, promoted or at work beside it."""

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.registry.batch_ledger import BatchClaim, BatchLedger, ScoredBatch
from assay.store.memory import MemoryStore


def artifact(text):
    return Artifact(media_type="t", digest=Digest.of_bytes(text.encode()), size=1, name="t")


def answers(batch, version, *, reads=1, **more):
    """What a version says of a batch; versions that `read` it otherwise keep other rows of it."""
    about = {
        "name": batch,
        "source": f"source of {batch}",
        "as_of": "2026-01-01T00:00:00+00:00",
        "table": artifact(f"{batch} read {reads}"),
        "predictions": artifact(f"{batch} by {version}"),
        "unfit": None,
        "rows": 1,
        "unfit_rows": 0,
        "version": version,
        "model": Digest.of_bytes(b"%d" % version),
        "role": "served",
        "seconds": 0.0,
        "lines": artifact("lines"),
        "file": batch,
    }
    return BatchClaim(**about | more)


def ledger():
    return BatchLedger(Bucket.from_store(MemoryStore()).prepare(), "m")


def test_whoever_claimed_a_batch_answers_it():
    kept = ledger()
    first, second = answers("a", 1), answers("a", 2)
    assert kept.claim(first) == first
    assert kept.claim(second).predictions == first.predictions
    assert not kept.add_scored(second.scored_batch), "another's answers were claimed"
    assert kept.add_scored(first.scored_batch)
    assert kept.claim(second) is None
    assert not kept.add_scored(second.scored_batch)
    assert kept.read().open_claims() == ()
    assert type(kept.read().scored_batches[0]) is ScoredBatch


def test_without_a_claim_the_first_that_is_recorded_stands():
    kept = ledger()
    assert kept.add_scored(answers("a", 1).scored_batch)
    assert not kept.add_scored(answers("a", 2).scored_batch)
    assert kept.add_scored(answers("a", 2, role="shadow").scored_batch)
    assert kept.add_scored(answers("a", 2).scored_batch, allow_repeat=True), (
        "a version that was named"
    )


def test_a_batch_that_two_versions_read_otherwise_is_one_by_its_source():
    kept = ledger()
    kept.claim(answers("a", 1))
    assert kept.claim(answers("a", 2, reads=2)).version == 1
    assert kept.claim(answers("a", 2, reads=2, source=None)).version == 2


def test_the_claim_of_a_version_that_was_retired_binds_nobody():
    kept = ledger()
    kept.claim(answers("a", 1))
    assert kept.read().open_claims({1}) == ()
    assert kept.claim(answers("a", 2), {1}).version == 2
    assert kept.add_scored(answers("a", 2).scored_batch, {1})


def test_a_version_that_was_named_does_not_end_what_was_begun():
    kept = ledger()
    kept.claim(answers("a", 1))
    kept.add_scored(answers("a", 2).scored_batch, allow_repeat=True)
    (begun,) = kept.read().open_claims()
    assert kept.add_scored(begun.scored_batch)


def test_a_process_reads_a_ledger_once_however_often_it_appends(monkeypatch):
    bucket, read, get = Bucket.from_store(MemoryStore()).prepare(), [], MemoryStore.get
    monkeypatch.setattr(MemoryStore, "get", lambda store, key: read.append(key) or get(store, key))
    for number in range(40):
        read.clear()
        assert BatchLedger(bucket, "m").add_scored(answers(f"batch {number}", 1).scored_batch)
        assert len(read) <= 1
    assert len(BatchLedger(bucket, "m").read().scored_batches) == 40


class Scorers(RuleBasedStateMachine):
    """Scorers that begin, stop and die anywhere, while one version after the other is promoted."""

    scorers = Bundle("scorers")

    def __init__(self):
        super().__init__()
        self.ledger, self.champion, self.delivered = ledger(), 1, defaultdict(set)

    def scorer(self, batch, version, to_a_sink):
        mine = answers(batch, version, reads=version % 2)
        yield
        if to_a_sink:
            mine = self.ledger.claim(mine)
            yield
            if mine is None:
                return
            self.delivered[batch].add(mine.version)
            yield
        self.ledger.add_scored(mine.scored_batch)

    @rule()
    def promote(self):
        self.champion += 1

    @rule(target=scorers, batch=st.sampled_from("ab"), to_a_sink=st.booleans())
    def begin(self, batch, to_a_sink):
        return self.scorer(batch, self.champion, to_a_sink)

    @rule(scorer=scorers)
    def goes_on(self, scorer):
        next(scorer, None)

    @rule(batch=st.sampled_from("ab"))
    def a_whole_run(self, batch):
        for _ in self.scorer(batch, self.champion, True):
            pass
        assert batch in {scored.name for scored in self.ledger.read().scored_batches}

    @invariant()
    def every_batch_has_the_answers_of_one_version(self):
        served = defaultdict(set)
        for scored in self.ledger.read().scored_batches:
            assert not served[scored.name]
            served[scored.name].add(scored.version)
        for batch, versions in self.delivered.items():
            assert len(versions) == 1
            assert not served[batch] or served[batch] == versions


TestScorers = Scorers.TestCase
TestScorers.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
