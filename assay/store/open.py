"""Places for bytes. `open_store` picks the backend by URL."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay.errors import ConfigError
from assay.store.base import Store
from assay.util.url_secrets import find_secrets, redact_url

DEFAULT_FOLDER = ".assay"


def default_store_url() -> str:
    """`ASSAY_STORE` if set, else the folder `.assay` here."""
    return os.environ.get("ASSAY_STORE") or DEFAULT_FOLDER


def absolute_store_url(url: str) -> str:
    """The same store, named alike from every folder: one is a folder's absolute path, or a URL."""
    scheme = url.partition("://")[0] if "://" in url else "file"
    if scheme != "file":
        return url.rstrip("/")
    return str((_folder_from_url(url) if "://" in url else Path(url)).absolute())


def _folder_from_url(url: str) -> Path:
    """The folder of a file:// URL. Raises ConfigError for one that names a host, or nothing."""
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment or not parts.path:
        raise ConfigError(
            f"{url!r} names no folder of this machine",
            remedy="Write the folder alone, or file:// before its absolute path.",
        )
    return Path(unquote(parts.path))


def open_store(url: str) -> Store:
    """Open the store at a path, `file://`, `s3://bucket/prefix` or `memory://name`.

    Raises ConfigError for any other scheme. Touches no storage by itself.
    """
    if "://" in url and find_secrets(url):
        raise ConfigError(
            "the bucket's URL holds a password",
            where=redact_url(url),
            remedy="Put credentials where AWS tools look for them, such as ~/.aws/credentials.",
        )
    scheme = url.partition("://")[0] if "://" in url else "file"
    if scheme == "file":
        from assay.store.local import LocalStore

        return LocalStore(_folder_from_url(url) if "://" in url else Path(url))
    if scheme == "s3":
        from assay.store.s3 import S3Store

        return S3Store(url)
    if scheme == "memory":
        from assay.store.memory import MemoryStore

        return MemoryStore.get_shared(url.partition("://")[2])
    raise ConfigError(
        f"a bucket cannot live at {url!r}",
        remedy="Use a folder, a file:// URL, s3://bucket/prefix or memory://name.",
    )
