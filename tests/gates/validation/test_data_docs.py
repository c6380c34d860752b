import re

import pandas as pd
import pytest

from assay.config.gates import Expectation
from assay.errors import OutputError
from assay.gates.validation.data_docs import write_data_docs
from assay.gates.validation.gate import validate_table


@pytest.fixture
def judged():
    frame = pd.DataFrame({"age": [17, 200], "sex": ["F", "M"]})
    rules = [
        Expectation(
            type="expect_column_values_to_be_between", kwargs={"column": "age", "max_value": 90}
        ),
        Expectation(
            type="expect_column_values_to_be_in_set",
            kwargs={"column": "sex", "value_set": ["F", "M"]},
        ),
    ]
    return validate_table(frame, rules, subject="people")


def test_the_site_tells_of_the_suite_and_its_result(tmp_path, judged):
    index = write_data_docs(tmp_path / "docs", judged, "people")
    assert index.is_file()
    [result] = (tmp_path / "docs" / "validations").rglob("*.html")
    text = result.read_text()
    assert "age" in text
    assert "200" in text
    assert "people" in index.read_text()
    assert list((tmp_path / "docs" / "expectations").rglob("*.html"))


def test_the_site_fetches_nothing(tmp_path, judged):
    write_data_docs(tmp_path, judged, "people")
    for page in [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]:
        text = page.read_text()
        assert not re.search(r"<(script|img|iframe|source)\b[^>]*src=.https?:", text), page
        assert not re.search(r"<link\b[^>]*href=.https?:", text), page
        assert not re.search(r"(url\(|@import)\s*['\"]?https?:", text), page


def test_a_folder_that_cannot_be_written_is_named(tmp_path, judged):
    (tmp_path / "docs").write_text("a file")
    with pytest.raises(OutputError, match="docs"):
        write_data_docs(tmp_path / "docs", judged, "people")
