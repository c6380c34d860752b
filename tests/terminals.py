"""A terminal for a process: a pseudo-terminal, and what it shows in the end."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_in_terminal(words, *, columns=80, interrupt_at=None, cwd=None, **environment):
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
        # A suite that a shell runs in the background ignores ^C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        cwd=cwd,
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
