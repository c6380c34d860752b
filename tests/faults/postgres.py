"""A PostgreSQL cluster of Debian's packages on loopback, with a life of its own: it can be killed,
and started again as a service manager would.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deployments.live import free_port

_PATIENCE = 60.0  # seconds until it answers: after a crash it reads its log first


@dataclass
class Postgres:
    """One cluster in `folder`. It refuses to run as root, so there it runs as Debian's user."""

    folder: Path
    port: int
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/assay"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def make(self) -> None:
        data = ["-D", self.folder / "data"]
        self._run("initdb", *data, "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()
        self._run("createdb", *self._there, "assay")

    def start(self) -> None:
        """Until it answers. Its old children may hold the memory for a moment: then again."""
        words = ["-D", self.folder / "data", "-p", str(self.port), "-k", self.folder]
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if self.process is None or self.process.poll() is not None:
                with open(self.folder / "log", "ab") as log:
                    self.process = subprocess.Popen(
                        [program("postgres"), *words, "-h", "127.0.0.1"],
                        stdout=log,
                        stderr=log,
                        cwd=self.folder,
                        start_new_session=True,
                        **_owner(),
                    )
            asked = [program("pg_isready"), "-q", *self._there]
            if subprocess.run(asked, check=False).returncode == 0:
                return
            time.sleep(0.2)
        raise RuntimeError(f"PostgreSQL does not answer:\n{self.log}")

    def kill(self) -> None:
        """The postmaster, by SIGKILL; its children notice, and end."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def _there(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]

    def _run(self, name: str, *words) -> None:
        command = [program(name), *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, **_owner()
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr}")


@contextmanager
def postgres():
    # Not below pytest's folders, which nobody but root may enter.
    folder = Path(tempfile.mkdtemp(prefix="assay-postgres-"))
    if _owner():
        shutil.chown(folder, "postgres", "postgres")
    made = Postgres(folder, free_port())
    try:
        made.make()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str) -> str:
    """Debian keeps them off the path, a folder a version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise RuntimeError(f"no {name} here: apt-get install postgresql")
    return path


def _owner() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
