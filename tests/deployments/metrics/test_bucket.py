"""What a bucket's journals come to: right, complete or not at all, and cheap to ask again."""

from pathlib import Path

import pytest

from assay.bucket.artifacts import JSON
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.deployments.metrics import bucket as metrics_of
from assay.deployments.metrics.bucket import BucketMetrics
from assay.gates.report import Check, Interval, Report, Sheet, Verdict, put_report
from assay.registry.batch_ledger import BatchLedger, RefusedBatch, ScoredBatch
from assay.registry.open import open_bucket
from assay.store.local import LocalStore
from tests.deployments.metrics.fake_server import figures, of

GUESTS = {"use_case": "guests"}
AS_OF = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setattr(metrics_of, "_LISTING_INTERVAL", 0.0)
    return open_bucket(str(tmp_path / "bucket")).prepare()


@pytest.fixture
def scrape(bucket):
    models = BucketMetrics(bucket.root)
    return lambda: figures(models.gather())


def report(bucket, gate, checks=(), sheets=()):
    made = Report(
        gate=gate,
        subject="guests",
        verdict=Verdict.PASS,
        summary="",
        checks=tuple(checks),
        sheets=tuple(sheets),
    )
    return put_report(bucket, made)


def check(name, estimate, low, high, limit, **more):
    held = {"verdict": Verdict.PASS, "statistic": "", **more}
    ends = Interval(low=low, high=high)
    return Check(name=name, claim="", estimate=estimate, interval=ends, threshold=limit, **held)


def gap(group, estimate, low, high, limit=0.1, how="difference"):
    statistic = {"difference": "group minus reference", "ratio": "group over reference"}[how]
    return check(
        f"selection_rate[{group}]",
        estimate,
        low,
        high,
        limit,
        group=group,
        statistic=f"selection_rate, {statistic}",
    )


def write(bucket, kind, model="guests", /, **body):
    entry = Journal(bucket, model).append(lambda _: (kind, body))
    return entry.number


def champion(bucket, version=1, **reports):
    held = {gate: artifact.as_json() for gate, artifact in reports.items()}
    write(bucket, "registered", version=version, reports=held, question="q", model={}, gates={})
    write(bucket, "promoted", alias="champion", version=version, previous=None)


def look(bucket, verdict="healthy", number=1, version=1, figures=None, of=None, **more):
    artifact = of or report(bucket, "monitoring")
    return write(
        bucket,
        "monitored",
        version=version,
        look=number,
        upto=0,
        as_of=AS_OF,
        verdict=verdict,
        reasons=[],
        report=artifact.as_json(),
        figures=figures or {},
        **more,
    )


def performance(title, column, rows):
    columns = ("rows of", "metric", column)
    return Sheet(title=title, columns=columns, rows=tuple(rows))


# --- what is said -----------------------------------------------------------------------------


def test_an_empty_bucket_says_nothing(scrape):
    assert scrape() == {}


def test_a_champion_and_its_scores(bucket, scrape):
    rows = (("roc_auc", 0.9, 0.88, 0.92, 0.5),)
    scores = Sheet(title="Scores", columns=("score", "model", "low", "high", "dummy"), rows=rows)
    champion(bucket, performance=report(bucket, "performance", sheets=[scores]))
    found = scrape()
    assert of(found, "assay_champion_version", **GUESTS) == 1
    labels = {**GUESTS, "kind": "registered", "metric": "roc_auc", "group": "all"}
    names = ("", "_low", "_high")
    told = [of(found, f"assay_performance{end}", **labels) for end in names]
    assert told == [0.9, 0.88, 0.92]
    assert of(found, "assay_journal_entries_total", **GUESTS, kind="promoted") == 1
    assert of(found, "assay_journal_entries_total", **GUESTS, kind="retired") == 0


def test_a_look_with_what_it_judged(bucket, scrape):
    checks = [
        check("expected[roc_auc]", 0.01, -0.01, 0.03, 0.05),
        check("expected[roc_auc, SEX=2]", 0.02, -0.03, 0.07, 0.05, group="SEX=2"),
        check("shift[age]", 0.2, None, None, 0.1, verdict=Verdict.CAUTION),
        check("shift[city]", 0.01, None, None, 0.1),
    ]
    rows = [("all rows", "ROC AUC", 0.89), ("SEX=2", "ROC AUC", 0.8), ("SEX=3", "ROC AUC", 0.1)]
    sheets = [performance("Performance", "expected now", rows)]
    champion(bucket)
    number = look(
        bucket,
        "watch",
        figures={"rows": 500.0, "coverage": 0.25},
        of=report(bucket, "monitoring", checks, sheets),
        missed=2,
    )
    found = scrape()
    said = {v: of(found, "assay_look_verdict", **GUESTS, verdict=v)
            for v in ("healthy", "watch", "retrain")}  # fmt: skip
    assert said == {"healthy": 0, "watch": 1, "retrain": 0}
    at = Journal(bucket, "guests").entries()[number - 1].at
    from datetime import datetime

    when = of(found, "assay_look_timestamp_seconds", **GUESTS, at="all")
    assert when == datetime.fromisoformat(at).timestamp()
    assert of(found, "assay_batches_missed", **GUESTS) == 2
    assert of(found, "assay_label_coverage_ratio", **GUESTS) == 0.25
    for group, value, drop in (("all", 0.89, 0.01), ("SEX=2", 0.8, 0.02)):
        labels = {**GUESTS, "kind": "expected", "metric": "roc_auc", "group": group}
        assert of(found, "assay_performance", **labels) == value
        assert of(found, "assay_performance_drop", **labels) == drop
    assert of(found, "assay_performance_drop_limit", **GUESTS) == 0.05
    # A group with too few rows for a check has no number either, which would look sure.
    assert not [key for key in found if "SEX=3" in str(key)]
    assert of(found, "assay_drift_columns", **GUESTS, verdict="caution") == 1
    assert of(found, "assay_drift_distance", **GUESTS, column="age") == 0.2
    assert of(found, "assay_drift_distance_limit", **GUESTS) == 0.1


def test_what_is_expected_and_what_is_realised_are_each_of_the_last_look_that_judged_it(
    bucket, scrape
):
    realised = [check("realised[accuracy]", 0.3, 0.2, 0.4, 0.05)]
    rows = [("all rows", "accuracy", 0.5)]
    title = "Performance on rows with new labels"
    labelled = report(
        bucket,
        "monitoring",
        [*realised, gap("SEX=2", -0.2, -0.3, -0.15), gap("SEX=3", 0.7, 0.6, 0.75, 0.8, "ratio")],
        [performance(title, "realised now", rows)],
    )
    champion(bucket)
    look(bucket, "retrain", figures={"labelled": 100.0}, of=labelled)
    look(bucket, "watch", number=2)  # silence: it judged nothing
    found = scrape()
    labels = {**GUESTS, "kind": "realised", "metric": "accuracy", "group": "all"}
    assert of(found, "assay_performance", **labels) == 0.5
    assert of(found, "assay_performance_drop_low", **labels) == 0.2
    told = {**GUESTS, "kind": "realised", "metric": "selection_rate"}
    assert of(found, "assay_fairness_gap", measure="difference", group="SEX=2", **told) == -0.2
    assert of(found, "assay_fairness_gap_limit", measure="ratio", group="SEX=3", **told) == 0.8
    assert of(found, "assay_look_verdict", **GUESTS, verdict="watch") == 1
    assert of(found, "assay_look_timestamp_seconds", **GUESTS, at="rows") is None


def test_an_open_end_is_left_out(bucket, scrape):
    fair = report(bucket, "fairness", [gap("SEX=2", -0.2, None, -0.15)])
    champion(bucket, fairness=fair)
    labels = {
        **GUESTS,
        "kind": "registered",
        "measure": "difference",
        "metric": "selection_rate",
        "group": "SEX=2",
    }
    found = scrape()
    assert of(found, "assay_fairness_gap_low", **labels) is None
    assert of(found, "assay_fairness_gap_high", **labels) == -0.15


def test_looks_at_another_champion_are_not_this_ones(bucket, scrape):
    champion(bucket)
    look(bucket, "retrain")
    champion(bucket, 2)
    assert of(scrape(), "assay_look_verdict", **GUESTS, verdict="retrain") is None


def test_a_challenger_waits_until_somebody_answers(bucket, scrape):
    def waits():
        return of(scrape(), "assay_challenger_version", **GUESTS)

    champion(bucket)
    assert waits() is None
    for number in (2, 3):
        write(bucket, "registered", version=number, reports={}, question=str(number), model={})
        write(bucket, "promoted", alias="challenger", version=number, previous=None)
        assert waits() == number
        if number == 2:
            write(bucket, "lesson", cause="promotion:guests@2", about=None, text="no", entry=1)
        else:
            write(bucket, "promoted", alias="champion", version=3, previous=1)
        assert waits() is None
    write(bucket, "registered", version=4, reports={}, question="4", model={})
    write(bucket, "promoted", alias="champion", version=4, previous=3)
    assert waits() is None  # it had its time


def test_a_person_is_asked_until_something_is_decided(bucket, scrape):
    champion(bucket)
    write(bucket, "asked", because="in vain", evidence=None)
    assert of(scrape(), "assay_asked_timestamp_seconds", **GUESTS) > 0
    write(bucket, "false_alarm", entry=3, because="the feed was broken")
    assert of(scrape(), "assay_asked_timestamp_seconds", **GUESTS) > 0
    write(bucket, "retired", version=1, because="it is of no use")
    assert of(scrape(), "assay_asked_timestamp_seconds", **GUESTS) is None


def test_batches_are_summed_by_role(bucket, scrape):
    ledger, table = BatchLedger(bucket, "guests"), bucket.put_json({}, JSON, "table")
    for number, role in enumerate(("served", "served", "shadow")):
        rows = bucket.put_json(number, JSON, "rows")
        ledger.add_scored(
            ScoredBatch(
                name=f"{number}.csv",
                source=None,
                as_of=AS_OF,
                table=rows,
                predictions=table,
                unfit=None,
                rows=10,
                unfit_rows=1,
                version=1,
                model=Digest.of_bytes(b""),
                role=role,
                seconds=0.5,
            )
        )
    ledger.add_refusal(RefusedBatch(name="3.csv", source="x", as_of=AS_OF, why="no header"))
    found = scrape()
    totals = {"batches": (2, 1), "rows_scored": (20, 10), "rows_unfit": (2, 1)}
    for name, (served, shadow) in totals.items():
        assert of(found, f"assay_{name}_total", **GUESTS, role="served") == served
        assert of(found, f"assay_{name}_total", **GUESTS, role="shadow") == shadow
    assert of(found, "assay_batches_refused_total", **GUESTS) == 1
    assert of(found, "assay_labels_total", **GUESTS) == 0


# --- what it costs, and what it survives ------------------------------------------------------


def test_where_nothing_came_a_journal_costs_one_request_and_no_listing(bucket, scrape, monkeypatch):
    monkeypatch.setattr(metrics_of, "_LISTING_INTERVAL", 3600.0)
    champion(bucket, fairness=report(bucket, "fairness", [gap("SEX=2", 0, -0.1, 0.1)]))
    look(bucket)
    first = scrape()
    read, get = [], LocalStore.get
    monkeypatch.setattr(LocalStore, "get", lambda store, key: read.append(key) or get(store, key))
    monkeypatch.setattr(LocalStore, "list", lambda store, prefix="": pytest.fail("listed"))
    monkeypatch.setattr(LocalStore, "open", lambda store, key: pytest.fail("read an object"))
    assert scrape() == first
    assert read == ["journals/guests/0000000004.json"]


def test_a_report_with_many_groups_makes_a_bounded_number_of_series(bucket, scrape):
    gaps = [gap(f"CITY={number}", 0.0, -0.1, 0.1) for number in range(500)]
    champion(bucket, fairness=report(bucket, "fairness", gaps))
    columns = [check(f"shift[{n}]", n / 100, None, None, 0.1) for n in range(90)]
    look(bucket, figures={"rows": 9.0}, of=report(bucket, "monitoring", columns))
    found = scrape()
    assert len([key for key in found if key[0] == "assay_fairness_gap"]) == 100
    shown = {dict(key[1:])["column"] for key in found if key[0] == "assay_drift_distance"}
    assert shown == {str(number) for number in range(60, 90)}  # those that moved most


def test_of_a_broken_journal_nothing_is_told_and_of_others_all(bucket, scrape):
    champion(bucket)
    write(bucket, "registered", "hotels", version=1, reports={}, question="q", model={})
    write(bucket, "promoted", "hotels", alias="champion", version=1, previous=None)
    file = Path(bucket.store.url(Journal(bucket, "guests").entry_key(1)))
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":9'))
    found = scrape()
    assert of(found, "assay_journal_current", **GUESTS, journal="model") == 0
    assert of(found, "assay_champion_version", **GUESTS) is None
    assert of(found, "assay_journal_current", use_case="hotels", journal="model") == 1
    assert of(found, "assay_champion_version", use_case="hotels") == 1


@pytest.mark.parametrize("body", [{}, {"version": "x", "reports": 3}, {"version": None}])
def test_an_odd_entry_of_one_model_spoils_no_other(bucket, scrape, body):
    write(bucket, "promoted", **body)
    write(bucket, "scored", "guests.batches", **body)
    champion_of = {"version": 1, "reports": {}, "question": "q", "model": {}}
    write(bucket, "registered", "hotels", **champion_of)
    for _ in range(2):  # nor is it forgotten
        found = scrape()
        for journal in ("model", "batches"):
            assert of(found, "assay_journal_current", **GUESTS, journal=journal) == 0
        assert of(found, "assay_journal_current", use_case="hotels", journal="model") == 1


def test_a_report_that_is_gone_is_said_and_looked_for_again(bucket, scrape):
    fair = report(bucket, "fairness", [gap("SEX=2", 0.05, 0.0, 0.1)])
    champion(bucket, fairness=fair)
    file = Path(bucket.url(fair))
    held = file.read_bytes()
    file.unlink()
    assert of(scrape(), "assay_reports_unreadable", **GUESTS) == 1
    assert of(scrape(), "assay_champion_version", **GUESTS) == 1
    file.write_bytes(held)
    found = scrape()
    assert of(found, "assay_reports_unreadable", **GUESTS) == 0
    assert [key for key in found if key[0] == "assay_fairness_gap"]


def test_a_history_half_read_is_not_told(bucket, scrape, monkeypatch):
    monkeypatch.setattr("assay.deployments.metrics.journal._MAX_ENTRIES", 2)
    champion(bucket)
    look(bucket)
    assert of(scrape(), "assay_champion_version", **GUESTS) is None
    assert of(scrape(), "assay_champion_version", **GUESTS) == 1


def test_a_bucket_that_cannot_be_had_fails_as_a_whole(bucket, scrape, monkeypatch):
    from assay.errors import StoreUnreachable

    champion(bucket)
    scrape()

    def away(store, key):
        raise StoreUnreachable("no route to the store")

    monkeypatch.setattr(LocalStore, "get", away)
    with pytest.raises(StoreUnreachable):
        scrape()
