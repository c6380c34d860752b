"""What a run came to, on one page."""

from __future__ import annotations

from assay.bucket.artifacts import HTML, Artifact
from assay.bucket.digest import Digest
from assay.gates.report import Report, Verdict
from assay.runs.outcome import CandidateOutcome, RunOutcome
from assay.runs.outcome_page import outcome_headline, render_outcome

DIGEST = Digest.of_bytes(b"x")
LINK = "http://reports.example/5f"
REPORTS = [
    Report(gate="fairness", subject="m", verdict=Verdict.FAIL, summary="A gap | wide", checks=()),
    Report(gate="performance", subject="m", verdict=Verdict.PASS, summary="Well", checks=()),
]


def outcome(**more):
    judged = CandidateOutcome(
        model="m@1",
        candidate="forest",
        status="rejected",
        gates={},
        reasons=[],
        scores={"roc_auc": 0.9},
    )
    made = {
        "use_case": "m",
        "question": DIGEST,
        "run": DIGEST,
        "outcome": "rejected",
        "model": "m@1",
        "digest": DIGEST,
        "champion": False,
        "against": None,
        "gates": {},
        "reports": {},
        "page": Artifact(media_type=HTML, digest=DIGEST, size=1, name="report"),
        "reasons": ["fairness: a gap of 0.2. Collect more."],
        "judged": [judged],
        "steps": [],
    }
    return RunOutcome(**made | more)


def test_it_says_what_why_and_where_the_whole_is():
    text = render_outcome(outcome(), REPORTS, LINK)
    assert text.startswith("# m@1: rejected")
    assert f"[The whole report]({LINK})" in text
    assert "## Why\n\n- fairness: a gap of 0.2. Collect more." in text
    assert "| fairness | ✗ fail | A gap \\| wide |" in text
    assert "| m@1 | rejected | forest | roc_auc 0.900 |" in text


def test_what_is_weighed_is_no_reason_against_a_registered_one():
    text = render_outcome(outcome(outcome="registered", champion=True), REPORTS, LINK)
    assert text.startswith("# m@1: registered, champion")
    assert "## To be weighed" in text
    assert "## Why" not in text


def test_a_run_that_was_stopped_is_told_by_its_use_case():
    stopped = outcome(outcome="stopped", model=None, digest=None, judged=[])
    assert outcome_headline(stopped) == "m: stopped"
    assert "## Candidates" not in render_outcome(stopped, REPORTS, LINK)


def test_many_reasons_are_cut_and_counted():
    text = render_outcome(outcome(reasons=[f"reason {n}" for n in range(50)]), REPORTS, LINK)
    assert "reason 19" in text
    assert "reason 20" not in text
    assert "*30 more in the report*" in text
