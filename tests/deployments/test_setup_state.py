"""The state of a set-up: who is its own, and nobody else is ended."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from assay.deployments import setup_state
from assay.deployments.setup_state import Process, SetupState
from assay.errors import ConfigError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-uc",
    "from signal import *; from time import sleep; signal(15, SIG_IGN); print('ready'); sleep(60)",
]


@pytest.fixture
def child():
    started = subprocess.Popen(SLEEP, start_new_session=True)
    yield started
    started.kill()
    started.wait()


def made(**more):
    given = {"pool": "p", "host": "127.0.0.1", "port": 1, "store": "/b", "database": ""}
    return SetupState(**{**given, "root": "/r", **more})


def test_a_process_is_known_by_its_number_and_its_start(child):
    process = Process.from_pid(child.pid)
    assert process.is_alive
    assert not replace(process, started="another time").is_alive


def test_a_process_that_ended_is_gone_even_before_somebody_asked_how(child):
    process = Process.from_pid(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_alive
    assert Process.from_pid(child.pid) is None


def test_another_process_with_the_same_number_is_not_ended(child):
    replace(Process.from_pid(child.pid), started="another time").stop(0.1)
    assert child.poll() is None


def test_what_is_asked_to_end_ends(child):
    Process.from_pid(child.pid).stop(10)
    assert child.wait(1) == -15


def test_what_does_not_listen_is_ended_all_the_same():
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, start_new_session=True) as child:
        child.stdout.readline()
        Process.from_pid(child.pid).stop(0.2)
        assert child.wait(5) == -9


def test_what_is_written_is_read(tmp_path):
    one = made(processes={"server": Process(1, "now")})
    one.write(tmp_path / "new")
    assert SetupState.read(tmp_path / "new") == one
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["running.json"]
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"processes": {"server": {}}}'])
def test_a_state_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "running.json").write_text(text)
    assert SetupState.read(tmp_path) is None
    assert SetupState.read(tmp_path / "absent") is None


def test_the_state_lies_with_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv("ASSAY_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert setup_state.state_folder("p") == tmp_path / "assay" / "p"
    monkeypatch.setenv("ASSAY_STATE", str(tmp_path / "here"))
    assert setup_state.state_folder("p") == tmp_path / "here"


def test_a_server_that_does_not_answer_is_no_server(tmp_path, monkeypatch, child):
    monkeypatch.setenv("ASSAY_STATE", str(tmp_path))
    assert setup_state.find_running_setup("b") is None
    made(processes={"server": Process.from_pid(child.pid)}).write(tmp_path)
    assert setup_state.find_running_setup("b") is None


def test_a_server_that_takes_its_time_on_a_busy_machine_is_waited_for(tmp_path, monkeypatch, child):
    class Slow(BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(1.5)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    monkeypatch.setenv("ASSAY_STATE", str(tmp_path))
    with HTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        process = {"server": Process.from_pid(child.pid)}
        bucket = str(tmp_path / "b")
        state = made(store=bucket, port=server.server_port, processes=process)
        state.write(tmp_path)
        assert setup_state.find_running_setup(bucket) == state
        server.shutdown()


def test_a_command_joins_the_server_of_its_bucket_alone(tmp_path, monkeypatch, child):
    monkeypatch.setenv("ASSAY_STATE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SetupState, "server_answers", lambda self, patience: True)
    process = {"server": Process.from_pid(child.pid)}
    state = made(store=str(tmp_path / "b"), processes=process)
    state.write(tmp_path)
    for store in ("b", "./b", f"file://{tmp_path}/b"):
        assert setup_state.find_running_setup(store) == state
    for store in ("c", "s3://b"):
        assert setup_state.find_running_setup(store) is None
        assert setup_state.find_running_setup(store, state.api_url) == state
    assert setup_state.find_running_setup("b", "http://127.0.0.1:2/api") is None


def test_everybody_is_reached_where_they_listen():
    assert made(host="0.0.0.0", port=5).dashboard_url == "http://127.0.0.1:5"
    assert made(host="::", port=5).api_url == "http://[::1]:5/api"


def test_a_process_whose_name_is_no_text_is_known(tmp_path):
    odd = tmp_path / os.fsdecode(b"\xff) S 1")
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as child:
        try:
            assert Process.from_pid(child.pid).is_alive
        finally:
            child.kill()


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot keep its state here") as caught:
        setup_state.prepare_state_folder(tmp_path / "file" / "assay")
    assert "ASSAY_STATE" in caught.value.remedy
    setup_state.prepare_state_folder(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert os.listdir(tmp_path / "state") == ["logs"]
