"""People with keys, the file that lists them, and a bucket where they may be recorded."""

import json
from datetime import UTC, datetime

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.bucket.signing import Signer
from assay.registry.decisions.people_record import record_people
from assay.registry.recorded_people import (
    PEOPLE_JOURNAL,
    find_people,
    forget_recorded_people,
    people_journal,
)
from assay.store.memory import MemoryStore
from tests.registry.decisions.conftest import make_key

ROLES = {"ada": "engineer", "eve": "engineer", "sam": "scientist", "vic": "viewer"}


class Team:
    """People with keys, the file that lists them, and a bucket."""

    def __init__(self, folder, monkeypatch):
        self.folder, self._environment = folder, monkeypatch
        self.keys = {name: make_key(folder / name) for name in (*ROLES, "mallory")}
        self.bucket = Bucket.from_store(MemoryStore()).prepare()
        self.file = folder / "people.yaml"
        monkeypatch.setenv("ASSAY_PEOPLE", str(self.file))
        self.write()

    def document(self, signatures="required", **roles):
        listed = {name: role for name, role in (ROLES | roles).items() if role}
        people = {name: {"role": role, "keys": [self.keys[name]]} for name, role in listed.items()}
        return {"signatures": signatures, "people": people}

    def write(self, signatures="required", **roles):
        self.file.write_text(json.dumps(self.document(signatures, **roles)))

    def no_file(self):
        self._environment.delenv("ASSAY_PEOPLE")
        self._environment.chdir(self.folder)

    def act(self, name):
        if name:
            self._environment.setenv("ASSAY_SIGNING_KEY", str(self.folder / name))
        else:
            self._environment.delenv("ASSAY_SIGNING_KEY", raising=False)

    def record(self, name, said):
        self.act(name)
        return record_people(self.bucket, said("the team as it is"))

    def plant(self, name, document, kind="recorded", **more):
        """Append an entry as somebody who may write to `people/` and asks nobody."""
        entries = [self.bucket.store.get(e.key) for e in self.bucket.store.list("people/")]
        entry = JournalEntry(
            number=len(entries) + 1,
            previous=Digest.of_bytes(entries[-1]) if entries else None,
            kind=kind,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            actor=name or "somebody",
            body={"people": document, "because": "x"},
            journal=PEOPLE_JOURNAL,
            bucket=self.bucket.id,
        )
        entry = entry.sign(Signer.load(self.folder / name)) if name else entry
        self.put(entry.number, entry.encode())

    def put(self, number, data):
        key = people_journal(self.bucket).entry_key(number)
        self.bucket.store.delete(key)
        self.bucket.store.put_if_absent(key, data)
        forget_recorded_people(self.bucket)

    @property
    def roles(self):
        people = find_people(self.bucket).people
        return {name: person.role for name, person in people.people.items()}
