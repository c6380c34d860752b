"""`python -m assay.deployments`: write what is generated from configs/ into deployments/ of the
working folder. With `--apply`, bring the server that PREFECT_API_URL names to it; with `--check`,
only tell whether the files are up to date; with `--policies s3://bucket/prefix FOLDER`, write the
IAM policies of that bucket into a folder.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from assay.config.operation import Operations
from assay.deployments import dashboard, policies, pools, prefect_yaml
from assay.deployments.story import cases, story
from assay.errors import AssayError, ConfigError

HERE = Path("deployments")  # of the working folder: an installed Assay writes nothing into itself
POOL = "assay"


def files() -> dict[Path, str]:
    """What is generated: by file, its text."""
    deployments = story(cases(), Operations.configured())
    made = {HERE / "prefect.yaml": prefect_yaml.text(deployments, POOL)}
    made[HERE / "grafana/assay.json"] = dashboard.text()
    made |= {HERE / f"pools/{kind}.json": pools.text(kind) for kind in pools.POOLS}
    return made | {HERE / f"policies/{who}.json": policies.text(who) for who in policies.KEYHOLDERS}


def write() -> None:
    """Write all of it."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def stale() -> list[str]:
    """The files that are not as they would be written."""
    made = files().items()
    return [path.name for path, text in made if not path.is_file() or path.read_text() != text]


def apply() -> None:
    """Raises ConfigError."""
    from prefect.settings import get_current_settings

    from assay.deployments.apply import Wanted
    from assay.deployments.apply import apply as bring

    if get_current_settings().api.url is None:
        raise ConfigError(
            "no server is named", remedy="Set PREFECT_API_URL, or use `assay up` on one machine."
        )
    operations = Operations.configured()
    job = pools.here(Path.cwd()) if operations.pool == "process" else {}
    for line in asyncio.run(bring(Wanted(cases(), operations, POOL, job))):
        _say(line)


def main(options: list[str]) -> int:
    """The exit code."""
    try:
        if options == ["--apply"]:
            apply()
        elif options == ["--check"]:
            old = stale()
            _say(f"out of date: {', '.join(old)}; run `make deployments`" if old else "up to date")
            return 1 if old else 0
        elif len(options) == 3 and options[0] == "--policies":
            for line in policies.write(options[1], Path(options[2])):
                _say(line)
        elif options:
            _say("usage: python -m assay.deployments [--apply | --check | --policies URL FOLDER]")
            return 2
        else:
            write()
    except AssayError as error:
        _say(f"error: {error}")
        return error.exit_code
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a command of its own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
