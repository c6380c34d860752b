"""`python -m benchmarks.gates`: benchmark each gate against other tools and a plain baseline.

Every figure comes from a process of its own; contenders take turns within a run; medians over the
rounds. What is imported, and what the first use of a library sets up, is not counted; reading the
rows is. Prints Markdown; progress goes to standard error. Exit code 1 if a budget does not hold.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.contest import Contender, Measured, measure
from benchmarks.gates import data
from benchmarks.gates.contest import Budget, Contest

CONTESTS = (
    Contest(
        "validate",
        "Fifteen rules that all hold.",
        (
            Contender("Assay", "gates.validate.assay"),
            Contender(
                "Great Expectations {} on pandas",
                "gates.validate.great_expectations",
                "great-expectations",
            ),
            Contender("one scan by DuckDB {}", "gates.validate.one_scan", "duckdb"),
        ),
        Budget("4.9M", cpu=2, memory=500e6),
    ),
    Contest(
        "audit",
        "Eight metrics by sex, by race and by both. Assay also computes intervals, verdicts, and up"
        " to a thousand draws for each summary; Fairlearn computes none of these.",
        (
            Contender("Assay", "gates.audit.assay"),
            Contender("Fairlearn {} alone", "gates.audit.fairlearn_alone", "fairlearn"),
            Contender("one count into cells by NumPy {}", "gates.audit.one_count", "numpy"),
        ),
        Budget("490k", cpu=1),
    ),
    Contest(
        "drift",
        "Fourteen columns against the 48,842 rows of Adult. Assay's profile of them and NannyML's"
        " fit were made before. Evidently reads the reference's rows each time; that is not"
        " counted.",
        (
            Contender("Assay", "gates.drift.assay"),
            Contender(
                "Evidently {}", "gates.drift.evidently_alone", "evidently", rival="evidently"
            ),
            Contender("NannyML {}", "gates.drift.nannyml_alone", "nannyml", rival="nannyml"),
            Contender("counts and distances by NumPy {}", "gates.drift.numpy_counts", "numpy"),
        ),
        Budget("4.9M", cpu=2, memory=1e9),
    ),
    Contest(
        "feasibility",
        "Assay runs all of its checks on the income use case, scikit-learn two of them (permutation"
        " test with 30 refits, learning curve). The baseline is one cross-validation of the quick"
        " learner.",
        (
            Contender("Assay", "gates.feasibility.assay"),
            Contender("scikit-learn {} alone", "gates.feasibility.scikit_learn", "scikit-learn"),
            Contender("one cross-validation", "gates.feasibility.one_fit"),
        ),
        Budget("49k", wall=30),
        sizes=("49k",),
    ),
    Contest(
        "explanation",
        "One model of boosted trees, fitted before, asked on 2,000 test rows. Assay groups columns,"
        " gives intervals over rows, curves, proxies of two sensitive columns and flips; scikit-"
        "learn importances of single columns. SHAP explains each row instead.",
        (
            Contender("Assay", "gates.explanation.assay"),
            Contender(
                "scikit-learn {} permutation_importance",
                "gates.explanation.scikit_learn",
                "scikit-learn",
            ),
            Contender("SHAP {} on trees", "gates.explanation.shap_alone", "shap", rival="shap"),
            Contender("one prediction of all exchanges", "gates.explanation.one_prediction"),
        ),
        Budget("49k", wall=10),
        sizes=("49k",),
    ),
)


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.gates", description=__doc__)
    asked.add_argument("--gate", choices=[c.gate for c in CONTESTS], action="append")
    asked.add_argument("--rows", nargs="+", choices=list(data.SIZES), default=list(data.SIZES))
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    names = ("pandas", "numpy", "pyarrow")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, median of "
        f"{options.rounds}; " + ", ".join(f"{name} {version(name)}" for name in names) + "\n"
    )
    within = True
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        say("making the rows")
        for size in options.rows:
            data.make(Path(home) / size, data.SIZES[size])
        data.make(Path(home) / "tiny", 1, data.TINY)
        data.make(Path(home) / "reference", 1)
        for contest in CONTESTS:
            if not options.gate or contest.gate in options.gate:
                sizes = [size for size in options.rows if size in contest.sizes]
                within &= _print(contest, Path(home), sizes, options.rounds)
    return 0 if within else 1


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _print(contest: Contest, home: Path, sizes: list[str], rounds: int) -> bool:
    """The table of one gate, and whether its budget holds, where its size was measured."""
    print(f"## {contest.gate.capitalize()}\n\n{contest.about}\n")
    print("| rows | | CPU s | wall s | memory beyond, MB | in all, MB | CPU s by Assay's | found |")
    print("|---|---|---|---|---|---|---|---|")
    titles = {contender: contender.title() for contender in contest.contenders}
    verdict = "not measured"
    for size in sizes:
        say(f"{contest.gate}: {size}")
        measured = measure(contest.contenders, home / size, home / "tiny", rounds)
        own = measured[contest.contenders[0]]
        for contender, one in measured.items():
            print(f"| {size} | {titles[contender]} | {_cells(one, own)} |", flush=True)
        if size == contest.budget.rows:
            verdict = _judged(contest.budget, own)
    print(f"\nBudget: {_words(contest.budget)}: **{verdict}**.\n", flush=True)
    return verdict in ("holds", "not measured")


def _cells(one: Measured, own: Measured) -> str:
    if one.why_not:
        return f"{one.why_not} | | | | |"
    share = f"{one.median('cpu') / own.median('cpu'):.2f}" if own.cpu else ""
    memory = " | ".join(f"{one.median(what) / 1e6:.0f}" for what in ("beyond", "peak"))
    return f"{one.median('cpu'):.2f} | {one.median('wall'):.2f} | {memory} | {share} | {one.found}"


def _judged(budget: Budget, own: Measured) -> str:
    if own.why_not:
        return f"does not hold: {own.why_not}"
    held = (
        (budget.cpu, own.median("cpu")),
        (budget.wall, own.median("wall")),
        (budget.memory, own.median("beyond")),
    )
    sound = all(most is None or taken <= most for most, taken in held)
    return "holds" if sound else "does not hold"


def _words(budget: Budget) -> str:
    said = [
        f"{budget.cpu:g} CPU s" if budget.cpu else "",
        f"{budget.wall:g} s" if budget.wall else "",
        f"{budget.memory / 1e6:,.0f} MB" if budget.memory else "",
    ]
    return f"{budget.rows} rows in at most {', '.join(filter(None, said))}"


if __name__ == "__main__":
    sys.exit(main())
