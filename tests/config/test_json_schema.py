import json
from pathlib import Path

import jsonschema
from ruamel.yaml import YAML

from assay.config import json_schema

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_committed_schema_is_the_one_the_models_yield():
    assert (CONFIGS / "use-case.schema.json").read_text() == json_schema.schema_text(), (
        "run `make schema`"
    )


def test_every_committed_use_case_fits_the_schema_and_a_misspelt_one_does_not():
    made = json_schema.use_case_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    checker = jsonschema.Draft202012Validator(made)
    others = {"people.yaml", "operations.yaml"}
    for path in (p for p in CONFIGS.glob("*.yaml") if p.name not in others):
        case = json.loads(json.dumps(YAML(typ="safe").load(path)))
        assert list(checker.iter_errors(case)) == [], path
        assert list(checker.iter_errors({**case, "qestion": "?"})), path
