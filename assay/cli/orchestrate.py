"""The one door from the command line to Prefect, opened only when there is work to do."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import Any, cast

from assay.errors import AssayError, ConfigError, ObjectMissing
from assay.plan import Plan
from assay.runs import Outcome

# For runs by hand. Each is a default: what the user has set stands.
_DEFAULTS = {
    # A fresh home migrates its database first, which takes longer than Prefect's 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
}


def train(config: str, store: str, overrides: tuple[str, ...], always: bool) -> Outcome:
    """Run the train flow here. Raises the AssayError that ended it, if one did."""
    flow = _train_flow()
    _quieten()
    state = flow(config, store, overrides, always, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, Outcome):
        return result
    raise cast("BaseException", result)


def planned(config: str, store: str, overrides: tuple[str, ...]) -> Plan:
    """What the train flow would do, up to the first step that cannot be foreseen."""
    from prefect.logging.loggers import disable_run_logger

    from assay import plan
    from assay.bucket import Bucket
    from assay.config.read import read

    name = read(config, overrides).use_case.name
    made, flow = Plan(plan.last_steps(Bucket.open(store), name)), _train_flow()
    with plan.making(made), disable_run_logger(), suppress(plan.Unforeseen, ObjectMissing):
        flow.fn(config, store, overrides, False)
    return made


def _train_flow() -> Any:
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        from flows.train import train
    except ModuleNotFoundError as error:
        if error.name != "flows":
            raise
        raise ConfigError(
            "the flows are not installed",
            remedy="Install Assay from its repository: pip install -e . in a clone.",
        ) from None
    return train


class _Plain(logging.Filter):
    """What a person at a terminal need not read: tracebacks of errors that say what to do, and
    Prefect's notes on states that the run's own lines tell already.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error: Any = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, AssayError) and not record.getMessage().startswith(_NOTED)


_NOTED = (
    "Finished in state",
    "Beginning flow run",
    "Starting temporary server",
    "Stopping temporary server",
)


def _quieten() -> None:
    from prefect.logging.configuration import setup_logging

    setup_logging()  # now, because later it would replace the handlers
    for name in (None, "prefect"):
        for handler in logging.getLogger(name).handlers:
            if type(handler).__name__ == "PrefectConsoleHandler":
                handler.addFilter(_Plain())
                handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
