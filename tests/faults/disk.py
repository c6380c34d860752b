"""A small disk of its own, which a test can fill: a tmpfs, which takes the right to mount.

It answers ENOSPC as any full file system does. What it does not show: a disk on which writes are
acknowledged and then lost, or fail at `fsync` alone.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk(at: Path, size: int):
    """`size` in bytes."""
    options = f"size={size},mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", options, "assay-faults", at]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a full disk takes the right to mount a small one: {done.stderr}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


@contextmanager
def full(at: Path, but: int):
    """With no room left on the disk, but for so many bytes."""
    filler = at / "filler"
    try:
        with open(filler, "wb", buffering=0) as out:
            room = os.statvfs(at)
            out.write(bytes(max(0, room.f_bavail * room.f_frsize - but)))
        yield
    finally:
        filler.unlink(missing_ok=True)
