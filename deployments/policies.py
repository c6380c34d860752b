"""IAM policies for the bucket's keys, one for each role: `deployments/policies/<role>.json`.

They only limit what a stolen or careless key can do. People append to a journal, and to the bucket
one entry is like another: whoever may append may write the text of a promotion. Who may promote is
checked by `assay.registry.authority`. That check binds everyone only if the people file says
`signatures: required`: then an entry counts only if its signer has the permission. Engineers alone
write `people/`, where that file is recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

from assay.config.people import People, Role
from assay.errors import ConfigError
from assay.store.s3 import S3Store

Keyholder = Literal[Role, "collector"]
"""The roles of people, and `assay gc`, which alone deletes."""

KEYHOLDERS: Final[tuple[Keyholder, ...]] = (*get_args(Role), "collector")
EXAMPLE_URL: Final = "s3://BUCKET/PREFIX"

_RUN_KEYS = ("assay.json", "objects/*", "journals/*", "checkpoints/*", "memo/*", "doctor/*")
_WRITABLE_KEYS: Final[Mapping[Keyholder, tuple[str, ...]]] = {
    "viewer": (),
    "scientist": _RUN_KEYS,
    "operator": ("journals/*", "checkpoints/*"),
    "engineer": (*_RUN_KEYS, "people/*"),
    # What moves into the trash or aside, and what comes back from there.
    "collector": ("objects/*", "checkpoints/*", "trash/*", "quarantine/*", "clock/*", "doctor/*"),
}
_DELETABLE_KEYS = ("objects/*", "checkpoints/*", "memo/*", "trash/*", "clock/*", "doctor/*")


def iam_policy(keyholder: Keyholder, url: str) -> dict[str, Any]:
    """The policy of the holder of this key, for the bucket at `url`.

    Source: AWS, "Actions, resources, and condition keys for Amazon S3", and "Enforce conditional
    writes on Amazon S3 buckets". Raises ConfigError for a URL that is no S3 bucket.
    """
    place = _BucketStatements(url)
    puts = [place.allow_writing(_WRITABLE_KEYS[keyholder])] if _WRITABLE_KEYS[keyholder] else []
    collects = place.allow_collecting() if keyholder == "collector" else [place.deny_deleting()]
    statements = [*place.allow_reading(), *puts, place.deny_replacing(), *collects]
    return {"Version": "2012-10-17", "Statement": statements}


def render_policy(keyholder: Keyholder, url: str = EXAMPLE_URL) -> str:
    """The policy as JSON text. Raises ConfigError."""
    return json.dumps(iam_policy(keyholder, url), indent=2) + "\n"


def write_policies(url: str, folder: Path) -> list[str]:
    """Write a bucket's policies into a folder, and return a line for each. Raises ConfigError."""
    made = {who: render_policy(who, url) for who in KEYHOLDERS}
    people = People.load_configured()
    folder.mkdir(parents=True, exist_ok=True)
    for who, written in made.items():
        (folder / f"{who}.json").write_text(written, encoding="utf-8")
    return [f"{folder / who}.json: {_holders(who, people)}" for who in KEYHOLDERS]


def _holders(keyholder: Keyholder, people: People | None) -> str:
    if keyholder == "collector":
        return "for whoever runs `assay gc`, `assay verify --repair` and the maintain flow"
    found = [
        name
        for name, person in (people.people if people else {}).items()
        if person.role == keyholder
    ]
    return f"for {', '.join(found)}" if found else "for nobody in the people's file"


class _BucketStatements:
    """Policy statements about one S3 bucket."""

    def __init__(self, url: str) -> None:
        store = S3Store(url)
        if re.search(r"[*$]", store.prefix):
            raise ConfigError(
                f"the prefix {store.prefix!r} would mean something else in a policy",
                remedy="Choose one without '*' and '$'.",
            )
        self._bucket = f"arn:aws:s3:::{store.bucket}"
        self._stem = f"{store.prefix}/" if store.prefix else ""

    def allow_reading(self) -> list[dict[str, Any]]:
        # Not bound to the prefix: who may not list is told of an absent key that it is forbidden,
        # and a run asks for many that are absent. So names, not contents, show beyond the prefix.
        return [
            _statement("List", "Allow", ["s3:ListBucket"], self._bucket),
            _statement("Read", "Allow", ["s3:GetObject"], self._keys("*")),
        ]

    def allow_writing(self, keys: tuple[str, ...]) -> dict[str, Any]:
        actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
        return _statement("Put", "Allow", actions, [self._keys(key) for key in keys])

    def deny_replacing(self) -> dict[str, Any]:
        """Deny overwriting. The parts of a large object are exempt, but not its completion."""
        unconditional = {
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        }
        statement = _statement("NeverReplace", "Deny", ["s3:PutObject"], self._keys("*"))
        return statement | {"Condition": unconditional}

    def deny_deleting(self) -> dict[str, Any]:
        return _statement("NeverDelete", "Deny", _DELETE_ACTIONS, self._keys("*"))

    def allow_collecting(self) -> list[dict[str, Any]]:
        """Allow garbage collection, but not of journals or of the bucket's earlier versions."""
        history = [self._keys(key) for key in ("assay.json", "journals/*", "people/*")]
        deleted = [self._keys(key) for key in _DELETABLE_KEYS]
        return [
            _statement("Delete", "Allow", ["s3:DeleteObject"], deleted),
            _statement("Unfinished", "Allow", ["s3:ListBucketMultipartUploads"], self._bucket),
            _statement("NeverDeleteHistory", "Deny", _DELETE_ACTIONS, history),
            _statement("NeverDeleteVersions", "Deny", _DELETE_ACTIONS[1:], self._keys("*")),
        ]

    def _keys(self, pattern: str) -> str:
        return f"{self._bucket}/{self._stem}{pattern}"


_DELETE_ACTIONS = ["s3:DeleteObject", "s3:DeleteObjectVersion"]


def _statement(
    sid: str, effect: Literal["Allow", "Deny"], actions: list[str], resource: str | list[str]
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resource}
