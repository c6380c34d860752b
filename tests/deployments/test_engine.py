"""The process of a run takes along what it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = """\
import subprocess, time
from assay.deployments.engine import start_watchdog
watching = start_watchdog()
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def test_what_a_killed_run_started_ends_with_it():
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        child = int(run.stdout.readline())
        os.kill(run.pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while there(child) and time.monotonic() < until:
            time.sleep(0.05)
        gone = not there(child)
        if not gone:
            os.kill(child, signal.SIGKILL)
        assert gone


def there(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
