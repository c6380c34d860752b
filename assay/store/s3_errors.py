"""What s3fs, botocore and the server behind them raise, in Assay's words."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from assay.errors import (
    AssayError,
    ConfigError,
    KeyAbsent,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreUnreachable,
    StoreUnsafe,
)

# Code of the server -> what to do. Source: "Error responses", Amazon S3 API Reference.
_CREDENTIALS: Final = {
    "InvalidAccessKeyId": "The server does not know this access key. Check AWS_ACCESS_KEY_ID, or "
    "the profile in AWS_PROFILE, and that AWS_ENDPOINT_URL names the server they belong to.",
    "SignatureDoesNotMatch": "The secret does not belong to this access key. Check "
    "AWS_SECRET_ACCESS_KEY, or the profile in AWS_PROFILE.",
    "ExpiredToken": "These temporary credentials have expired. Sign in again.",
    "InvalidToken": "The session token is not valid. Sign in again, or unset AWS_SESSION_TOKEN.",
    "RequestTimeTooSkewed": "This machine's clock differs too much from the server's. Set it.",
}
_NO_CREDENTIALS: Final = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to one of the profiles in "
    "~/.aws/config, or sign in with your single sign-on."
)
_DENIED: Final = (
    "The credentials are known but may not do this. Reading takes s3:GetObject and s3:ListBucket, "
    "runs also s3:PutObject, and garbage collection alone s3:DeleteObject. Ask for what your role "
    "may, or use others (AWS_PROFILE)."
)
_MAKE_SPACE: Final = (
    "Free some space, raise the quota or choose another bucket with --store, then run again; "
    "finished steps are kept."
)
_OTHER_SERVER: Final = (
    "Use a server with conditional writes (If-None-Match), such as AWS S3, Ceph or MinIO; "
    "`assay doctor` tells what is missing."
)
_FULL: Final = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"}


def is_incomplete_response(error: BaseException) -> bool:
    """Whether an answer began and did not end; botocore retries only what never began."""
    from aiohttp import ClientPayloadError
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    return isinstance(
        error, ClientPayloadError | IncompleteReadError | ReadTimeoutError | ResponseStreamingError
    )


def status_and_code(error: BaseException) -> tuple[int, str]:
    """HTTP status and S3 error code behind an error; (0, "") if no server answered."""
    held: dict[str, Any] = getattr(error.__cause__ or error, "response", None) or {}
    status = held.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status), str(held.get("Error", {}).get("Code", ""))


def precondition_failed(error: BaseException) -> bool:
    """Whether the server says that the condition `If-None-Match: *` did not hold.

    s3fs raises FileExistsError only where the body names the condition; Ceph's does not, and
    arrives as OSError(EINVAL). The status behind both is 412.
    """
    return status_and_code(error)[0] == 412


def translate_s3_error(
    error: BaseException, *, bucket: str, key: str, location: str
) -> BaseException:
    """The error to raise instead of `error`."""
    if isinstance(error, AssayError):
        return error
    status, code = status_and_code(error)
    if code == "NoSuchBucket":
        return StoreError(
            f"there is no bucket {bucket!r}",
            where=location,
            remedy=f"Create it (`aws s3 mb s3://{bucket}`), or check its name and the endpoint.",
        )
    if status == 404 or (isinstance(error, FileNotFoundError) and error.filename is None):
        return KeyAbsent(f"no key {key!r}", where=location)
    if status:
        return _server_error(status, code, str(error), location)
    if isinstance(error, OSError) and error.filename is not None:
        return error  # the file to be stored, not the store
    return _client_error(error, location)


def _server_error(status: int, code: str, message: str, location: str) -> StoreError:
    told = f"the server says {status} {code}".rstrip() + f" ({message})"
    if code in _FULL or status == 507:
        return StoreFull(
            f"no space left for the bucket: {told}", where=location, remedy=_MAKE_SPACE
        )
    if status in {401, 403} or code in _CREDENTIALS:
        remedy = _CREDENTIALS.get(code, _DENIED)
        return StoreDenied(f"the bucket refuses this: {told}", where=location, remedy=remedy)
    if status == 501:
        return StoreUnsafe(
            f"the server lacks what Assay needs: {told}", where=location, remedy=_OTHER_SERVER
        )
    if status >= 500 or code in {"SlowDown", "RequestTimeout"}:
        return StoreUnreachable(
            f"the server failed, several times over: {told}",
            where=location,
            remedy="Wait a little and run again; finished steps are kept.",
        )
    return StoreError(f"the server refuses this: {told}", where=location)


def _client_error(error: BaseException, location: str) -> AssayError:
    said = str(error) or type(error).__name__
    if isinstance(error, _credential_errors()):
        return StoreDenied(f"no credentials: {said}", where=location, remedy=_NO_CREDENTIALS)
    if isinstance(error, _setting_errors()):
        return ConfigError(
            f"the bucket's settings cannot be used: {said}",
            where=location,
            remedy="Check the bucket's name, AWS_ENDPOINT_URL, AWS_REGION and ~/.aws/config.",
        )
    return StoreUnreachable(
        f"no answer: {said}",
        where=location,
        remedy="Check AWS_ENDPOINT_URL, that the server runs, and the network between.",
    )


@cache
def _credential_errors() -> tuple[type[BaseException], ...]:
    from botocore import exceptions as b

    return (
        b.NoCredentialsError,
        b.PartialCredentialsError,
        b.CredentialRetrievalError,
        b.NoAuthTokenError,
        b.TokenRetrievalError,
        b.UnauthorizedSSOTokenError,
        b.SSOError,
        b.ProfileNotFound,
    )


@cache
def _setting_errors() -> tuple[type[BaseException], ...]:
    from botocore import exceptions as b

    # ValueError: bare, for an endpoint that is no URL.
    return (b.ParamValidationError, b.InvalidConfigError, b.ConfigParseError, ValueError)
