"""The journal in plain words."""

from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.registry import batch_ledger
from assay.render.journal_text import entry_sentence, journal_events, ledger_lines

TOLD = {
    "registered": {"version": 2, "candidate": "forest", "gates": {}, "chosen": {"because": "best"}},
    "rejected": {"version": 1, "candidate": "forest", "gates": {}, "reasons": ["a gap", "b", "c"]},
    "stopped": {"gate": "feasibility", "reasons": ["no signal"]},
    "promoted": {"version": 2, "alias": "champion", "previous": 1, "because": "x", "waiver": 4},
    "approved": {"version": 2, "because": "fine", "via": "dashboard"},
    "rolled_back": {"version": 1, "previous": 2, "alias": "champion", "because": "it leaks"},
    "retired": {"version": 2, "because": "it leaks"},
    "waived": {"version": 2, "gates": ["a", "b"], "because": "x", "expires": "2026-04-01T00:00"},
    "monitored": {"version": 2, "look": 3, "verdict": "retrain", "reasons": ["RELP moved"]},
    "shadowed": {"version": 2, "against": 1, "batches": 3, "verdict": "fail", "summary": "s",
                 "reasons": ["a gap"]},
    "retraining": {"because": "RELP moved", "attempt": 2},
    "retrained": {"retraining": 5, "outcome": "failed", "because": "no labels", "version": None},
    "false_alarm": {"entry": 9, "because": "recoded"},
    "asked": {"because": "three in vain"},
    "lesson": {"cause": "drift:RELP", "text": "recoded"},
    "unheard_of": {"version": 2, "because": "who knows"},
}  # fmt: skip
SENTENCES = [
    "m@2 registered: forest: best",
    "m@1 rejected: forest: a gap (and 2 more)",
    "stopped at the feasibility gate, before there was a model: no signal",
    "m@2 promoted to champion in place of m@1, under the waiver of entry 4: x",
    "m@2 approved: fine (on the dashboard)",
    "champion rolled back from m@2 to m@1: it leaks",
    "m@2 retired: it leaks",
    "m@2: a, b waived until 2026-04-01: x",
    "m@2 looked at (look 3): retrain: RELP moved",
    "m@2 in shadow of m@1, 3 batches: fail: a gap",
    "retraining begun (attempt 2): RELP moved",
    "retraining of entry 5 ended: failed: no labels",
    "the alarm of entry 9 was false: recoded",
    "a person is asked: three in vain",
    "learnt of drift:RELP: recoded",
    "m@2 unheard of: who knows",
]


def entry(number, kind, body):
    at = f"2016-01-{number:02d}T10:00:00+00:00"
    return JournalEntry(
        number, None, kind, "2026-01-01T00:00:00+00:00", "ada", {"as_of": at} | body
    )


def looks(*verdicts):
    return [
        entry(number, "monitored", {"version": 1, "look": number, "verdict": verdict})
        for number, verdict in enumerate(verdicts, start=1)
    ]


def told(entries, *, whole=False):
    return [
        e.text for e in journal_events("m", entries, actor_of=lambda e: e.actor, every_entry=whole)
    ]


def test_every_kind_has_its_sentence():
    assert [entry_sentence("m", entry(1, kind, body)) for kind, body in TOLD.items()] == SENTENCES


def test_healthy_looks_in_a_row_are_one_event_unless_all_are_asked_for():
    entries = looks("healthy", "healthy", "healthy", "watch", "healthy")
    assert told(entries) == [
        "m@1 looked at: 3 looks since 2016-01-01, all healthy (looks 1 to 3)",
        "m@1 looked at (look 4): watch",
        "m@1 looked at (look 5): healthy",
    ]
    assert len(told(entries, whole=True)) == 5


def test_events_are_told_at_the_moment_that_they_are_about():
    (event,) = journal_events("m", looks("watch"), actor_of=lambda e: e.actor, every_entry=False)
    assert (event.time, event.actor) == ("2016-01-01 10:00", "ada")


def test_a_version_that_awaits_approval_says_so():
    body = {"version": 1, "candidate": "forest", "gates": {"fairness": "unknown"}, "reasons": ["r"]}
    assert entry_sentence("m", entry(1, "registered", body)).endswith(
        "awaits a person's approval; r"
    )


def scored(number, version, role="served", rows=10):
    table = Artifact(media_type="t", digest=Digest.of_bytes(b"%d" % number), size=1, name="t")
    said = batch_ledger.ScoredBatch(
        name=f"b{number}", source=None, as_of="2016-01-01", table=table, predictions=table,
        unfit=None, rows=rows, unfit_rows=1, version=version, model=table.digest, role=role,
        seconds=0.1,
    )  # fmt: skip
    return entry(number, "scored", said.body())


def claimed(number, version):
    said = scored(number, version).body
    return entry(number, "claimed", said | {"lines": said["table"], "file": f"b{number}"})


def test_a_claim_is_told_until_its_answers_are_delivered():
    entries = [claimed(1, 1)]
    assert ledger_lines("m", batch_ledger.fold_ledger("m.batches", entries)) == [
        "1 batch claimed, and not yet known to be delivered"
    ]
    (event,) = journal_events("m.batches", entries, actor_of=str, every_entry=False)
    assert event.text == "batch b1: 10 rows (1 unfit) to be answered by m@1"
    assert "claimed" not in str(
        ledger_lines("m", batch_ledger.fold_ledger("m.batches", [*entries, scored(1, 1)]))
    )


def test_a_ledger_is_told_in_a_few_lines_or_whole():
    refused = batch_ledger.RefusedBatch(
        name="bad.csv", source=None, as_of="2016-01-01", why="no column age"
    )
    labelled = scored(9, 1).body | {"name": "late.csv"}
    entries = [
        scored(1, 1),
        scored(2, 1, rows=1000),
        scored(3, 2, "shadow"),
        entry(4, "refused", refused.body()),
        entry(5, "labelled", labelled),
    ]
    assert ledger_lines("m", batch_ledger.fold_ledger("m.batches", entries)) == [
        "2 batches scored by m@1, 1,010 rows (2 unfit)",
        "1 batch scored by m@2 in shadow, 10 rows (1 unfit)",
        "1 batch refused: bad.csv: no column age",
        "labels came 1 time, 10 rows",
    ]
    assert [
        e.text for e in journal_events("m.batches", entries, actor_of=str, every_entry=False)
    ] == [
        "batch b1: 10 rows (1 unfit) scored by m@1",
        "batch b2: 1,000 rows (1 unfit) scored by m@1",
        "batch b3: 10 rows (1 unfit) scored by m@2 in shadow",
        "batch bad.csv refused: no column age",
        "labels late.csv: 10 rows (1 unfit)",
    ]


def test_of_comparisons_in_shadow_the_last_of_a_verdict_is_told():
    def compared(number, verdict, batches):
        said = {
            "version": 2,
            "against": 1,
            "batches": batches,
            "verdict": verdict,
            "summary": "s.",
        }
        return entry(number, "shadowed", said | {"reasons": []})

    entries = [compared(1, "pass", 2), compared(2, "pass", 3), compared(3, "fail", 4)]
    entries += [compared(4, "pass", 5), compared(5, "pass", 6)]
    lines = [f"m@2 in shadow of m@1, {n} batches: {v}: s" for n, v in ((3, "pass"), (4, "fail"))]
    assert told(entries) == [*lines, "m@2 in shadow of m@1, 6 batches: pass: s"]
    assert len(told(entries, whole=True)) == 5


def test_the_end_of_a_retraining_is_told_where_no_version_tells_it():
    def ended(number, of, outcome):
        return entry(number, "retrained", {"retraining": of, "outcome": outcome, "version": 2})

    begun = {"because": "the schedule", "attempt": 1}
    entries = [
        entry(1, "retraining", begun),
        entry(2, "registered", {"version": 2, "candidate": "forest", "retraining": 1}),
        ended(3, 1, "registered"),
        entry(4, "retraining", begun),
        ended(5, 4, "registered"),  # the very version that was there
    ]
    assert told(entries)[1:] == [
        "m@2 registered: forest",
        "retraining begun (attempt 1): the schedule",
        "retraining of entry 4 ended: m@2 registered",
    ]
    assert len(told(entries, whole=True)) == 5
