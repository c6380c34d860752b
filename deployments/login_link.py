"""A link that hands a browser the server's password, once, within ten minutes.

The code stands behind the # of the address, which browsers send to nobody. A page takes it out of
the address and posts it; whoever removes the code's file has the password. There is no cookie:
cookies do not know ports, so another user's server on this machine would be sent it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from pathlib import Path

from assay.deployments.server_password import read_password, write_private_file

LOGIN_PATH = "/assay-login"
MAX_CODE_BYTES = 100
INVALID_LINK = b"This link was used, or is too old. `assay up` prints another."
LOGIN_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_FOLDER = "logins"
_VALID_SECONDS = 600.0

_PAGE = """\
<!doctype html><meta charset="utf-8"><title>Assay</title><body>Logging in ...<script>
const code = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
fetch(location.pathname, {method: "POST", body: code}).then(async answer => {
  if (!answer.ok) throw new Error(await answer.text());
  const {password, next} = await answer.json();
  KEEP
  location.replace(next);
}).catch(error => { document.body.textContent = error.message; });
</script>
"""
# Prefect's pages keep it so. The reports ask by HTTP's own way, and a request that names user and
# password teaches the browser both.
_KEEP_FOR_DASHBOARD = 'localStorage.setItem("prefect-password", btoa(password));'
_KEEP_FOR_REPORTS = """await new Promise(done => {
    const [user, ...rest] = password.split(":"), request = new XMLHttpRequest();
    request.open("GET", "/", true, user, rest.join(":"));
    request.onloadend = done;
    request.send();
  });"""
DASHBOARD_LOGIN_PAGE = _PAGE.replace("KEEP", _KEEP_FOR_DASHBOARD).encode()
REPORTS_LOGIN_PAGE = _PAGE.replace("KEEP", _KEEP_FOR_REPORTS).encode()


def create_login_link(folder: Path, address: str) -> str:
    """A link to the server at `address`, for the set-up with this state folder."""
    code = secrets.token_urlsafe(32)
    write_private_file(_code_file(folder, code), "")
    return f"{address}{LOGIN_PATH}#{code}"


def redeem_login_code(folder: Path, code: bytes) -> str | None:
    """The password, as user:password, for a code that is valid and was never redeemed."""
    file = _code_file(folder, code.decode(errors="replace"))
    try:
        age = time.time() - file.stat().st_mtime
        file.unlink()
    except OSError:
        return None
    return read_password(folder) if age <= _VALID_SECONDS else None


def encode_login(password: str, next_address: str) -> bytes:
    """What the page that posted the code is answered: the password, and where to go."""
    return json.dumps({"password": password, "next": next_address}).encode()


def withdraw_login_links(folder: Path) -> None:
    """Make all links invalid that nobody used."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _code_file(folder: Path, code: str) -> Path:
    return folder / _FOLDER / hashlib.sha256(code.encode()).hexdigest()
