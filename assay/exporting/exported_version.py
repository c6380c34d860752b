"""The version that is exported, loaded as `assay.open` loads it, with its test rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd
from packaging.utils import canonicalize_name

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.data import Sensitive
from assay.errors import DataError, Ineligible, IntegrityError
from assay.exporting.portable_model import PortableModel
from assay.learning.scoring_model import ScoringModel
from assay.registry.history import ModelHistory, Version
from assay.registry.registry import Registry
from assay.runs.lineage import find_training_table
from assay.tables.table import Table

# What `scoring` itself imports.
_ALWAYS = ("joblib", "numpy", "pandas", "scikit-learn")
_PYTHON_2 = ("__builtin__", "copy_reg")  # as old pickles call `builtins` and `copyreg`


@dataclass(frozen=True)
class ExportedVersion:
    """A version whose load was allowed, with its model as it is and taken apart."""

    bucket: Bucket
    history: ModelHistory
    version: Version
    model: ScoringModel
    portable: PortableModel

    @classmethod
    def load(cls, bucket: Bucket, reference: str) -> ExportedVersion:
        """Raises what `Registry.load` raises, and Ineligible for what cannot be taken apart."""
        registry = Registry(bucket)
        history, version = registry.resolve_reference(reference)
        model = registry.load(reference)
        if registry.find_version(reference).number != version.number:
            return cls.load(bucket, reference)  # its alias was moved meanwhile
        return cls(bucket, history, version, model, PortableModel.take_apart(model))

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of its run record."""
        found: dict[str, Any] = self.bucket.get_json(self.version.artifact("run"))
        return found

    @cached_property
    def table(self) -> Table:
        """The table that it was trained and tested on. Raises ObjectMissing."""
        return Table.read(self.bucket, find_training_table(self.bucket, self.version))

    def test_rows(self) -> pd.DataFrame:
        """The stored test rows, in the columns that the model takes, indexed by row number.

        Raises DataError where they are gone: then no answers can be compared.
        """
        try:
            tested = Table.read(self.bucket, self.version.artifact("predictions"))
            rows = np.sort(tested.to_pandas(["row"])["row"].to_numpy())
            return self.table.to_pandas(self.model.columns).iloc[rows]
        except IntegrityError as error:
            raise DataError(
                f"the test rows of {self.version.name} cannot be read, and nothing is exported "
                f"whose answers were not compared: {error.what}",
                remedy="`assay verify` says what is gone.",
            ) from None

    def schema(self) -> dict[str, Any]:
        """What `scoring` goes by: inputs, groups, outputs, rule, and how a CSV is read."""
        data = self.record["configuration"]["data"]
        types = {entry["name"]: entry["type"] for entry in self.table.description}
        groups = self.model.signature["groups"] or []
        held = [groups] if isinstance(groups, dict) else groups
        source = data["source"]
        return {
            "model": self.version.name,
            "inputs": self.model.signature["inputs"],
            "groups": [
                {
                    "name": entry["name"],
                    "type": types.get(entry["name"], "text"),
                    "bins": list(entry["bins"]),
                    "bin_labels": Sensitive(bins=tuple(entry["bins"])).bin_labels(),
                }
                for entry in held
            ],
            "outputs": self.model.signature["outputs"],
            "rule": self.portable.rule,
            "reading": {
                **{name: source[name] for name in ("delimiter", "encoding", "decimal")},
                "thousands": source.get("thousands"),
                "missing": list(data["missing"]),
                "dates": dict(data["dates"]),
            },
        }

    def requirements(self) -> list[str]:
        """The distributions that the parts need, pinned as the run record has them.

        Raises Ineligible where others are installed: what is written here would be another model.
        """
        recorded = self.bucket.get_json(Artifact.model_validate(self.record["environment"]))
        found = recorded["distributions"].items()
        versions = {str(canonicalize_name(name)): str(version) for name, version in found}
        needed = sorted({*map(canonicalize_name, _ALWAYS), *self._distributions()} & {*versions})
        pins = [f"{name}=={versions[name]}" for name in needed]
        here = {name: _installed_version(name) for name in needed}
        if other := [f"{n} {here[n]}" for n in needed if here[n] != versions[n]]:
            raise Ineligible(
                f"{self.version.name} was trained with other versions than are installed here "
                f"({', '.join(other)})",
                remedy=f"Export where they are those of its record: pip install {' '.join(pins)}",
            )
        return pins

    def own_modules(self) -> list[str]:
        """The modules that the parts need and no distribution holds: the user's own."""
        known = {*_distributions_by_module(), *sys.stdlib_module_names, *_PYTHON_2}
        tops = {name.partition(".")[0] for name in self.portable.modules}
        return sorted(tops - known)

    def _distributions(self) -> set[str]:
        known = _distributions_by_module()
        tops = {name.partition(".")[0] for name in self.portable.modules}
        rule = self.portable.rule
        if rule["kind"] == "yes_no" and {"groups", "lottery"} & {*rule}:
            tops.add("xxhash")  # of which the draws are made
        return {canonicalize_name(name) for top in tops for name in known.get(top, ())}


@cache
def _distributions_by_module() -> Mapping[str, list[str]]:
    """The distributions that hold each top-level module. Reading them all takes a second."""
    return metadata.packages_distributions()


def _installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
