"""Requests to this machine never go through a proxy."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def proxy_bypass(environment: Mapping[str, str], hosts: Iterable[str] = ()) -> dict[str, str]:
    """NO_PROXY and no_proxy with loopback and `hosts` added to what the environment lists.

    Through a proxy a request would show it the server's password. Both spellings, because the
    lower one wins where it is set. Addresses are plain: httpx reads neither brackets nor networks.
    """
    listed = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    names = [name for part in listed.split(",") if (name := part.strip())]
    if "*" not in names:
        names = list(dict.fromkeys((*names, *_LOOPBACK, *hosts)))
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(names))


def bypass_proxies_on_loopback() -> None:
    """Tell every client of this process, and of those it starts, to reach this machine itself."""
    os.environ.update(proxy_bypass(os.environ))
