"""Who meets whom. Assay first, the plain limit last."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.contest import Contender

DVC = {"distribution": "dvc", "rival": "dvc"}
METAFLOW = {"distribution": "metaflow", "rival": "metaflow"}


@dataclass(frozen=True, slots=True)
class Budget:
    """What Assay's median may be at most: `times` that of another contender's wall seconds, so
    many `seconds`, so many bytes of `memory` beyond what the process held before. It is judged
    only where the contest has its full size."""

    times: float | None = None
    of: str = ""  # the module of the other contender
    own: str = ""  # of Assay's, where several take part
    seconds: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """One table of the page; `section` groups them, `folder` has what is worked on."""

    section: str
    title: str
    about: str
    folder: str
    contenders: tuple[Contender, ...]
    budget: Budget | None = None
    cold: bool = False


def _small(verb: str) -> tuple[Contender, ...]:
    synced = Contender("DVC {}, then `sync -f`", "stores.put.dvc_synced", **DVC)
    limit = "`cp -r`, then `sync -f`" if verb == "put" else "`cp -r`"
    command = {"put": "`dvc add`", "get": "`dvc checkout`"}[verb]
    return (
        Contender("Assay", f"stores.{verb}.assay"),
        Contender("DVC {}", f"stores.{verb}.dvc", **DVC),
        *((synced,) if verb == "put" else ()),
        Contender("Metaflow {}", f"stores.{verb}.metaflow", **METAFLOW),
        Contender("Assay, whole process", f"stores.{verb}.assay_process"),
        Contender(command + " {}, whole process", f"stores.{verb}.dvc_process", **DVC),
        Contender(limit, f"stores.{verb}.copy"),
    )


_HALF = {"times": 0.5}
_VERIFY = (
    Contender("`assay verify`", "stores.verify.assay"),
    Contender("`sha256sum`", "stores.verify.command"),
    Contender("`hashlib`, one thread", "stores.verify.one_thread"),
)

CONTESTS = (
    Contest(
        "files",
        "Put {small} files of 64 KiB",
        "From a folder, warm, into an empty local store. Imports count only in the rows for a whole"
        " process.",
        "small",
        _small("put"),
        Budget(own="stores.put.assay_process", of="stores.put.dvc_process", **_HALF),
    ),
    Contest(
        "files",
        "Get them, warm",
        "From the store into a new folder, without a sync; the input is in the page cache.",
        "small",
        _small("get"),
        Budget(own="stores.get.assay_process", of="stores.get.dvc_process", **_HALF),
    ),
    Contest(
        "files",
        "Get them, cold",
        "The same, after the input was evicted from the page cache.",
        "small",
        _small("get"),
        cold=True,
    ),
    Contest(
        "large",
        "Put one file of {large} MiB",
        "Warm, into an empty local store. Two baselines: the commands, and one pass of Python that"
        " hashes and writes each block.",
        "large",
        (
            Contender("Assay", "stores.large.assay"),
            Contender("DVC {}", "stores.put.dvc", **DVC),
            Contender("Metaflow {}", "stores.put.metaflow", **METAFLOW),
            Contender("`sha256sum`, `cp`, `sync`", "stores.large.commands"),
            Contender("`hashlib` and write in one pass, fsync", "stores.large.one_pass"),
        ),
        Budget(times=1.2, of="stores.large.one_pass", memory=100e6),
    ),
    Contest(
        "unchanged",
        "Nothing changed",
        "The income example runs again when its result is in the bucket. The DVC pipeline has as"
        " many stages; each depends on its predecessor's output and a file of code. Both rows are"
        " whole processes. Assay also compares every module that a step imports and every installed"
        " version; DVC compares what its stages declare.",
        "unchanged",
        (
            Contender("`assay run`", "stores.unchanged.assay"),
            Contender("`dvc repro` {}", "stores.unchanged.dvc", **DVC),
        ),
        Budget(seconds=1.0),
    ),
    Contest(
        "verify",
        "Verify, warm",
        "Assay verifies a bucket of {small} objects of 64 KiB and eight of {eighth} MiB; the"
        " baselines hash the same files. DVC and Metaflow have no such command.",
        "verify",
        _VERIFY,
    ),
    Contest(
        "verify",
        "Verify, cold",
        "The same, after eviction from the page cache.",
        "verify",
        _VERIFY,
        cold=True,
    ),
)

PROMISES = (
    (Contender("Assay", "stores.put.assay"), "stores.get.assay"),
    (Contender("DVC {}", "stores.put.dvc", **DVC), "stores.get.dvc"),
    (Contender("Metaflow {}", "stores.put.metaflow", **METAFLOW), "stores.get.metaflow"),
    (Contender("`cp -r`", "stores.put.copy"), "stores.get.copy"),
)

GROWTH = (
    Contender("Assay", "stores.growth.assay"),
    Contender("one file a version", "stores.growth.whole"),
    Contender("pieces of equally many rows", "stores.growth.by_count"),
)

PROFILED = (
    Contender("after the table before", "stores.growth.profiled"),
    Contender("with nothing known", "stores.growth.profiled_anew"),
)
