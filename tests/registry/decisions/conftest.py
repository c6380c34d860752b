"""A model with as many versions as a test asks for, and people who decide about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.gates.catalog import GATE_BY_STAGE
from assay.gates.report import Check, Report, Verdict, put_report
from assay.registry.decisions.justification import Justification
from assay.registry.history import REGISTERED, REJECTED
from assay.registry.registry import Registry
from assay.store.memory import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class House:
    """A bucket with one model, `m`."""

    def __init__(self):
        self.bucket = Bucket.from_store(MemoryStore()).prepare()
        self.registry = Registry(self.bucket)

    def report(self, gate, verdict, summary="seen"):
        check = Check(name="c", claim="It holds", verdict=verdict, why="it was seen")
        told = Report(gate=gate, subject="m", verdict=verdict, summary=summary, checks=(check,))
        return put_report(self.bucket, told).as_json()

    def version(self, *, by="runner", promotion=None, without=(), more=None, **verdicts):
        """Register one; `verdicts` by gate where it did not pass, `without` some reports."""
        gates = {gate: verdicts.get(gate, "pass") for gate in GATE_BY_STAGE.values()}
        number = len(self.history.versions) + 1
        record = {
            "steps": [{"components": {"stage": stage}} for stage in GATE_BY_STAGE],
            "configuration": {"promotion": promotion or {}},
        }
        body = {
            "question": str(Digest.of_bytes(b"question %d" % number)),
            "model": self.bucket.put(b"model %d" % number, artifacts.MODEL, "m").as_json(),
            "signature": self.bucket.put_json({"features": []}, artifacts.JSON, "s").as_json(),
            "run": self.bucket.put_json(record, artifacts.RECORD, "run").as_json(),
            "reports": {
                gate: self.report(gate, Verdict(verdict))
                for gate, verdict in gates.items()
                if gate not in without
            },
            "candidate": "LogisticRegression",
            "gates": gates,
            "reasons": [f"{gate}: it was seen" for gate, v in gates.items() if v != "pass"],
            "causes": [f"gate:{gate}:c" for gate, v in gates.items() if v != "pass"],
            "against": None,
            **(more or {}),
        }
        status = REJECTED if "fail" in gates.values() else REGISTERED
        return self.registry.register("m", status, body, actor=by)

    def note(self, kind, by="runner", **body):
        return Journal(self.bucket, "m").append(lambda _: (kind, body), actor=by)

    @property
    def history(self):
        return self.registry.history("m")

    @property
    def champion(self):
        return self.history.aliases.get("champion")

    @property
    def kinds(self):
        return [entry.kind for entry in self.history.entries]


@pytest.fixture
def house(monkeypatch, tmp_path):
    """Nobody's people's file, nobody's key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PEOPLE", raising=False)
    monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)
    monkeypatch.setattr("assay.registry.authority.current_user", lambda: "someone")
    return House()


@pytest.fixture
def meanwhile(house, monkeypatch):
    """Let somebody act just before the next entry is written, or that of a kind."""
    put, waiting = house.bucket.store.put_if_absent, []

    def hurried(key, data):
        if waiting and key.startswith("journals/m/") and waiting[0][0] in data:
            waiting.pop()[1]()
        return put(key, data)

    monkeypatch.setattr(house.bucket.store, "put_if_absent", hurried)
    return lambda act, kind="": waiting.append((f'"kind":"{kind}'.encode(), act))


@pytest.fixture
def said():
    """A reason, at noon of a day."""

    def make(because="it is better", as_of=NOON, name=None):
        return Justification(because, as_of, name)

    return make


@pytest.fixture
def people(monkeypatch, tmp_path):
    """Write a people's file: ada and eve are engineers, sam a scientist, olga operator, vic
    viewer, each with a key. Returns what makes one of them act, with the key or by name alone.
    """
    roles = {"ada": "engineer", "eve": "engineer", "sam": "scientist", "olga": "operator",
             "vic": "viewer"}  # fmt: skip

    def write(signatures="optional"):
        lines = [f"signatures: {signatures}", "people:"]
        for name, role in roles.items():
            lines.append(f"  {name}: {{role: {role}, keys: ['{make_key(tmp_path / name)}']}}")
        (tmp_path / "people.yaml").write_text("\n".join(lines) + "\n")
        monkeypatch.setenv("ASSAY_PEOPLE", str(tmp_path / "people.yaml"))

        def act(name, *, key=True):
            monkeypatch.setattr("assay.registry.authority.current_user", lambda: name)
            if key:
                monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / name))
            else:
                monkeypatch.delenv("ASSAY_SIGNING_KEY", raising=False)

        return act

    return write


@pytest.fixture
def key(monkeypatch, tmp_path):
    """A key of nobody in particular, named in the environment."""
    make_key(tmp_path / "own")
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "own"))


def make_key(path):
    """Write a private key; return the public one's line."""
    made = Ed25519PrivateKey.generate()
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
