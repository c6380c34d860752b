"""A figure over time: its x axis counts days, and is shown in dates."""

from __future__ import annotations

from datetime import datetime, timedelta

from assay.gates.report import Figure


class DateFigure(Figure):
    """A figure whose x is the days since `start`, the beginning of a day in UTC. Reports store
    none, so it has no part in their format.
    """

    start: datetime

    def date_label(self, days: float) -> str:
        """The date so many days after the start; with the time where that is no full day."""
        moment = self.start + timedelta(days=days)
        return f"{moment:%Y-%m-%d}" if float(days).is_integer() else f"{moment:%m-%d %H:%M}"
