"""The model card: what a version is for, how it was judged, and where it must not be trusted.

Source: Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.config.candidates import Candidate, Split
from assay.config.card import CARD_TITLES, CardText, card_lines
from assay.config.use_case import UseCase
from assay.gates.performance.display import SCORES_TITLE
from assay.gates.report import Check, Report, Verdict
from assay.problems.lookup import problem_type
from assay.problems.problem_type import Fact
from assay.render.markdown import escape_markdown, inline_code, sheet_blocks, table_row
from assay.render.numbers import estimate_text
from assay.render.report_text import checks_not_passed, gate_reason, verdict_counts, verdict_label

_MOST_ROWS = 30  # of a table; the report has them all
_MOST_SHEETS = 3  # of the fairness gate: rates by group
_MOST_LEANED_ON = 10  # columns that the model leans on most
_USE_FIELDS = ("intended_use", "out_of_scope", "contact")
_GAP = "**not said**"


def render_model_card(
    use_case: UseCase, candidate: Candidate, reports: Sequence[Report], *, because: str = ""
) -> str:
    """The card as Markdown: the use case, the gates' reports and why the candidate was tried."""
    of_gate = {report.gate: report for report in reports}
    blocks = [
        f"# {escape_markdown(use_case.name)}: {escape_markdown(candidate.title)}",
        *_purpose(use_case),
        *_use(use_case.card),
        *_limits(use_case.card, reports),
        *_verdicts(reports),
        *_performance(of_gate.get("performance")),
        *_fairness(use_case, of_gate.get("fairness")),
        *_explanation(of_gate.get("explanation")),
        *_data(use_case, of_gate.get("validation")),
        *_model(use_case, candidate, because),
        *_method_notes(reports),
        *_loading_example(use_case, candidate),
    ]
    return "\n\n".join(blocks) + "\n"


def _facts(facts: dict[str, str]) -> str:
    return "\n".join(f"- **{name}.** {said}" for name, said in facts.items())


def _purpose(use_case: UseCase) -> Iterator[str]:
    yield _facts(
        {
            "Question": escape_markdown(use_case.question),
            "Decision": escape_markdown(use_case.decision),
            "Harm of a wrong answer": escape_markdown(use_case.harm),
            "Owner": escape_markdown(use_case.owner),
        }
    )


def _use(card: CardText) -> Iterator[str]:
    """What people say of the model's use; what they do not say is a gap that shows."""
    yield "## Use"
    said = {CARD_TITLES[name]: _said_text(card, name) for name in _USE_FIELDS}
    yield _facts(said)
    if card.gaps:
        yield (
            f"*The pipeline cannot know what is not said. Add {inline_code(card_lines(card.gaps))} "
            "to the use case.*"
        )


def _said_text(card: CardText, name: str) -> str:
    said = getattr(card, name)
    return escape_markdown(said) if said else _GAP


def _verdicts(reports: Sequence[Report]) -> Iterator[str]:
    yield "## Verdicts"
    lines = [table_row(("gate", "verdict", "checks", "what was found")), "|---|---|---|---|"]
    for report in reports:
        found = gate_reason(report)
        said = (report.gate, verdict_label(report.verdict), verdict_counts(report), found)
        lines.append(table_row(map(escape_markdown, said)))
    yield "\n".join(lines)


def _model(use_case: UseCase, candidate: Candidate, because: str) -> Iterator[str]:
    facts = {"Estimator": inline_code(candidate.estimator)}
    if candidate.params:
        given = ", ".join(f"{name} {value}" for name, value in candidate.params.items())
        facts["Parameters"] = escape_markdown(given)
    if candidate.search:
        facts["Searched"] = escape_markdown(", ".join(candidate.search))
    if candidate.mitigate:
        facts["Mitigation"] = escape_markdown(candidate.mitigate.title)
    if because:
        facts["Chosen"] = escape_markdown(because)
    answers = problem_type(use_case.data.target).answer_facts(use_case, candidate)
    facts |= {name: _fact_text(fact) for name, fact in answers.items()}
    yield "## Model"
    yield _facts(facts)


def _fact_text(fact: Fact) -> str:
    parts = enumerate(fact)
    return "".join(inline_code(part) if i % 2 else _escape_inside(part) for i, part in parts)


def _escape_inside(words: str) -> str:
    """Escaped words that keep the blanks at their ends."""
    held = words.strip()
    return words.replace(held, escape_markdown(held), 1) if held else words


def _data(use_case: UseCase, validation: Report | None) -> Iterator[str]:
    data = use_case.data
    facts = {
        "Source": inline_code(data.source.path) if data.source.path else "a SQL query",
        **{
            name: _fact_text(fact)
            for name, fact in problem_type(data.target).outcome_facts(data.target).items()
        },
        "Sensitive columns": _sensitive_columns(use_case),
    }
    facts["Held back for the test"] = escape_markdown(_test_rows(use_case.split))
    withheld = [*data.identity, *data.exclude, *data.after_outcome]
    if withheld:
        facts["No features"] = escape_markdown(", ".join(dict.fromkeys(withheld)))
    if data.never_store:
        facts["Never stored"] = escape_markdown(", ".join(data.never_store))
    if validation:
        facts["Rows"] = escape_markdown(validation.summary)
    yield "## Data"
    yield _facts(facts)


def _test_rows(split: Split) -> str:
    """Which rows no candidate learned from: "20 % of the rows, by identity"."""
    if split.after is not None:
        return f"the rows from {split.column} {split.after} on"
    by = f"{split.by} ({split.column})" if split.column else split.by
    return f"{100 * split.test:g} % of the rows, by {by}"


def _sensitive_columns(use_case: UseCase) -> str:
    """The declared sensitive columns, and which of them the model sees."""
    declared = use_case.data.sensitive
    seen = [name for name, column in declared.items() if column.feature]
    sees = f"the model sees {', '.join(seen)}" if seen else "none of them is a feature"
    return escape_markdown(f"{', '.join(declared)}; {sees}") if declared else "none declared"


def _performance(report: Report | None) -> Iterator[str]:
    if report is None:
        return
    yield "## Performance"
    yield escape_markdown(report.summary)
    for sheet in report.sheets:
        if sheet.title == SCORES_TITLE:  # each with its interval
            yield from sheet_blocks(sheet, _MOST_ROWS, level=3)
    yield from _claims_table(report.checks)


def _fairness(use_case: UseCase, report: Report | None) -> Iterator[str]:
    yield "## Fairness"
    for rule in use_case.fairness:
        said = f"{rule.metric} of each group is {rule.limit_text} that of its reference"
        yield f"- **Limit.** {escape_markdown(said)}, because: {escape_markdown(rule.because)}"
    if not use_case.fairness:
        yield "No limit on gaps between groups was set."
    if report is None:
        return
    yield escape_markdown(report.summary)
    yield from _claims_table(report.checks)
    grouped = [sheet for sheet in report.sheets if "rows" in sheet.columns]
    for sheet in grouped[:_MOST_SHEETS]:
        yield from sheet_blocks(sheet, _MOST_ROWS, level=3)


def _claims_table(checks: Sequence[Check]) -> Iterator[str]:
    """The checks that measured something, as a table."""
    told = [(check, *estimate_text(check)) for check in checks]
    lines = [
        table_row(
            map(escape_markdown, (verdict_label(check.verdict), estimate, limit, check.claim))
        )
        for check, estimate, limit in told
        if estimate
    ]
    if lines:
        heads = [table_row(("verdict", "estimate", "limit", "claim")), "|---|--:|--:|---|"]
        left = len(lines) - _MOST_ROWS
        yield "\n".join([*heads, *lines[:_MOST_ROWS]])
        if left > 0:
            yield f"*{left:,} more are in the report*"


def _limits(card: CardText, reports: Sequence[Report]) -> Iterator[str]:
    """What people know, what failed, and what is unknown."""
    yield "## Limits"
    yield _facts({"What people know": _said_text(card, "limits")})
    lines = [
        f"- {'Not known: ' * (check.verdict is Verdict.UNKNOWN)}"
        + escape_markdown(f"{check.finding}. {check.remedy}".strip())
        for report in reports
        for check in checks_not_passed(report)
    ]
    yield "\n".join(["Found by the gates:", "", *lines]) if lines else "The gates found none."


def _explanation(report: Report | None) -> Iterator[str]:
    """What the model leans on most, if its gate judged that."""
    if report is None:
        return
    yield "## What it leans on"
    yield escape_markdown(report.summary)
    if report.sheets:
        yield from sheet_blocks(report.sheets[0], _MOST_LEANED_ON, level=3)


def _method_notes(reports: Sequence[Report]) -> Iterator[str]:
    """What limits the reports themselves."""
    notes = [
        f"- **{escape_markdown(report.gate).capitalize()}.** {escape_markdown(note)}"
        for report in reports
        for note in report.notes
    ]
    if notes:
        yield "## How it was judged"
        yield "\n".join(notes)


def _loading_example(use_case: UseCase, candidate: Candidate) -> Iterator[str]:
    yield "## Loading"
    needs = "A frame with the features' columns"
    if candidate.mitigate and candidate.mitigate.decides_by_group:
        groups = ", ".join(candidate.mitigate.by)
        needs += f" and {groups}, because its thresholds depend on {groups},"
    yield (
        f"{escape_markdown(needs)} gives probabilities and decisions. A rejected version is kept "
        "as evidence and never loaded."
    )
    yield "\n".join(
        [
            "```python",
            "import assay",
            "",
            'bucket = assay.open(".assay")  # or s3://bucket/prefix',
            f'model = bucket.model("{use_case.name}@champion")  # or a version, {use_case.name}@2',
            "answers = model.predict(frame)",
            "```",
        ]
    )
