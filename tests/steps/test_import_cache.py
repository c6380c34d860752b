"""What a cache says or fails to say never changes the code that is read; it only spares parsing."""

import ast
import json
import os
import sys

import pytest

from assay.steps import code_version, import_cache, module_source
from assay.steps.code_version import read_code_version


def forget():
    """Be a new process."""
    for cached in (
        import_cache.open_import_cache,
        module_source._read_imports,
        module_source._read_source,
        code_version._source_of,
        code_version._first_party_path,
        code_version._find_distribution,
        code_version._distributions_of,
    ):
        cached.cache_clear()


@pytest.fixture
def team(tmp_path, monkeypatch):
    """Modules of a team's own: `root` imports `a`, and `b` lies beside them."""
    folder = tmp_path / "team"
    folder.mkdir()
    for name, text in {"root": "import a\n", "a": "X = 1\n", "b": "Y = 1\n"}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.chdir(folder)
    forget()
    yield folder
    forget()


@pytest.fixture
def cache_file(team, tmp_path):
    return tmp_path / "cache" / "assay" / "imports.json"


def read_again(*roots):
    forget()
    return read_code_version(*(roots or ("root",)))


def count_parsed(monkeypatch):
    parsed = []
    parse = ast.parse
    monkeypatch.setattr(
        module_source.ast, "parse", lambda data: (parsed.append(data), parse(data))[1]
    )
    return parsed


def test_a_text_that_was_parsed_is_not_parsed_again_for_its_imports(team, monkeypatch):
    before = read_again("assay.bucket.memo")
    parsed = count_parsed(monkeypatch)
    assert read_again("assay.bucket.memo") == before
    assert parsed == []
    (team / "a.py").write_text("import b\n")
    assert "b" in read_again().modules
    assert b"import b\n" in parsed


def test_an_edit_that_keeps_size_and_time_is_noticed(team):
    (team / "root.py").write_text("import a\n")
    before = read_again()
    status = (team / "root.py").stat()
    (team / "root.py").write_text("import b\n")
    os.utime(team / "root.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    after = read_again()
    assert (list(before.modules), list(after.modules)) == (["a", "root"], ["b", "root"])
    assert before.modules["root"] != after.modules["root"]


def test_a_distribution_installed_in_another_version_is_noticed(team, tmp_path):
    (team / "root.py").write_text("import inhouse\n")
    package, info = tmp_path / "site" / "inhouse.py", tmp_path / "site" / "inhouse-1.dist-info"
    info.mkdir(parents=True)
    package.write_text("")
    sys.path.append(str(package.parent))
    found = []
    for version in ("1.0", "1.1"):
        text = f"Metadata-Version: 2.1\nName: inhouse\nVersion: {version}\nRequires-Dist: numpy\n"
        (info / "METADATA").write_text(text)
        forget()
        found.append(code_version._distributions_of("inhouse"))
    assert [one["inhouse"] for one in found] == ["1.0", "1.1"]
    assert all("numpy" in one for one in found)


BROKEN = {
    "nothing": b"",
    "cut off": b'{"parser": "cpy',
    "no object": b"[1, 2]",
    "no bytes of a text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_cache_counts_as_none_and_is_written_again(team, cache_file, data):
    before = read_again()
    cache_file.write_bytes(data)
    assert read_again() == before
    assert json.loads(cache_file.read_bytes())["imports"]


@pytest.mark.parametrize("entry", [None, 7, "a", [["a"]], [[0, "a", 1]], [{"a": 1}]])
def test_an_entry_of_another_shape_is_parsed_again(team, cache_file, entry):
    before = read_again()
    document = json.loads(cache_file.read_bytes())
    document["imports"] = dict.fromkeys(document["imports"], entry)
    cache_file.write_text(json.dumps(document))
    assert read_again() == before


def test_a_cache_of_another_parser_counts_as_none(team, cache_file):
    before = read_again()
    document = json.loads(cache_file.read_bytes())
    document |= {"parser": "other", "imports": {text: [] for text in document["imports"]}}
    cache_file.write_text(json.dumps(document))
    assert read_again() == before


def lie(cache_file):
    """Leave every import out."""
    document = json.loads(cache_file.read_bytes())
    document["imports"] = {text: [] for text in document["imports"]}
    cache_file.write_text(json.dumps(document))


def test_a_cache_that_others_may_write_is_not_read(team, cache_file):
    before = read_again()
    lie(cache_file)
    cache_file.chmod(0o666)
    assert read_again() == before


def test_a_cache_that_another_user_owns_is_not_read(team, cache_file, monkeypatch):
    before = read_again()
    lie(cache_file)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert read_again() == before


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_plain_file_is_not_read(team, cache_file, kind):
    before = read_again()
    lie(cache_file)
    moved = cache_file.rename(cache_file.with_name("moved"))
    if kind == "link":
        cache_file.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(cache_file)
    else:
        cache_file.mkdir()
    assert read_again() == before


def test_without_a_folder_to_write_it_reads_the_same_code(team, tmp_path, monkeypatch):
    before = read_again()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_again() == before
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    assert read_again() == before


def test_two_writers_keep_what_each_of_them_added(team, cache_file):
    one, two = (import_cache.ImportCache(cache_file) for _ in range(2))
    one.add("sha256:1", ((0, "a", ""),))
    two.add("sha256:2", ((1, "", "b"),))
    one.save()
    two.save()
    found = import_cache.ImportCache(cache_file)
    assert found.find("sha256:1") == ((0, "a", ""),)
    assert found.find("sha256:2") == ((1, "", "b"),)
    assert list(cache_file.parent.iterdir()) == [cache_file], "no temporary file stays"


def test_it_holds_no_text_of_the_code_and_is_private(team, cache_file):
    (team / "a.py").write_text("PASSWORD = 'hidden here'\nopen(PASSWORD)\n")
    read_again()
    assert b"hidden" not in cache_file.read_bytes()
    assert cache_file.stat().st_mode & 0o777 == 0o600


def test_old_texts_go_once_there_are_many(team, cache_file, monkeypatch):
    read_again()
    monkeypatch.setattr(import_cache, "_MOST_MODULES", 3)
    for number in range(5):
        (team / "a.py").write_text(f"X = {number} + 10\n")
        read_again()
    assert len(json.loads(cache_file.read_bytes())["imports"]) <= 3
