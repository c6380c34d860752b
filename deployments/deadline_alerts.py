"""Alerts of missed deadlines: each deadline once, to whom it concerns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from assay.config.operations import Alert, Operations
from assay.deployments.desk.use_case_state import UseCaseState
from assay.production.scoring.deadline import describe_miss
from assay.util import clock
from assay.util.printable_text import printable_text
from assay.util.relative_time import describe_age

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

_MOST_ALONE = 5  # more at once become one message, such as after a server that was down
_MOST_NAMED = 30  # in such a message
_MARK_LENGTH = 12  # hexadecimal digits
# Of Prefect's variables, by a mark's first digit: one holds at most 5,000 characters.
_VARIABLE = "assay_told_deadlines_{}"


@dataclass(frozen=True, slots=True)
class MissAlert:
    """A missed deadline and one destination that it concerns."""

    number: int
    alert: Alert
    state: UseCaseState

    @property
    def mark(self) -> str:
        """What tells this deadline and destination from all others."""
        record = self.state.deadline
        last = record.missed[-1].isoformat() if record else ""
        named = "\0".join((self.state.name, last, self.alert.to))
        return hashlib.sha256(named.encode()).hexdigest()[:_MARK_LENGTH]


def find_miss_alerts(states: Iterable[UseCaseState], operations: Operations) -> list[MissAlert]:
    """What is to be sent, whether it was or not."""
    missed = [state for state in states if state.deadline and state.deadline.missed]
    return [
        MissAlert(number, alert, state)
        for number, alert in enumerate(operations.alerts)
        if "deadline" in alert.on
        for state in missed
        if alert.concerns(state.name, state.owner)
    ]


def group_messages(alerts: Sequence[MissAlert]) -> list[list[MissAlert]]:
    """The alerts by message: one each, and one for all of a destination where they are many."""
    by_number: dict[int, list[MissAlert]] = {}
    for one in alerts:
        by_number.setdefault(one.number, []).append(one)
    return [
        group
        for mine in by_number.values()
        for group in ([mine] if len(mine) > _MOST_ALONE else [[one] for one in mine])
    ]


def write_message(alerts: Sequence[MissAlert], as_of: datetime) -> tuple[str, str]:
    """Subject and text of a message about these."""
    desk = os.environ.get("ASSAY_PAGES", "")
    states = [one.state for one in alerts]
    if len(states) == 1:
        (state,) = states
        subject = f"{state.name} was not scored by {state.scored_by}"
        return subject, "\n".join([*_describe(state, as_of), *([desk] if desk else [])])
    lines = [
        f"{state.name}, owner: {state.owner or 'nobody named'}: {_what(state)}"
        for state in states[:_MOST_NAMED]
    ]
    more = len(states) - _MOST_NAMED
    return f"{len(states)} use cases were not scored by their deadlines", "\n".join(
        [
            *lines,
            *([f"And {more:,} more."] if more > 0 else []),
            "What to do: see `assay up --status`, then `assay todo` for each command.",
            *([desk] if desk else []),
        ]
    )


def _describe(state: UseCaseState, as_of: datetime) -> list[str]:
    record = state.deadline
    assert record is not None, "only missed deadlines are told"
    due = record.missed[-1]
    owner = f", owner: {state.owner}" if state.owner else ""
    what = _what(state)
    return [
        f"Use case: {state.name}{owner}",
        f"{what[0].upper()}{what[1:]}.",
        f"The deadline was {clock.display_timestamp(due)} UTC, {describe_age(due, as_of)}.",
        f"What to do: `assay score {state.file}`; if nothing came, ask whoever sends the batches.",
    ]


def _what(state: UseCaseState) -> str:
    record = state.deadline
    assert record is not None, "only missed deadlines are told"
    return printable_text(describe_miss(record, state.scored_by, state.refusal))


# --- what was told ----------------------------------------------------------------------------


class SentAlerts:
    """The marks of what was sent, kept on the server, so that a restart sends nothing twice."""

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._marks: set[str] | None = None

    async def read(self, client: PrefectClient) -> set[str]:
        """The marks; the server is asked once."""
        if self._marks is None:
            values = [await self._read_variable(client, digit) for digit in "0123456789abcdef"]
            self._marks = {mark for value in values for mark in value.get(self._pool, [])}
        return self._marks

    async def write(self, client: PrefectClient, marks: set[str]) -> None:
        """Keep these marks alone. Only variables that change are written."""
        from prefect.client.schemas.actions import VariableCreate, VariableUpdate

        before = await self.read(client)
        for digit in sorted({mark[0] for mark in before ^ marks}):
            value = await self._read_variable(client, digit)
            mine = sorted(mark for mark in marks if mark.startswith(digit))
            kept, name = {**value, self._pool: mine}, _VARIABLE.format(digit)
            if await client.read_variable_by_name(name) is None:
                await client.create_variable(VariableCreate(name=name, value=kept))
            else:
                await client.update_variable(VariableUpdate(name=name, value=kept))
        self._marks = set(marks)

    async def _read_variable(self, client: PrefectClient, digit: str) -> dict[str, list[str]]:
        stored = await client.read_variable_by_name(_VARIABLE.format(digit))
        return dict(stored.value) if stored and isinstance(stored.value, dict) else {}


async def alert_missed_deadlines(
    operations: Operations, states: Iterable[UseCaseState], told: SentAlerts, as_of: datetime
) -> list[str]:
    """Send what was not sent yet. A line for each message that was sent or could not be; that one
    is tried again the next time.
    """
    from prefect.client.orchestration import get_client

    from assay.deployments.alerts import send_alert

    wanted = find_miss_alerts(states, operations)
    async with get_client() as client:
        known = await told.read(client)
        marks = known & {one.mark for one in wanted}
        lines = []
        for group in group_messages([one for one in wanted if one.mark not in known]):
            message = write_message(group, as_of)
            failed = await send_alert(client, group[0].number, group[0].alert, message)
            if failed:
                lines.append(f"alert not sent: {message[0]}: {failed}")
            else:
                lines.append(f"alert sent: {message[0]}")
                marks |= {one.mark for one in group}
        if marks != known:
            await told.write(client, marks)
        return lines
