"""A store in an S3 bucket, by way of s3fs: atomic by `If-None-Match: *`.

Endpoint, region and credentials come from where every AWS tool finds them: `AWS_ENDPOINT_URL`,
`AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, `~/.aws/config`, a role of the machine. None is kept here.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from assay.errors import AssayError, ConfigError, KeyAbsent
from assay.store.base import StoreEntry, check_key
from assay.store.s3_errors import (
    is_incomplete_response,
    precondition_failed,
    status_and_code,
    translate_s3_error,
)
from assay.util.proxies import bypass_proxies_on_loopback

_PART = 8 << 20  # bytes; from twice as many on, content travels in parts of this size
_MOST_PARTS = 10_000  # S3's limit for one object
_PARTS_AT_ONCE = 4  # times _PART is the memory that one large upload takes
_CONNECTIONS = 32  # twice the threads of `assay.bucket.objects`; botocore's own default is 10
_LONGEST_PREFIX = 120  # bytes: S3 keys end at 1024, ours at 900
_ATTEMPTS = 4
_PAUSES = (0.05, 0.2, 0.8)  # seconds before trying again after 409 or a broken body
_AUTHOR = "assay-put"
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")  # what botocore lets pass; no access points


@dataclass(frozen=True, slots=True)
class S3Server:
    """Who answers at the endpoint, as it says itself; `clock` is its time in UTC."""

    endpoint: str
    software: str
    clock: datetime | None


class S3Store:
    """Keys below `s3://bucket/prefix`. One instance serves many threads, and its copies many
    processes: a forked or unpickled one connects anew."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError for a URL of another form. Does not connect yet."""
        self.bucket, self.prefix = _split_url(url)
        self.root = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        self._stem = f"{self.prefix}/" if self.prefix else ""
        self._connected: tuple[int, Any] | None = None

    def __reduce__(self) -> tuple[type[S3Store], tuple[str]]:
        return S3Store, (self.root,)

    def get(self, key: str) -> bytes:
        from fsspec.asyn import sync

        check_key(key)
        with self._translating_client(key) as s3:
            for pause in _PAUSES:
                try:
                    return cast(bytes, sync(s3.loop, _read_object, s3, self._request_address(key)))
                except _client_errors() as error:
                    if not is_incomplete_response(error):
                        raise
                    time.sleep(pause)
            return cast(bytes, sync(s3.loop, _read_object, s3, self._request_address(key)))

    def open(self, key: str) -> BinaryIO:
        check_key(key)
        with self._translating_client(key) as s3:
            # Reads ahead one part at a time; asks for the size first, which `get` need not.
            file = s3.open(self._path(key), "rb", block_size=_PART, cache_type="readahead")
            return cast(BinaryIO, file)

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        check_key(key)
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        large = size >= 2 * _PART
        if isinstance(content, Path) and not large:
            content = content.read_bytes()
        with self._translating_client(key) as s3:
            # Looking first spares sending gigabytes that are there already. It also keeps the
            # promise on servers that ignore the condition when parts are completed (Ceph 16):
            # only a true race can write twice there. What is large is an object, named by its
            # content, so the racers' bytes are equal; journal and memo entries are small and
            # always travel in one conditional request.
            if large and self._author(s3, key) is not None:
                return False
            return self._create(s3, key, content, size)

    def list(self, prefix: str = "") -> Iterator[StoreEntry]:
        asked = {"Bucket": self.bucket, "Prefix": self._stem + prefix}
        while True:
            with self._translating_client(prefix) as s3:
                page = s3.call_s3("list_objects_v2", **asked)
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self._stem)
                if key and not key.endswith("/"):  # web consoles make such to show folders
                    yield StoreEntry(key, found["Size"], found["LastModified"].astimezone(UTC))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, key: str) -> None:
        check_key(key)
        try:
            with self._translating_client(key) as s3:
                s3.call_s3("delete_object", **self._request_address(key))
        except KeyAbsent:
            pass  # S3 says 204; some servers say 404

    def url(self, key: str) -> str:
        return f"{self.root}/{check_key(key)}"

    def describe_server(self) -> S3Server:
        """Ask the server who it is and what time it has. Raises what any other verb would."""
        with self._translating_client("") as s3:
            asked = {"Bucket": self.bucket, "Prefix": self._stem, "MaxKeys": 1}
            reply = s3.call_s3("list_objects_v2", **asked)
            headers = reply["ResponseMetadata"]["HTTPHeaders"]
            date = headers.get("date")
            return S3Server(
                endpoint=s3.s3.meta.endpoint_url,
                software=headers.get("server", "unnamed"),
                clock=parsedate_to_datetime(date).astimezone(UTC) if date else None,
            )

    def keeps_parts_conditional(self, key: str) -> bool:
        """Whether the server honours the condition when parts are completed over `key`.

        `key` must exist. A server that does not will have overwritten it: for probes alone.
        """
        place = self._request_address(check_key(key))
        with self._translating_client(key) as s3:
            upload = {
                **place,
                "UploadId": s3.call_s3("create_multipart_upload", **place)["UploadId"],
            }
            part = s3.call_s3("upload_part", **upload, PartNumber=1, Body=b"probe")
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            try:
                s3.call_s3(
                    "complete_multipart_upload", **upload, MultipartUpload=parts, IfNoneMatch="*"
                )
            except OSError as error:
                if not precondition_failed(error):
                    raise
                s3.call_s3("abort_multipart_upload", **upload)
                return True
            return False

    def tidy(self, before: datetime) -> int:
        """Abort uploads in parts that writers who died left open. See `Littered`."""
        asked = {"Bucket": self.bucket, "Prefix": self._stem}
        ended = 0
        while True:
            with self._translating_client("") as s3:
                page = s3.call_s3("list_multipart_uploads", **asked)
                for found in page.get("Uploads", ()):
                    if found["Initiated"].astimezone(UTC) < before:
                        upload = {"Key": found["Key"], "UploadId": found["UploadId"]}
                        s3.call_s3("abort_multipart_upload", Bucket=self.bucket, **upload)
                        ended += 1
            if not page.get("IsTruncated"):
                return ended
            asked["KeyMarker"] = page["NextKeyMarker"]
            asked["UploadIdMarker"] = page["NextUploadIdMarker"]

    def _create(self, s3: Any, key: str, content: bytes | Path, size: int) -> bool:
        author = uuid.uuid4().hex
        for pause in (*_PAUSES, None):
            try:
                self._send(s3, key, content, size, author)
            except OSError as error:
                status, code = status_and_code(error)
                if status == 409 and pause is not None:
                    time.sleep(pause)  # two writers met in the middle; S3 asks to try again
                elif precondition_failed(error) or code == "NoSuchUpload":
                    # Perhaps lost to itself: a request carried out whose answer went astray is
                    # sent again by botocore, by aiohttp (which tells nobody) or by a proxy. The
                    # mark tells who won, where equal bytes would not.
                    return self._author(s3, key) == author
                else:
                    raise
            else:
                return True
        raise AssertionError("the last try returns or raises")

    def _send(self, s3: Any, key: str, content: bytes | Path, size: int, author: str) -> None:
        marked = {"Metadata": {_AUTHOR: author}}
        if size < 2 * _PART:
            # Not by `open(..., "xb")`: s3fs creates empty files without the condition.
            s3.call_s3(
                "put_object", **self._request_address(key), Body=content, IfNoneMatch="*", **marked
            )
            return
        in_parts: dict[str, Any] = {
            "mode": "create",
            "chunksize": max(_PART, -(-size // _MOST_PARTS)),
            "max_concurrency": _PARTS_AT_ONCE,
            **marked,
        }
        if isinstance(content, Path):
            s3.put_file(str(content), self._path(key), **in_parts)
        else:
            s3.pipe_file(self._path(key), content, **in_parts)

    def _author(self, s3: Any, key: str) -> str | None:
        """The mark of the call that created `key`, "" for one without, None if it is absent."""
        try:
            found = s3.call_s3("head_object", **self._request_address(key))
        except FileNotFoundError:
            return None
        return cast(str, found.get("Metadata", {}).get(_AUTHOR, ""))

    def _request_address(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._stem + key}

    def _path(self, key: str) -> str:
        return f"{self.bucket}/{self._stem}{key}"

    def _client(self) -> Any:
        # The event loop behind a client does not survive a fork. Two threads that meet here
        # make two clients, of which one is dropped: harmless, and no lock to inherit locked.
        held = self._connected
        if held is None or held[0] != os.getpid():
            self._connected = held = (os.getpid(), _make_client())
        return held[1]

    @contextmanager
    def _translating_client(self, key: str) -> Iterator[Any]:
        """Hand out the client; turn what it raises into Assay's errors."""
        try:
            s3 = self._client()
            s3.connect()
        except _client_errors() as error:
            raise translate_s3_error(
                error, bucket=self.bucket, key=key, location=self.root
            ) from error
        try:
            yield s3
        except AssayError:
            raise
        except _client_errors() as error:
            where = f"{self.root} at {s3.s3.meta.endpoint_url}"
            raise translate_s3_error(error, bucket=self.bucket, key=key, location=where) from error


async def _read_object(s3: Any, place: dict[str, str]) -> bytes:
    # `cat_file` would do, were it not for the HEAD that it sends first.
    reply = await s3._call_s3("get_object", **place)
    async with reply["Body"] as body:
        return cast(bytes, await body.read())


@cache
def _client_errors() -> tuple[type[BaseException], ...]:
    """What a call through s3fs may raise. Imported late: reading a local bucket needs none."""
    from botocore.exceptions import BotoCoreError
    from s3fs.core import S3_RETRYABLE_ERRORS

    # ValueError: botocore raises it bare for an endpoint that is no URL.
    return (OSError, ValueError, BotoCoreError, *S3_RETRYABLE_ERRORS)


def _make_client() -> Any:
    from s3fs import S3FileSystem

    bypass_proxies_on_loopback()  # a server beside us, whatever process opens the store
    s3 = S3FileSystem(
        skip_instance_cache=True,  # ours alone: what is set below must not reach others
        use_listings_cache=False,  # its listings go stale and never expire
        local_expiry_check=True,  # else reads send a quoted If-Match, which Ceph 16 refuses
        config_kwargs={
            "max_pool_connections": _CONNECTIONS,
            "connect_timeout": 5,
            "read_timeout": 60,
            # botocore knows better than s3fs (below: none) what is worth trying again.
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
            # Every read is verified by SHA-256 here, and every write by the server through its
            # signature or by TLS; trailing checksums break servers older than they are.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    )
    s3.retries = 1
    return s3


def _split_url(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
        # The URL is not repeated here: it may hold a secret, and must not.
        raise ConfigError(
            "the bucket's URL is not of the form s3://bucket/prefix",
            remedy="Name the bucket and, if you like, a prefix; put the server's address into "
            "AWS_ENDPOINT_URL and the credentials where AWS tools look for them.",
        )
    try:
        if parts.query or parts.fragment or len(prefix.encode()) > _LONGEST_PREFIX:
            raise ValueError(prefix)
        if prefix:
            check_key(prefix)
    except ValueError as error:
        raise ConfigError(
            f"{parts.path!r} cannot be the prefix of a bucket",
            remedy=f"Use at most {_LONGEST_PREFIX} bytes, without '?', '#', '//', '.' and '..'.",
        ) from error
    return parts.netloc, prefix
