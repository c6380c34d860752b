"""What containers are made from: as those read it who run it, and by what it must not do."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser
from ruamel.yaml import YAML

from assay.deployments import server
from assay.deployments.request_guard import guard_app, is_own_request
from assay.deployments.setup_state import SetupState

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
MANIFESTS = sorted((DEPLOYMENTS / "kubernetes/base").glob("[!k]*.yaml"))
PINNED = re.compile(
    r"[\w./-]+:[\w.-]*\d+\.\d+[\w.-]*|[\w./-]+:RELEASE[\w.-]+|.+@sha256:[0-9a-f]{64}"
)


def loaded(path):
    return list(YAML(typ="safe").load_all(path.read_text()))


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory):
    # The parser would write into the folder of the file that it is given.
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text((DEPLOYMENTS / "Dockerfile").read_text())
    return DockerfileParser(str(folder))


@pytest.fixture(scope="module")
def last_stage(dockerfile):
    steps = dockerfile.structure
    begins = [n for n, step in enumerate(steps) if step["instruction"] == "FROM"]
    return [(step["instruction"], step["value"]) for step in steps[begins[-1] :]]


@pytest.fixture(scope="module")
def services():
    (held,) = loaded(DEPLOYMENTS / "compose.yaml")
    return held["services"]


@pytest.fixture(scope="module")
def manifests():
    return [held for path in MANIFESTS for held in loaded(path)]


# --- the image --------------------------------------------------------------------------------


def test_every_stage_is_from_one_named_version(dockerfile):
    base = next(s["value"] for s in dockerfile.structure if s["instruction"] == "ARG")
    assert PINNED.fullmatch(base.partition("=")[2])
    named = {s["value"].split()[0] for s in dockerfile.structure if s["instruction"] == "FROM"}
    assert named == {"${PYTHON}"}


def test_what_is_installed_is_held_against_the_locks_hashes(dockerfile):
    installs = [s["value"] for s in dockerfile.structure if re.search(r"\bpip\b", s["value"])]
    fetched, installed, removed = installs
    assert {"--require-hashes", "--no-deps"} <= set(fetched.split())
    assert "-r requirements${EXTRA:+-$EXTRA}.lock -w /wheels" in fetched
    assert "--no-index --find-links /wheels" in installed
    assert "uninstall --yes --quiet pip" in removed


def test_an_extra_has_a_lock_that_pins_the_same_and_what_is_more(dockerfile):
    assert 'find-links /wheels -e ".${EXTRA:+[$EXTRA]}"' in dockerfile.content
    plain, more = (pinned(f"requirements{name}.lock") for name in ("", "-kubernetes"))
    assert plain.items() < more.items()
    assert {"prefect-kubernetes", "kubernetes-asyncio"} <= more.keys() - plain.keys()
    assert "!requirements-kubernetes.lock" in (DEPLOYMENTS / "Dockerfile.dockerignore").read_text()


def pinned(lock):
    """The packages of a lock, each with its version."""
    text = (ROOT / lock).read_text()
    assert "index" not in re.sub(r"^ +--hash=.*|^ +#.*", "", text, flags=re.MULTILINE)
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def test_the_last_stage_has_no_installer_and_fetches_nothing(last_stage):
    runs = " ".join(value for instruction, value in last_stage if instruction == "RUN")
    assert not re.search(r"apt|curl|wget|gcc|\binstall\b", runs)
    copied = [value for instruction, value in last_stage if instruction == "COPY"]
    assert copied == ["--from=build /venv /venv", "--from=build /app /app"]
    assert "--without-pip /venv" in (DEPLOYMENTS / "Dockerfile").read_text()


def test_it_runs_as_nobody_in_particular_and_says_whether_it_is_well(last_stage):
    said = dict(last_stage)
    user = said["USER"].partition(":")[0]
    assert user.isdigit()
    assert int(user) >= 10_000
    order = [instruction for instruction, _ in last_stage]
    assert "RUN" not in order[order.index("USER") :]
    probe = ["assay", "up", "--status", "--no-todo"]
    assert json.loads(said["HEALTHCHECK"].partition("CMD")[2]) == probe


def test_the_image_holds_what_is_named_and_no_key():
    lines = (DEPLOYMENTS / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    assert all((ROOT / name).exists() for name in named)
    assert {"**/.env", "**/*.pem", "**/id_*"} <= set(rules)


# --- Compose ----------------------------------------------------------------------------------


def test_the_compose_file_is_one_by_its_specification(services):
    (held,) = loaded(DEPLOYMENTS / "compose.yaml")
    plain = {key: value for key, value in held.items() if not key.startswith("x-")}
    read = json.loads(PyCompose.from_json(filled(plain)).to_json())
    assert set(read["services"]) == set(services)
    broken = plain | {"services": {"server": {**services["server"], "helthcheck": {}}}}
    with pytest.raises(ValueError, match="helthcheck"):
        PyCompose.from_json(filled(broken))


def filled(value):
    """As JSON, with what is read from the environment put in."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", json.dumps(value))
    return re.sub(r"\$\{\w+:\?[^}]*\}", "set", text)


def test_each_service_waits_for_one_that_tells_when_it_is_there(services):
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
            else:
                assert services[name]["restart"] == "no"


def test_only_this_machine_is_listened_to(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_ours_may_nothing_and_write_nowhere(services):
    for service in services.values():
        if "assay" in service["image"]:
            assert service["cap_drop"] == ["ALL"]
            assert service["read_only"] is True
            assert service["security_opt"] == ["no-new-privileges:true"]
        else:
            assert PINNED.fullmatch(service["image"])


def test_no_file_holds_a_secret_and_every_one_is_asked_for(services):
    secret = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|AUTH|ALERTS")
    found = {
        (name, key): value
        for name, service in services.items()
        for key, value in service.get("environment", {}).items()
        if secret.search(key)
    }
    assert len(found) >= 8
    for value in found.values():
        assert value is None or re.fullmatch(r"\$\{\w+(:[?-][^}]*)?\}", value)
    empty = (DEPLOYMENTS / "example.env").read_text()
    assert not re.search(r"^\w*(PASSWORD|SECRET|KEY|AUTH)=.", empty, re.MULTILINE)


def test_the_example_names_each_variable_that_must_be_set():
    asked = set(re.findall(r"\$\{(\w+):\?", (DEPLOYMENTS / "compose.yaml").read_text()))
    named = re.findall(r"^(\w+)=", (DEPLOYMENTS / "example.env").read_text(), re.MULTILINE)
    assert asked <= set(named)


def test_containers_are_set_as_assay_up_sets_processes(services, manifests):
    made = dict(server._DEFAULT_ENVIRONMENT)
    maps = [held["data"] for held in manifests if held["kind"] == "ConfigMap"]
    both = [
        services["server"]["environment"] | services["worker"]["environment"],
        {key: value for one in maps for key, value in one.items()},
    ]
    for environment in both:
        assert {key: environment.get(key) for key in made} == made
        assert environment["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
        assert "@" in environment["PREFECT_API_DATABASE_CONNECTION_URL"]


def test_the_server_of_compose_answers_its_own_and_refuses_other_pages(services, monkeypatch):
    own = services["server"]
    assert own["command"][1:] == started_by_assay_up()
    guard = guard_of(json.loads(filled(own["environment"])), monkeypatch)
    caller = urlsplit(services["worker"]["environment"]["PREFECT_API_URL"]).netloc
    for host in (caller, "127.0.0.1:4200"):
        assert is_own_request(guard.hosts, [host], [])
    assert not is_own_request(guard.hosts, ["evil.example:4200"], [])
    assert not is_own_request(guard.hosts, [caller], ["http://evil.example"])
    assert own["environment"]["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] != "*"


def started_by_assay_up():
    """The server's command under `assay up`, without the interpreter: -m, uvicorn, and so on."""
    state = SetupState(
        pool="assay", host="0.0.0.0", port=4200, store="s3://b", database="", root="/"
    )
    return server.process_commands(state, "process")["server"][1:]


def guard_of(environment, monkeypatch):
    """The guard of a server with this environment, and with the image's own."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value or "")
    monkeypatch.setenv("ASSAY_STATE", "/tmp/assay")
    return guard_app(None)


@pytest.mark.parametrize("overlay", ["base", "overlays/team"])
def test_the_server_of_a_cluster_answers_probes_jobs_and_the_ingress(
    overlay, manifests, monkeypatch
):
    deployment = next(m for m in manifests if m["kind"] == "Deployment" and named(m) == "server")
    (container, _) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["command"][1:] == started_by_assay_up()
    changed = loaded(DEPLOYMENTS / "kubernetes" / overlay / "settings.yaml")
    held = {named(m): m["data"] for m in manifests if m["kind"] == "ConfigMap"}
    for one in changed:
        held[named(one)] |= one["data"]
    guard = guard_of(held["assay"] | held["assay-server"], monkeypatch)
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    hosts = [h["value"] for probe in probes for h in probe["httpHeaders"] if h["name"] == "Host"]
    dashboard = held["assay-server"]["PREFECT_UI_URL"]
    hosts += [urlsplit(held["assay"]["PREFECT_API_URL"]).netloc, urlsplit(dashboard).netloc]
    assert len(hosts) == 5
    assert all(is_own_request(guard.hosts, [host], []) for host in hosts)
    assert not is_own_request(guard.hosts, [hosts[0]], ["http://evil.example"])
    assert held["assay-server"]["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == dashboard


def named(manifest):
    return manifest["metadata"]["name"]
