"""CPU time: of this process, and of those that it started."""

import subprocess
import sys
import time

from assay.steps.cpu_time import read_cpu_seconds

BUSY = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass"


def test_what_this_process_computes_counts_and_waiting_does_not():
    before, began = read_cpu_seconds(), time.process_time()
    while time.process_time() - began < 0.3:
        pass
    assert read_cpu_seconds() - before >= 0.28  # in steps of a hundredth
    before = read_cpu_seconds()
    time.sleep(0.3)
    assert read_cpu_seconds() - before < 0.25


def test_a_process_that_it_started_counts_alive_and_ended():
    before = read_cpu_seconds()
    code = f"{BUSY}\nprint('done', flush=True)\nimport sys; sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        alive = read_cpu_seconds() - before
        child.stdin.close()
        child.wait()
    assert alive >= 0.38
    assert read_cpu_seconds() - before >= alive - 0.02


def test_so_does_one_that_another_started():
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    before = read_cpu_seconds()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert read_cpu_seconds() - before >= 0.38
