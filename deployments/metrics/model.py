"""What a model's journal amounts to: its champion, who waits for an answer, its last looks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from assay import moments, versions
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.deployments.metrics import reports
from assay.deployments.metrics.names import Told
from assay.deployments.metrics.reading import Reading
from assay.errors import IntegrityError
from assay.evidence.report import get_report
from assay.journal import JournalEntry
from assay.living.looks import Past, looks_at
from assay.versions import CHAMPION, History, fold

_KINDS = (
    *(versions.REGISTERED, versions.REJECTED, versions.STOPPED, versions.PROMOTED),
    *(versions.APPROVED, versions.WAIVED, versions.ROLLED_BACK, versions.RETIRED),
    *(versions.MONITORED, versions.FALSE_ALARM, versions.LESSON),
    *(versions.RETRAINING, versions.RETRAINED, versions.ASKED, versions.SHADOWED),
)
_ANSWERS = {versions.PROMOTED, versions.ROLLED_BACK, versions.RETIRED}
_VERDICTS = ("healthy", "watch", "retrain")


class Model(Reading):
    """A model's journal has a few entries a week, so all are kept."""

    journal = "model"

    def __init__(self, bucket: Bucket, use_case: str) -> None:
        super().__init__(bucket, use_case)
        self._entries: list[JournalEntry] = []
        self._known: tuple[int, Told] | None = None

    def add(self, entry: JournalEntry) -> None:
        self._entries.append(entry)

    def say(self, told: Told) -> None:
        """Anew only where the journal grew, or something could not be read."""
        if self._known is None or self._known[0] != len(self._entries):
            found = Told()
            whole = self._say(found)
            self._known = (len(self._entries) if whole else -1, found)
        told.take(self._known[1])

    def _say(self, told: Told) -> bool:
        history = fold(self.use_case, self._entries)
        kinds = Counter(e.kind if e.kind in _KINDS else "other" for e in self._entries)
        for kind in (*_KINDS, "other"):
            told.add("assay_journal_entries_total", kinds[kind], use_case=self.use_case, kind=kind)
        self._standing(history, told)
        unreadable = sum(not self._report(told, *one) for one in self._reports(history, told))
        told.add("assay_reports_unreadable", unreadable, use_case=self.use_case)
        return not unreadable

    # --- who is in use, and who waits -------------------------------------------------------

    def _standing(self, history: History, told: Told) -> None:
        case, champion = self.use_case, history.champion
        if champion is not None:
            told.add("assay_champion_version", champion.number, use_case=case)
            since = _when(history.since[CHAMPION])
            told.add("assay_champion_timestamp_seconds", since, use_case=case)
            promotion = history.promotion(CHAMPION)
            waiver = history.waiver(promotion) if promotion else None
            ends = moments.moment(waiver.body["expires"]).timestamp() if waiver else None
            told.add("assay_waiver_expires_timestamp_seconds", ends, use_case=case)
        if waits := history.waiting:
            told.add("assay_challenger_version", waits.body["version"], use_case=case)
            told.add("assay_challenger_timestamp_seconds", _when(waits), use_case=case)
        asked = _asked(self._entries)
        when = _when(asked) if asked else None
        told.add("assay_asked_timestamp_seconds", when, use_case=case)

    # --- what was measured ------------------------------------------------------------------

    def _reports(self, history: History, told: Told) -> list[tuple[reports.Say, Artifact, str]]:
        """The reports to be told of: by what tells of them, and of which kind they are."""
        if history.champion is None:
            return []
        held = history.champion.reports
        wanted: list[tuple[reports.Say, Artifact, str]] = [
            (say, held[gate], "registered")
            for gate, say in (("performance", reports.scores), ("fairness", reports.gaps))
            if gate in held
        ]
        past = looks_at(history, history.champion.number)
        if not past:
            return wanted
        self._look(past, told)
        wanted.append((reports.checks, past[-1].report, "look"))
        for at, look in _judged(past).items():
            kind = "expected" if at == "rows" else "realised"
            wanted += [(say, look.report, kind) for say in reports.SAID[kind]]
        return wanted

    def _report(self, told: Told, say: reports.Say, artifact: Artifact, kind: str) -> bool:
        try:
            say(told, self.use_case, get_report(self.bucket, artifact), kind)
        except IntegrityError as error:
            self._log(error.what)
            return False
        return True

    def _look(self, past: tuple[Past, ...], told: Told) -> None:
        case, last = self.use_case, past[-1]
        for verdict in _VERDICTS:
            same = verdict == last.verdict
            told.add("assay_look_verdict", same, use_case=case, verdict=verdict)
        told.add("assay_batches_missed", last.missed, use_case=case)
        told.add("assay_label_coverage_ratio", last.figures.get("coverage"), use_case=case)
        looks = {"all": last, **_judged(past)}
        for at, look in looks.items():
            when = _when(self._entries[look.entry - 1])
            told.add("assay_look_timestamp_seconds", when, use_case=case, at=at)
            rows = look.figures.get({"rows": "rows", "labels": "labelled"}.get(at, ""))
            told.add("assay_look_rows", rows, use_case=case, at=at)


def _judged(past: tuple[Past, ...]) -> dict[str, Past]:
    """The last look that judged rows, and the last one that judged labels."""
    figures = {"rows": "rows", "labels": "labelled"}
    found = {
        at: [look for look in past if figure in look.figures][-1:] for at, figure in figures.items()
    }
    return {at: looks[0] for at, looks in found.items() if looks}


def _asked(entries: list[JournalEntry]) -> JournalEntry | None:
    """The entry that asks a person, if nothing was decided since."""
    for entry in reversed(entries):
        if entry.kind == versions.ASKED:
            return entry
        by_hand = entry.kind == versions.RETRAINING and entry.body["by"] == "person"
        if by_hand or entry.kind in _ANSWERS:
            return None
    return None


def _when(entry: JournalEntry) -> float:
    """By the clock, not by what it is about: ages are told by it."""
    return datetime.fromisoformat(entry.at).timestamp()
