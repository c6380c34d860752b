"""What a terminal shows of a run: tried on a real one, in a process of its own."""

import re
import sys
import textwrap

import pytest

from tests.terminals import final_lines, plain, run_in_terminal

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
    log.warning("told at the end", extra=EVENT_TOLD)
    log.info("a remark in passing")
    log.warning("the first [warning]")
    print("from a library", file=sys.stderr)
    time.sleep(0.4)
    {then}
assert log.handlers == [handler]
print("the result")
"""


def run_script(then="pass", **options):
    script = textwrap.dedent(SCRIPT).replace("{then}", then)
    return run_in_terminal([sys.executable, "-c", script], **options)


def test_a_terminal_shows_what_runs_and_keeps_what_is_finished():
    code, text, sound = run_script("publish_progress(StageEnded('rank', 'rank', 2.0, 'pass'))")
    assert (code, sound) == (0, True)
    assert "search Logistic" in plain(text)
    assert "1 of 9 fits" in plain(text)
    assert "a remark in passing" in plain(text)
    assert "are done" not in plain(text)
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
