"""SIGINT and SIGTERM end a command cleanly, with the usual codes, and say what to do."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Whoever runs the tests in the background has SIGINT ignored, and it would be here too.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
SLEEPER = """
import atexit, sys, time
from assay.cli.signals import exit_cleanly
atexit.register(print, "cleaned up")
with exit_cleanly():
    print("ready", flush=True)
    time.sleep(60)
"""
WATCHER = """
from assay.cli.signals import watch_signals
with watch_signals() as ended:
    print("ready", flush=True)
    ended.wait(60)
    print("finished in hand")
"""


def ended(script, number):
    process = subprocess.Popen(
        [sys.executable, "-c", HEARD + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -2)])
def test_what_began_with_a_flow_ends_with_it(number, code):
    # Typer turns Python's own end by SIGINT into 130.
    returned, out, err = ended(SLEEPER, number)
    assert returned == code
    assert "cleaned up" in out
    assert "repeat the command to do the rest" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_watches_finishes_what_is_in_hand(number):
    assert ended(WATCHER, number) == (0, "finished in hand\n", "")
