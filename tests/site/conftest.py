"""The golden bucket as a site: one use case with a rejected version, a champion and a stop."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.registry.open import open_bucket
from assay.site.column_notes import parse_notes
from assay.site.site_writer import write_site

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
NOTES = {
    "guests": parse_notes(
        "# Guests\nAll stays of 2025.\n\n## visits\nNights that were paid for </script>\n", "g.md"
    )
}


@pytest.fixture
def bucket(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    return open_bucket(str(tmp_path / "bucket"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "site"


@pytest.fixture
def write(bucket, folder):
    return lambda notes=NOTES, as_of=AS_OF: write_site(bucket, folder, notes, as_of)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site that is only read."""
    home = tmp_path_factory.mktemp("site")
    shutil.copytree(GOLDEN, home / "bucket")
    write_site(open_bucket(str(home / "bucket")), home / "site", NOTES, AS_OF)
    return home / "site"
