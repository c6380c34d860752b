"""The JSON Schema of a use case, generated from the models, for editors and reviewers."""

from __future__ import annotations

import json
from typing import Any

from assay.config.use_case import UseCase


def use_case_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12). The name may be left out: the file's name is the default."""
    made = UseCase.model_json_schema()
    made["required"] = [key for key in made["required"] if key != "name"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def schema_text() -> str:
    return json.dumps(use_case_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")  # noqa: T201 - `make schema` writes it to a file
