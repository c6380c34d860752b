"""What a cluster is given: each overlay as kustomize renders it, and the jobs of the work pool."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from assay import __version__
from assay.config.operations import Operations
from assay.deployments import pools

KUBERNETES = Path(__file__).parents[2] / "deployments/kubernetes"
SECRET = re.compile(r"PASSWORD|SECRET_ACCESS|ACCESS_KEY|AUTH|ALERTS")
OVERLAYS = ("local", "team")
VERSION = "1.30"


def render(name):
    """The manifests of an overlay, as kustomize makes them."""
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.skip("needs kubectl or kustomize, of which neither is installed")
    path = str(KUBERNETES / name)
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(YAML(typ="safe").load_all(done.stdout))


@pytest.fixture(scope="module", params=["base", *(f"overlays/{name}" for name in OVERLAYS)])
def rendered(request):
    return render(request.param)


@pytest.fixture(scope="module")
def team():
    return render("overlays/team")


@pytest.fixture(scope="module")
def local():
    return render("overlays/local")


def find(manifests, kind, name):
    (found,) = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def pods(manifests):
    """The name and pod template of each manifest that has one."""
    for held in manifests:
        spec = held.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield held["metadata"]["name"], spec["template"]


def containers(manifests):
    for _, template in pods(manifests):
        yield from [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def job_manifest(**values):
    """A job of the pool, as the worker fills the template in: what has no value is left out."""
    template = pools.base_job_template("kubernetes")
    known = template["variables"]["properties"]
    filled = {name: values.get(name, how.get("default")) for name, how in known.items()}

    def fill(part):
        if isinstance(part, dict):
            pairs = {key: fill(value) for key, value in part.items()}
            return {key: value for key, value in pairs.items() if value is not None}
        if isinstance(part, list):
            return [fill(value) for value in part]
        if isinstance(part, str) and (whole := re.fullmatch(r"{{ (\w+) }}", part)):
            return filled[whole[1]]
        if isinstance(part, str):
            return re.sub(r"{{ (\w+) }}", lambda found: str(filled[found[1]]), part)
        return part

    made = fill(template["job_configuration"])["job_manifest"]
    pod = made["spec"]["template"]["spec"]
    # The worker demands these fields of a job in the pod, where Kubernetes ignores them.
    del pod["parallelism"], pod["completions"]
    # The worker takes the text apart.
    (container,) = pod["containers"]
    container["args"] = container["args"].split()
    return made


# --- what Kubernetes reads --------------------------------------------------------------------


def test_every_rendered_manifest_is_what_kubernetes_reads(rendered):
    assert len(rendered) >= 9
    for held in rendered:
        kubernetes_validate.validate(held, VERSION, strict=True)


def test_a_manifest_that_is_none_is_found_out(team):
    made = find(team, "Deployment", "worker")
    broken = {**made, "spec": {**made["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_an_overlay_is_one_namespace_and_leaves_nothing_out(rendered):
    (space,) = {m["metadata"].get("namespace") for m in rendered if m["kind"] != "Namespace"}
    find(rendered, "Namespace", space)
    found = {(m["kind"], m["metadata"]["name"]) for m in rendered}
    base = {(m["kind"], m["metadata"]["name"]) for m in render("base") if m["kind"] != "Namespace"}
    assert base <= found


def test_what_a_pod_refers_to_is_there_or_is_a_secret_that_is_asked_for(rendered):
    names = {
        kind: {m["metadata"]["name"] for m in rendered if m["kind"] == kind}
        for kind in ("ConfigMap", "PersistentVolumeClaim", "ServiceAccount")
    }
    for _, template in pods(rendered):
        pod = template["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in names["ConfigMap"]
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in names["PersistentVolumeClaim"]
        assert pod.get("serviceAccountName", "default") in names["ServiceAccount"] | {"default"}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)
            for source in container["envFrom"]:
                if "configMapRef" in source:
                    assert source["configMapRef"]["name"] in names["ConfigMap"]


# --- what pods may ----------------------------------------------------------------------------


def test_pods_pass_the_restricted_standard(rendered):
    (space,) = [held for held in rendered if held["kind"] == "Namespace"]
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for _, template in pods(rendered):
        assert_restricted(template["spec"])
    assert len(list(containers(rendered))) == 5


def assert_restricted(pod):
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["enableServiceLinks"] is False
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        confined = container["securityContext"]
        assert confined["allowPrivilegeEscalation"] is False
        assert confined["readOnlyRootFilesystem"] is True
        assert confined["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_only_the_worker_of_jobs_holds_a_token(local, team):
    held = {
        (overlay, name)
        for overlay, manifests in (("local", local), ("team", team))
        for name, template in pods(manifests)
        if template["spec"]["automountServiceAccountToken"]
    }
    assert held == {("team", "worker")}
    assert "Role" not in {m["kind"] for m in local}


def test_the_worker_may_what_it_asks_of_the_cluster_and_nothing_else(team):
    assert not {"ClusterRole", "ClusterRoleBinding"} & {m["kind"] for m in team}
    role = find(team, "Role", "assay-worker")
    allowed = {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert allowed == {
        ("batch", "jobs"): {"create", "delete", "get", "list", "watch"},
        ("", "pods"): {"list", "watch"},
        ("", "pods/log"): {"get"},
        ("", "events"): {"create"},
    }
    binding = find(team, "RoleBinding", "assay-worker")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    account = {"kind": "ServiceAccount", "name": "assay-worker", "namespace": "assay"}
    assert binding["subjects"] == [account]
    pod = dict(pods(team))["worker"]["spec"]
    assert pod["serviceAccountName"] == "assay-worker"
    (worker,) = pod["containers"]
    assert worker["command"][worker["command"].index("--type") + 1] == "kubernetes"
    # Without it the observer would ask for the pods of the whole cluster.
    asked = {one["name"]: one for one in worker["env"]}
    watched = asked["PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES"]["valueFrom"]
    assert watched == {"fieldRef": {"fieldPath": "metadata.namespace"}}


def test_each_holds_the_key_of_its_own_role_alone(rendered):
    held = {
        container["name"]: {
            source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source
        }
        for container in containers(rendered)
    }
    assert held == {
        "server": {"assay-server"},
        "reports": {"assay-viewer"},
        "apply": {"assay"},
        "worker": {"assay"},
        "collect": {"assay-collector"},
    }


def test_no_file_holds_a_secret(rendered):
    for held in rendered:
        assert held["kind"] != "Secret"
        assert not any(SECRET.search(key) for key in held.get("data", {}))


def test_ours_are_one_image(local, team):
    assert {c["image"] for c in containers(local)} == {f"assay:{__version__}"}
    (image,) = {c["image"] for c in containers(team)}
    assert image == f"registry.example/assay:{__version__}"
    assert Operations.read(KUBERNETES / "overlays/team/operations.yaml").image == image


# --- who reaches what -------------------------------------------------------------------------


def reached_by(manifests, pod, port):
    """The pods of the namespace, and the namespaces, that may reach a port of a pod."""
    pods_, spaces = set(), set()
    for policy in (m["spec"] for m in manifests if m["kind"] == "NetworkPolicy"):
        if policy["podSelector"].get("matchLabels", {}).get("app", pod) != pod:
            continue
        for rule in policy.get("ingress", []):
            if port not in {one["port"] for one in rule["ports"]}:
                continue
            for source in rule["from"]:
                if "namespaceSelector" in source:
                    labels = source["namespaceSelector"]["matchLabels"]
                    spaces.add(labels["kubernetes.io/metadata.name"])
                else:
                    (match,) = source["podSelector"]["matchExpressions"]
                    pods_.update(match["values"])
    return pods_, spaces


def test_workers_and_jobs_reach_the_server_and_nobody_reaches_others(rendered):
    nobody = find(rendered, "NetworkPolicy", "nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert reached_by(rendered, "assay-server", 4200)[0] == {"assay-worker", "assay-job"}
    assert reached_by(rendered, "assay-worker", 8080) == (set(), set())
    labels = {template["metadata"]["labels"]["app"] for _, template in pods(rendered)}
    assert labels == {"assay-server", "assay-worker", "assay-collect"}
    job = job_manifest()["spec"]["template"]
    assert job["metadata"]["labels"] == {"app": "assay-job"}


def test_from_outside_the_ingress_and_prometheus_reach_what_they_need(local, team):
    assert reached_by(team, "assay-server", 4200)[1] == {"ingress-nginx"}
    assert reached_by(team, "assay-server", 4201) == (set(), {"ingress-nginx", "monitoring"})
    assert reached_by(local, "assay-server", 4200)[1] == set()
    assert "Ingress" not in {m["kind"] for m in local}


def test_a_service_and_an_ingress_lead_to_ports_that_are_listened_to(team):
    service = find(team, "Service", "server")
    listening = {
        port["containerPort"]
        for container in dict(pods(team))["server"]["spec"]["containers"]
        for port in container["ports"]
    }
    assert {port["port"] for port in service["spec"]["ports"]} == listening
    ingress = find(team, "Ingress", "assay")
    led = re.findall(r"'port': {'name': '(\w+)'}", str(ingress))
    assert set(led) == {port["name"] for port in service["spec"]["ports"]}


def test_a_server_is_one_and_nothing_keeps_its_node_from_being_drained(rendered):
    assert find(rendered, "Deployment", "server")["spec"]["replicas"] == 1
    assert "PodDisruptionBudget" not in {m["kind"] for m in rendered}


def test_everything_that_serves_is_probed(rendered):
    for name, template in pods(rendered):
        for container in template["spec"]["containers"]:
            if name != "collect":
                assert "livenessProbe" in container
            if name == "server":
                assert "readinessProbe" in container


# --- the work pool ----------------------------------------------------------------------------


def test_the_pool_is_what_the_worker_polls(team):
    settings = [m for m in team if m["metadata"]["name"].startswith("assay-operations-")]
    (held,) = [m["data"]["operations.yaml"] for m in settings]
    assert "pool: kubernetes" in held
    volume = next(
        v for v in dict(pods(team))["worker"]["spec"]["volumes"] if v["name"] == "operations"
    )
    assert volume["configMap"]["name"] == settings[0]["metadata"]["name"]
    (apply,) = dict(pods(team))["worker"]["spec"]["initContainers"]
    mounted = {mount["mountPath"] for mount in apply["volumeMounts"]}
    assert "/app/configs/operations.yaml" in mounted
    assert {one["name"] for one in apply["env"]} == {pools.NAMESPACE_VARIABLE}


def test_a_job_is_what_kubernetes_reads_and_knows_the_store_and_its_namespace(monkeypatch):
    monkeypatch.setenv(pools.NAMESPACE_VARIABLE, "assay")
    made = job_manifest(name="train-guests", env=[], labels={})
    kubernetes_validate.validate(made, VERSION, strict=True)
    assert made["metadata"]["namespace"] == "assay"
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["python", "-m", "assay.deployments.engine"]
    sources = [json.dumps(source, sort_keys=True) for source in container["envFrom"]]
    assert sources == ['{"configMapRef": {"name": "assay"}}', '{"secretRef": {"name": "assay"}}']
    monkeypatch.delenv(pools.NAMESPACE_VARIABLE)
    assert job_manifest()["metadata"]["namespace"] == "default"


def test_a_job_passes_the_restricted_standard_and_may_nothing_in_the_cluster():
    pod = job_manifest()["spec"]["template"]["spec"]
    assert_restricted(pod)
    assert pod["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod


def test_a_job_finds_the_settings_that_the_cluster_has(team):
    assert "ASSAY_STORE" in find(team, "ConfigMap", "assay")["data"]
