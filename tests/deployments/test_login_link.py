"""A link logs a browser in once, soon after it was made, and nobody else."""

import os
import time

import pytest

from assay.deployments.login_link import (
    create_login_link,
    redeem_login_code,
    withdraw_login_links,
)
from assay.deployments.server_password import create_password, read_password


@pytest.fixture
def code(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    create_password(tmp_path, "http://127.0.0.1:4200/api")
    link = create_login_link(tmp_path, "http://127.0.0.1:4200")
    address, code = link.split("#")
    assert address == "http://127.0.0.1:4200/assay-login"
    return code.encode()


def test_it_works_once(tmp_path, code):
    assert redeem_login_code(tmp_path, code) == read_password(tmp_path)
    assert redeem_login_code(tmp_path, code) is None


def test_another_code_has_nothing(tmp_path, code):
    for wrong in (b"", b"../password", code[:-1], b"\xff"):
        assert redeem_login_code(tmp_path, wrong) is None
    assert redeem_login_code(tmp_path, code) is not None


def test_after_ten_minutes_it_is_no_more(tmp_path, code):
    (file,) = (tmp_path / "logins").iterdir()
    then = time.time() - 601
    os.utime(file, (then, then))
    assert redeem_login_code(tmp_path, code) is None


def test_its_file_says_nothing(tmp_path, code):
    (file,) = (tmp_path / "logins").iterdir()
    assert file.read_bytes() == b""
    assert code.decode() not in file.name
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_start_withdraws_it(tmp_path, code):
    withdraw_login_links(tmp_path)
    assert redeem_login_code(tmp_path, code) is None
