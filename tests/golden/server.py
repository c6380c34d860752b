"""Make a golden database of the server: `python -m tests.golden.server tests/golden/server-1`.

Run once for each release, never again for the same one: the database stays as that release's
Prefect wrote it, so that every later one shows that it goes on from there. SQLite, compressed.
Holds a run that was registered, one that was refused, and a schedule that a person paused.
"""

from __future__ import annotations

import lzma
import shutil
import sqlite3
import sys
from pathlib import Path

from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, write_home

HOME = Path("/srv/assay")  # is written into the database, so it is nobody's own folder


def main(folder: Path) -> None:
    if HOME.exists():
        raise SystemExit(f"{HOME} is there already")
    furnish(HOME)
    made = SetUp(HOME, Receiver())
    try:
        made.up()
        made.until(made.run("train/guests"), "Registered")
        never = {"config": "configs/guests.yaml", "overrides": ["performance.beat={dummy: 0.9}"]}
        made.until(made.run("train/guests", **never), "Rejected")
        pause(made, "train/guests")
        made.assay("down")
        database = HOME / "whole.db"
        with sqlite3.connect(HOME / "state/prefect/prefect.db") as held:
            held.execute("VACUUM INTO ?", [str(database)])
        folder.mkdir(parents=True)
        packed = lzma.compress(database.read_bytes(), preset=9)
        (folder / "prefect.db.xz").write_bytes(packed)
    finally:
        made.assay("down")
        shutil.rmtree(HOME)


def furnish(home: Path) -> None:
    """Write what a set-up of one use case needs."""
    more = 'schedule: {train: "0 5 1 1 *"}\npromotion: {first: automatic}\n'
    write_home(home, guests=CASE + more + "feasibility: {within: 2s}\n")


def pause(made: SetUp, deployment: str) -> None:
    """Pause a deployment, as the switch on the dashboard does."""
    found = made.ask(f"/deployments/name/{deployment}")["id"]
    made.ask(f"/deployments/{found}/pause_deployment", {})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
