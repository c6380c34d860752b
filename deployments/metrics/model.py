"""Metrics of a model's journal: its champion, pending questions, its last looks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.deployments.metrics import reports
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.journal import JournalMetrics
from assay.errors import IntegrityError
from assay.gates.stored_measurements import get_measured_report
from assay.production.monitoring.look import PastLook, past_looks
from assay.production.retraining.policy import find_open_question
from assay.registry import history
from assay.registry.history import CHAMPION, ModelHistory, fold_journal
from assay.util import clock

_KINDS = (
    *(history.REGISTERED, history.REJECTED, history.STOPPED, history.PROMOTED),
    *(history.APPROVED, history.WAIVED, history.ROLLED_BACK, history.RETIRED),
    *(history.MONITORED, history.FALSE_ALARM, history.LESSON),
    *(history.RETRAINING, history.RETRAINED, history.ASKED, history.SHADOWED),
)
_VERDICTS = ("healthy", "watch", "retrain")


class ModelMetrics(JournalMetrics):
    """Keeps all entries, since a model's journal has only a few each week."""

    journal = "model"

    def __init__(self, bucket: Bucket, use_case: str) -> None:
        super().__init__(bucket, use_case)
        self._entries: list[JournalEntry] = []
        self._cached: tuple[int, MetricSamples] | None = None

    def add_entry(self, entry: JournalEntry) -> None:
        self._entries.append(entry)

    def add_samples(self, samples: MetricSamples) -> None:
        """Add samples, computed again only if the journal grew or something could not be read."""
        if self._cached is None or self._cached[0] != len(self._entries):
            found = MetricSamples()
            whole = self._add_all(found)
            self._cached = (len(self._entries) if whole else -1, found)
        samples.merge(self._cached[1])

    def _add_all(self, samples: MetricSamples) -> bool:
        history = fold_journal(self.bucket, self.use_case, self._entries)
        kinds = Counter(e.kind if e.kind in _KINDS else "other" for e in self._entries)
        for kind in (*_KINDS, "other"):
            samples.add_sample(
                "assay_journal_entries_total", kinds[kind], use_case=self.use_case, kind=kind
            )
        self._add_standing(history, samples)
        unreadable = sum(
            not self._add_report(samples, *one) for one in self._reports(history, samples)
        )
        samples.add_sample("assay_reports_unreadable", unreadable, use_case=self.use_case)
        return not unreadable

    # --- who is in use, and who waits -------------------------------------------------------

    def _add_standing(self, history: ModelHistory, samples: MetricSamples) -> None:
        case, champion = self.use_case, history.champion
        if champion is not None:
            samples.add_sample("assay_champion_version", champion.number, use_case=case)
            since = _timestamp(history.alias_entries[CHAMPION])
            samples.add_sample("assay_champion_timestamp_seconds", since, use_case=case)
            promotion = history.current_promotion(CHAMPION)
            waiver = history.find_waiver(promotion) if promotion else None
            ends = clock.parse_timestamp(waiver.body["expires"]).timestamp() if waiver else None
            samples.add_sample("assay_waiver_expires_timestamp_seconds", ends, use_case=case)
        if waits := history.pending_challenger:
            samples.add_sample("assay_challenger_version", waits.body["version"], use_case=case)
            samples.add_sample(
                "assay_challenger_timestamp_seconds", _timestamp(waits), use_case=case
            )
        asked = find_open_question(self._entries)
        when = _timestamp(asked) if asked else None
        samples.add_sample("assay_asked_timestamp_seconds", when, use_case=case)

    # --- what was measured ------------------------------------------------------------------

    def _reports(
        self, history: ModelHistory, samples: MetricSamples
    ) -> list[tuple[reports.AddFromReport, Artifact, str]]:
        """The reports to publish: the function that adds each, and its kind."""
        if history.champion is None:
            return []
        held = history.champion.reports
        wanted: list[tuple[reports.AddFromReport, Artifact, str]] = [
            (say, held[gate], "registered")
            for gate, say in (
                ("performance", reports.add_test_scores),
                ("fairness", reports.add_fairness_gaps),
            )
            if gate in held
        ]
        looks = past_looks(history, history.champion.number)
        # A look of the past, as a backfill takes it, must not raise an alert today.
        past = tuple(look for look in looks if not look.quiet)
        if not past:
            return wanted
        self._add_look(past, samples)
        wanted.append((reports.add_check_counts, past[-1].report, "look"))
        for at, look in _last_judging_looks(past).items():
            kind = "expected" if at == "rows" else "realised"
            wanted += [(say, look.report, kind) for say in reports.ADDERS_BY_KIND[kind]]
        return wanted

    def _add_report(
        self, samples: MetricSamples, say: reports.AddFromReport, artifact: Artifact, kind: str
    ) -> bool:
        try:
            say(samples, self.use_case, get_measured_report(self.bucket, artifact), kind)
        except IntegrityError as error:
            self._log_once(error.what)
            return False
        return True

    def _add_look(self, past: tuple[PastLook, ...], samples: MetricSamples) -> None:
        case, last = self.use_case, past[-1]
        for verdict in _VERDICTS:
            same = verdict == last.verdict
            samples.add_sample("assay_look_verdict", same, use_case=case, verdict=verdict)
        samples.add_sample("assay_batches_missed", last.missed, use_case=case)
        samples.add_sample(
            "assay_label_coverage_ratio", last.figures.get("coverage"), use_case=case
        )
        looks = {"all": last, **_last_judging_looks(past)}
        for at, look in looks.items():
            when = _timestamp(self._entries[look.entry - 1])
            samples.add_sample("assay_look_timestamp_seconds", when, use_case=case, at=at)
            rows = look.figures.get({"rows": "rows", "labels": "labelled"}.get(at, ""))
            samples.add_sample("assay_look_rows", rows, use_case=case, at=at)


def _last_judging_looks(past: tuple[PastLook, ...]) -> dict[str, PastLook]:
    """The last look that judged rows, and the last that judged labels."""
    figures = {"rows": "rows", "labels": "labelled"}
    found = {
        at: [look for look in past if figure in look.figures][-1:] for at, figure in figures.items()
    }
    return {at: looks[0] for at, looks in found.items() if looks}


def _timestamp(entry: JournalEntry) -> float:
    """The moment when the entry was written, since ages are measured by it."""
    return datetime.fromisoformat(entry.at).timestamp()
