from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.loaded_use_case import check_columns, load_use_case, parse_use_case
from assay.errors import ConfigError

LEAST = """\
question: Is it so?
decision: nothing
harm: none
owner: us
data:
  source: rows.csv
  target: {column: y, positive: "1"}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""


@pytest.fixture
def written(tmp_path):
    def write(text, *overrides):
        path = tmp_path / "case.yaml"
        path.write_text(text, encoding="utf-8")
        return load_use_case(path, overrides)

    return write


def refused(write, text, *overrides):
    with pytest.raises(ConfigError) as caught:
        write(text, *overrides)
    error = caught.value
    return Path(error.where or "").name, error.what, error.remedy or ""


def test_the_least_use_case_takes_its_name_from_the_file_and_defaults_for_the_rest(written):
    case = written(LEAST).use_case
    assert case.name == "case"
    assert case.data.source.path == "rows.csv"
    assert case.split.test == 0.2
    assert case.promotion.first == "approval"


def test_an_unknown_key_names_its_line_and_the_nearest_right_one(written):
    where, what, remedy = refused(written, LEAST.replace("  target:", "  tarmget:"))
    assert where == "case.yaml:7"
    assert "'tarmget'" in what
    assert remedy == "Did you mean 'target'?"


def test_an_unknown_key_inside_a_list_names_its_line(written):
    text = LEAST + "    serch: {C: [1]}\n"
    assert refused(written, text) == (
        "case.yaml:10",
        "unknown key 'serch' under 'candidates.0'",
        "Did you mean 'search'?",
    )


def test_an_unknown_key_of_a_sensitive_column_names_the_keys_that_are_known(written):
    text = LEAST.replace("candidates:", "  sensitive:\n    sex: {refrence: Male}\ncandidates:")
    where, what, remedy = refused(written, text)
    assert (where, remedy) == ("case.yaml:9", "Did you mean 'reference'?")
    assert "data.sensitive.sex" in what


def test_a_wrong_type_names_line_and_value(written):
    where, what, _ = refused(written, LEAST + "seed: seven\n")
    assert where == "case.yaml:10"
    assert "seed" in what
    assert "'seven'" in what


def test_a_wrong_choice_offers_the_nearest_right_one(written):
    where, what, remedy = refused(written, LEAST + "performance: {choose_by: roc_uac}\n")
    assert where == "case.yaml:10"
    assert "roc_uac" in what
    assert remedy == "Did you mean 'roc_auc'?"


def test_a_missing_key_is_named_with_where_it_belongs(written):
    where, what, remedy = refused(written, LEAST.replace("owner: us\n", ""))
    assert where.startswith("case.yaml")
    assert "'owner' is missing" in what
    assert "owner" in remedy


def test_no_is_text_not_false_as_yaml_1_2_has_it(written):
    assert written(LEAST.replace('"1"', "no")).use_case.data.target.positive == "no"


def test_a_tab_is_called_a_tab(written):
    where, what, remedy = refused(written, LEAST.replace("  source", "\tsource"))
    assert where == "case.yaml:6"
    assert "tab" in what
    assert "spaces" in remedy


def test_a_key_written_twice_is_refused(written):
    where, what, _ = refused(written, LEAST + "owner: them\n")
    assert where == "case.yaml:10"
    assert "duplicate" in what


def test_text_that_is_no_mapping_is_refused(written):
    assert "mapping" in refused(written, "just text\n")[1]
    assert "mapping" in refused(written, "")[1]


def test_bytes_that_are_no_utf8_are_refused(tmp_path):
    (tmp_path / "case.yaml").write_bytes(b"question: caf\xe9\n")
    with pytest.raises(ConfigError, match="byte 13 is not UTF-8"):
        load_use_case(tmp_path / "case.yaml")


def test_a_file_that_is_not_there_offers_the_nearest_that_is(tmp_path):
    (tmp_path / "income.yaml").write_text(LEAST)
    with pytest.raises(ConfigError, match=r"income\.yaml\?"):
        load_use_case(tmp_path / "incme.yaml")


def test_an_override_changes_one_key_and_is_named_when_it_is_wrong(written):
    case = written(LEAST, "split.test=0.3", "candidates.0.params={C: 2}").use_case
    assert case.split.test == 0.3
    assert case.candidates[0].params == {"C": 2}
    where, what, _ = refused(written, LEAST, "split.test=3")
    assert where == "--set split.test"
    assert "less than 1" in what
    assert "key.path=value" in refused(written, LEAST, "split.test")[1]
    assert "candidates.7" in refused(written, LEAST, "candidates.7.params={}")[1]


RULE = """\
fairness:
  - metric: selection_rate
    tolerance: 0.1
    because: agreed
    by:
      - sex
"""
SEX = LEAST.replace("candidates:", "  sensitive: {sex: {}, age: {bins: [30]}}\ncandidates:")


def test_fairness_by_an_undeclared_column_is_refused_where_it_is_named(written):
    where, what, remedy = refused(written, LEAST + RULE)
    assert (where, what) == (
        "case.yaml:15",
        "'sex' is used as a group, but not under data.sensitive",
    )
    assert "`sex: {}`" in remedy
    where, what, _ = refused(written, SEX + RULE.replace("- sex", "- [age, race]"))
    assert where == "case.yaml:16"
    assert "'race'" in what


def test_a_group_that_is_declared_under_nearly_that_name_is_told_with_both_places(written):
    where, _, remedy = refused(written, SEX.replace("sex:", "sexx:") + RULE)
    assert where == "case.yaml:16"
    assert "'sexx'" in remedy
    assert "case.yaml:8" in remedy
    assert "Did you mean 'sex'" in remedy


def test_mitigation_by_an_undeclared_column_is_refused_where_it_is_named(written):
    text = LEAST + "    mitigate: {method: assay.reweighing, by: sex}\n"
    assert refused(written, text)[:2] == (
        "case.yaml:10",
        "'sex' is used as a group, but not under data.sensitive",
    )


def test_groups_may_be_one_name_a_list_or_an_intersection(written):
    for by, held in (("sex", ("sex",)), ("[sex, age]", ("sex", "age"))):
        case = written(SEX + RULE, f"fairness.0.by={by}").use_case
        assert case.fairness[0].by == held
    case = written(SEX + RULE, "fairness.0.by=[[sex, age]]").use_case
    assert case.fairness[0].by == (("sex", "age"),)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.identity=guest", "it should be a list, such as [this, that], but it is 'guest'"),
        ("candidates={}", "it should be a list"),
        ("data.sensitive=[a]", "it should be a mapping"),
        ("score.source=5", "write a path, or a mapping"),
        ("owner=3", "it should be text, but it is 3"),
        ("name=My Case", "Use small letters, digits, - and _ alone, but it is 'My Case'"),
        ("candidates.0.estimator=Ridge", "write where it is imported from, such as sklearn."),
    ],
)
def test_what_may_stand_somewhere_is_said_in_words_of_the_file(written, override, said):
    assert said in refused(written, LEAST, override)[1]


def test_a_file_whose_name_makes_no_use_cases_name_is_told_so(tmp_path):
    path = tmp_path / "My Guests.yaml"
    path.write_text(LEAST)
    with pytest.raises(ConfigError, match="'My Guests' cannot be one") as caught:
        load_use_case(path)
    assert caught.value.where == str(path)
    assert "`name:`" in caught.value.remedy
    path.write_text(LEAST + "name: my-guests\n")
    assert load_use_case(path).use_case.name == "my-guests"


def test_a_column_that_the_data_lack_is_named_with_line_and_nearest(written):
    text = LEAST.replace("candidates:", "  sensitive:\n    sexx: {}\ncandidates:")
    with pytest.raises(ConfigError) as caught:
        check_columns(written(text), ["y", "sex", "age"])
    assert str(caught.value.where).endswith("case.yaml:9")
    assert caught.value.remedy == "Did you mean 'sex'?"


def test_a_duration_is_read_in_seconds_minutes_and_hours(written):
    for text, seconds in (("30s", 30), ("1.5m", 90), ("1h", 3600), ("12", 12), ("20ms", 0.02)):
        case = written(LEAST + f"feasibility: {{within: {text}}}\n").use_case
        assert case.feasibility.within == seconds
    assert "like 30s" in refused(written, LEAST + "feasibility: {within: soon}\n")[1]


def test_sizes_are_bytes_or_a_number_with_a_unit(written):
    for text, size in (("50MB", 50_000_000), ("1.5 KiB", 1536), ("12", 12), ("3GiB", 3 << 30)):
        case = written(LEAST + f"technical: {{size: {text}}}\n").use_case
        assert case.technical.size == size
    for text in ("50mb", "large", "0MB"):
        assert "size" in refused(written, LEAST + f"technical: {{size: {text}}}\n")[1]


def test_its_words_alone_bring_a_use_case_back(written):
    first = written(LEAST + "# a comment\n", "seed=3")
    again = parse_use_case(first.document)
    assert again.use_case == first.use_case
    assert "# a comment" in first.document["text"]


@given(st.text(max_size=200))
def test_whatever_the_text_there_is_one_clear_error(text):
    with pytest.raises(ConfigError):
        parse_use_case({"file": "any.yaml", "text": text, "set": []})


def test_the_features_leave_out_what_the_model_may_not_see(written):
    text = LEAST.replace(
        "candidates:",
        "  identity: [id]\n  exclude: [w]\n  after_outcome: [late]\n"
        "  sensitive: {sex: {}, age: {feature: true}}\ncandidates:",
    )
    case = written(text).use_case
    columns = ["id", "age", "sex", "w", "late", "x", "y"]
    assert case.feature_columns(columns) == ["age", "x"]


def test_a_column_that_is_never_stored_need_not_be_in_the_table(written):
    text = LEAST.replace("candidates:", "  never_store: [name]\ncandidates:")
    check_columns(written(text), ["x", "y"])


def test_a_password_in_the_file_is_refused_and_not_repeated(written):
    def source(password):
        url = f"postgresql://ada:{password}@localhost/db"
        return LEAST.replace("rows.csv", f'{{sql: "select 1", connection: "{url}"}}')

    with pytest.raises(ConfigError) as caught:
        written(source("hunter2"))
    assert str(caught.value.where).endswith("case.yaml:6")
    assert "password" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert written(source("${DB_PASSWORD}")).use_case.data.source.sql == "select 1"
    for url in ("postgresql://u:pa/ss@h/db", "sqlite:///x.db?password=s3cret", "ftp://u:pw@h/x"):
        kind = "path" if url.startswith("ftp") else "connection"
        more = "" if kind == "path" else ', sql: "select 1"'
        with pytest.raises(ConfigError, match=f"the {kind} holds a password"):
            written(LEAST.replace("rows.csv", f'{{{kind}: "{url}"{more}}}'))


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", str(2**53)])
def test_a_number_that_no_record_can_hold_is_refused_with_its_line(written, number):
    where, what, remedy = refused(written, LEAST + f"    params: {{C: {number}}}\n")
    assert where == "case.yaml:10"
    assert "candidates.0.params.C" in what
    assert "finite" in remedy


def test_an_absolute_path_is_kept_by_its_name_alone(written, tmp_path):
    assert written(LEAST).document["file"] == "case.yaml"


@pytest.mark.parametrize(
    ("declared", "said", "remedy"),
    [
        ("{bins: [30, 50], reference: 30-49}", "'30-49' is none", "Did you mean '30-50'?"),
        ("{bins: [30, 50], reference: old}", "'old' is none", "<30, 30-50, >=50, (missing)"),
        ("{bins: [30], population: {under30: 0.5}}", "'under30' is none", "<30, >=30"),
    ],
)
def test_a_group_that_no_cut_points_make_is_named_before_any_row_is_read(
    written, declared, said, remedy
):
    text = LEAST.replace("candidates:", f"  sensitive: {{age: {declared}}}\ncandidates:")
    where, what, hint = refused(written, text)
    assert said in what
    assert "cut points of 'age'" in what
    assert remedy in hint
    assert where == "case.yaml:8"


@pytest.mark.parametrize(
    "declared",
    [
        "{bins: [30, 50], reference: 30-50}",
        '{bins: [30.5], reference: "<30.5", population: {"(missing)": 0.1}}',
        "{reference: whoever}",
    ],
)
def test_a_group_that_may_be_there_is_left_to_the_rows(written, declared):
    text = LEAST.replace("candidates:", f"  sensitive: {{age: {declared}}}\ncandidates:")
    assert written(text).use_case.data.sensitive["age"]
