"""What waits for a person, by what journals and ledgers hold."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.bucket import artifacts
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.production import MonitoringSettings
from assay.production.todo_item import (
    TodoItem,
    WatchedUseCase,
    shorten_text,
    sort_by_urgency,
)
from assay.production.todo_list import find_bucket_todo
from assay.registry.batch_ledger import BatchLedger, RefusedBatch, ScoredBatch
from assay.registry.decisions import approval_form, feedback, promotion, withdrawal
from assay.registry.decisions.justification import Justification
from tests.registry.decisions.conftest import NOON, House, make_key

SAID = Justification("it is better", NOON, None)


@pytest.fixture
def house(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    make_key(tmp_path / "key")
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "key"))
    return House()


def watched(**monitoring):
    ask = MonitoringSettings(**monitoring)
    return WatchedUseCase("m", "configs/m.yaml", "the hotel", ask, monitor_pause=86400.0)


def found(house, *, after=timedelta(), case=None):
    return find_bucket_todo(house.bucket, {"m": case} if case else {}, NOON + after)


def kinds(house, **how):
    return [item.kind for item in found(house, **how)]


def champion(house, **more):
    version = house.version(**more)
    promotion.promote_version(house.bucket, version.name, SAID)


def look(house, verdict="retrain", version=1, **more):
    number = 1 + house.kinds.count("monitored")
    report = house.bucket.put_json({}, artifacts.JSON, "report").as_json()
    body = {"version": version, "look": number, "upto": 0, "verdict": verdict, "first": None}
    body |= {"reasons": ["ROC AUC fell"], "report": report, "figures": {}}
    return house.note("monitored", **body, as_of=NOON.isoformat(), **more).number


def begin_retraining(house):
    body = {"by": "monitor", "because": "harm", "evidence": None, "ends": True}
    return Journal(house.bucket, "m").append(lambda _: ("retraining", body))


def scored(house, name="b", rows=10, at=NOON):
    table = house.bucket.put(name.encode(), artifacts.JSON, name)
    batch = ScoredBatch(
        name=name,
        source=str(table.digest),
        as_of=at.isoformat(),
        table=table,
        predictions=table,
        unfit=None,
        rows=rows,
        unfit_rows=0,
        version=1,
        model=Digest.of_bytes(b"model"),
        role="served",
        seconds=1.0,
    )
    assert BatchLedger(house.bucket, "m").add_scored(batch)


def refused(house, name="b", why="it has no column age"):
    batch = RefusedBatch(name=name, source=None, as_of=NOON.isoformat(), why=why)
    assert BatchLedger(house.bucket, "m").add_refusal(batch)


def test_nothing_waits_in_an_empty_bucket_nor_where_all_is_well(house):
    assert found(house) == []
    champion(house)
    look(house, "healthy")
    assert found(house) == []


# --- promotions -------------------------------------------------------------------------------


def test_a_version_that_awaits_approval_says_why_and_by_which_command(house):
    house.version(fairness="unknown")
    (item,) = found(house, case=watched())
    assert (item.kind, item.subject, item.owner) == ("approval", "m@1", "the hotel")
    assert "the fairness gate cannot tell" in item.what
    assert item.command == "assay promote m@1 --approve --because TEXT"
    assert item.since == datetime.fromisoformat(house.history.versions[1].entry.at)
    promotion.promote_version(house.bucket, "m@1", SAID, approve=True)
    assert found(house) == []


def test_of_one_run_only_the_version_that_it_chose_waits(house):
    same = {"question": str(Digest.of_bytes(b"one"))}
    house.version(fairness="unknown", more=same)
    house.version(more=same)
    house.version(more=same)
    assert [item.subject for item in found(house)] == ["m@2"]


@pytest.mark.parametrize("end", ["declined", "retired", "overtaken"])
def test_what_was_answered_waits_no_more(house, end):
    champion(house)
    house.version()
    assert kinds(house) == ["approval"]
    if end == "declined":
        approval_form.apply_answer(house.bucket, "m@2", SAID, yes=False)
    elif end == "retired":
        withdrawal.retire_version(house.bucket, "m@2", SAID)
    else:
        champion(house)
    assert found(house) == []


def test_who_still_scores_in_shadow_waits_for_nobody(house):
    champion(house, promotion={"shadow": 2})
    house.version(promotion={"shadow": 2})
    assert found(house) == []


# --- harm -------------------------------------------------------------------------------------


def test_a_look_that_says_retrain_waits_until_something_follows(house):
    champion(house)
    number = look(house)
    (item,) = found(house, case=watched())
    assert (item.kind, item.subject, item.since) == ("retrain", "m@1", NOON)
    assert "look 1 says retrain: ROC AUC fell; nothing has followed" in item.what
    assert item.command == "assay retrain configs/m.yaml --because TEXT"
    house.note("false_alarm", entry=number, because="a broken feed")
    assert found(house) == []


def test_a_retraining_under_way_has_a_day(house):
    champion(house)
    look(house)
    begun = begin_retraining(house)
    begun_at = datetime.fromisoformat(begun.at) - NOON
    assert found(house, after=begun_at) == []
    (item,) = found(house, after=begun_at + timedelta(days=2))
    assert f"entry {begun.number} began a retraining that never ended" in item.what


def test_a_question_of_the_policy_waits_for_a_decision(house):
    champion(house)
    champion(house)
    house.note("asked", because="3 retrainings in a row brought no new champion", evidence=None)
    (item,) = found(house)
    assert item.kind == "retrain"
    assert "3 retrainings in a row" in item.what
    assert item.command == "assay rollback m --because TEXT"
    withdrawal.roll_back_alias(house.bucket, "m", SAID)
    assert found(house) == []


# --- failures ---------------------------------------------------------------------------------


def test_a_rejected_run_waits_until_one_succeeds(house):
    house.version(fairness="fail")
    (item,) = found(house)
    assert (item.kind, item.command) == ("failed", "assay show m@1")
    assert "its last run (entry 1) was rejected: fairness: it was seen" in item.what
    champion(house)
    assert found(house) == []


def test_one_registered_candidate_makes_a_run_no_failure(house):
    same = {"question": str(Digest.of_bytes(b"one"))}
    champion(house, more=same)
    house.version(fairness="fail", more=same)
    assert found(house) == []


def test_a_stopped_run_names_the_gate(house):
    house.note("stopped", question="q", gate="feasibility", reasons=["Too few rows"])
    (item,) = found(house)
    assert item.what == "its last run (entry 1) stopped at the feasibility gate: Too few rows"
    assert item.command == "assay log m"


def test_a_lesson_about_the_entry_settles_a_failure(house):
    house.version(fairness="fail")
    told = {"cause": "gate:fairness", "entry": None}
    feedback.record_lesson(house.bucket, "m", SAID, **told)
    assert kinds(house) == ["failed"]
    feedback.record_lesson(house.bucket, "m", SAID, **told | {"entry": 1})
    assert found(house) == []


def test_a_retraining_that_could_not_learn_is_a_failure(house):
    champion(house)
    begun = begin_retraining(house)
    house.note("retrained", retraining=begun.number, outcome="failed", because="one class")
    (item,) = found(house)
    assert item.what == f"the retraining of entry {begun.number} failed: one class"
    told = {"cause": "retraining", "entry": begun.number}
    feedback.record_lesson(house.bucket, "m", SAID, **told)
    assert found(house) == []


def test_a_promotion_settles_a_failed_retraining(house):
    champion(house)
    begun = begin_retraining(house)
    house.note("retrained", retraining=begun.number, outcome="failed", because="one class")
    assert kinds(house) == ["failed"]
    champion(house)
    assert found(house) == []


def test_refused_batches_wait_until_they_are_scored_or_a_lesson_is_written(house):
    champion(house)
    refused(house, "a")
    refused(house, "b", why="two headers.")
    (item,) = found(house)
    assert item.kind == "failed"
    assert item.what == "2 batches refused and not scored since; the last, b: two headers"
    scored(house, "b")
    assert "1 batch refused" in found(house)[0].what
    feedback.record_lesson(house.bucket, "m", SAID, cause="batch:refused")
    assert found(house) == []


# --- silence, waivers, damage -----------------------------------------------------------------


def test_a_source_is_silent_by_what_its_use_case_allows(house):
    champion(house)
    scored(house)
    ask = watched(due=3600.0)
    assert found(house, case=ask, after=timedelta(hours=1)) == []
    (item,) = found(house, case=ask, after=timedelta(hours=3))
    assert (item.kind, item.since) == ("silent", NOON)
    assert item.what == "no batch has come for 3 hours; one is due every 60 minutes"
    assert found(house, case=watched(), after=timedelta(days=900)) == []


def test_a_monitor_is_silent_if_enough_rows_wait_for_twice_its_period(house):
    champion(house)
    scored(house, rows=999)
    ask = watched(rows=1000)
    came = datetime.fromisoformat(BatchLedger(house.bucket, "m").read().scored_batches[0].at)
    late = came - NOON + timedelta(days=2.1)
    assert found(house, case=ask, after=late) == []
    scored(house, "c", rows=1)
    assert found(house, case=ask, after=late - timedelta(days=1)) == []
    (item,) = found(house, case=ask, after=late)
    assert item.command == "assay monitor configs/m.yaml"
    assert "2 batches came and no look followed" in item.what


def test_a_waiver_is_told_of_in_its_last_week_and_first_of_all_once_it_ended(house):
    house.version(fairness="fail")
    promotion.waive_gates(
        house.bucket, "m@1", SAID, gates=["fairness"], expires="2026-03-31T12:00:00Z"
    )
    promotion.promote_version(house.bucket, "m@1", SAID)
    assert found(house, after=timedelta(days=22)) == []
    (item,) = found(house, after=timedelta(days=24))
    assert item.kind == "expiring_waiver"
    assert "ends on 2026-03-31 12:00" in item.what
    (item,) = found(house, after=timedelta(days=31))
    assert item.kind == "expired_waiver"
    assert item.command == "assay waive m@1 --gate fairness --expires DATE --because TEXT"


@pytest.mark.parametrize("kind", ["asked", "monitored", "retrained", None])
def test_a_damaged_journal_is_first_and_hides_no_other(house, kind):
    """One that does not hold, or one with entries that Assay did not write."""
    house.version(fairness="unknown")
    if kind is None:
        house.bucket.store.put_if_absent("journals/broken/0000000001.json", b"{}")
    else:
        version = dict(house.history.versions[1].entry.body)
        broken = Journal(house.bucket, "broken")
        broken.append(lambda _: ("registered", version))
        broken.append(lambda _: ("promoted", {"alias": "champion", "version": 1}))
        broken.append(lambda _: (kind, {"version": 1}))
    items = found(house)
    assert [(item.kind, item.subject) for item in items] == [
        ("integrity", "broken"),
        ("approval", "m@1"),
    ]
    assert items[0].command == "assay verify"


# --- the list ---------------------------------------------------------------------------------


def test_the_most_urgent_kind_is_first_and_then_what_waits_longest():
    def item(kind, hours):
        since = None if hours is None else NOON + timedelta(hours=hours)
        return TodoItem(kind, "m", "", since, "", "")

    told = [("silent", 1), ("approval", 3), ("approval", 2), ("integrity", None), ("retrain", 9)]
    ordered = sort_by_urgency(item(*one) for one in told)
    assert [(one.kind, one.since) for one in ordered] == [
        ("integrity", None),
        ("retrain", NOON + timedelta(hours=9)),
        ("approval", NOON + timedelta(hours=2)),
        ("approval", NOON + timedelta(hours=3)),
        ("silent", NOON + timedelta(hours=1)),
    ]


def test_the_owner_is_known_from_the_run_where_the_file_is_not_here(house):
    record = {"steps": [], "configuration": {"promotion": {}, "owner": "the bank"}}
    run = house.bucket.put_json(record, artifacts.RECORD, "run").as_json()
    house.version(fairness="fail", more={"run": run})
    assert [item.owner for item in found(house)] == ["the bank"]


def test_texts_are_one_line_and_bounded():
    assert shorten_text("a\n  b") == "a b"
    assert len(shorten_text("x" * 10_000)) == 400


def test_an_item_is_json_with_a_moment_in_utc():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = TodoItem("silent", "m", "w", moment, "o", "c").as_json()
    assert told["since"] == "2026-01-01T00:00:00+00:00"


# --- deadlines --------------------------------------------------------------------------------

SIX = [NOON.replace(hour=6) + timedelta(days=days) for days in range(1, 4)]


def by_six(*deadlines):
    return WatchedUseCase(
        "m",
        "configs/m.yaml",
        "the hotel",
        MonitoringSettings(),
        deadlines=tuple(deadlines or SIX),
        scored_by="06:00 Europe/Lisbon",
    )


def test_a_missed_deadline_says_what_is_late_since_when_and_what_to_type(house):
    champion(house)
    scored(house, at=NOON + timedelta(hours=1))
    (item,) = [i for i in found(house, case=by_six(*SIX[:2])) if i.kind == "deadline"]
    assert item.what == (
        "not scored by 06:00 Europe/Lisbon: no batch has been scored since 2026-03-01 13:00; "
        "the deadline is missed"
    )
    assert (item.since, item.owner) == (SIX[1], "the hotel")
    assert item.command == "assay score configs/m.yaml"


def test_deadlines_in_a_row_are_one_item(house):
    champion(house)
    (item,) = [i for i in found(house, case=by_six()) if i.kind == "deadline"]
    assert "no batch has been scored yet; 3 deadlines in a row are missed" in item.what
    assert item.since == SIX[0]


def test_the_reason_of_a_refused_batch_is_the_reason(house):
    champion(house)
    refused(house)
    (item,) = [i for i in found(house, case=by_six(SIX[0])) if i.kind == "deadline"]
    assert "batch b was refused: " in item.what


def test_what_was_scored_late_waits_for_nobody(house):
    champion(house)
    scored(house, at=SIX[0] + timedelta(minutes=40))
    assert "deadline" not in kinds(house, case=by_six(SIX[0]))


def test_nothing_was_due_before_there_was_a_champion(house):
    assert "deadline" not in kinds(house, case=by_six())
    champion(house)
    assert "deadline" not in kinds(house, case=by_six(NOON - timedelta(hours=6)))


def test_a_deadline_of_a_paused_use_case_is_nobodys_business(house):
    champion(house)
    house.note("paused", because="rebuilding", via="cli", as_of=NOON.isoformat())
    assert kinds(house, case=by_six(SIX[0])) == ["paused"]
