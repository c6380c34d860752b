"""S3 servers on loopback for the tests: moto, a radosgw, and one that misbehaves on request."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

BUCKET = "assay-test"
_CEPH = Path(__file__).parent.parent / ".ci" / "ceph"


@dataclass(frozen=True)
class Server:
    """How to reach a server: as much as a person would put into their environment."""

    endpoint: str
    key: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            # Whatever the person who runs the tests has set up stays out of them.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str = "s3"):
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
        )


@contextmanager
def moto(folder: Path) -> Iterator[Server]:
    """A moto_server that checks signatures, with the bucket `BUCKET`, on a port of its own."""
    log = folder / "moto.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=out,
            stderr=out,
            # Three calls without a signature: to make a user, its key and its policy.
            env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "3"},
        )
    try:
        server = _with_user(_announced(log, process))
        server.client().create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _announced(log: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if found := re.search(r"Running on (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"moto_server did not start:\n{log.read_text()}")


def _with_user(endpoint: str) -> Server:
    iam = Server(endpoint, "anyone", "anything").client("iam")
    iam.create_user(UserName="tester")
    made = iam.create_access_key(UserName="tester")["AccessKey"]
    iam.put_user_policy(
        UserName="tester",
        PolicyName="everything",
        PolicyDocument='{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )
    return Server(endpoint, made["AccessKeyId"], made["SecretAccessKey"])


@contextmanager
def ceph(folder: Path) -> Iterator[Server]:
    """A single-node radosgw below `folder`, brought up by `.ci/ceph`. Fails where it cannot."""
    if not shutil.which("radosgw"):
        raise RuntimeError("no radosgw here; `.ci/ceph install` installs it")
    try:
        up = subprocess.run([_CEPH, "up", folder], check=True, capture_output=True, text=True)
        # Its last line: endpoint, access key and secret.
        server = Server(*up.stdout.splitlines()[-1].split())
        server.client().create_bucket(Bucket=BUCKET)
        yield server
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"radosgw did not start:\n{error.stdout}\n{error.stderr}") from error
    finally:
        subprocess.run([_CEPH, "down", folder], check=False)


def ceph_user(server: Server, name: str) -> Server:
    """The server as another user reaches it, who is made if need be, and may do nothing yet."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    user = Server(server.endpoint, name, f"{name}-secret")
    asked = {"uid": name, "display-name": name, "access-key": name, "secret-key": user.secret}
    request = AWSRequest("PUT", f"{server.endpoint}/admin/user?{urlencode(asked)}&format=json")
    S3SigV4Auth(Credentials(server.key, server.secret), "s3", "us-east-1").add_auth(request)
    made = request.prepare()
    try:
        urlopen(Request(made.url, method="PUT", headers=dict(made.headers)), timeout=30).close()
    except HTTPError as error:
        if error.code != 409:  # there already
            raise
    return user


@dataclass
class Faults:
    """What the misbehaving server does wrong. Counts go down with each request they spoil."""

    ignore_condition: bool = False
    drop_answer_to_put: int = 0  # carries the put out, then closes the connection
    drop_answer_to_refusal: int = 0  # finds the condition not met, and does not say so
    conflict_on_put: int = 0  # 409, as AWS says when two conditional puts meet
    break_off_get: int = 0  # promises all bytes and sends half
    refuse_put: tuple[int, str] | None = None  # a status and an S3 error code, every time
    clock: timedelta = timedelta()


@dataclass
class Misbehaving:
    """A server that speaks just enough S3 to be spoilt, in this process."""

    endpoint: str
    faults: Faults
    held: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # "PUT /bucket/key", one a request

    @property
    def server(self) -> Server:
        return Server(self.endpoint, "key", "secret")


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    state = Misbehaving(f"http://127.0.0.1:{httpd.server_port}", Faults())
    httpd.state, httpd.marks, httpd.lock = state, {}, threading.Lock()
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        httpd.shutdown()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Misbehaving"
    sys_version = ""

    def do_PUT(self):
        state, faults = self._begin()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if faults.refuse_put:
            self._fail(*faults.refuse_put)
            return
        with self.server.lock:
            if faults.conflict_on_put:
                faults.conflict_on_put -= 1
                self._fail(409, "ConditionalRequestConflict")
                return
            if self._key in state.held and not faults.ignore_condition:
                if faults.drop_answer_to_refusal:
                    faults.drop_answer_to_refusal -= 1
                    self.close_connection = True
                else:
                    self._fail(412, "PreconditionFailed")
                return
            state.held[self._key] = body
            self.server.marks[self._key] = self.headers.get("x-amz-meta-assay-put")
            drop = bool(faults.drop_answer_to_put)
            faults.drop_answer_to_put -= drop
        if drop:
            self.close_connection = True  # without a word
        else:
            self._send(200, headers={"ETag": '"e"'})

    def do_GET(self):
        state, faults = self._begin()
        if "list-type" in urlsplit(self.path).query:
            self._send(
                200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
            )
        elif self._key not in state.held:
            self._fail(404, "NoSuchKey")
        elif faults.break_off_get:
            faults.break_off_get -= 1
            whole = state.held[self._key]
            self._send(200, whole[: len(whole) // 2], length=len(whole))
            self.close_connection = True
        else:
            self._send(200, state.held[self._key])

    def do_HEAD(self):
        state, _ = self._begin()
        if self._key in state.held:
            mark = self.server.marks[self._key]
            self._send(200, headers={"x-amz-meta-assay-put": mark} if mark else {})
        else:
            self._send(404)

    def do_DELETE(self):
        state, _ = self._begin()
        state.held.pop(self._key, None)
        self._send(204)

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return format_datetime(datetime.now(UTC) + self.server.state.faults.clock, usegmt=True)

    def _begin(self) -> tuple[Misbehaving, Faults]:
        state = self.server.state
        self._key = unquote(urlsplit(self.path).path)
        state.seen.append(f"{self.command} {self._key}")
        return state, state.faults

    def _fail(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>as asked</Message></Error>"
        self._send(status, body.encode())

    def _send(self, status, body=b"", *, headers=None, length=None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
