"""Makes a run take the recorded outputs of ingestion instead of reading the source. It is a script
that starts `assay run` under the recorded code, when the source has changed since.

Its first argument, which it removes, names a JSON file with the recorded fingerprint of the
`source` and the recorded `outputs` of ingestion.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    given = json.loads(Path(sys.argv.pop(1)).read_text(encoding="utf-8"))
    import assay.sources.fingerprint as fingerprints

    try:
        steps, artifacts = (
            import_module("assay.steps.step"),
            import_module("assay.bucket.artifacts"),
        )
    except ImportError:  # the recorded code is older than these packages
        steps, artifacts = import_module("assay.steps"), import_module("assay.artifacts")

    outputs = {
        name: artifacts.Artifact.model_validate(held) for name, held in given["outputs"].items()
    }
    perform = steps.perform

    def performed(bucket: Any, stage: str, *, work: Callable[[], Any], **others: Any) -> Any:
        taken = (lambda: outputs) if stage == "ingest" else work
        return perform(bucket, stage, work=taken, **others)

    # Before the modules are imported that take these by name.
    vars(steps)["perform"] = performed
    vars(fingerprints)["fingerprint"] = lambda _data: given["source"]


if __name__ == "__main__":
    main()
