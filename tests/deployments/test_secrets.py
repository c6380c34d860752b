"""What is said in secret is found nowhere afterwards: bucket, state, logs, database, processes."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, guests

pytestmark = pytest.mark.operation

SOURCE, ALERT, PHRASE = "planted-source-4711/+", "planted-alert-0815", "planted-phrase-1234"
# SQLite takes what it does not know of an address, and leaves it alone.
CONNECTION = "sqlite:///file:guests.db?mode=ro&uri=true&token=${GUESTS_TOKEN}"
SQL = "source: {sql: select * from TABLE, connection: '" + CONNECTION + "'}"


def use_case(table):
    return CASE.replace("source: guests.csv", SQL.replace("TABLE", table))


def database(path):
    header, *rows = [line.split(",") for line in guests().splitlines()]
    with sqlite3.connect(path) as held:
        held.execute(f"create table guests ({', '.join(header)})")
        held.executemany("insert into guests values (?, ?, ?)", rows)


def signing_key(path):
    private = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PHRASE.encode())
    )
    path.write_bytes(private)
    return str(path)


class Guarded(Receiver):
    """A service that takes alerts, by a URL with a password."""

    def __init__(self):
        super().__init__()
        self.url = self.url.replace("://", f"://assay:{ALERT}@")


@pytest.fixture
def set_up(tmp_path):
    (tmp_path / "configs").mkdir()
    database(tmp_path / "guests.db")
    quick = "promotion: {first: automatic}\nfeasibility: {within: 2s}\n"
    (tmp_path / "configs/guests.yaml").write_text(use_case("guests") + quick)
    (tmp_path / "configs/broken.yaml").write_text(use_case("absent") + quick)
    (tmp_path / "configs/operations.yaml").write_text("alerts: [{to: '${ALERTS}'}]\n")
    made = SetUp(tmp_path, Guarded())
    made.environment |= {
        "GUESTS_TOKEN": SOURCE,
        "ASSAY_SIGNING_KEY": signing_key(tmp_path / "key.pem"),
        "ASSAY_SIGNING_PASSPHRASE": PHRASE,
    }
    with made.keep_up():
        yield made


def test_a_secret_is_found_nowhere_after_a_run_a_failure_and_an_alert(set_up):
    set_up.until(set_up.run("train/guests"), "Registered", "Challenger", "Rejected")
    failed = set_up.until(set_up.run("train/broken"), "Failed")
    assert "no such table" in failed["state"]["message"]
    for _ in set_up.waiting(60):
        if set_up.alerts.of(failed["name"], "Failed"):
            break
    assert set_up.alerts.of(failed["name"], "Failed")  # so the URL was used
    assert found_in_processes(set_up) == []
    assert set_up.assay("down").returncode == 0
    looked, found = found_in_files(set_up.home)
    assert found == []
    held = {path.relative_to(set_up.home).parts[0] for path in looked}
    assert {".assay", "state"} <= held
    assert any(path.name == "prefect.db" for path in looked)
    assert any(path.name == "worker.log" for path in looked)


def test_the_search_finds_what_is_there(tmp_path):
    for number, written in enumerate(forms(SOURCE)):
        (tmp_path / str(number)).write_bytes(b"x" + written + b"x")
    assert len(found_in_files(tmp_path)[1]) == len(forms(SOURCE))


def forms(secret):
    """As it is, in a URL, and in base64, wherever it begins there."""
    raw = secret.encode()
    encoded = {base64.b64encode(b"\0" * n + raw)[n + 1 : -4] for n in range(3)}
    return {raw, quote(secret).encode(), quote(secret, safe="").encode(), *encoded}


def found_in_files(folder):
    """The files that were looked through, and those that hold a secret."""
    looked = [path for path in folder.rglob("*") if path.is_file()]
    planted = [form for secret in (SOURCE, ALERT, PHRASE) for form in forms(secret)]
    return looked, [
        path
        for path in looked
        if any(form in held for held in [path.read_bytes()] for form in planted)
    ]


def found_in_processes(set_up):
    """Command lines, which everybody on a machine may read."""
    ours = [process for process in Path("/proc").glob("[0-9]*") if in_folder(process, set_up.home)]
    assert len(ours) >= 4
    planted = [secret.encode() for secret in (SOURCE, ALERT, PHRASE)]
    return [p for p in ours if any(s in (p / "cmdline").read_bytes() for s in planted)]


def in_folder(process, home):
    try:
        return (process / "cwd").readlink() == home
    except OSError:
        return False
