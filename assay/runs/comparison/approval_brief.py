"""What a person should know who decides whether a version becomes champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import entry_timestamp
from assay.errors import AssayError, IntegrityError
from assay.gates.report import Report, Verdict, get_report
from assay.registry.history import ModelHistory, Version
from assay.registry.registry import Registry
from assay.render.deciding_numbers import deciding_numbers
from assay.render.journal_text import entry_sentence
from assay.render.markdown import escape_markdown
from assay.render.report_text import end_sentence
from assay.runs.comparison.compared_run import find_compared_run
from assay.runs.comparison.model_comparison import ModelComparison, compare_models
from assay.runs.comparison.verdict_text import fact_sentences, verdict_sentence
from assay.runs.result_cache import find_question_outcome
from assay.util import clock

_MOST_CAUTIONS = 12


@dataclass(frozen=True)
class Evidence:
    """Where to read on: what it is, the command that shows it, and its address, if it has one."""

    name: str
    command: str
    address: str = ""


@dataclass(frozen=True)
class ApprovalBrief:
    """The challenger against the champion. `comparison` are sentences, the verdict first; `numbers`
    say how good, how fair and how sure each of them is, with intervals; `origin` why the version
    was trained; `cautions` what the gates could not tell or ask to weigh, a sentence each.
    """

    challenger: str
    champion: str
    candidate: str
    comparison: tuple[str, ...]
    numbers: tuple[str, ...]
    origin: str
    cautions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    is_champion: bool = False

    @property
    def question(self) -> str:
        """What is to be decided."""
        if self.is_champion:
            return f"{self.challenger} is champion already."
        place = f" in place of {self.champion}" if self.champion else ""
        return f"Shall {self.challenger} become champion{place}?"

    def lines(self) -> Iterator[str]:
        """The brief as plain lines; empty ones part its sections."""
        yield self.question
        yield f"{self.challenger} is {self.candidate}. {self.origin}"
        for title, said in self._sections():
            yield ""
            yield title
            yield from (f"- {line}" for line in said)

    def markdown(self) -> str:
        """The brief for a form on the dashboard."""
        blocks = [
            f"**{escape_markdown(self.question)}** "
            + escape_markdown(f"{self.challenger} is {self.candidate}. {self.origin}")
        ]
        for title, said in self._sections(linked=True):
            listed = "\n".join(f"- {line}" for line in said)
            blocks.append(f"**{title}**\n\n{listed}")
        return "\n\n".join(blocks)

    def _sections(self, *, linked: bool = False) -> Iterator[tuple[str, Sequence[str]]]:
        plain = escape_markdown if linked else str
        if self.comparison:
            yield "Against the champion", [plain(line) for line in self.comparison]
        yield "The numbers", [plain(line) for line in self.numbers]
        if self.cautions:
            yield "To be weighed", [plain(line) for line in self.cautions]
        yield "Read on", [_evidence_text(one, linked=linked) for one in self.evidence]


def _evidence_text(one: Evidence, *, linked: bool) -> str:
    if linked and one.address:
        return f"[{escape_markdown(one.name)}]({one.address})"
    if linked:
        return f"{escape_markdown(one.name)}: `{one.command}`"
    return f"{one.name}: {one.command}"


def brief_decision(bucket: Bucket, reference: str, *, pages: str = "") -> ApprovalBrief:
    """What to know before deciding about a version. `pages` is the address of the reports' server,
    if there is one.

    What cannot be read or compared is said in a sentence, and hinders nobody. Raises
    ReferenceUnknown, ChainBroken.
    """
    history, version = Registry(bucket).resolve_reference(reference)
    champion = history.champion if history.champion != version else None
    reports = _read_reports(bucket, version)
    numbers = list(_number_lines(bucket, version, reports))
    if champion:
        numbers += _number_lines(bucket, champion, _read_reports(bucket, champion))
    return ApprovalBrief(
        challenger=version.name,
        champion=champion.name if champion else "",
        candidate=str(version.entry.body.get("candidate", "")),
        comparison=tuple(_comparison_lines(bucket, version, champion, reports)),
        numbers=tuple(numbers),
        origin=_origin_sentence(history, version),
        cautions=tuple(_caution_lines(reports)),
        evidence=tuple(_evidence(bucket, version, champion, pages.rstrip("/"))),
        is_champion=history.champion == version,
    )


def _comparison_lines(
    bucket: Bucket, version: Version, champion: Version | None, reports: Sequence[Report]
) -> Iterator[str]:
    """What the performance gate found, which asked both models about the same rows, if this was the
    champion then; and what the stored answers of both say, where they are to the same rows.
    """
    if champion is None:
        return
    checks = (check for report in reports for check in report.checks)
    judged = next((check for check in checks if check.name == "beats_champion"), None)
    if judged is not None and version.entry.body.get("against") == champion.number:
        yield f"On the test rows of {version.name}: {end_sentence(judged.why)}"
    try:
        comparison: ModelComparison = compare_models(bucket, [champion.name, version.name])
    except AssayError as error:
        yield f"{version.name} and {champion.name} cannot be compared: {error.what}."
        return
    yield verdict_sentence(comparison.pairs[0])
    yield from fact_sentences(comparison.pairs[0])


def _read_reports(bucket: Bucket, version: Version) -> list[Report]:
    reports = []
    for artifact in version.reports.values():
        try:
            reports.append(get_report(bucket, artifact))
        except IntegrityError:  # a promotion is refused for it, with the reason
            continue
    return reports


def _number_lines(bucket: Bucket, version: Version, reports: list[Report]) -> Iterator[str]:
    """How good, how fair and how sure a version is, by its own report."""
    for number in deciding_numbers(reports, unit=_unit(bucket, version)):
        yield f"{version.name}: {number.question} {'; '.join([number.value, *number.terms])}"


def _unit(bucket: Bucket, version: Version) -> str:
    try:
        record = find_compared_run(bucket, version.name).record
    except IntegrityError:
        return ""
    data = record["configuration"].get("data", {})
    return str(data.get("target", {}).get("unit") or "")


def _origin_sentence(history: ModelHistory, version: Version) -> str:
    """Why it was trained: what began its retraining, or who ran it."""
    entry = history.retraining_entry(version)
    when = clock.display_timestamp(entry_timestamp(version.entry))
    if entry is None:
        return f"It was trained on {when} by {version.entry.actor}, not by a retraining."
    return f"It was trained on {when}: {entry_sentence(history.model, entry)}."


def _caution_lines(reports: Sequence[Report]) -> Iterator[str]:
    """Each thing that a gate asks to weigh, in a sentence; what it cannot tell first."""
    said = [
        f"{report.gate}{' cannot tell' if verdict is Verdict.UNKNOWN else ''}: "
        f"{end_sentence(reason)}"
        for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.CAUTION)
        for report in reports
        for reason in (c.headline for c in report.checks_weighing(verdict))
    ]
    yield from said[:_MOST_CAUTIONS]
    if len(said) > _MOST_CAUTIONS:
        yield f"{len(said) - _MOST_CAUTIONS} more, in the report"


def _evidence(
    bucket: Bucket, version: Version, champion: Version | None, pages: str
) -> Iterator[Evidence]:
    for one in filter(None, (version, champion)):
        command = f"assay show {one.name} --html {one.model}-{one.number}.html"
        yield Evidence(f"The report of {one.name}", command, _report_address(bucket, one, pages))
    if champion:
        address = f"{pages}/compare?a={champion.name}&b={version.name}" if pages else ""
        yield Evidence(
            f"{version.name} and {champion.name} side by side",
            f"assay compare {champion.name} {version.name}",
            address,
        )


def _report_address(bucket: Bucket, version: Version, pages: str) -> str:
    """The address of the page that its run ended with; empty where that shows another version."""
    if not pages:
        return ""
    try:
        question = Digest.parse(version.entry.body["question"])
        outcome = find_question_outcome(bucket, version.model, question)
    except (AssayError, ValueError):
        return ""
    return f"{pages}/{outcome.page.digest.hex}" if outcome and outcome.model == version.name else ""
