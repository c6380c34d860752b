"""Starting a set-up, up to where processes begin."""

from assay.config.operations import Operations
from assay.deployments import up
from assay.deployments.server import ServerSetup
from assay.deployments.supervisor import STARTED_LINE


def test_what_failed_the_last_time_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(up.subprocess, "Popen", lambda *_, **__: None)
    monkeypatch.setattr(up.os, "environ", {})
    server = ServerSetup("assay", "127.0.0.1", 4200, ".assay", "", tmp_path, tmp_path / "state")
    log = tmp_path / "state/logs/keeper.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{STARTED_LINE}\nserver ended (3); again in 1 s\n")
    assert up._failed_to_start("server", server)
    up._start_supervisor(server, Operations(), foreground=False)
    assert not up._failed_to_start("server", server)
