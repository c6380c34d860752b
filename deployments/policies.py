"""Who may do what with the bucket's keys, as IAM policies: `deployments/policies/<role>.json`.

They bound what a stolen or careless key can do, and no more. A journal is a folder to which people
append, and to the bucket one entry is like another: whoever may append may write the words of a
promotion. That a scientist may not promote is kept by `assay.registry.authority`, for everyone only where the
people's file says `signatures: required`: then an entry counts only if whoever signed it may do
what it says.
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
    "engineer": _RUN_KEYS,
    # What moves into the trash or aside, and what comes back from there.
    "collector": ("objects/*", "checkpoints/*", "trash/*", "quarantine/*", "clock/*", "doctor/*"),
}
_DELETABLE_KEYS = ("objects/*", "checkpoints/*", "memo/*", "trash/*", "clock/*", "doctor/*")


def iam_policy(keyholder: Keyholder, url: str) -> dict[str, Any]:
    """The policy of whoever holds this key, for the bucket at `url`.

    Source: AWS, "Actions, resources, and condition keys for Amazon S3", and "Enforce conditional
    writes on Amazon S3 buckets". Raises ConfigError for a URL that is no bucket on S3.
    """
    place = _BucketStatements(url)
    puts = [place.allow_writing(_WRITABLE_KEYS[keyholder])] if _WRITABLE_KEYS[keyholder] else []
    collects = place.allow_collecting() if keyholder == "collector" else [place.deny_deleting()]
    statements = [*place.allow_reading(), *puts, place.deny_replacing(), *collects]
    return {"Version": "2012-10-17", "Statement": statements}


def render_policy(keyholder: Keyholder, url: str = EXAMPLE_URL) -> str:
    """The policy as a file. Raises ConfigError."""
    return json.dumps(iam_policy(keyholder, url), indent=2) + "\n"


def write_policies(url: str, folder: Path) -> list[str]:
    """Write the policies of a bucket into a folder; returns whose they are, in words.

    Raises ConfigError.
    """
    made = {who: render_policy(who, url) for who in KEYHOLDERS}
    people = People.load_configured()
    folder.mkdir(parents=True, exist_ok=True)
    for who, written in made.items():
        (folder / f"{who}.json").write_text(written)
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
    """A bucket on S3, and statements about it."""

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
        """Parts of a large object are exempt: the condition stands on their completion."""
        unconditional = {
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        }
        statement = _statement("NeverReplace", "Deny", ["s3:PutObject"], self._keys("*"))
        return statement | {"Condition": unconditional}

    def deny_deleting(self) -> dict[str, Any]:
        return _statement("NeverDelete", "Deny", _DELETE_ACTIONS, self._keys("*"))

    def allow_collecting(self) -> list[dict[str, Any]]:
        """History is not collected, nor are the earlier versions that a bucket may keep."""
        history = [self._keys("assay.json"), self._keys("journals/*")]
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
