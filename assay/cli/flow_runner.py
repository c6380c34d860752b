"""Run a flow from the command line. Nothing else in `cli` imports Prefect, which is slow."""

from __future__ import annotations

import gc
import logging
import os
import warnings
from contextlib import nullcontext, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.cli.progress_display import ProgressDisplay, live_console
from assay.cli.running_server import use_running_server
from assay.cli.signals import exit_cleanly
from assay.deployments import prefect_access
from assay.deployments.recorder_settings import RECORDER_ENVIRONMENT
from assay.errors import AssayError, ObjectMissing
from assay.steps.plan import RunPlan
from assay.store.open import default_store_url
from assay.util.open_files import allow_open_files

# Defaults for runs by hand. The user's own settings win.
_PREFECT_DEFAULTS = {
    # A new home migrates its database first, which takes longer than Prefect's 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # A server marks a run as crashed when it hears nothing of it for some minutes.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    **RECORDER_ENVIRONMENT,
}


def run_named_flow(name: str, /, *, live: bool = True, **parameters: Any) -> Any:
    """Run `assay.flows.<name>` in this process and return the data of its final state.

    A terminal shows what it does, unless `live` is false; else its log's lines go to stderr. Raises
    the AssayError that ended it, if one did.
    """
    allow_open_files()
    prefect_access.check_home_known()
    use_running_server(parameters.get("store") or default_store_url())
    labels = ("assay", Path(str(parameters.get("config", name))).stem, name)
    console = live_console() if live else None
    with ProgressDisplay(console) if console else nullcontext() as display:
        flow = _load_flow(name)
        from prefect import tags

        from assay.deployments import heartbeats, temporary_server, tracing

        prefect_access.check_prefect()
        temporary_server.lock_temporary_server()
        _freeze_imports()

        heartbeats.skip_heartbeat_join()
        tracing.start_tracing()
        _quiet_prefect_logs()
        logs = display.take_logs(_TerminalLogFilter()) if display else nullcontext()
        with prefect_access.explain_server_errors(), logs, exit_cleanly(), tags(*labels):
            result = flow(**parameters, return_state=True).result(raise_on_failure=False)
        if isinstance(result, BaseException):
            raise result
    return result


def plan_training(config: str, store: str, overrides: tuple[str, ...]) -> RunPlan:
    """The steps that the train flow would take, up to the first that depends on a new result."""
    from prefect.logging.loggers import disable_run_logger

    from assay.config.loaded_use_case import load_use_case
    from assay.registry.open import open_bucket
    from assay.runs.lineage import last_steps
    from assay.steps import plan

    name = load_use_case(config, overrides).use_case.name
    run_plan, flow = RunPlan(last_steps(open_bucket(store), name)), _load_flow("train")
    with plan.use_plan(run_plan), disable_run_logger(), suppress(plan.EndOfPlan, ObjectMissing):
        flow.fn(config, store, overrides, False)
    return run_plan


def _load_flow(name: str) -> Any:
    for variable, value in _PREFECT_DEFAULTS.items():
        os.environ.setdefault(variable, value)
    # Where it matters, `check_prefect` says so.
    warnings.filterwarnings("ignore", "Failed to create the Prefect home directory", UserWarning)
    return getattr(import_module(f"assay.flows.{name}"), name)


@cache
def _freeze_imports() -> None:
    """Exempt imported modules from garbage collection. Once, since garbage of now stays too."""
    gc.freeze()


class _TerminalLogFilter(logging.Filter):
    """Hides what a person at a terminal need not read: tracebacks of errors that the command itself
    tells in a sentence, and Prefect's notes on states that the run's own lines report already.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error: Any = record.exc_info[1] if record.exc_info else None
        is_told = isinstance(error, AssayError | OSError | UnicodeEncodeError)
        return not is_told and not record.getMessage().startswith(_SILENCED_MESSAGES)


_SILENCED_MESSAGES = (
    "Finished in state",
    "Beginning flow run",
    "Crash detected! Execution was aborted by an interrupt",  # the command says that it stopped
    "Beginning subflow run",
    "Starting temporary server",
    "Stopping temporary server",
    "Still processing items",  # unsent events
    *("Running hook 'tell_", "Hook 'tell_"),  # of lineage, which warns where it fails
)


def _quiet_prefect_logs() -> None:
    from prefect.logging.configuration import setup_logging

    setup_logging()  # now: later it would replace the handlers below
    for name in (None, "prefect"):
        for handler in logging.getLogger(name).handlers:
            if type(handler).__name__ == "PrefectConsoleHandler":
                handler.addFilter(_TerminalLogFilter())
                handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
