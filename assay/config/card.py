"""What people say on the model card that no pipeline can know."""

from __future__ import annotations

from typing import Final

from assay.config.section import NonEmptyText, Section


class CardText(Section):
    """The model card's words by people. What is left out appears on the card as not said."""

    intended_use: NonEmptyText | None = None
    """What the answers are for, who uses them, and about whom."""
    out_of_scope: NonEmptyText | None = None
    """What they must not be used for."""
    limits: NonEmptyText | None = None
    """Where the model is weak or was not tried, as far as people know."""
    contact: NonEmptyText | None = None
    """Whom to ask about the model, and where people can object to an answer."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """The fields that are not said, in reading order."""
        return tuple(name for name in CARD_TITLES if getattr(self, name) is None)


CARD_TITLES: Final = {
    "intended_use": "Intended use",
    "out_of_scope": "Out-of-scope use",
    "limits": "Limits",
    "contact": "Contact",
}


def card_lines(gaps: tuple[str, ...]) -> str:
    """The lines that fill gaps, as they may stand in a use case."""
    return f"card: {{{', '.join(f'{name}: TEXT' for name in gaps)}}}"
