"""The pictures in docs/operations.md, taken anew: python -m tests.browser.pictures.

In an empty folder the employment use case lives through some months on a set-up that really runs:
its answers turn round for one group, its monitor has a challenger trained, and that waits for a
person.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.conftest import waiting
from tests.browser.dashboard import Dashboard, browser
from tests.deployments.live import ROOT, Receiver, SetUp

FOLDER = ROOT / "docs/pictures"
CLIP = {"x": 0, "y": 0, "width": 1200, "height": 760}  # below 150 kB each
CONFIG = "configs/employment.yaml"


def furnish(home: Path) -> None:
    (home / "configs").mkdir()
    text = (ROOT / CONFIG).read_text()
    (home / CONFIG).write_text(text.replace("score: 10m, ", ""))  # when this asks for it
    (home / "configs/operations.yaml").write_text("maintain: null\n")
    (home / "examples").symlink_to(ROOT / "examples")


def live(town: SetUp) -> None:
    """A night that went wrong, and then four months."""
    strict = ["performance.beat={dummy: 0.45}"]
    town.until(town.run("train/employment"), "Registered", patience=600)
    town.until(town.run("train/employment", config=CONFIG, overrides=strict), "Rejected")
    for month in range(1, 5):
        name, harm = f"2016-{month:02}", "labels" if month == 4 else "none"
        when = {"config": CONFIG, "as_of": f"2016-{month + 1:02}-01"}
        arrive = [sys.executable, "-m", "examples.employment.arrive", name]
        arrive += ["--harm", harm, "--known", when["as_of"]]
        subprocess.run(arrive, cwd=town.home, env=town.environment, check=True)
        town.until(town.run("score/employment", **when), "Scored")
        town.until(town.run("monitor/employment", **when), "Healthy", "Watch", "Retrain")
    waiting(town, 600)


def take(town: SetUp) -> None:
    with browser() as opened:
        dashboard = Dashboard(opened, town.api.removesuffix("/api"))
        page = dashboard.page
        dashboard.log_in(town.login_link())
        dashboard.open()
        page.get_by_role("button", name="Not now").click()
        desk = page.context.new_page()
        desk.set_extra_http_headers(town.credentials())
        desk.goto(town.pages)
        shoot(desk, "desk")
        desk.close()
        dashboard.runs("employment")
        shoot(page, "runs", down=480)
        dashboard.run("train employment, 20", "Rejected")
        shoot(page, "rejected")
        dashboard.shown("employment-report")
        shoot(page, "why")
        dashboard.open()
        dashboard.run("monitor employment, 2016-05-01", "Retrain")
        dashboard.shown("employment-history")
        shoot(page, "history", down=380)
        dashboard.open()
        dashboard.run("promote employment@", "Paused")
        dashboard.resume()
        shoot(page, "approval")
        page_file = town.home / "report.html"
        town.assay("show", "employment@champion", "--html", str(page_file))
        shoot_report(opened, page_file)


def shoot_report(opened, page_file: Path) -> None:
    """The first screen of a report's page."""
    page = opened.new_page(viewport={"width": 1200, "height": 760})
    page.goto(page_file.as_uri())
    shoot(page, "report")
    page.close()


def shoot(page, name: str, down: int = 0) -> None:
    page.wait_for_timeout(2000)
    page.mouse.move(700, 740)
    page.mouse.wheel(0, down)
    page.wait_for_timeout(2000)  # all of it, and still
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file, clip=CLIP)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")  # noqa: T201 - a command


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="employment-") as folder:
        town = SetUp(Path(folder), Receiver())
        furnish(town.home)
        with town.keep_up():
            live(town)
            take(town)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
