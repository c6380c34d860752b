"""The base job template of a work pool: Prefect's own default with Assay's few differences.

It is derived at deployment from the installed Prefect, so no copy of Prefect's text is kept.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from assay import __version__
from assay.config.operations import PoolType

_ENGINE = "assay.deployments.engine"
POOL_TYPES: tuple[PoolType, ...] = ("process", "docker", "kubernetes")

NAMESPACE_VARIABLE = "ASSAY_NAMESPACE"  # the Kubernetes namespace of the jobs
_IMAGE_USER = 10001  # as deployments/Dockerfile makes it
# By docs/operation-figures.md: two small runs at once take 551 MB, one CPU each.
_JOB_RESOURCES = {
    "cpu_request": "500m",
    "memory_request": "512Mi",
    "memory_limit": "4Gi",
}

# Secrets stay in the worker's own environment; the template only names what a container inherits.
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
    """The base job template of a pool. Containers run `image`, by default that of this version."""
    template = _default_template(kind)
    variables = template["variables"]["properties"]
    # Prefect's default command first looks for code to fetch, but Assay is installed.
    variables["command"]["default"] = f"python -m {_ENGINE}"
    if kind == "process":
        return template
    variables["image"]["default"] = image or f"assay:{__version__}"
    variables["image_pull_policy"]["default"] = "IfNotPresent"
    if kind == "docker":
        variables["env"]["default"] = {name: f"{{{{ ${name} }}}}" for name in _FORWARDED_VARIABLES}
        variables["auto_remove"]["default"] = True
        return template
    variables["finished_job_ttl"]["default"] = 3600
    # The worker may create jobs in its own namespace alone.
    variables["namespace"]["default"] = os.environ.get(NAMESPACE_VARIABLE, "default")
    for name, value in _JOB_RESOURCES.items():
        variables[name]["default"] = value
    _restrict_pod(template["job_configuration"]["job_manifest"]["spec"]["template"])
    return template


def _restrict_pod(pod_template: dict[str, Any]) -> None:
    """Run a job's pod as deployments/kubernetes runs the others: at the "restricted" level of
    Kubernetes' Pod Security Standards, with settings and secrets from the cluster.

    Its label lets it reach the server, where a network policy asks for one.
    """
    pod_template["metadata"] = {"labels": {"app": "assay-job"}}
    pod = pod_template["spec"]
    (container,) = pod["containers"]
    pod |= {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _IMAGE_USER,
            "runAsGroup": _IMAGE_USER,
            "fsGroup": _IMAGE_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}}],
    }
    container |= {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "envFrom": [{"configMapRef": {"name": "assay"}}, {"secretRef": {"name": "assay"}}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in a container
    }


def process_job_variables(root: Path) -> dict[str, str]:
    """The job variables of a process pool's deployments: run in `root`, with this Python."""
    return {"working_dir": str(root), "command": f"{sys.executable} -m {_ENGINE}"}


def _default_template(kind: PoolType) -> dict[str, Any]:
    import prefect

    views = Path(prefect.__file__).parent / "server/api/collections_data/views"
    workers = json.loads((views / "aggregate-worker-metadata.json").read_text(encoding="utf-8"))
    package = "prefect" if kind == "process" else f"prefect-{kind}"
    template: dict[str, Any] = workers[package][kind]["default_base_job_configuration"]
    return template


def render_pool_template(kind: PoolType) -> str:
    """The template as JSON, for `prefect work-pool create --base-job-template`."""
    return json.dumps(base_job_template(kind), indent=2) + "\n"
