"""What was learnt, by cause: folded from what happened, recalled when it happens again."""

import pytest

from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.gates.report import Check, Report, Verdict, verdict_causes, verdict_reasons
from assay.registry.lessons import cause_covers, collect_lessons, describe_lessons, find_lessons

ONE = Digest.of_bytes(b"one")


def journal(*told):
    return [
        JournalEntry(number, None, kind, f"2016-0{number}-01T00:00:00+00:00", "ada", body)
        for number, (kind, body) in enumerate(told, start=1)
    ]


def look(verdict="retrain", cause="drift:RELP", version=1):
    said = {"causes": [cause], "reasons": ["RELP moved"]} if verdict != "healthy" else {}
    return "monitored", {"version": version, "look": 1, "verdict": verdict, **said}


def false_alarm(entry):
    return "false_alarm", {"entry": entry, "because": "the census recoded it"}


GAPS = ["gate:fairness:tpr[sex=Female]", "gate:fairness:tpr[race=B]"]
REJECTED = (
    "rejected",
    {"version": 1, "question": str(ONE), "reasons": ["a gap", "another"], "causes": GAPS},
)


def test_each_cause_of_a_rejection_is_a_lesson_with_its_own_reason():
    found = collect_lessons(journal(REJECTED))
    assert [(one.cause, one.text) for one in reversed(found)] == [
        ("gate:fairness:tpr[sex=Female]", "a gap"),
        ("gate:fairness:tpr[race=B]", "another"),
    ]


def test_a_false_alarm_is_told_in_place_of_its_alarm():
    (found,) = collect_lessons(journal(look("healthy"), look(), false_alarm(2)))
    assert (found.kind, found.cause, found.of) == ("false_alarm", "drift:RELP", 2)
    assert describe_lessons([found]) == [
        "drift:RELP: seen 2016-03-01 (entry 3): a false alarm: the census recoded it"
    ]


def test_a_failure_in_shadow_is_a_lesson_and_another_comparison_is_none():
    cause = "gate:shadow:selection_rate[sex=Female]"
    said = {"version": 2, "against": 1, "causes": [cause], "reasons": ["a gap"]}
    told = journal(
        ("shadowed", said | {"verdict": "fail"}), ("shadowed", said | {"verdict": "pass"})
    )
    (found,) = collect_lessons(told)
    assert (found.kind, found.cause, found.text) == ("shadowed", cause, "a gap")
    assert "failed in shadow" in describe_lessons([found])[0]


def test_healthy_looks_and_watching_teach_nothing():
    assert collect_lessons(journal(look("healthy"), look("watch"))) == []


def test_a_rollback_is_a_lesson_of_what_last_alarmed_about_the_version_it_left():
    back = ("rolled_back", {"alias": "champion", "version": 1, "previous": 2, "because": "bad"})
    entries = journal(look(version=2), look(cause="drift:AGE", version=1), back)
    assert collect_lessons(entries)[0].cause == "drift:RELP"
    assert collect_lessons(journal(back))[0].cause == "rollback"


def test_what_people_wrote_is_recalled():
    told = ("lesson", {"cause": "drift", "text": "January is odd", "about": None, "entry": None})
    (found,) = find_lessons(journal(told), ["drift:RELP"])
    assert found.text == "January is odd"


def test_the_last_comes_first_and_the_same_is_told_once_with_how_often():
    entries = journal(look(), look(), look(), REJECTED)
    lines = describe_lessons(find_lessons(entries, ["drift:RELP", "gate:fairness:tpr[sex=Female]"]))
    assert lines == [
        "gate:fairness:tpr[sex=Female]: seen 2016-04-01 (entry 4): rejected: a gap",
        "drift:RELP: seen 2016-03-01 (entry 3): an alarm, 2 times before: RELP moved",
    ]


def test_a_question_is_not_reminded_of_itself():
    entries = journal(REJECTED)
    assert find_lessons(entries, ["gate:fairness:tpr[sex=Female]"], question=ONE) == []
    assert find_lessons(
        entries, ["gate:fairness:tpr[sex=Female]"], question=Digest.of_bytes(b"two")
    )


def test_entries_from_before_there_were_causes_speak_of_their_gate():
    old = ("stopped", {"question": str(ONE), "gate": "feasibility", "reasons": ["no signal"],
                       "gates": {"validation": "pass", "feasibility": "fail"}})  # fmt: skip
    (found,) = find_lessons(journal(old), ["gate:feasibility:signal"])
    assert (found.cause, found.text) == ("gate:feasibility", "no signal")


@pytest.mark.parametrize(
    ("general", "cause", "does"),
    [
        ("drift:RELP", "drift:RELP", True),
        ("drift", "drift:RELP", True),
        ("gate:fairness:tpr", "gate:fairness:tpr[sex=F]", True),
        ("drift:REL", "drift:RELP", False),
        ("drift:RELP", "drift", False),
        ("gate", "drift:RELP", False),
    ],
)
def test_a_cause_covers_what_it_begins(general, cause, does):
    assert cause_covers(general, cause) is does


def test_causes_stand_in_the_order_of_the_reasons_and_name_columns_that_shifted():
    def check(name, verdict=Verdict.FAIL, **more):
        return Check(name=name, claim=name, verdict=verdict, why="seen", **more)

    checks = (check("shift[RELP]"), check("fine", Verdict.PASS), check("soft", hard=False))
    drift = Report(gate="drift", subject="m", verdict="fail", summary="", checks=checks)
    fair = Report(gate="fairness", subject="m", verdict="fail", summary="", checks=(check("x"),))
    assert verdict_causes([drift, fair]) == ["drift:RELP", "gate:fairness:x"]
    assert len(verdict_reasons([drift, fair])) == 2
    assert verdict_causes([]) == []
