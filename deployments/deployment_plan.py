"""The deployments of use cases as data: what runs, when, with what, and how many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.config.loaded_use_case import load_use_case
from assay.config.operations import Operations
from assay.config.use_case import UseCase
from assay.errors import AssayError, ConfigError
from assay.problems.fit_to_question import check_production
from assay.problems.lookup import problem_type
from assay.render.dashboard import artifact_key

OWNER_MARK = "Owner: "  # what follows it ends a deployment's description, and alerts read it
ASSAY_TAG = "assay"  # the tag of all that is Assay's on a server
MAINTENANCE_NAME = "bucket"
QUEUE_ENDINGS = ("-train", "-score", "-monitor", "-promote")  # of the queues of a use case

# Files in configs/ that are no use cases.
_OTHER_CONFIG_FILES = {"people.yaml", "operations.yaml"}


@dataclass(frozen=True, slots=True)
class UseCaseFile:
    """A use case and its file, relative to the folder where flows run."""

    use_case: UseCase
    file: str

    @property
    def name(self) -> str:
        return self.use_case.name


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A work queue of at most `concurrency_limit` runs; a lower `priority` number goes first."""

    name: str
    priority: int
    concurrency_limit: int = 1


@dataclass(frozen=True, slots=True)
class Deployment:
    """One flow for one use case. `schedule` is a cron text or an interval; None: on request."""

    flow: str
    name: str
    description: str
    queue: WorkQueue
    parameters: dict[str, Any] = field(default_factory=dict)
    schedule: str | None = None
    zone: str = "UTC"

    @property
    def entrypoint(self) -> str:
        """A module path. A file path would load its classes a second time under another name."""
        return f"assay.flows.{self.flow}.{self.flow}"

    @property
    def tags(self) -> list[str]:
        return [ASSAY_TAG, self.name, self.flow]

    @property
    def title(self) -> str:
        """The name as Prefect writes it."""
        return f"{self.flow}/{self.name}"


@dataclass(frozen=True, slots=True)
class BadUseCase:
    """A file that is no use case, and why."""

    file: str
    error: AssayError


def describe_bad_use_case(bad: BadUseCase) -> str:
    """What is wrong with a file, and what becomes of its deployments."""
    return f"error: {bad.error}\n  Its last good deployments, if any, are kept."


def find_use_cases(files: Sequence[Path] = (), folder: Path = Path("configs")) -> list[UseCaseFile]:
    """The use cases in `files`, by default all in `folder`, by name. Raises ConfigError."""
    found, bad = read_use_cases(files, folder)
    if bad:
        raise bad[0].error
    return found


def read_use_cases(
    files: Sequence[Path] = (), folder: Path = Path("configs")
) -> tuple[list[UseCaseFile], list[BadUseCase]]:
    """The use cases as `find_use_cases` finds them, and the files that are none.

    Raises ConfigError if there is no good one.
    """
    found = files or _config_files(folder)
    if not found:
        raise ConfigError(
            "there is no use case here",
            where=str(folder),
            remedy="Go to the folder that holds configs/, or name the files.",
        )
    good, bad = _read_files(found)
    if not good:
        raise bad[0].error
    return good, bad


def scan_use_cases(folder: Path) -> tuple[list[UseCaseFile], list[BadUseCase]]:
    """The use cases in a folder by name, and the files that are none; there may be none at all."""
    return _read_files(_config_files(folder))


def _config_files(folder: Path) -> list[Path]:
    return [f for f in sorted(folder.glob("*.y*ml")) if f.name not in _OTHER_CONFIG_FILES]


def _read_files(files: Sequence[Path]) -> tuple[list[UseCaseFile], list[BadUseCase]]:
    made: dict[str, UseCaseFile] = {}
    bad: list[BadUseCase] = []
    for file in files:
        try:
            loaded = load_use_case(file)
            problem = problem_type(loaded.use_case.data.target)
            check_production(problem, loaded.use_case, loaded.text.locate)
            case = UseCaseFile(loaded.use_case, file.as_posix())
            if case.name in made:
                raise _same_name_error(made[case.name], case)
        except AssayError as error:
            bad.append(BadUseCase(file.as_posix(), error))
        else:
            made[case.name] = case
    return [made[name] for name in sorted(made)], bad


def _same_name_error(first: UseCaseFile, second: UseCaseFile) -> ConfigError:
    return ConfigError(
        f"two use cases are called {first.name!r}: {first.file} and {second.file}",
        where=second.file,
        remedy="Give one of them another name.",
    )


def plan_deployments(use_cases: Iterable[UseCaseFile], operations: Operations) -> list[Deployment]:
    """Every deployment of the use cases, and that of the bucket's maintenance."""
    told = [d for case in use_cases for d in _use_case_deployments(case, operations)]
    maintain = Deployment(
        flow="maintain",
        name=MAINTENANCE_NAME,
        description="Verify the whole bucket, then give back the space of what nothing refers to.",
        parameters={"site": operations.site} if operations.site else {},
        queue=WorkQueue("maintain", operations.queue_priority("maintain")),
        schedule=operations.maintain,
        zone=operations.zone,
    )
    return [*told, maintain]


def _use_case_deployments(case: UseCaseFile, operations: Operations) -> list[Deployment]:
    """The deployments of one use case.

    Training and retraining share a queue, so that only one of them runs. Which queues go first is
    the operations' choice; by default scoring, because somebody waits for it.
    """
    name, schedule, place = case.name, case.use_case.schedule, operations.queue_priority
    train = WorkQueue(f"{name}-train", place("train"))
    score = WorkQueue(f"{name}-score", place("score"))
    monitor = WorkQueue(f"{name}-monitor", place("monitor"))
    # A person's answer takes days, and holds up nobody's training.
    promote = WorkQueue(f"{name}-promote", place("promote"), concurrency_limit=4)
    config, zone = {"config": case.file}, schedule.zone
    said = {
        "train": f"Train {name}: {case.use_case.question} Nothing is redone while nothing changed.",
        "score": f"Score the batches of {name} that came.",
        "monitor": f"Read the labels of {name} that came, and look at its champion.",
        "retrain": f"Train {name} anew and hold what comes of it against the champion.",
        "promote": f"Ask a person whether a version of {name} shall become champion.",
        "backfill": f"Score past days of {name} and look at them, on request.",
    }
    history = f"[What became of it](/artifacts/key/{artifact_key(name, 'history')})"
    ending = f"{OWNER_MARK}{' '.join(case.use_case.owner.split())}"
    said = {flow: f"{what} {history} {ending}" for flow, what in said.items()}
    return [
        Deployment("train", name, said["train"], train, config, schedule.train, zone),
        Deployment("score", name, said["score"], score, config, schedule.score, zone),
        Deployment("monitor", name, said["monitor"], monitor, config, schedule.monitor, zone),
        Deployment("retrain", name, said["retrain"], train, config, schedule.retrain, zone),
        Deployment("promote", name, said["promote"], promote),
        # Behind what somebody waits for, and not while the same use case is trained.
        Deployment("backfill", name, said["backfill"], train, config),
    ]
