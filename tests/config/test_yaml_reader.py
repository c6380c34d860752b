"""Hostile YAML is refused in one sentence with its line, and at once."""

import time

import pytest

from assay.config.loaded_use_case import load_use_case, parse_use_case, read_yaml
from assay.errors import ConfigError

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
HOSTILE = {
    "aliases that multiply": ("question: q\n" + BOMB, 6, "aliases"),
    "merged aliases that multiply": ("a: &a {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}' if n else '*a'] * 10)}], k{n}: 1}}\n"
        for n in range(10)
    ), 6, "aliases"),
    "an alias within what it names": ("a: 1\nb: &b [*b]\n", 2, "names itself"),
    "lists within lists": ("a: 1\nb: " + "[" * 20_000 + "]" * 20_000, 2, "100 deep"),
    "mappings by indentation": (
        "".join(" " * n + f"k{n}:\n" for n in range(400)), 100, "100 deep"
    ),
    "a number of 5,000 digits": ("a: 1\nseed: " + "9" * 5_000, 2, "too long"),
    "a hexadecimal number of 5,000 digits": ("a: 1\nseed: 0x" + "f" * 5_000, 2, "too long"),
    "a day that no calendar has": ("a: 1\nfrom: 2024-13-45\n", 2, "month"),
    "bytes": ("a: 1\nb: !!binary aGVsbG8=\n", 2, "text, numbers"),
    "a set": ("a: 1\nb: !!set {x, y}\n", 2, "text, numbers"),
    "a tag of another program": ("a: 1\nb: !mine x\n", 2, "text, numbers"),
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_yaml_is_named_by_its_line_at_once(tmp_path, hostile):
    text, line, part = HOSTILE[hostile]
    path = tmp_path / "case.yaml"
    path.write_text(text)
    for read in (load_use_case, read_yaml):
        began = time.monotonic()
        with pytest.raises(ConfigError, match=part) as caught:
            read(path)
        assert caught.value.where == f"{path}:{line}"
        assert time.monotonic() - began < 5


def test_a_file_of_more_than_a_megabyte_is_refused_unparsed(tmp_path):
    path = tmp_path / "case.yaml"
    path.write_text("# " + "x" * 1_000_000)
    with pytest.raises(ConfigError, match="1,000,000"):
        load_use_case(path)


@pytest.mark.parametrize("override", ["seed=" + "9" * 5_000, "candidates.9" + "9" * 5_000 + "=1"])
def test_long_numbers_of_an_override_are_refused(override):
    text = {"file": "case.yaml", "text": "candidates: [1]\n", "set": [override]}
    with pytest.raises(ConfigError, match=r"too long|has no"):
        parse_use_case(text)


def test_aliases_in_reasonable_number_are_read(tmp_path):
    path = tmp_path / "case.yaml"
    path.write_text("a: &a {x: [1, 2]}\nb: {<<: *a, y: 3}\nc: [*a, *a]\n")
    assert read_yaml(path) == {
        "a": {"x": [1, 2]}, "b": {"y": 3, "x": [1, 2]}, "c": [{"x": [1, 2]}] * 2
    }  # fmt: skip
