"""A draft as YAML, each line with its reason as a comment."""

from __future__ import annotations

from collections.abc import Iterator

from assay.drafting.column_roles import ColumnRole
from assay.drafting.use_case_draft import UseCaseDraft
from assay.drafting.yaml_value import write_scalar, write_value
from assay.util.printable_text import printable_text

TO_SAY = "TO BE SAID"
_WIDTH = 100


def render_draft(draft: UseCaseDraft, path: str) -> str:
    """The text of the use case's file. `path` names the data as the file shall name them."""
    return "\n".join(_lines(draft, path)) + "\n"


def _lines(draft: UseCaseDraft, path: str) -> Iterator[str]:
    yield from _comment(
        f"Drafted from {draft.source.rows:,} rows with an outcome. Each line has its reason; what"
        " only people know is marked TO BE SAID."
    )
    yield from _words(draft)
    yield ""
    yield "data:"
    yield from _indent(_data(draft, path))
    if draft.rules:
        yield ""
        yield from _comment(
            "Rules for later data: what was seen, with slack. Tighten what must hold."
        )
        yield "expectations:"
        yield from _indent(_rules(draft))
    yield ""
    yield from _split(draft)
    yield "candidates:"
    yield from _indent(_candidates(draft))
    yield ""
    yield from _performance(draft)
    yield from _fairness(draft)
    yield "promotion: {first: approval, later: approval}"
    yield "seed: 0"


def _words(draft: UseCaseDraft) -> Iterator[str]:
    words, target = draft.words, draft.target
    question = words.question or {
        "binary": f"Is {target.column} {target.positive}?",
        "multiclass": f"Which {target.column} is it?",
        "regression": f"How much is {target.column}?",
    }.get(target.problem_type, "")
    yield f"question: {write_scalar(question)}"
    for key, asked, said in (
        ("decision", "what is decided by the answer", words.decision),
        ("harm", "what a wrong answer does, and to whom", words.harm),
        ("owner", "who answers for the model", words.owner),
    ):
        yield f"{key}: {write_scalar(said or f'{TO_SAY}: {asked}')}"


def _data(draft: UseCaseDraft, path: str) -> Iterator[str]:
    source = draft.source
    if source.options:
        told = ", ".join(f"{key} {value!r}" for key, value in source.options.items())
        yield from _comment(f"The file is written with {told}.")
        yield f"source: {write_value({'path': path, **source.options})}"
    else:
        yield f"source: {write_scalar(path)}"
    yield from _target(draft)
    if source.missing:
        marks = ", ".join(f"{mark!r} {count:,} times" for mark, count in source.missing.items())
        columns = ", ".join(f"{name} ({count:,})" for name, count in source.marked_columns.items())
        yield from _comment(f"Missing values are written as {marks}: in {columns}.")
        yield f"missing: {write_value(['', *source.missing])}"
    if source.dates:
        yield from _comment("Dates that are not written as 2026-01-31.")
        yield f"dates: {write_value(source.dates)}"
    yield from _role_lists(draft)
    yield from _sensitive(draft)


def _target(draft: UseCaseDraft) -> Iterator[str]:
    target, choice = draft.target, draft.choice
    yield from _comment(f"{target.column}: {choice.reason}.")
    if draft.source.unlabelled:
        yield from _comment(f"{draft.source.unlabelled:,} rows have no outcome and are left out.")
    held = target.model_dump(mode="json", exclude_defaults=True)
    if target.unit == "units":
        yield from _comment("unit: TO BE SAID, such as dollars an hour.")
    yield f"target: {write_value(held)}"
    for line, meaning in choice.others:
        yield from _comment(f"Or {meaning} target: {line}")


_LISTS = (
    ("identity", "A row is the same row tomorrow by"),
    ("never_store", "Personal data, dropped before anything is written"),
    ("after_outcome", "Perhaps known only afterwards. Take out what is known when it is asked"),
)


def _role_lists(draft: UseCaseDraft) -> Iterator[str]:
    for role, title in _LISTS:
        yield from _named_list(role, title, draft.role(role))
    excluded = draft.role("exclude", "weight", "group")
    yield from _named_list("exclude", "No features", excluded)
    times = draft.role("time")
    for place, one in enumerate(times):
        line = f"time: {write_scalar(one.name)}"
        yield from _comment(f"{one.name}: {one.reason}.")
        yield line if place == 0 else f"# {line}"


def _named_list(key: str, title: str, roles: list[ColumnRole]) -> Iterator[str]:
    if not roles:
        return
    yield from _comment(f"{title}:")
    for one in roles:
        yield from _comment(f"- {one.name}: {one.reason}.")
    yield from _wrapped_list(key, [one.name for one in roles])


def _sensitive(draft: UseCaseDraft) -> Iterator[str]:
    if draft.asked:
        yield from _comment("The groups of people who must be treated alike.")
        yield f"sensitive: {write_value(draft.sensitive)}"
        others = [one.name for one in draft.role("sensitive") if one.name not in draft.sensitive]
        if others:
            yield from _comment("These look sensitive by their names, and people said no.")
            yield f"not_sensitive: {write_value(others)}"
        return
    if not draft.sensitive:
        yield from _comment("No column looks sensitive by its name. Name those that are:")
        yield "# sensitive: {}"
        return
    yield from _comment(
        "These look sensitive by their names. Say which groups must be treated alike, and take the"
        " # away; a sensitive column is no feature. Those that are not go into not_sensitive."
    )
    for one in draft.role("sensitive"):
        yield from _comment(f"- {one.name}: {one.reason}.")
    yield f"# sensitive: {write_value(draft.sensitive)}"
    yield f"# not_sensitive: {write_value(list(draft.sensitive))}"


def _rules(draft: UseCaseDraft) -> Iterator[str]:
    for rule in draft.rules:
        yield f"- type: {rule.type}  # {rule.reason}"
        severity = f"  severity: {rule.severity}"
        yield f"  kwargs: {write_value(rule.kwargs)}"
        if rule.severity != "critical":
            yield severity


def _split(draft: UseCaseDraft) -> Iterator[str]:
    groups, times = draft.role("group"), draft.role("time")
    if groups:
        one = groups[0]
        yield from _comment(f"{one.name}: {one.reason}. Rows of one stay on one side of the split.")
        yield f"split: {write_value({'test': 0.2, 'by': 'group', 'column': one.name})}"
        if times:
            yield from _comment("Or by time, if the same ones will be asked about later:")
            yield f"# split: {write_value({'test': 0.2, 'by': 'time', 'column': times[0].name})}"
    elif times:
        yield from _comment(
            "The newest fifth is the test: the model will be asked about later rows."
        )
        yield f"split: {write_value({'test': 0.2, 'by': 'time', 'column': times[0].name})}"
    else:
        yield from _comment("A fifth of the rows, told by their identity, is the test.")
        yield "split: {test: 0.2, by: identity}"
    yield ""


def _candidates(draft: UseCaseDraft) -> Iterator[str]:
    for one in draft.candidates:
        yield f"- estimator: {one.estimator}  # {one.reason}"
        if one.params:
            yield f"  params: {write_value(one.params)}"
        yield f"  search: {write_value(one.search)}"


def _performance(draft: UseCaseDraft) -> Iterator[str]:
    share = draft.choice.rare_share
    if share is not None:
        yield from _comment(
            f"Yes is rare ({share:.1%}), so accuracy says little. TO BE SAID: what a false yes and"
            " a missed yes cost; the threshold follows from it."
        )
        cost = {"false_positive": 1, "false_negative": max(2, round((1 - share) / share / 2))}
        yield f"performance: {write_value({'choose_by': 'average_precision', 'cost': cost})}"
        yield ""


def _fairness(draft: UseCaseDraft) -> Iterator[str]:
    if draft.asked and draft.sensitive:
        metric = {"binary": "true_positive_rate", "multiclass": "true_positive_rate"}.get(
            draft.target.problem_type, "mean_error"
        )
        yield from _comment(
            "TO BE SAID: how far apart groups may lie, and why. Then take the # away."
        )
        rule = {"metric": metric, "by": list(draft.sensitive), "tolerance": 0.1, "because": TO_SAY}
        yield f"# fairness: [{write_value(rule)}]"
        yield ""


# --- YAML -------------------------------------------------------------------------------------


def _indent(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}" if line else line


def _comment(text: str) -> Iterator[str]:
    import textwrap

    width = _WIDTH - 4
    start = "#   " if text.startswith("- ") else "# "
    yield from textwrap.wrap(
        printable_text(text),
        width,
        initial_indent=start,
        subsequent_indent="#     " if text.startswith("- ") else "# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped_list(key: str, names: list[str]) -> Iterator[str]:
    line = f"{key}: {write_value(names)}"
    if len(line) <= _WIDTH - 2:
        yield line
        return
    yield f"{key}:"
    for name in names:
        yield f"  - {write_scalar(name)}"
