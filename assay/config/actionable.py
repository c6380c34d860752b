"""Whether the columns that people can change are columns that the model may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assay.config.use_case import UseCase
from assay.errors import ConfigError


def check_actionable(use_case: UseCase, locate: Callable[[tuple[str | int, ...]], str]) -> None:
    """Raise ConfigError for the first column under `data.actionable` that is no feature or stands
    there twice, and for `score.would_be` without any.
    """
    withheld, known = dict(_withheld_columns(use_case)), set()
    for place, one in enumerate(use_case.data.actionable):
        where = locate(("data", "actionable", place))
        if not use_case.feature_columns([one.column]) or one.column in withheld:
            what = withheld.get(one.column, "no feature")
            raise ConfigError(
                f"{one.column!r} is {what}, so the model does not see it and no"
                " change of it changes an answer",
                where=where,
                remedy="Name features alone.",
            )
        if one.column in known:
            raise ConfigError(f"{one.column!r} stands here twice", where=where)
        known.add(one.column)
    if use_case.score.would_be and not use_case.data.actionable:
        raise ConfigError(
            "score.would_be needs the columns that people can change",
            where=locate(("score", "would_be")),
            remedy="Name them under data.actionable.",
        )


def _withheld_columns(use_case: UseCase) -> Iterator[tuple[str, str]]:
    """Columns that are no features, and what they are."""
    data = use_case.data
    for name, group in data.sensitive.items():
        if not group.feature:
            yield name, "a sensitive column that is no feature"
    for key in ("identity", "exclude", "after_outcome", "never_store"):
        yield from ((name, f"under data.{key}") for name in getattr(data, key))
    if data.time:
        yield data.time, "the time of a row"
    if use_case.split.column:
        yield use_case.split.column, "under split.column"
    yield data.target.column, "the target"
