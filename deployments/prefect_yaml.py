"""`deployments/prefect.yaml`: the deployments as a file that `prefect deploy` reads."""

from __future__ import annotations

import io
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from ruamel.yaml import YAML

from assay.deployments.deployment_plan import Deployment
from assay.deployments.schedules import schedule_json

_HEADER = """\
# Written by `make deployments` from configs/; change it there.
#
#   python -m assay.deployments --pool-template process > process.json
#   prefect work-pool create {pool} --type process --base-job-template process.json
#   prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml
#   prefect worker start --pool {pool}
#
# `assay up` does all this on one machine. `python -m assay.deployments --apply` does it on the
# server of PREFECT_API_URL, and also sets queue limits and automations, which this file cannot
# hold. The bucket is ASSAY_STORE of the worker's environment.
"""


def render_prefect_yaml(deployments: Iterable[Deployment], pool: str) -> str:
    """The file's text. The same deployments give the same bytes."""
    value = {
        "name": "assay",
        "prefect-version": version("prefect"),
        "deployments": [_deployment_entry(deployment, pool) for deployment in deployments],
    }
    out = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style, yaml.width = False, 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(value, out)
    return _HEADER.format(pool=pool) + out.getvalue()


def _deployment_entry(deployment: Deployment, pool: str) -> dict[str, Any]:
    when = deployment.schedule
    return {
        "name": deployment.name,
        "description": deployment.description,
        "entrypoint": deployment.entrypoint,
        "parameters": dict(deployment.parameters),
        "tags": deployment.tags,
        # The server keeps the queue's limit, which training and retraining share.
        "concurrency_limit": deployment.queue.concurrency_limit,
        "schedules": [schedule_json(when, deployment.zone)] if when else [],
        "work_pool": {"name": pool, "work_queue_name": deployment.queue.name},
    }
