"""The nightly maintenance of a bucket."""

import shutil
from pathlib import Path

from assay.flows.maintain import maintain

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


def test_a_sound_bucket_is_written_as_a_site_and_a_damaged_one_is_not(tmp_path):
    bucket = tmp_path / "bucket"
    shutil.copytree(GOLDEN, bucket)
    state = maintain(str(bucket), str(tmp_path / "site"), return_state=True)
    assert state.name == "Maintained"
    assert (tmp_path / "site" / "use-cases" / "guests.html").is_file()
    next(bucket.glob("objects/sha256/f0/f0ac48f108*")).unlink()
    state = maintain(str(bucket), str(tmp_path / "other"), return_state=True)
    assert state.name == "Damaged"
    assert not (tmp_path / "other").exists()
