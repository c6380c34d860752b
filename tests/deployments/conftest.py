"""Use cases as the deployments see them."""

from pathlib import Path

import pytest

from assay.config.loaded_use_case import parse_use_case
from assay.deployments.deployment_plan import UseCaseFile

CASE = """\
question: Will this person come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data:
  source: guests.csv
  target: {column: back, positive: "yes"}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a use case into configs/ of an empty folder, which is where one is then."""
    monkeypatch.chdir(tmp_path)
    Path("configs").mkdir()

    def made(name, more=""):
        Path(f"configs/{name}.yaml").write_text(CASE + more)

    return made


def case(name, more=""):
    """A use case without a file."""
    words = {"file": f"configs/{name}.yaml", "text": CASE + more, "set": []}
    return UseCaseFile(parse_use_case(words).use_case, words["file"])
