"""How a work pool runs a flow: Prefect's own templates, with what Assay needs in them."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from assay import __version__
from assay.config.operations import PoolType

_ENGINE = "assay.deployments.engine"
POOL_TYPES: tuple[PoolType, ...] = ("process", "docker", "kubernetes")

# The worker's own environment is where secrets stand; a template only says that they are handed on.
_FORWARDED_VARIABLES = (
    "ASSAY_STORE",
    "ASSAY_PEOPLE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "PREFECT_API_AUTH_STRING",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
)


def base_job_template(kind: PoolType, image: str | None = None) -> dict[str, Any]:
    """The base job template of a pool. Containers run `image`, else the one of this version."""
    made = _default_template(kind)
    variables = made["variables"]["properties"]
    # Prefect would first start a process that looks for code to fetch; ours is installed.
    variables["command"]["default"] = f"python -m {_ENGINE}"
    if kind == "process":
        return made
    variables["image"]["default"] = image or f"assay:{__version__}"
    variables["image_pull_policy"]["default"] = "IfNotPresent"
    if kind == "docker":
        variables["env"]["default"] = {name: f"{{{{ ${name} }}}}" for name in _FORWARDED_VARIABLES}
        variables["auto_remove"]["default"] = True
        return made
    variables["finished_job_ttl"]["default"] = 3600
    pod = made["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    _restrict_pod(pod, pod["containers"][0])
    return made


def _restrict_pod(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """What the "restricted" level of Kubernetes' Pod Security Standards asks for; secrets come
    from the cluster's Secret called assay.
    """
    pod["securityContext"] = {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    container["envFrom"] = [{"secretRef": {"name": "assay"}}]


def process_job_variables(root: Path) -> dict[str, str]:
    """What a deployment of a process pool is told, besides: to run in `root`, with this Python."""
    return {"working_dir": str(root), "command": f"{sys.executable} -m {_ENGINE}"}


def _default_template(kind: PoolType) -> dict[str, Any]:
    import prefect

    views = Path(prefect.__file__).parent / "server/api/collections_data/views"
    known = json.loads((views / "aggregate-worker-metadata.json").read_text())
    package = {"process": "prefect"}.get(kind, f"prefect-{kind}")
    return deepcopy(known[package][kind]["default_base_job_configuration"])


def render_pool_template(kind: PoolType) -> str:
    """The template as the file under deployments/pools/."""
    return json.dumps(base_job_template(kind), indent=2) + "\n"
