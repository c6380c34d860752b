"""Run one flow run as `python -m prefect.engine` does, with three differences.

If a gate fails, the program worked: it ends with exit code 0 and without a traceback in the run's
logs. And its subprocesses end with it, even if it is killed: processes of a search would otherwise
keep the worker's pipe open, and the worker would notice the crash minutes later. And if its flow
cannot be loaded, it ends as Failed with the error, not as Crashed with an exit code.
"""

from __future__ import annotations

import os
import runpy
import subprocess
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


def start_watchdog() -> subprocess.Popen[bytes]:
    """Make this process the head of a process group that ends when the process does.

    A process outside the group waits for the end of a pipe that only this process holds. Python
    itself never closes that: the kernel does, once the process has its exit code.
    """
    os.setpgid(0, 0)
    ends = 'cat; kill -s KILL -- "-$0" 2>/dev/null'
    reading, _ = os.pipe()
    watchdog = subprocess.Popen(  # noqa: S603 - a fixed text and a number
        ["/bin/sh", "-c", ends, str(os.getpid())],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(reading)
    return watchdog


def fail_unless_loaded(load_flow: Callable[[FlowRun], Any], flow_run: FlowRun) -> Any:
    """The flow of a run. If it cannot be had, the run fails with the reason, which is raised.

    What the network does wrong is left to those who start crashed runs again.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.states import Failed

    try:
        return load_flow(flow_run)
    except (OSError, httpx.HTTPError):
        raise
    except Exception as error:
        message = f"the flow cannot be loaded: {type(error).__name__}: {error}"
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Failed(message=message))
        raise


if __name__ == "__main__":
    watching = start_watchdog()
    from prefect import engine, flow_engine

    from assay.deployments import heartbeats, tracing
    from assay.util.printable_text import make_logs_printable

    make_logs_printable()
    heartbeats.skip_heartbeat_join()
    tracing.start_tracing()
    # By its state, not by its result, which for a state of failure is to be an exception.
    flow_engine.load_flow = partial(fail_unless_loaded, flow_engine.load_flow)
    flow_engine.run_flow = partial(flow_engine.run_flow, return_type="state")
    runpy.run_path(engine.__file__, run_name="__main__")
