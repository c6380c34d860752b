"""What all use cases share in operation: where flows run, how many at once, who is told."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from assay.config.loaded_use_case import read_yaml_with_lines
from assay.config.schedule import CronOrInterval, TimeZoneName
from assay.config.section import Duration, Section
from assay.errors import ConfigError

DEFAULT_OPERATIONS_FILE = Path("configs/operations.yaml")

AlertEvent = Literal["failed", "refused", "crashed", "late", "silent", "waiting"]
PoolType = Literal["process", "docker", "kubernetes"]


class Alert(Section):
    """Somebody who is told."""

    to: str
    """An Apprise URL whose secret parts are read from the environment: ${SLACK_URL},
    mailto://${MAIL_USER}:${MAIL_PASSWORD}@mail.example. Or a block that Prefect keeps:
    block://slack-webhook/oncall."""
    on: Annotated[tuple[AlertEvent, ...], Field(min_length=1)] = (
        *("failed", "refused", "crashed", "late", "silent", "waiting"),
    )
    """failed: by an error. refused: a gate said no. crashed: its process or machine died. late:
    not begun so long after it was due. silent: a scheduled flow has not begun for one and a half
    of its periods. waiting: a person is asked."""

    @field_validator("to")
    @classmethod
    def _from_outside(cls, to: str) -> str:
        if not (re.fullmatch(r"block://[\w-]+/[\w-]+", to) or re.search(r"\$\{\w+\}", to)):
            raise ValueError(
                "write secrets as ${NAME}, set outside, or name a block: block://slack-webhook/name"
            )
        return to


class Operations(Section):
    """What all use cases share in operation."""

    pool: PoolType = "process"
    """Where flows run: processes beside the worker, containers, or jobs of a cluster."""
    image: str | None = None
    """The image of docker and kubernetes pools, best by digest: registry/assay@sha256:..."""
    at_once: Annotated[int, Field(ge=1)] = 2
    """Flow runs at one time, of all use cases together."""
    maintain: CronOrInterval | None = "30 3 * * *"
    """When the bucket is verified, and garbage collected."""
    zone: TimeZoneName = "UTC"
    late: Duration = 900.0
    """A run that has not begun so long after it was due is late."""
    lost: Duration = 180.0
    """A run whose process was not heard of for so long has crashed. Longer than the server or the
    network may be away, because meanwhile nobody is heard."""
    resume: Annotated[int, Field(ge=0)] = 2
    """How often a crashed run is started again. Steps that were finished are not done twice."""
    alerts: tuple[Alert, ...] = ()

    @field_validator("lost")
    @classmethod
    def _beyond_heartbeats(cls, seconds: float) -> float:
        if seconds < 90:
            raise ValueError("at least 90s: a run gives a sign of life every 30s")
        return seconds

    @classmethod
    def load_configured(cls, path: Path | None = None) -> Operations:
        """Those of `path`, else of configs/operations.yaml, else the defaults. Raises ConfigError
        for a file that cannot be read.
        """
        if path is None and not DEFAULT_OPERATIONS_FILE.is_file():
            return cls()
        return cls.read(path or DEFAULT_OPERATIONS_FILE)

    @classmethod
    def read(cls, path: Path) -> Operations:
        """Raises ConfigError."""
        tree, text = read_yaml_with_lines(path)
        try:
            return cls.model_validate_json(json.dumps(tree or {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            said = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"{key}: {said}", where=text.locate(first["loc"])) from None


def expand_variables(text: str, location: str) -> str:
    """`text` with each ${NAME} read from the environment. Raises ConfigError for one not set."""

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
