"""A whole set-up on real processes, as a person would start it, for the tests that need one."""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from assay.deployments.login_link import create_login_link

ROOT = Path(__file__).parents[2]


def guests(rows=2000):
    draw = random.Random(7)
    lines = ["guest,visits,back"]
    for guest in range(rows):
        visits = draw.randint(0, 40)
        lines.append(f"{guest},{visits},{'yes' if draw.random() < visits / 50 else 'no'}")
    return "\n".join(lines) + "\n"


def free_port():
    """One that is free together with the next, where the reports are served."""
    while True:
        with socket.socket() as probe, socket.socket() as after:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            with suppress(OSError, OverflowError):
                after.bind(("127.0.0.1", port + 1))
                return port


def write_home(home, *, alerts=False, **cases):
    """What a set-up is started in: guests' data, use cases by name, and, if asked for, alerts."""
    (home / "configs").mkdir(parents=True)
    (home / "guests.csv").write_text(guests())
    for name, text in cases.items():
        (home / f"configs/{name}.yaml").write_text(text)
    if alerts:
        (home / "configs/operations.yaml").write_text("alerts: [{to: '${ALERTS}'}]\n")


class Receiver:
    """A service that takes alerts."""

    def __init__(self):
        self.seen = seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"json://127.0.0.1:{self.server.server_port}/"

    def of(self, name, state):
        return [said for said in self.seen if said["title"] == f"{name}: {state}"]


class SetUp:
    """One that was started in `home`, and what a person does with it."""

    def __init__(self, home, alerts=None):
        self.home, self.port, self.alerts = home, free_port(), alerts
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.pages = f"http://127.0.0.1:{self.port + 1}/"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "ASSAY_"))}
        self.environment = {
            **kept,
            "ASSAY_STATE": str(home / "state"),
            "PYTHONPATH": str(ROOT),
            **({"ALERTS": alerts.url} if alerts else {}),
            "OMP_NUM_THREADS": "1",
        }

    def assay(self, *arguments, **more):
        command = [sys.executable, "-c", "from assay.cli import main; main()", *arguments]
        return subprocess.run(
            command,
            cwd=self.home,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def up(self, *arguments):
        done = self.assay("up", "--port", str(self.port), "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def keep_up(self, *arguments):
        """Up as long as the block runs, and down whatever happens in it."""
        try:
            self.up(*arguments)
            yield self
        finally:
            self.assay("down")

    def pid(self, name):
        """The number of a process; None while it is started again."""
        known = json.loads((self.home / "state/running.json").read_text())["processes"]
        return known.get(name, {}).get("pid")

    @property
    def password(self):
        """As user:password, read anew: each start makes another."""
        return f"assay:{(self.home / 'state/password').read_text()}"

    def credentials(self):
        """The header that shows the password."""
        return {"Authorization": f"Basic {base64.b64encode(self.password.encode()).decode()}"}

    def login_link(self):
        return create_login_link(self.home / "state", self.api.removesuffix("/api"))

    def get(self, url):
        """What a browser that has the password is shown."""
        request = urllib.request.Request(url, headers=self.credentials())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": "application/json", **self.credentials()}
        request = urllib.request.Request(f"{self.api}{path}", data, head, method=method)
        for _ in self.waiting(60):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                if error.code != 503:  # SQLite is busy
                    raise
            except TimeoutError:  # so is the machine; but nothing is asked for twice
                if path.endswith("/create_flow_run"):
                    raise
        raise AssertionError(f"{path}: 503 for a minute")

    def run(self, title, **parameters):
        """Ask for a run of a deployment; its id."""
        deployment = self.ask(f"/deployments/name/{title}")["id"]
        asked = {"parameters": parameters} if parameters else {}
        return self.ask(f"/deployments/{deployment}/create_flow_run", asked)["id"]

    def runs(self, flow):
        return self.ask("/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})

    def until(self, run, *states, patience=240):
        """Wait for one of the states; the run as it is then."""
        found = {}
        for _ in self.waiting(patience):
            found = self.ask(f"/flow_runs/{run}")
            if found["state"]["name"] in states:
                return found
        raise AssertionError(f"{found['state']} and not {states}:\n{self.log('worker')}")

    def wait_for_scheduled_run(self, flow="train", patience=240):
        """The first run of a flow that nobody asked for, once it has ended."""
        for _ in self.waiting(patience):
            for one in self.runs(flow):
                if one["auto_scheduled"] and one["end_time"]:
                    return one
        raise AssertionError(f"no scheduled run ended:\n{self.log('worker')}")

    @staticmethod
    def waiting(patience):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            yield
            time.sleep(0.5)

    def log(self, name):
        return (self.home / f"state/logs/{name}.log").read_text()[-3000:]


def process_of(run):
    """The number of the process that runs it."""
    mark = f"PREFECT__FLOW_RUN_ID={run}".encode()
    (found,) = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"assay.deployments.engine" in held(process / "cmdline")
        and mark in held(process / "environ")
    ]
    return found


def held(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""
