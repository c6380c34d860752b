"""Operating settings of all use cases: where flows run, how many at once, who is alerted."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from assay.config.loaded_use_case import read_yaml_with_lines
from assay.config.schedule import CronOrInterval, TimeZoneName
from assay.config.section import Duration, NonEmptyText, Section, as_tuples
from assay.errors import ConfigError
from assay.util.url_secrets import has_written_secret

DEFAULT_OPERATIONS_FILE = Path("configs/operations.yaml")

AlertEvent = Literal[
    "failed", "refused", "crashed", "late", "silent", "waiting", "deadline", "unreadable"
]
_Names = Annotated[
    tuple[NonEmptyText, ...],
    BeforeValidator(as_tuples, json_schema_input_type=str | list[str]),
]
PoolType = Literal["process", "docker", "kubernetes"]
QueueKind = Literal["score", "monitor", "promote", "train", "maintain"]


class Alert(Section):
    """A destination of alerts."""

    to: str
    """An Apprise URL whose secret parts are read from the environment: ${SLACK_URL},
    mailto://${MAIL_USER}:${MAIL_PASSWORD}@mail.example. Or a block that Prefect keeps:
    block://slack-webhook/oncall.
    """
    on: Annotated[tuple[AlertEvent, ...], Field(min_length=1)] = (
        *("failed", "refused", "crashed", "late", "silent", "waiting", "deadline", "unreadable"),
    )
    """failed: an error ended a run. refused: a gate failed. crashed: the run's process or machine
    died. late: a run has not begun long after it was due. silent: a scheduled flow has not begun
    for one and a half of its periods. waiting: a person must decide. deadline: no batch was scored
    by `score.by`; told once for each deadline. unreadable: a file in configs/ is no use case; told
    once for each change of it.
    """
    owner: _Names = ()
    """Only of use cases of these owners, as their files name them; one name or a list."""
    use_case: _Names = ()
    """Only of these use cases; one name or a list. Without `owner` and `use_case`, all is sent,
    also what concerns no use case, such as the bucket's maintenance.
    """

    @property
    def is_for_all(self) -> bool:
        """Whether it takes everything."""
        return not self.owner and not self.use_case

    def concerns(self, use_case: str, owner: str) -> bool:
        """Whether what happens to a use case of this owner is sent here. "" stands for none."""
        owners = {name.casefold() for name in self.owner}
        return (not self.owner or owner.strip().casefold() in owners) and (
            not self.use_case or use_case in self.use_case
        )

    @field_validator("to")
    @classmethod
    def _from_outside(cls, to: str) -> str:
        is_block = re.fullmatch(r"block://[\w-]+/[\w-]+", to)
        if not is_block and (has_written_secret(to) or not re.search(r"\$\{\w+\}", to)):
            raise ValueError(
                "write secrets as ${NAME}, set outside, or name a block: block://slack-webhook/name"
            )
        return to


class Lineage(Section):
    """Where events of OpenLineage go: to a receiver such as Marquez, or into a folder."""

    url: str | None = None
    """The address that takes events, such as https://marquez.example/api/v1/lineage. Its secret
    parts are read from the environment: ${NAME}.
    """
    token: str | None = None
    """With `url`: a bearer token, as ${NAME}."""
    folder: NonEmptyText | None = None
    """In place of `url`: a folder that gets one file an event."""

    @model_validator(mode="after")
    def _one_place(self) -> Lineage:
        if (self.url is None) == (self.folder is None):
            raise ValueError("name either a url or a folder")
        if self.token is not None and self.url is None:
            raise ValueError("a token goes with a url")
        if has_written_secret(self.url or ""):
            raise ValueError("write secrets as ${NAME}, set outside")
        if self.token is not None and not re.fullmatch(r"\$\{\w+\}", self.token):
            raise ValueError("write the token as ${NAME}, set outside")
        return self


class Operations(Section):
    """Operating settings of all use cases."""

    pool: PoolType = "process"
    """Where flows run: processes next to the worker, containers, or jobs of a cluster."""
    image: str | None = None
    """The image of docker and kubernetes pools, preferably by digest: registry/assay@sha256:..."""
    at_once: Annotated[int, Field(ge=1)] = 2
    """Number of flow runs at one time, of all use cases together."""
    first: tuple[QueueKind, ...] = ("score", "monitor", "promote", "train", "maintain")
    """Which flows go first where more are due than may run at one time, by the queues in which they
    wait. train is the queue of train, retrain and backfill. Those that are left out come last.
    """
    maintain: CronOrInterval | None = "30 3 * * *"
    """When the bucket is verified, and garbage collected."""
    site: NonEmptyText | None = None
    """A folder of the worker's machine into which maintenance writes the bucket as a site: see
    `assay site`. Relative to where the worker runs.
    """
    zone: TimeZoneName = "UTC"
    late: Duration = 900.0
    """A run is late if it has not begun this long after it was due."""
    lost: Duration = 180.0
    """A run counts as crashed if its process was silent for this long. Set it longer than the
    server or the network may be down, because all processes are silent meanwhile.
    """
    resume: Annotated[int, Field(ge=0)] = 2
    """How often a crashed run is restarted. Finished steps are not repeated."""
    alerts: tuple[Alert, ...] = ()
    lineage: Lineage | None = None
    """Where each run of a use case's flows is told as events of OpenLineage. Left out: nowhere."""

    @field_validator("first")
    @classmethod
    def _each_queue_once(cls, first: tuple[QueueKind, ...]) -> tuple[QueueKind, ...]:
        if len(set(first)) < len(first):
            raise ValueError("name each queue once")
        return first

    def queue_priority(self, kind: QueueKind) -> int:
        """The place of a queue, from 1; a lower one goes first."""
        usual: tuple[QueueKind, ...] = get_args(QueueKind)
        order = [*self.first, *(other for other in usual if other not in self.first)]
        return order.index(kind) + 1

    @field_validator("lost")
    @classmethod
    def _beyond_heartbeats(cls, seconds: float) -> float:
        if seconds < 90:
            raise ValueError("at least 90s: a run gives a sign of life every 30s")
        return seconds

    @classmethod
    def load_configured(cls, path: Path | None = None) -> Operations:
        """The settings in `path`, otherwise in configs/operations.yaml, otherwise the defaults.

        Raises ConfigError for a file that cannot be read.
        """
        if path is None and not DEFAULT_OPERATIONS_FILE.is_file():
            return cls()
        return cls.read(path or DEFAULT_OPERATIONS_FILE)

    @classmethod
    def read(cls, path: Path) -> Operations:
        """The settings in a file. Raises ConfigError."""
        tree, text = read_yaml_with_lines(path)
        try:
            return cls.model_validate_json(json.dumps(tree or {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            said = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"{key}: {said}", where=text.locate(first["loc"])) from None


def expand_variables(text: str, location: str) -> str:
    """`text` with each ${NAME} replaced from the environment. ConfigError if one is unset."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise ConfigError(
                f"the environment variable {match[1]} is not set",
                where=location,
                remedy=f"Set {match[1]}, or take out what uses it.",
            )
        return found

    return re.sub(r"\$\{(\w+)\}", value, text)
