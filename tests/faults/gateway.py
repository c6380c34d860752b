"""The S3 gateway of a Ceph cluster that `.ci/ceph` brought up, killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Gateway:
    """`folder` is the cluster's; `endpoint` the gateway's own."""

    folder: Path
    endpoint: str

    def kill(self) -> None:
        pid = int((self.folder / "client.rgw.pid").read_text())
        assert self._ours(pid)
        os.kill(pid, signal.SIGKILL)
        self._wait(lambda: not self._ours(pid), "ended")

    def start(self) -> None:
        """Until it answers."""
        log = self.folder / "log" / "gateway-again"
        command = ["radosgw", "-c", self._conf, "-n", "client.rgw"]  # becomes a daemon
        with open(log, "ab") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out)
        self._wait(self._answers, "started")

    @property
    def _conf(self) -> str:
        return str(self.folder / "ceph.conf")

    def _ours(self, pid: int) -> bool:
        try:
            return self._conf.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def _answers(self) -> bool:
        at = urlsplit(self.endpoint)
        try:
            socket.create_connection((at.hostname, at.port), timeout=1).close()
        except OSError:
            return False
        return True

    @staticmethod
    def _wait(done, said: str) -> None:
        until = time.monotonic() + 60
        while not done():
            if time.monotonic() > until:
                raise RuntimeError(f"radosgw has not {said} after a minute")
            time.sleep(0.1)
