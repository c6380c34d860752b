"""Diagnoses this set-up: the installation, and the store where the bucket lies."""

from __future__ import annotations

import grp
import os
import shlex
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from assay.bucket.bucket import MARKER_KEY, Bucket
from assay.errors import AssayError, StoreDenied
from assay.gates.report import Verdict
from assay.registry.recorded_people import find_people
from assay.store.base import Store
from assay.store.local import LocalStore
from assay.store.open import open_store
from assay.store.s3 import S3Store

_PROBE_PREFIX = "doctor/"
_LINKED_FOLDERS = ("flows", "tasks", "deployments")
_WRITERS = 8
_MAX_SKEW = timedelta(minutes=1)  # beyond it the times in a journal mislead; S3 refuses beyond 15
_MIN_FREE_BYTES = 1 << 30  # bytes; a small run of a small table takes a tenth of it

_OTHER_SERVER = (
    "Use a server with conditional writes (If-None-Match), such as AWS S3, Ceph or MinIO, or a "
    "folder."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One examined thing: its name, its state, what was seen, and what to do about it."""

    name: str
    verdict: Verdict
    what: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def diagnose_setup(url: str) -> list[Finding]:
    """Examine this installation and the bucket at `url`.

    Writes a few bytes below `doctor/` in the bucket and deletes them again. Raises no AssayError:
    what goes wrong is a finding.
    """
    folders = check_folders(Path(__file__).parents[1])
    return [folders, *_check_installation(), *_check_bucket(url)]


# --- this installation ----------------------------------------------------------------------


def _check_installation() -> Iterator[Finding]:
    from packaging.specifiers import SpecifierSet

    try:
        about = metadata.metadata("assay")
        wanted = metadata.requires("assay") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "packages", Verdict.UNKNOWN, "assay itself is not installed", "Run `pip install -e .`."
        )
        return
    here = ".".join(map(str, sys.version_info[:3]))
    allowed = about["Requires-Python"] or ""
    if SpecifierSet(allowed).contains(here):
        yield Finding("python", Verdict.PASS, f"Python {here}")
    else:
        yield Finding(
            "python",
            Verdict.FAIL,
            f"Python {here}, where Assay needs {allowed}",
            "Make a virtual environment with a fitting Python.",
        )
    yield check_packages(wanted)


def check_folders(package: Path) -> Finding:
    """Whether flows, tasks and deployments are folders of `package`. In a clone they are links,
    of which git makes small text files where it may not make links.
    """
    broken = [name for name in _LINKED_FOLDERS if not (package / name).is_dir()]
    if not broken:
        return Finding("folders", Verdict.PASS, "flows, tasks and deployments are there")
    named = " and ".join(f"{package.name}/{name}" for name in broken)
    return Finding(
        "folders",
        Verdict.FAIL,
        f"{named} {'is no folder' if len(broken) == 1 else 'are no folders'}: "
        "git made no symbolic links in this clone",
        "Run `git config core.symlinks true`, then `git checkout -- assay`. On Windows, use WSL.",
    )


def check_packages(requirements: list[str]) -> Finding:
    """Whether the installed packages satisfy `requirements` (PEP 508)."""
    amiss = [found for text in requirements if (found := _requirement_problem(text))]
    if amiss:
        return Finding(
            "packages",
            Verdict.FAIL,
            "; ".join(amiss),
            "Install what requirements.lock names: `uv pip install -r requirements.lock`.",
        )
    return Finding(
        "packages", Verdict.PASS, f"all {len(requirements)} that Assay needs, as it needs them"
    )


def _requirement_problem(text: str) -> str | None:
    from packaging.requirements import Requirement

    wanted = Requirement(text)
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
        return None
    try:
        here = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if wanted.specifier.contains(here, prereleases=True):
        return None
    return f"{wanted.name} {here} does not fit {wanted.specifier}"


# --- the bucket -----------------------------------------------------------------------------


def _check_bucket(url: str) -> Iterator[Finding]:
    try:
        store = open_store(url)
    except AssayError as error:
        yield _error_finding("bucket", error)
        return
    new = isinstance(store, LocalStore) and not store.folder.exists()
    key = f"{_PROBE_PREFIX}{uuid.uuid4().hex}"
    try:
        yield from _probe_store(store, key)
    finally:
        _remove_probes(store, key, new=new)


def _probe_store(store: Store, key: str) -> Iterator[Finding]:
    """Each step needs the one before it, so the first failure ends the examination."""
    steps: list[tuple[str, Callable[[Store, str], Finding]]] = [
        ("reachable", _check_reachable),
        ("format", _check_format),
        ("writable", _check_writable),
        ("readable", _check_readable),
        ("conditional writes", _check_conditional_writes),
        ("clock", _check_clock),
    ]
    if isinstance(store, S3Store):
        steps.append(("conditional multipart", _check_conditional_multipart))
    if isinstance(store, LocalStore):
        steps += [("durability", _check_durability), ("space", _check_space)]
        steps.append(("sharing", _check_sharing))
    steps += [("deletable", _check_deletable), ("people", _check_people)]
    for name, step in steps:
        try:
            finding = step(store, key)
        except AssayError as error:
            finding = _error_finding(name, error)
        yield finding
        if finding.verdict is Verdict.FAIL:
            return


def _error_finding(name: str, error: AssayError) -> Finding:
    what = f"{error.where}: {error.what}" if error.where else error.what
    return Finding(name, Verdict.FAIL, what, error.remedy or "")


def _check_reachable(store: Store, _key: str) -> Finding:
    next(iter(store.list(MARKER_KEY)), None)
    if isinstance(store, S3Store):
        server = store.describe_server()
        return Finding(
            "reachable", Verdict.PASS, f"{store.root} at {server.endpoint} ({server.software})"
        )
    return Finding("reachable", Verdict.PASS, store.root)


def _check_format(store: Store, _key: str) -> Finding:
    Bucket.from_store(store)
    if next(iter(store.list(MARKER_KEY)), None) is None:
        return Finding("format", Verdict.PASS, "no bucket yet; the first run makes it")
    return Finding("format", Verdict.PASS, "a bucket that this version reads")


def _check_writable(store: Store, key: str) -> Finding:
    store.put_if_absent(key, b"first")
    return Finding("writable", Verdict.PASS, "a key can be written")


def _check_readable(store: Store, key: str) -> Finding:
    if store.get(key) == b"first":
        return Finding("readable", Verdict.PASS, "what was written comes back")
    return Finding(
        "readable",
        Verdict.FAIL,
        "other bytes come back than were written",
        "Do not use this store.",
    )


def _check_conditional_writes(store: Store, key: str) -> Finding:
    """One writer after another, then several at once: some servers only pass the first test."""
    again = store.put_if_absent(key, b"second")
    with ThreadPoolExecutor(_WRITERS) as pool:
        puts = [partial(store.put_if_absent, f"{key}.race", b"%d" % i) for i in range(_WRITERS)]
        winners = sum(pool.map(lambda put: put(), puts))
    if again or winners != 1:
        seen = (
            "a second write replaced the first"
            if again
            else f"{winners} of {_WRITERS} writers at once were each told that they won"
        )
        return Finding(
            "conditional writes", Verdict.FAIL, f"{seen}: {_describe_store(store)}", _OTHER_SERVER
        )
    return Finding("conditional writes", Verdict.PASS, "what exists is never overwritten")


def _describe_store(store: Store) -> str:
    if isinstance(store, S3Store):
        server = store.describe_server()
        return f"{server.software} at {server.endpoint} ignores If-None-Match"
    return f"{store.root} is no safe store"


def _check_conditional_multipart(store: Store, key: str) -> Finding:
    assert isinstance(store, S3Store)
    if store.keeps_parts_conditional(key):
        return Finding("conditional multipart", Verdict.PASS, "large objects are never overwritten")
    return Finding(
        "conditional multipart",
        Verdict.CAUTION,
        "the server ignores If-None-Match when a large upload is completed",
        "Nothing is lost by it: large objects are named by their content, so whoever writes one "
        "twice writes the same bytes. A newer server spares the second upload.",
    )


def _check_clock(store: Store, key: str) -> Finding:
    if isinstance(store, S3Store):
        theirs = store.describe_server().clock
    else:
        theirs = next(iter(store.list(key))).modified
    if theirs is None:
        return Finding("clock", Verdict.UNKNOWN, "the server does not say what time it has")
    skew = abs(datetime.now(UTC) - theirs)
    what = f"{skew.total_seconds():.0f} s apart from the store's"
    if skew <= _MAX_SKEW:
        return Finding("clock", Verdict.PASS, what)
    return Finding("clock", Verdict.CAUTION, what, "Set both clocks by NTP.")


def _check_durability(store: Store, key: str) -> Finding:
    # The probe could be written, so fsync works. How long it takes tells what a bucket of many
    # small objects will feel like.
    began = time.perf_counter()
    store.put_if_absent(f"{key}.timed", bytes(65536))
    took = 1000 * (time.perf_counter() - began)
    works = (
        "hard links and fsync work"
        if _has_hard_links(Path(store.url(key)))
        else "fsync works; there are no hard links, so files get their names by renameat2"
    )
    return Finding("durability", Verdict.PASS, f"{works}; 64 KiB took {took:.1f} ms")


def _has_hard_links(probe: Path) -> bool:
    link = probe.with_name(f"{probe.name}.link")
    try:
        os.link(probe, link)
    except OSError:
        return False
    link.unlink()
    return True


def _check_space(store: Store, _key: str) -> Finding:
    assert isinstance(store, LocalStore)
    free = shutil.disk_usage(store.folder).free
    inodes = os.statvfs(store.folder)
    what = f"{free / _MIN_FREE_BYTES:.1f} GiB free"
    if inodes.f_files and inodes.f_favail < 10_000:  # some file systems have no fixed number
        what = f"{inodes.f_favail} files can still be made"
    elif free >= _MIN_FREE_BYTES:
        return Finding("space", Verdict.PASS, what)
    return Finding("space", Verdict.CAUTION, what, "Free some, or choose another --store.")


def _check_sharing(store: Store, _key: str) -> Finding:
    assert isinstance(store, LocalStore)
    return diagnose_sharing(store)


def diagnose_sharing(store: LocalStore) -> Finding:
    """Who shares the bucket's folder, and whether all that lies in it is open to them."""
    root = store.folder.stat()
    quoted, group = shlex.quote(store.root), _group_name(root.st_gid)
    if not store.is_shared:
        what = "the folder is not shared: each writer's umask decides who reads what they write"
        if root.st_mode & stat.S_IWGRP:
            what += f"; to share it with its group {group}: `chmod g+s {quoted}`"
        return Finding("sharing", Verdict.PASS, what)
    seen = closed = 0
    first = ""
    for path, status in _walk_tree(store.root):
        seen += 1
        if not _is_open_to_group(status, root.st_gid):
            closed += 1
            first = min(first or path, path)
    if not closed:
        return Finding("sharing", Verdict.PASS, f"all is open to its group {group}")
    commands = (
        f"chgrp -R {group} {quoted}",
        f"chmod -R g+rX {quoted}",
        f"find {quoted} -type d -exec chmod g+ws {{}} +",
    )
    return Finding(
        "sharing",
        Verdict.CAUTION,
        f"{closed:,} of {seen:,} files and folders are closed to the group {group}, first {first}",
        f"Have their owner, or root, run `{' && '.join(commands)}`.",
    )


def _is_open_to_group(status: os.stat_result, group: int) -> bool:
    """Whether the group reads the file, or also writes in the folder, so that it stays shared."""
    wanted = stat.S_IRWXG | stat.S_ISGID if stat.S_ISDIR(status.st_mode) else stat.S_IRGRP
    return status.st_gid == group and status.st_mode & wanted == wanted


def _walk_tree(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """What lies in a folder and below, as far as this user sees it."""
    with suppress(OSError):  # closed to this user, or collected meanwhile
        for item in [*os.scandir(folder)]:
            with suppress(FileNotFoundError):
                yield item.path, item.stat(follow_symlinks=False)
                if item.is_dir(follow_symlinks=False):
                    yield from _walk_tree(item.path)


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _check_deletable(store: Store, key: str) -> Finding:
    remedy = "Only garbage collection needs it: allow s3:DeleteObject to whoever runs that."
    try:
        store.delete(key)
    except StoreDenied as error:
        return Finding("deletable", Verdict.CAUTION, error.what, remedy)
    if any(entry.key == key for entry in store.list(key)):
        return Finding("deletable", Verdict.CAUTION, "a deleted key is still there", remedy)
    return Finding("deletable", Verdict.PASS, "garbage can be collected")


def _check_people(store: Store, _key: str) -> Finding:
    found = find_people(Bucket.from_store(store))
    if found.difference:
        return Finding(
            "people",
            Verdict.CAUTION,
            found.difference,
            "If the file is right, have an engineer run `assay people record`.",
        )
    if found.recorded or found.people is None:
        return Finding("people", Verdict.PASS, found.origin)
    if found.people.signatures == "required":
        return Finding(
            "people",
            Verdict.CAUTION,
            f"signatures are required by {found.file} and nobody is recorded in the bucket: "
            "another folder, or another file in ASSAY_PEOPLE, is held to other rules",
            "Have an engineer run `assay people record --because TEXT`.",
        )
    return Finding("people", Verdict.PASS, f"{found.file}; signatures are optional")


def _remove_probes(store: Store, key: str, *, new: bool) -> None:
    """Remove every probe, and the folder if only the examination made it."""
    with suppress(AssayError):
        for entry in list(store.list(key)):
            store.delete(entry.key)
    if isinstance(store, LocalStore):
        made = [Path(_PROBE_PREFIX), *([Path(".tmp"), Path()] if new else [])]
        for folder in made:
            with suppress(OSError):  # absent, or in use by now
                (store.folder / folder).rmdir()
