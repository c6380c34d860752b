"""Notes on tables and columns, as people write them."""

import pytest

from assay.errors import ConfigError
from assay.site.column_notes import parse_notes, read_notes


def test_text_before_the_first_column_is_about_the_table():
    notes = parse_notes("# Title\n\nOne\nparagraph.\n\nAnother.\n## age\nIn years.\n", "n.md")
    assert notes.table == ("One paragraph.", "Another.")
    assert notes.columns == {"age": ("In years.",)}
    assert notes.lines == {"age": "n.md:7"}


def test_a_column_may_be_named_as_code_and_twice():
    notes = parse_notes("## `hours per week`\nPaid.\n## hours per week\nNot overtime.", "n.md")
    assert notes.columns == {"hours per week": ("Paid.", "Not overtime.")}


def test_a_deeper_heading_is_text_of_its_column():
    assert parse_notes("## age\n### Source\nThe form.", "n.md").columns["age"] == (
        "### Source The form.",
    )


def test_a_folder_that_is_not_there_has_no_notes(tmp_path):
    assert read_notes(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("data", "what"), [(b"caf\xe9", "byte 3 is no UTF-8"), (b"x" * (2 << 20), "at most 1 MiB")]
)
def test_a_file_that_is_no_note_is_named(tmp_path, data, what):
    (tmp_path / "guests.md").write_bytes(data)
    with pytest.raises(ConfigError) as refused:
        read_notes(tmp_path)
    assert what in refused.value.what
    assert refused.value.where == str(tmp_path / "guests.md")
