"""Loopback is added to what is not proxied, in both spellings."""

import os

import pytest

from assay.util.proxies import bypass_proxies_on_loopback, proxy_bypass

OWN = "127.0.0.1,localhost,::1"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({}, OWN),
        ({"NO_PROXY": "a.example, b.example"}, f"a.example,b.example,{OWN}"),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, f"a.example,{OWN}"),
        ({"no_proxy": "", "NO_PROXY": "b.example"}, OWN),
        ({"NO_PROXY": "*"}, "*"),
        ({"NO_PROXY": "localhost"}, "localhost,127.0.0.1,::1"),
    ],
)
def test_both_spellings_hold_loopback(given, value):
    assert proxy_bypass(given) == {"NO_PROXY": value, "no_proxy": value}


def test_a_servers_own_host_is_added_once():
    assert proxy_bypass({}, ["192.0.2.7"])["no_proxy"] == f"{OWN},192.0.2.7"
    assert proxy_bypass({}, ["localhost"])["no_proxy"] == OWN


def test_a_process_and_those_it_starts_reach_their_own_machine(monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "a.example")
    bypass_proxies_on_loopback()
    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == f"a.example,{OWN}"
