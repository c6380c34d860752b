"""What runs came to, in the sentence that their own page begins with."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import IntegrityError
from assay.gates.report import get_report
from assay.production.todo_item import shorten_text
from assay.render.decision_summary import ModelDecision, summarize_decision
from assay.runs.outcome import RunOutcome


@dataclass
class DecisionSentences:
    """The sentences of a bucket's runs; each is made once."""

    bucket: Bucket
    _known: dict[Digest, str] = field(default_factory=dict)

    def of_outcome(self, outcome: RunOutcome) -> str:
        """The outcome and why; "" without readable reports. Raises StoreError."""
        page = outcome.page.digest
        if not outcome.reports:
            return ""
        if page not in self._known:
            try:
                reports = [get_report(self.bucket, held) for held in outcome.reports.values()]
            except IntegrityError:
                return ""
            against = f"{outcome.use_case}@{outcome.against}" if outcome.against else ""
            decision = ModelDecision(
                outcome.model or outcome.use_case, outcome.outcome, outcome.champion, against
            )
            self._known[page] = shorten_text(summarize_decision(reports, decision).sentence)
        return self._known[page]
