"""The password of a set-up's server: made at each start, kept in the state folder.

Whoever reads the file is the user; everybody else on the machine, and every web page, is asked for
it. It is new at each start, because a browser keeps it under an address that, once the server is
down, another program may listen on.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

SERVER_AUTH = "PREFECT_SERVER_API_AUTH_STRING"  # what the server demands, as user:password
CLIENT_AUTH = "PREFECT_API_AUTH_STRING"  # what a client shows
_USER = "assay:"
_PASSWORD_FILE = "password"
_PROFILE_FILE = Path("prefect/profiles.toml")


def generate_password() -> str:
    """A new password, as user:password."""
    return _USER + secrets.token_urlsafe(32)


def create_password(folder: Path, api_url: str) -> None:
    """Make the password of a start, and a profile for Prefect's own commands.

    A password that the user has set stands, and is not written down.
    """
    profile = {"PREFECT_API_URL": api_url}
    if os.environ.get(SERVER_AUTH):
        (folder / _PASSWORD_FILE).unlink(missing_ok=True)
    else:
        profile[CLIENT_AUTH] = generate_password()
        write_private_file(folder / _PASSWORD_FILE, profile[CLIENT_AUTH].removeprefix(_USER))
    lines = ['active = "assay"', "[profiles.assay]", *(f'{k} = "{v}"' for k, v in profile.items())]
    write_private_file(folder / _PROFILE_FILE, "\n".join(lines) + "\n")


def auth_variables(password: str) -> dict[str, str]:
    """The variables by which server and clients know the password, given as user:password."""
    return {SERVER_AUTH: password, CLIENT_AUTH: password} if password else {}


def read_password(folder: Path) -> str:
    """The server's password as user:password, of the state folder or environment; "" if none."""
    with suppress(OSError):
        return _USER + (folder / _PASSWORD_FILE).read_text(encoding="utf-8")
    return os.environ.get(SERVER_AUTH) or os.environ.get(CLIENT_AUTH, "")


def write_private_file(path: Path, text: str) -> None:
    """Write a file that only the user may read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    private = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(private, "w", encoding="utf-8") as out:
        out.write(text)
    new.replace(path)
