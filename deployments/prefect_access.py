"""What a flow needs of Prefect before it can run: a home folder, and a server that answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from assay.errors import AssayError
from assay.util.home_folder import expand_home
from assay.util.url_secrets import redact_url

_HOME_VARIABLE = "PREFECT_HOME"
_HOME_REMEDY = f"Set {_HOME_VARIABLE} to a folder that you may write to."
_URL_VARIABLE = "PREFECT_API_URL"
_REFUSED = (401, 403)


class PrefectUnusable(AssayError):
    """Prefect cannot work here: it has no folder for its files, or no server."""


def check_home_known() -> None:
    """Check that Prefect will know its home folder, which it asks for at its import.

    Raises ConfigError.
    """
    if not os.environ.get(_HOME_VARIABLE):
        expand_home("~/.prefect", _HOME_REMEDY)


def check_prefect() -> None:
    """Check the server in Prefect's settings; without one, the folder of a temporary server.

    Raises PrefectUnusable.
    """
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url:
        _check_server(settings.api.url)
    else:
        _check_home(settings.home)


@contextmanager
def explain_server_errors() -> Iterator[None]:
    """Turn what Prefect's client raises about its server into PrefectUnusable."""
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        yield
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise _server_problem(_server_url(), error) from error


def _check_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home) as probe:
            probe.write(b"x")
    except OSError as error:
        raise PrefectUnusable(
            f"Prefect cannot keep its files here: {error.strerror}",
            where=str(home),
            remedy=_HOME_REMEDY,
        ) from None


def _check_server(url: str) -> None:
    """Ask the server for its version, which only Prefect's API answers as text in JSON."""
    import httpx
    from prefect.client.base import ServerType
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            if client.server_type == ServerType.CLOUD:  # which has no such page
                return
            version = client.api_version()
    except (httpx.HTTPError, httpx.InvalidURL, PrefectHTTPStatusError, ValueError) as error:
        raise _server_problem(url, error) from None
    if not isinstance(version, str):
        raise _server_problem(url, ValueError())


def _server_problem(url: str, error: Exception) -> PrefectUnusable:
    status = getattr(getattr(error, "response", None), "status_code", None)
    where = f"{_URL_VARIABLE}={redact_url(url)}"
    if status in _REFUSED:
        return PrefectUnusable(
            f"Prefect's server refuses us (status {status})",
            where=where,
            remedy="Set PREFECT_API_AUTH_STRING to user:password, or PREFECT_API_KEY to a key.",
        )
    if status is not None or isinstance(error, ValueError):
        seen = f"status {status}" if status is not None else "no JSON"
        return PrefectUnusable(
            f"what answers is no Prefect server, or it is broken ({seen})",
            where=where,
            remedy=f"Set {_URL_VARIABLE} to the API of a server, such as "
            "http://127.0.0.1:4200/api; without it the command starts one of its own.",
        )
    return PrefectUnusable(
        f"Prefect's server does not answer ({error or type(error).__name__})",
        where=where,
        remedy=f"Start it, or take {_URL_VARIABLE} away: the command then starts one of its own.",
    )


def _server_url() -> str:
    from prefect.settings import get_current_settings

    return get_current_settings().api.url or ""
