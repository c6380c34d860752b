"""The process of a run takes along what it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_run_ends_with_its_own_code(code):
    run = RUN.replace("time.sleep(60)", f"raise SystemExit({code})")
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == code
    child = int(done.stdout)
    until = time.monotonic() + 20
    while there(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not there(child)


def test_an_engine_without_a_run_ends_as_prefects_does():
    command = [sys.executable, "-m", "assay.deployments.engine"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Invalid flow run id" in done.stderr


def there(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
