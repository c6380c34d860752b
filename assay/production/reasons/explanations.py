"""The explanations that a use case asks for, and whether a model's columns allow them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from assay.config.use_case import UseCase
from assay.errors import ConfigError, suggest_name
from assay.learning.signature import pipeline_kind
from assay.problems.explained_answer import ExplainedAnswer
from assay.production.reasons.counterfactual import Counterfactual
from assay.production.reasons.row_reasons import RowReasons

if TYPE_CHECKING:
    import pandas as pd

    from assay.learning.scoring_model import ScoringModel

Locate = Callable[[tuple[str | int, ...]], str]


def check_explanations(
    signature: dict[str, Any], explained: ExplainedAnswer, use_case: UseCase, locate: Locate
) -> None:
    """Raise ConfigError for more reasons than the model has columns, for `score.would_be` where no
    answer is a yes, and for columns that people can change and the model does not see.
    """
    kinds = {entry["name"]: pipeline_kind(entry["type"]) for entry in signature["inputs"]}
    if use_case.score.reasons > len(kinds):
        raise ConfigError(
            f"score.reasons is {use_case.score.reasons}, and the model has {len(kinds)} columns",
            where=locate(("score", "reasons")),
            remedy="Ask for fewer: three or four are what people can use.",
        )
    if not use_case.score.would_be:
        return
    if not explained.can_be_yes:
        raise ConfigError(
            "score.would_be tells what would make a no a yes, and this question asks for neither",
            where=locate(("score", "would_be")),
            remedy="Leave it out; score.reasons tells why.",
        )
    for place, one in enumerate(use_case.data.actionable):
        where = locate(("data", "actionable", place))
        if one.column not in kinds:
            raise ConfigError(
                f"the model does not see the column {one.column!r}",
                where=where,
                remedy=suggest_name(one.column, kinds, f"It sees: {', '.join(kinds)}."),
            )
        if one.direction != "any" and kinds[one.column] == "text":
            raise ConfigError(
                f"{one.column!r} holds text, which goes neither up nor down",
                where=where,
                remedy="Leave direction out.",
            )


def prepare_explanations(
    model: ScoringModel, explained: ExplainedAnswer, use_case: UseCase, reference: pd.DataFrame
) -> Iterator[RowReasons | Counterfactual]:
    """The explanations of a model's answers. `reference`: rows that stand for what is usual."""
    score = use_case.score
    if score.reasons:
        yield RowReasons.prepare(
            model, explained, reference, count=score.reasons, seed=use_case.seed
        )
    if score.would_be:
        yield Counterfactual.prepare(model, use_case.data.actionable, reference)
