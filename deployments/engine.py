"""Run one flow run as `python -m prefect.engine` does, with two differences.

If a gate fails, the program worked: it ends with exit code 0 and without a traceback in the run's
logs. And its subprocesses end with it, even if it is killed: processes of a search would otherwise
keep the worker's pipe open, and the worker would notice the crash minutes later.
"""

import os
import runpy
import subprocess
from functools import partial


def start_watchdog() -> subprocess.Popen[bytes]:
    """Make this process the head of a process group that ends when the process does.

    A process outside the group waits for the end of a pipe that only this process holds.
    """
    os.setpgid(0, 0)
    ends = 'cat; kill -s KILL -- "-$0" 2>/dev/null'
    return subprocess.Popen(  # noqa: S603 - a fixed text and a number
        ["/bin/sh", "-c", ends, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    watching = start_watchdog()
    from prefect import engine, flow_engine

    from assay.deployments import heartbeats, tracing
    from assay.util.printable_text import make_logs_printable

    make_logs_printable()
    heartbeats.skip_heartbeat_join()
    tracing.start_tracing()
    # By its state, not by its result, which for a state of failure is to be an exception.
    flow_engine.run_flow = partial(flow_engine.run_flow, return_type="state")
    runpy.run_path(engine.__file__, run_name="__main__")
