"""`python -m assay.deployments`: write what is generated from configs/ into deployments/ of the
working folder. With `--apply`, bring the server that PREFECT_API_URL names to it; with `--check`,
only tell whether the files are up to date; with `--policies s3://bucket/prefix FOLDER`, write the
IAM policies of that bucket into a folder.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from assay.config.operations import Operations
from assay.deployments import policies, pools, prefect_yaml
from assay.deployments.dashboard import grafana
from assay.deployments.deployment_plan import find_use_cases, plan_deployments
from assay.errors import AssayError, ConfigError

HERE = Path("deployments")  # of the working folder: an installed Assay writes nothing into itself
POOL = "assay"


def generated_files() -> dict[Path, str]:
    """What is generated: by file, its text."""
    deployments = plan_deployments(find_use_cases(), Operations.load_configured())
    made = {HERE / "prefect.yaml": prefect_yaml.render_prefect_yaml(deployments, POOL)}
    made[HERE / "grafana/assay.json"] = grafana.render_dashboard()
    made |= {
        HERE / f"pools/{kind}.json": pools.render_pool_template(kind) for kind in pools.POOL_TYPES
    }
    return made | {
        HERE / f"policies/{who}.json": policies.render_policy(who) for who in policies.KEYHOLDERS
    }


def write_generated_files() -> None:
    """Write all of it."""
    for path, text in generated_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def stale_files() -> list[str]:
    """The files that are not as they would be written."""
    made = generated_files().items()
    return [path.name for path, text in made if not path.is_file() or path.read_text() != text]


def apply_to_server() -> None:
    """Raises ConfigError."""
    from prefect.settings import get_current_settings

    from assay.deployments.desired_state import DesiredState
    from assay.deployments.desired_state import reconcile_server as bring

    if get_current_settings().api.url is None:
        raise ConfigError(
            "no server is named", remedy="Set PREFECT_API_URL, or use `assay up` on one machine."
        )
    operations = Operations.load_configured()
    job = pools.process_job_variables(Path.cwd()) if operations.pool == "process" else {}
    for line in asyncio.run(bring(DesiredState(find_use_cases(), operations, POOL, job))):
        _say(line)


def main(options: list[str]) -> int:
    """The exit code."""
    try:
        if options == ["--apply"]:
            apply_to_server()
        elif options == ["--check"]:
            old = stale_files()
            _say(f"out of date: {', '.join(old)}; run `make deployments`" if old else "up to date")
            return 1 if old else 0
        elif len(options) == 3 and options[0] == "--policies":
            for line in policies.write_policies(options[1], Path(options[2])):
                _say(line)
        elif options:
            _say("usage: python -m assay.deployments [--apply | --check | --policies URL FOLDER]")
            return 2
        else:
            write_generated_files()
    except AssayError as error:
        _say(f"error: {error}")
        return error.exit_code
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a command of its own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
