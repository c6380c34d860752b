"""Decisions among several classes from anybody's file: read, audited, and refused in a sentence."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.cli import main
from assay.config.data import Sensitive, Target
from assay.errors import ConfigError, DataError
from assay.gates.fairness.external_predictions import predictions_from_frame
from assay.problems.multiclass.external_predictions import answers_from_frame, parse_probabilities

GROUPS = {"sex": Sensitive()}
COLUMNS = {"none": "p0", "minor": "p1", "killed": "p2"}


def made(rows=60):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), rows).round(2)
    names = np.array(list(COLUMNS))
    return pd.DataFrame(
        {
            "y": rng.choice(names, rows),
            "d": names[p.argmax(1)],
            **{f"p{k}": p[:, k] for k in range(3)},
            "sex": rng.choice(["f", "m"], rows),
        }
    )


def read(frame, probabilities=COLUMNS, **more):
    return answers_from_frame(
        frame,
        truth="y",
        prediction="d",
        sensitive=GROUPS,
        probabilities=probabilities,
        **more,
    )


def test_columns_become_answers_whose_probabilities_sum_to_one():
    found = read(made())
    assert found.target.class_labels == ("none", "minor", "killed")
    sums = found.answers[[f"probability_{name}" for name in COLUMNS]].sum(axis=1)
    assert np.allclose(sums, 1, atol=1e-12)
    assert list(found.answers["truth"]) == list(made()["y"])
    assert read(made(), {}).target.class_labels == ("killed", "minor", "none")


def test_numbers_are_the_same_class_however_they_are_written():
    frame = made().assign(y=np.arange(60) % 3, d=(np.arange(60) % 3).astype(float))
    found = read(frame, {})
    assert found.target.class_labels == ("0", "1", "2")
    assert list(found.answers["truth"]) == list(found.answers["decision"])
    large = read(frame.assign(y=np.arange(60) % 3 + 1234567, d=1234567.0), {})
    assert large.target.class_labels == ("1234567", "1234568", "1234569")


def test_columns_without_a_class_in_common_are_refused():
    codes = made().assign(y=np.arange(60) % 3)
    with pytest.raises(DataError, match=r"'y' and 'd' have no class in common: they hold 0, 1"):
        read(codes, {})
    assert len(read(codes.assign(y=["none", *codes["y"][1:]]), {}).answers) == 60


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p0": 0.9}, "do not sum to one"),
        ({"p0": 1.5}, "outside 0 to 1"),
        ({"p0": "x"}, "holds no numbers"),
        ({"y": None}, "holds no value"),
        ({"d": "kiled"}, "not among"),
    ],
)
def test_what_cannot_be_audited_is_refused(change, words):
    with pytest.raises(DataError, match=words):
        read(made().assign(**change))


def test_classes_that_are_none_are_refused():
    with pytest.raises(DataError, match="hold 2 classes"):
        read(made().assign(y="a", d="b"), {})
    with pytest.raises(DataError, match="cannot be the name"):
        read(made().assign(d="a|b"), {})
    with pytest.raises(DataError, match="has no column of probabilities"):
        read(made(), {"none": "p0"}, target=Target(column="y", classes=tuple(COLUMNS)))
    with pytest.raises(DataError, match="there is no column"):
        read(made(), {**COLUMNS, "killed": "p9"})
    many = made(1500).assign(y=[f"c{k}" for k in range(1500)])
    with pytest.raises(DataError, match="different values"):
        read(many, {})


def test_a_probability_for_one_class_of_several_asks_for_the_others():
    with pytest.raises(DataError, match="names 1 of the classes killed, minor, none") as refused:
        read(made(), {"minor": "p1"})
    assert "--probability killed=COLUMN" in str(refused.value.remedy)


def test_classes_without_their_question_are_led_to_it():
    with pytest.raises(DataError, match="3 different values, not two") as refused:
        predictions_from_frame(made(), truth="y", prediction="d", by=GROUPS)
    assert "--problem multiclass" in str(refused.value.remedy)


def test_the_options_name_a_class_each():
    assert parse_probabilities(["a=p", "b=q=r"]) == {"a": "p", "b": "q=r"}
    with pytest.raises(ConfigError, match="of which class"):
        parse_probabilities(["p0"])
    with pytest.raises(ConfigError, match="twice"):
        parse_probabilities(["a=p", "a=q"])


def test_the_command_audits_each_class(tmp_path, monkeypatch, capsys):
    frame = made(600)
    frame.to_csv(tmp_path / "p.csv", index=False)
    monkeypatch.chdir(tmp_path)
    words = ["assay", "audit", "p.csv", "--problem", "multiclass", "--truth", "y"]
    words += ["--prediction", "d", "--by", "sex", "--metric", "selection_rate", "--json"]
    words += [w for name, column in COLUMNS.items() for w in ("--probability", f"{name}={column}")]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit):
        main()
    report = json.loads(capsys.readouterr().out)
    assert [c["name"].partition(",")[2] for c in report["checks"]] == [
        f"class={name}]" for name in COLUMNS
    ]
    share = (frame["d"] == "killed").groupby(frame["sex"]).mean()
    assert abs(report["checks"][2]["estimate"]) == pytest.approx(abs(share["f"] - share["m"]))
