import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from assay.bucket.digest import Digest


@given(st.binary())
def test_the_digest_of_bytes_is_their_sha256_in_oci_form(data):
    digest = Digest.of_bytes(data)
    assert str(digest) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert Digest.parse(str(digest)) == digest


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    data = bytes(range(256)) * 9000  # more than two blocks
    (tmp_path / "file").write_bytes(data)
    assert Digest.of_file(tmp_path / "file") == Digest.of_bytes(data)


@pytest.mark.parametrize(
    "text", ["", "sha256:", "md5:" + "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "0" * 64]
)
def test_other_texts_are_no_digests(text):
    with pytest.raises(ValueError, match=r"sha256|hexadecimal"):
        Digest.parse(text)


def test_a_model_holds_a_digest_and_writes_it_as_text():
    class Holder(BaseModel):
        digest: Digest

    held = Holder(digest=Digest.of_bytes(b""))
    assert Holder.model_validate_json(held.model_dump_json()) == held
    assert Holder.model_json_schema()["properties"]["digest"]["type"] == "string"
    assert pickle.loads(pickle.dumps(held.digest)) == held.digest
