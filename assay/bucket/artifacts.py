"""Typed references to objects, and the bytes behind them. Steps pass these to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from assay.bucket.digest import Digest

_VENDOR: Final = "application/vnd.assay"

USE_CASE: Final = f"{_VENDOR}.use-case.v1+json"
TABLE: Final = f"{_VENDOR}.table.v1+json"
PROFILE: Final = f"{_VENDOR}.profile.v2+json"
REPORT: Final = f"{_VENDOR}.report.v1+json"
MODEL: Final = f"{_VENDOR}.model.v1+joblib"
RECORD: Final = f"{_VENDOR}.run.v1+json"
ENVIRONMENT: Final = f"{_VENDOR}.environment.v1+json"
JSON: Final = "application/json"
DIFF: Final = "text/x-diff"
HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
ATTESTATION: Final = "application/vnd.in-toto+dsse"
CROISSANT: Final = "application/ld+json"
PARQUET: Final = "application/vnd.apache.parquet"


class Artifact(BaseModel):
    """A typed reference to an object: the fields of an OCI content descriptor.

    `size` is in bytes. `name` is for people and takes no part in identity.
    Source: OCI Image Specification, "Content Descriptors".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_type: str
    digest: Digest
    size: int
    name: str

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def find_descriptors(value: Any) -> Iterator[dict[str, Any]]:
    """Every descriptor within `value`: a JSON object with `media_type` and `digest`.

    A digest alone refers to nothing in the bucket: a source's own, for one.
    """
    if isinstance(value, dict):
        if "media_type" in value and descriptor_digest(value):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from find_descriptors(item)


def descriptor_digest(value: dict[str, Any]) -> Digest | None:
    """The digest that a JSON object names; None if it names none."""
    try:
        return Digest.parse(value["digest"])
    except (KeyError, ValueError, AttributeError):
        return None
