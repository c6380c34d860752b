"""A bucket as a site: what its pages answer, and that only what changed is written."""

import html
import json
import re
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from assay.bucket.journal import Journal
from assay.errors import ConfigError
from assay.registry.registry import Registry
from assay.site.column_notes import parse_notes


def links(page):
    found = re.findall(r'(?:href|src)="([^"]+)"', page.read_text())
    return [html.unescape(link) for link in found if not link.startswith("data:")]


def text(page):
    return html.unescape(page.read_text())


def test_two_clicks_tell_which_data_made_the_champion_who_chose_it_and_what_was_learnt(site):
    (first,) = [link for link in links(site / "index.html") if link.startswith("use-cases/")][:1]
    page = site / first
    said = text(page)
    assert "ada, 2026-11-22 06:18: guests@2 promoted to champion" in said
    assert "gate:feasibility: seen 2026-11-22 (entry 4): stopped" in said
    table = re.search(r'Data that made it</dt><dd><a href="../(tables/[0-9a-f]+.html)"', said)
    assert "guests@2 registered" in text(site / table[1])


def test_every_link_leads_to_a_page_and_a_place_on_it(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 8
    for page in pages:
        for link in links(page):
            path, _, place = link.partition("#")
            target = (page.parent / unquote(path)).resolve() if path else page
            assert target in pages, f"{page}: {link}"
            assert not place or f'id="{place}"' in text(target), f"{page}: {link}"


def test_pages_ask_for_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        assert "default-src 'none'" in page.read_text()
        assert not [link for link in links(page) if re.match(r"[a-z]+:|//", link)]


def test_a_table_says_for_which_question_it_was_too_weak(site):
    weak = [page for page in (site / "tables").iterdir() if "too weak" in page.read_text()]
    assert len(weak) == 1
    assert "it cannot be told from shuffled labels" in text(weak[0])
    assert "What changed since" in text(weak[0])


def test_what_happened_this_week_is_on_the_first_page_and_later_no_more(write, folder):
    write()
    news = text(folder / "index.html").partition("Tables</h2>")[0]
    assert "guests@2 promoted to champion" in news
    write(as_of=datetime(2026, 12, 24, tzinfo=UTC))
    assert "Nothing happened." in text(folder / "index.html")


def test_written_again_nothing_is_written_and_one_lesson_renews_two_pages(write, bucket, folder):
    assert (write().written, write().written) == (8, 0)
    before = {page: page.stat().st_mtime_ns for page in folder.rglob("*.html")}
    lesson = {"cause": "drift:visits", "text": "the hotel was closed in May"}
    Journal(bucket, "guests").append(lambda _: ("lesson", lesson))
    assert write().written == 2
    changed = {page for page, then in before.items() if page.stat().st_mtime_ns != then}
    assert changed == {folder / "index.html", folder / "use-cases" / "guests.html"}
    assert "the hotel was closed in May" in text(folder / "use-cases" / "guests.html")


def test_a_page_that_somebody_removed_comes_back(write, folder):
    write()
    (folder / "versions" / "guests@2.html").unlink()
    assert write().written == 1
    assert (folder / "versions" / "guests@2.html").is_file()


def test_pages_of_what_is_gone_are_removed_and_no_other_file(write, folder):
    write()
    manifest = json.loads((folder / "site.json").read_text())
    manifest["pages"] |= {"tables/gone.html": "x", "../bucket/assay.json": "x", "notes.txt": "x"}
    (folder / "site.json").write_text(json.dumps(manifest))
    (folder / "tables" / "gone.html").touch()
    (folder / "notes.txt").touch()
    assert write().removed == 1
    assert not (folder / "tables" / "gone.html").exists()
    assert (folder / "notes.txt").exists()
    assert (folder.parent / "bucket" / "assay.json").exists()


@pytest.mark.parametrize("held", ["{", "[]", '{"format": 9, "pages": {}}', '{"format": 1}'])
def test_a_broken_list_of_pages_makes_all_anew(write, folder, held):
    write()
    (folder / "site.json").write_text(held)
    assert write().written == 8


def test_a_folder_of_something_else_is_left_alone(write, folder):
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError) as refused:
        write()
    assert refused.value.where == str(folder)
    assert [one.name for one in folder.iterdir()] == ["thesis.tex"]


def test_a_lost_report_is_named_and_the_rest_is_written(write, bucket, folder):
    report = Registry(bucket).history("guests").versions[1].reports["fairness"]
    hex_digits = report.digest.hex
    (folder.parent / "bucket" / "objects" / "sha256" / hex_digits[:2] / hex_digits).unlink()
    done = write()
    assert [problem.partition(":")[0] for problem in done.problems] == ["versions/guests@1.html"]
    assert done.pages == 7
    assert (folder / "versions" / "guests@2.html").is_file()


def test_a_lost_table_says_so_in_its_place(write, bucket, folder):
    table = next(iter((folder.parent / "bucket").glob("objects/sha256/f0/f0ac48f108*")))
    table.unlink()
    assert write().pages == 8
    (page,) = (folder / "tables").glob("f0ac48f108*")
    assert "is not in the bucket" in text(page)


def test_notes_stand_beside_their_column_and_are_text(site):
    (page,) = (site / "tables").glob("f0ac48f108*")
    assert "Nights that were paid for &lt;/script&gt;" in page.read_text()
    assert "All stays of 2025." in text(page)
    index = (site / "index.html").read_text()
    held = re.search(r'<script type="application/json" id="index">(.*?)</script>', index)[1]
    found = [entry["text"] for entry in json.loads(held) if entry["title"].endswith(": visits")]
    assert all("paid for </script>" in one for one in found)
    assert len(found) == 2


def test_notes_on_what_is_not_there_are_named_with_what_comes_near(write):
    done = write(
        {"guests": parse_notes("\n## visit\nx", "n.md"), "gests": parse_notes("x", "o.md")}
    )
    assert done.problems == [
        "n.md:2: no table of this use case has a column 'visit'. Did you mean 'visits'?",
        "notes on gests: the bucket has no such use case",
    ]


def test_values_that_name_rows_are_not_shown(site):
    (page,) = (site / "tables").glob("f0ac48f108*")
    row = re.search(r'<tr id="guest">.*', text(page))[0]
    assert "5,999 distinct values" in row
    assert " to " not in row


def test_an_empty_bucket_has_a_site(tmp_path):
    from assay.registry.open import open_bucket
    from assay.site.site_writer import write_site

    done = write_site(
        open_bucket(str(tmp_path / "new")),
        tmp_path / "site",
        {},
        datetime(2026, 11, 24, tzinfo=UTC),
    )
    assert done.pages == 1
    assert "This bucket holds no use case yet." in text(tmp_path / "site" / "index.html")
