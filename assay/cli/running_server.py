"""The server that a command speaks to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.deployments.setup_state import SetupState


def use_running_server(store: str) -> SetupState | None:
    """Use a running server: that of PREFECT_API_URL, else the one that `assay up` started for this
    bucket. Return the set-up behind it, if this user started it.
    """
    from assay.deployments.server_password import CLIENT_AUTH, read_password
    from assay.deployments.setup_state import find_running_setup, state_folder

    found = find_running_setup(store, os.environ.get("PREFECT_API_URL"))
    if found is None:
        return None
    os.environ["PREFECT_API_URL"] = found.api_url
    if password := read_password(state_folder(found.pool)):
        os.environ[CLIENT_AUTH] = password
    return found
