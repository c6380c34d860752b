"""Every block of docs/python.md runs, in the order of the page."""

import re
from pathlib import Path

from assay.registry.open import open_bucket
from tests.production.small import champion, people, use_case

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_every_block_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    version = champion(open_bucket("bucket").prepare(), use_case())
    people(5, 7).to_parquet("people.parquet")
    names = {"digest": str(version.artifact("predictions").digest)}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(block, names)
    assert list(names["answers"]) == ["probability", "decision"]
    assert len(names["answers"]) == 5
    assert list(names["frame"]) == ["row"]
