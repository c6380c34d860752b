"""A draft can be read, whatever its file, columns and values are called."""

import csv

import pytest

from assay.bucket.bucket import Bucket
from assay.config.loaded_use_case import parse_use_case
from assay.drafting.draft_text import render_draft
from assay.drafting.source_draft import read_draft_source
from assay.drafting.target_choice import choose_target
from assay.drafting.use_case_draft import DraftWords, draft_use_case
from assay.store.memory import MemoryStore

STRANGE = [
    "a: b #c",
    "\x85seed: 1",
    "\u2028seed: 1",
    "\x7f\x1b[31m",
    "- 'x\"",
    "yes",
    "{]",
    "n" * 1500,
]
NOTHING_SAID = DraftWords()


def drafted(tmp_path, names, outcomes, file="d.csv", words=NOTHING_SAID, sensitive=None):
    path = tmp_path / file
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([*names, "number", "the\u2028end"])
        for row in range(60):
            writer.writerow(
                [
                    *(f"{name[:9]}{row % 3}" for name in names),
                    row * 1.5,
                    outcomes[row % len(outcomes)],
                ]
            )
    bucket = Bucket.from_store(MemoryStore()).prepare()
    target = "the\u2028end"
    source = read_draft_source(bucket, str(path), target, say=lambda _: None)
    choice = choose_target(target, source.frame[target], unlabelled=source.unlabelled)
    draft = draft_use_case("m", source, choice, words=words, sensitive=sensitive)
    text = render_draft(draft, str(path))
    found = parse_use_case({"file": "m.yaml", "text": text, "set": []}).use_case
    return found, text


@pytest.mark.parametrize("name", STRANGE, ids=lambda name: ascii(name[:20]))
def test_a_strange_column_says_nothing_but_its_name(tmp_path, name):
    case, text = drafted(tmp_path, [name, "other"], ["good", "bad"], file="d #: \x85.csv")
    assert case.seed == 0
    assert case.data.target.column == "the\u2028end"
    assert case.data.source.path == str(tmp_path / "d #: \x85.csv")
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    "outcomes",
    [
        ["no", "yes"],
        ["1e5", "x"],
        ["2026-01-31", "2026-02-01"],
        ["a\x85b", "a"],
        ["~", "#"],
        ["off", "on"],
    ],
    ids=ascii,
)
def test_an_outcome_means_itself(tmp_path, outcomes):
    case, _ = drafted(tmp_path, ["a"], outcomes)
    assert case.data.target.positive in outcomes


def test_what_people_answer_is_no_more_than_their_answer(tmp_path):
    words = DraftWords("q\u2028seed: 1", "d # e: f", "h\x1b[31m", "'o\"")
    case, _ = drafted(tmp_path, ["a"], ["no", "yes"], words=words)
    assert (case.question, case.decision, case.harm, case.owner) == (
        words.question,
        words.decision,
        words.harm,
        words.owner,
    )


def test_people_who_were_asked_are_not_asked_again(tmp_path):
    case, text = drafted(tmp_path, ["sex", "race"], ["no", "yes"], sensitive=["race"])
    assert list(case.data.sensitive) == ["race"]
    assert case.data.not_sensitive == ("sex",)
    assert "look sensitive by their names. Say" not in text
