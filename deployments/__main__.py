"""`python -m assay.deployments`: generate files from configs/ into deployments/ of this folder.

Options: `--apply` updates the server of PREFECT_API_URL instead, with the use cases that can be
read; others are named, and the exit code is 1. With `--apply --tolerate` it is 0, for what must not
wait for a mended file. `--check` says whether the files are up to date; `--policies
s3://bucket/prefix FOLDER` writes the IAM policies of that bucket; `--pool-template TYPE` prints the
base job template of a work pool.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from assay.config.operations import Operations
from assay.deployments import policies, pools, prefect_yaml
from assay.deployments.dashboard import grafana
from assay.deployments.deployment_plan import (
    BadUseCase,
    describe_bad_use_case,
    find_use_cases,
    plan_deployments,
    read_use_cases,
)
from assay.errors import AssayError, ConfigError
from assay.registry.decisions.use_case_pause import Pauses, read_pauses
from assay.registry.open import open_bucket
from assay.store.open import default_store_url
from assay.util import clock
from assay.util.printable_text import printable_lines

HERE = Path("deployments")  # in the working folder: an installed Assay never writes into itself
POOL = "assay"
_POOL_TYPES = {str(kind): kind for kind in pools.POOL_TYPES}
_USAGE = (
    "usage: python -m assay.deployments [--apply [--tolerate] | --check | --policies URL FOLDER | "
    f"--pool-template {{{','.join(_POOL_TYPES)}}}]"
)


def generated_files() -> dict[Path, str]:
    """The text of each generated file."""
    deployments = plan_deployments(find_use_cases(), Operations.load_configured())
    return {
        HERE / "prefect.yaml": prefect_yaml.render_prefect_yaml(deployments, POOL),
        HERE / "grafana/assay.json": grafana.render_dashboard(),
        **{
            HERE / f"policies/{who}.json": policies.render_policy(who)
            for who in policies.KEYHOLDERS
        },
    }


def write_generated_files() -> None:
    """Write every generated file."""
    for path, text in generated_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stale_files() -> list[str]:
    """The names of the files that are out of date."""
    files = generated_files().items()
    return [
        path.name
        for path, text in files
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def apply_to_server() -> list[BadUseCase]:
    """Update the deployments on the server of PREFECT_API_URL, and return the files that could not
    be read. Raises ConfigError.
    """
    from prefect.settings import get_current_settings

    from assay.deployments.alert_routes import describe_route_gaps
    from assay.deployments.alerts import alert_bad_use_cases
    from assay.deployments.desired_state import DesiredState, reconcile_server

    if get_current_settings().api.url is None:
        raise ConfigError(
            "PREFECT_API_URL names no server",
            remedy="Set it, or use `assay up` on one machine.",
        )
    operations = Operations.load_configured()
    job = pools.process_job_variables(Path.cwd()) if operations.pool == "process" else {}
    cases, bad = read_use_cases()
    pauses = _read_pauses([case.name for case in cases])
    desired = DesiredState(cases, operations, POOL, job, [one.file for one in bad], pauses)
    for line in [*asyncio.run(reconcile_server(desired)), *map(describe_bad_use_case, bad)]:
        _say(line)
    for line in asyncio.run(alert_bad_use_cases(operations, POOL, bad)):
        _say(line)
    for line in describe_route_gaps(operations, cases):
        _say(line)
    return bad


def _read_pauses(use_cases: list[str]) -> Pauses:
    """The pauses of the bucket. Where it does not answer, what is paused on the server stays so."""
    try:
        return read_pauses(open_bucket(default_store_url()), use_cases, clock.parse_timestamp(None))
    except AssayError as error:
        _say(f"pauses are not followed: {error.what}")
        return Pauses(unknown=use_cases)


def main(options: list[str]) -> int:
    """Do what the options say, and return the exit code."""
    try:
        if options in (["--apply"], ["--apply", "--tolerate"]):
            return 1 if apply_to_server() and "--tolerate" not in options else 0
        if options == ["--check"]:
            old = stale_files()
            _say(f"out of date: {', '.join(old)}; run `make deployments`" if old else "up to date")
            return 1 if old else 0
        if len(options) == 3 and options[0] == "--policies":
            for line in policies.write_policies(options[1], Path(options[2])):
                _say(line)
        elif len(options) == 2 and options[0] == "--pool-template" and options[1] in _POOL_TYPES:
            sys.stdout.write(pools.render_pool_template(_POOL_TYPES[options[1]]))
        elif options:
            _say(_USAGE)
            return 2
        else:
            write_generated_files()
    except AssayError as error:
        _say(f"error: {error}")
        return error.exit_code
    return 0


def _say(text: str) -> None:
    print(printable_lines(text), file=sys.stderr)  # noqa: T201 - a command of its own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
