"""What a terminal shows of a run: tried on a real one, in a process of its own."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
from fcntl import ioctl
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import logging, sys, time, warnings
from rich.console import Console
from assay.cli.progress_display import ProgressDisplay, live_console
from assay.cli.signals import exit_cleanly
from assay.util.progress import *

log = logging.getLogger("prefect.task_runs")
handler = logging.StreamHandler(sys.stderr)
log.addHandler(handler)
log.setLevel(logging.INFO)
console = live_console()
print("live" if console else "lines")
if console is None:
    sys.exit()
with ProgressDisplay(console) as display, display.take_logs(logging.Filter()), exit_cleanly():
    publish_progress(StageEnded("split", "split", 0.1, cached=True))
    publish_progress(StageStarted("search", "search Logistic"))
    for done in range(3):
        publish_progress(UnitsDone(done, 9, "fits", "C=%s" % done))
        time.sleep(0.3)
    log.info("3 of 9 fits are done", extra=EVENT_TOLD)
    log.info("a remark in passing")
    log.warning("the first [warning]")
    print("from a library", file=sys.stderr)
    time.sleep(0.4)
    {then}
assert log.handlers == [handler]
print("the result")
"""


def run_in_terminal(words, *, columns=80, interrupt_at=None, **environment):
    """Run a process on a terminal of its own. Returns its exit code, what it wrote, and whether the
    terminal's settings are as before. `interrupt_at`: send ^C when it has written this.
    """
    main, side = pty.openpty()
    ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    before = termios.tcgetattr(side)
    clean = {k: v for k, v in os.environ.items() if k not in {"CI", "COLUMNS", "NO_COLOR"}}
    process = subprocess.Popen(
        words,
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        env=clean | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | environment,
    )
    written, interrupted = b"", False
    while process.poll() is None or select.select([main], [], [], 0)[0]:
        if select.select([main], [], [], 0.1)[0]:
            written += os.read(main, 65536)
        if interrupt_at and not interrupted and interrupt_at in written:
            process.send_signal(signal.SIGINT)
            interrupted = True
    sound = termios.tcgetattr(side) == before
    os.close(side)
    os.close(main)
    return process.returncode, written.decode(), sound


def run_script(then="pass", **options):
    script = textwrap.dedent(SCRIPT).replace("{then}", then)
    return run_in_terminal([sys.executable, "-c", script], **options)


def plain(text):
    """Without colours and the cursor's movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def final_lines(text):
    """What a terminal shows in the end: erased lines are gone."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\n|\r)", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif move := re.fullmatch(r"\x1b\[(\d+)A", part):
            row -= int(move[1])
        elif not part.startswith("\x1b") and part != "\r":
            lines[row] += part
    return [line.rstrip() for line in lines if line.strip()]


def test_a_terminal_shows_what_runs_and_keeps_what_is_finished():
    code, text, sound = run_script("publish_progress(StageEnded('rank', 'rank', 2.0, 'pass'))")
    assert (code, sound) == (0, True)
    assert "search Logistic" in plain(text)
    assert "1 of 9 fits" in plain(text)
    assert "a remark in passing" in plain(text)
    assert [line.split() for line in final_lines(text)] == [
        ["live"],
        ["cached", "split"],
        ["warning:", "the", "first", "[warning]"],
        ["from", "a", "library"],
        ["✓", "pass", "rank", "2.0", "s"],
        ["the", "result"],
    ]


def test_the_cursor_is_never_hidden_so_that_a_kill_leaves_it():
    assert "\x1b[?25l" not in run_script()[1]


@pytest.mark.parametrize("then", ["raise ValueError('it broke')", "time.sleep(60)"])
def test_an_error_and_an_interrupt_leave_the_terminal_sound(then):
    interrupt = b"library" if "sleep" in then else None
    code, text, sound = run_script(then, interrupt_at=interrupt)
    assert code != 0
    assert sound
    lines = final_lines(text)
    assert "  warning: the first [warning]" in lines
    assert not any("of 9 fits" in line or "search Logistic" in line for line in lines)
    assert ("it broke" if "broke" in then else "repeat the command") in "\n".join(lines)


@pytest.mark.parametrize("setting", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_terminal_that_cannot_draw_and_a_build_get_lines(setting):
    code, text, _ = run_script(**setting)
    assert (code, text.split()) == (0, ["lines"])


def test_colours_can_be_left_out():
    text = run_script(NO_COLOR="1")[1]
    assert "1 of 9 fits" in plain(text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][;m]", text)
