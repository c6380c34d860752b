"""Who and what may become champion: every rule refuses, and says what to do next."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.objects import object_key
from assay.errors import (
    ConfigError,
    Ineligible,
    NotAllowed,
    ReferenceUnknown,
    SignatureBad,
    Unproven,
)
from assay.registry.batch_ledger import BatchLedger, ScoredBatch
from assay.registry.decisions import promotion, withdrawal
from assay.registry.decisions.justification import Justification

LATER = "2026-04-01"


def promote(house, said, reference="m@1", **options):
    return promotion.promote_version(house.bucket, reference, said, **options)


def waive(house, said, *gates, reference="m@1", expires=LATER):
    return promotion.waive_gates(house.bucket, reference, said, gates=gates, expires=expires)


def refused(house, said, error=Ineligible, **options):
    before = len(house.history.entries)
    with pytest.raises(error) as caught:
        promote(house, said, **options)
    assert caught.value.remedy, "a refusal says what to do next"
    assert len(house.history.entries) == before
    return str(caught.value)


def test_a_promotion_keeps_who_why_when_and_the_evidence(house, said):
    version = house.version()
    entry = promote(house, said())
    assert house.champion == 1
    assert (entry.actor, entry.body["because"]) == ("someone", "it is better")
    assert entry.body["as_of"] == "2026-03-01T12:00:00+00:00"
    assert entry.body["evidence"] == {g: str(a.digest) for g, a in version.reports.items()}


def test_promoting_the_champion_again_writes_nothing(house, said):
    house.version()
    assert promote(house, said())
    assert promote(house, said()) is None
    assert house.kinds == ["registered", "promoted"]


def test_a_version_must_be_named_and_be_there(house, said):
    house.version()
    assert "m@1" in refused(house, said(), ReferenceUnknown, reference="m")
    refused(house, said(), ReferenceUnknown, reference="m@7")
    refused(house, said(), ReferenceUnknown, reference="n@1")
    refused(house, said(), ReferenceUnknown, reference="../m@1")


def test_a_reason_must_be_given(said):
    for blank in ("", "  \n", "\udcff"):
        with pytest.raises(ConfigError):
            said(blank)


def test_a_rejected_version_needs_a_waiver(house, said):
    house.version(fairness="fail")
    text = refused(house, said())
    assert "fairness" in text
    assert "assay waive m@1 --gate fairness" in text


@pytest.mark.parametrize("gate", ["validation", "feasibility", "candidates", "technical"])
def test_a_version_without_a_gates_report_needs_a_waiver(house, said, gate):
    house.version(without=[gate])
    assert f"--gate {gate}" in refused(house, said())


def test_a_report_that_is_gone_or_altered_is_no_evidence(house, said):
    digest = house.version().reports["fairness"].digest
    held = house.bucket.store.get(object_key(digest))
    house.bucket.store.delete(object_key(digest))
    assert "--gate fairness" in refused(house, said())
    house.bucket.store.put_if_absent(object_key(digest), held.replace(b"seen", b"good"))
    assert "--gate fairness" in refused(house, said())


def test_what_an_entry_claims_of_a_gate_does_not_stand_in_for_its_report(house, said):
    claims = dict.fromkeys(["validation", "feasibility", "performance", "fairness"], "pass")
    house.version(fairness="fail", more={"gates": claims})
    assert "the fairness gate failed it" in refused(house, said())


def test_a_gate_that_cannot_tell_needs_an_approval_first_or_with_it(house, said):
    house.version(fairness="unknown")
    assert "--approve" in refused(house, said())
    promotion.approve_version(house.bucket, "m@1", said("I looked at them"))
    assert promote(house, said())
    house.version(fairness="unknown")
    assert promote(house, said("both at once"), reference="m@2", approve=True)
    assert house.kinds[-2:] == ["approved", "promoted"]


def test_approval_is_noted_only_where_it_was_needed(house, said):
    house.version()
    promote(house, said(), approve=True)
    assert "approved" not in house.kinds


def test_an_approval_undoes_no_rejection(house, said):
    house.version(fairness="fail")
    with pytest.raises(Ineligible, match="an approval cannot change that"):
        promotion.approve_version(house.bucket, "m@1", said())
    house.note("approved", version=1, because="by other means")
    refused(house, said())


def test_approving_twice_writes_once(house, said):
    house.version()
    assert promotion.approve_version(house.bucket, "m@1", said())
    assert promotion.approve_version(house.bucket, "m@1", said()) is None


def test_another_alias_takes_any_version_that_was_registered(house, said):
    house.version(fairness="unknown")
    house.version(fairness="fail")
    assert promote(house, said(), alias="challenger").body["alias"] == "challenger"
    refused(house, said(), reference="m@2", alias="challenger")
    assert house.champion is None


# --- shadow -----------------------------------------------------------------------------------


def score(house, version, role="shadow", rows=b"rows"):
    artifact = house.bucket.put(rows, "t", "t")
    scored = ScoredBatch(
        name="b", source=None, as_of="2026-03-01", table=artifact, predictions=artifact,
        unfit=None, rows=1, unfit_rows=0, version=version,
        model=house.history.versions[version].digest, role=role, seconds=0.1,
    )  # fmt: skip
    assert BatchLedger(house.bucket, "m").add_scored(
        scored, allow_repeat=True
    )  # by version, as with --model


def both(house, rows):
    """A batch that the first served and the second scored unseen."""
    score(house, 2, rows=rows)
    score(house, 1, role="served", rows=rows)


def compared(house, verdict="pass", against=1, version=2, summary="seen"):
    """What the monitor enters once the batches suffice."""
    report = house.report("shadow", verdict, summary)
    return house.note(
        "shadowed", version=version, against=against, batches=2, verdict=verdict, report=report,
        upto=4, summary="seen", reasons=[], causes=[], as_of="2026-03-01T12:00:00+00:00",
    )  # fmt: skip


@pytest.fixture
def beside(house, said):
    """A challenger that scored its two batches in shadow."""
    house.version(promotion={"shadow": 2})
    promote(house, said())  # the first has nobody to stand beside
    house.version(promotion={"shadow": 2})
    both(house, b"one")
    both(house, b"two")
    return house


def test_batches_in_shadow_come_first_where_the_use_case_asks(house, said):
    house.version(promotion={"shadow": 2})
    promote(house, said())
    house.version(promotion={"shadow": 2})
    both(house, b"one")
    score(house, 2, role="served", rows=b"two")
    score(house, 2, rows=b"three")  # beside nobody
    told = refused(house, said(), reference="m@2")
    assert "1 of the 2 required batches" in told
    assert "assay promote m@2 --alias challenger" in told
    promote(house, said(), reference="m@2", alias="challenger")
    assert "As challenger it scores along with `assay score`; wait for 1 batch more." in refused(
        house, said(), reference="m@2"
    )


def test_answers_in_shadow_must_have_been_compared(beside, said):
    told = refused(beside, said(), reference="m@2")
    assert "were not compared with those of m@1" in told
    assert "assay monitor CONFIG" in told
    entry = compared(beside)
    promoted = promote(beside, said(), reference="m@2")
    assert promoted.body["evidence"]["shadow"] == entry.body["report"]["digest"]
    assert set(promoted.body["evidence"]) > {"performance", "fairness"}
    assert promote(beside, said(), reference="m@1"), "who was champion has served"


def test_a_shadow_that_failed_is_neither_promoted_nor_approved(beside, said, key):
    compared(beside)
    compared(beside, "fail")
    assert "it failed in shadow: it was seen. Required: It holds" in refused(
        beside, said(), reference="m@2"
    )
    with pytest.raises(Ineligible, match="it failed in shadow"):
        promotion.approve_version(beside.bucket, "m@2", said())
    waive(beside, said(), "shadow", reference="m@2")
    assert promotion.approve_version(beside.bucket, "m@2", said()).body["evidence"]["shadow"]
    assert promote(beside, said(), reference="m@2").body["waiver"]


def test_a_shadow_that_cannot_tell_is_for_a_person_to_approve(beside, said):
    compared(beside, "unknown")
    assert "in shadow cannot tell" in refused(beside, said(), reference="m@2")
    promotion.approve_version(beside.bucket, "m@2", said())
    assert promote(beside, said(), reference="m@2")


def test_a_comparison_with_another_champion_does_not_count(beside, said):
    compared(beside)
    beside.version()
    promote(beside, said(), reference="m@3")
    told = refused(beside, said(), reference="m@2")
    assert "0 of the 2 required batches" in told, "none of them was served by the present champion"
    for rows in (b"one", b"two"):
        score(beside, 3, role="served", rows=rows)
    assert "were not compared with those of m@3" in refused(beside, said(), reference="m@2")
    compared(beside, against=3)
    assert promote(beside, said(), reference="m@2")


def test_approval_waits_for_the_shadow_that_it_is_about(beside, said):
    with pytest.raises(Ineligible, match="were not compared"):
        promotion.approve_version(beside.bucket, "m@2", said())
    compared(beside, "caution")
    assert promotion.approve_version(beside.bucket, "m@2", said())


def test_an_approval_holds_for_the_evidence_it_was_given_on(beside, said):
    compared(beside)
    early = promotion.approve_version(beside.bucket, "m@2", said("all passes"))
    later = compared(beside, "unknown")
    told = refused(beside, said(), reference="m@2")
    assert "in shadow cannot tell" in told
    assert f"someone approved it (entry {early.number}) on other evidence" in told
    assert f"comparison with m@1 (entry {later.number})" in told
    again = promotion.approve_version(beside.bucket, "m@2", said("I looked at that, too"))
    assert again.body["evidence"]["shadow"] == later.body["report"]["digest"]
    assert promotion.approve_version(beside.bucket, "m@2", said()) is None
    compared(beside, "unknown", summary="of more batches")
    refused(beside, said(), reference="m@2")
    assert promote(beside, said(), reference="m@2", approve=True)
    assert beside.kinds[-2:] == ["approved", "promoted"]


def test_an_approval_beside_one_champion_is_none_beside_another(beside, said):
    compared(beside, "unknown")
    promotion.approve_version(beside.bucket, "m@2", said())
    beside.version()
    promote(beside, said(), reference="m@3")
    for rows in (b"one", b"two"):
        score(beside, 3, role="served", rows=rows)
    compared(beside, "unknown", against=3, summary="beside another")
    assert "on other evidence, before its comparison with m@3" in refused(
        beside, said(), reference="m@2"
    )
    promote(beside, said(), reference="m@1")
    assert promote(beside, said(), reference="m@2"), "as it was approved of"


def test_comparisons_that_can_tell_leave_an_approval_standing(beside, said):
    beside.version(fairness="unknown")
    promotion.approve_version(beside.bucket, "m@3", said())
    assert promote(beside, said(), reference="m@3"), "its gates' reports never change"
    compared(beside, "unknown", summary="of the second")
    assert promote(beside, said(), reference="m@1")
    assert promote(beside, said(), reference="m@3")


def test_an_old_approval_that_names_no_evidence_is_of_the_gates_alone(beside, said):
    beside.version(fairness="unknown")
    for number in (2, 3):
        beside.note("approved", version=number, because="it named none in those days")
    compared(beside, "unknown")
    assert "on other evidence" in refused(beside, said(), reference="m@2")
    assert promotion.promote_version(beside.bucket, "m@3", said())


def test_missing_batches_in_shadow_can_be_waived(house, said, key):
    house.version(promotion={"shadow": 2})
    promote(house, said())
    house.version(promotion={"shadow": 2})
    waive(house, said(), "shadow", reference="m@2")
    assert promote(house, said(), reference="m@2")


# --- waivers ----------------------------------------------------------------------------------


def test_a_signed_waiver_lets_a_rejected_version_pass_and_is_named(house, said, key):
    house.version(fairness="fail")
    waiver = waive(house, said("a stopgap"), "fairness")
    entry = promote(house, said())
    assert entry.body["waiver"] == waiver.number
    assert waiver.body == {
        "version": 1,
        "gates": ["fairness"],
        "expires": "2026-04-01T00:00:00+00:00",
        "because": "a stopgap",
        "as_of": "2026-03-01T12:00:00+00:00",
    }


def test_a_waiver_is_signed_or_not_written(house, said):
    house.version(fairness="fail")
    with pytest.raises(NotAllowed, match="must be signed"):
        waive(house, said(), "fairness")
    house.note("waived", version=1, gates=["fairness"], because="x", expires=LATER)
    assert "is not signed" in refused(house, said())


def test_an_expired_waiver_lets_nothing_pass(house, said, key):
    from assay.util.clock import parse_timestamp

    house.version(fairness="fail")
    waive(house, said(), "fairness")
    assert "expired on 2026-04-01" in refused(house, said(as_of=parse_timestamp(LATER)))
    assert promote(house, said(as_of=parse_timestamp("2026-03-31T23:59:59Z")))


def test_a_waiver_speaks_of_its_gates_and_its_version_alone(house, said, key):
    house.version(fairness="fail", performance="fail")
    house.version(fairness="fail")
    waive(house, said(), "fairness")
    assert "does not cover performance" in refused(house, said())
    assert "waiver of entry" not in refused(house, said(), reference="m@2")


@pytest.mark.parametrize("gates", [[], ["validation"], ["fairnes"], ["performance"]])
def test_only_what_stands_in_the_way_is_waived(house, said, key, gates):
    house.version(fairness="fail", performance="unknown")
    with pytest.raises(ConfigError) as caught:
        waive(house, said(), *gates)
    assert caught.value.remedy


@pytest.mark.parametrize("expires", ["2026-03-01", "2020-01-01", "soon", "2026-13-01"])
def test_a_waiver_expires_on_a_day_to_come(house, said, key, expires):
    house.version(fairness="fail")
    with pytest.raises(ConfigError):
        waive(house, said(), "fairness", expires=expires)


def test_a_champion_under_a_waiver_loads_until_it_expires(house, said, key):
    from assay.util.clock import parse_timestamp

    house.version(fairness="fail")
    waive(house, said(), "fairness")
    promote(house, said())
    load = house.registry.load
    for reference in ("m@champion", "m", "m@1"):
        assert "cannot be read here" in failing(load, reference, "2026-03-31")
        told = failing(load, reference, LATER, Unproven)
        assert "expired on 2026-04-01" in told
        assert "assay rollback m" in told
        assert "assay waive m@1 --gate fairness" in told
    renewed = waive(house, said(as_of=parse_timestamp(LATER)), "fairness", expires="2026-05-01")
    assert promote(house, said(as_of=parse_timestamp(LATER))).body["waiver"] == renewed.number
    assert "cannot be read here" in failing(load, "m@champion", "2026-04-30")


def failing(load, reference, as_of, error=Exception):
    """The bytes of these tests are no pickle: what opens them says so."""
    from assay.util.clock import parse_timestamp

    with pytest.raises(error) as caught:
        load(reference, as_of=parse_timestamp(as_of))
    return str(caught.value)


# --- who --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vic", "sam", "olga"])
def test_none_but_an_engineer_promotes_approves_or_waives(house, said, people, name):
    house.version(fairness="fail")
    people()(name)
    for act in (promote, lambda h, s: promotion.approve_version(h.bucket, "m@1", s), waive):
        with pytest.raises(NotAllowed, match=name) as caught:
            act(house, said())
        assert "ada, eve" in caught.value.remedy


def test_who_is_not_among_the_people_does_not_act(house, said, people):
    house.version()
    act = people()
    act("adda", key=False)
    assert "Did you mean 'ada'" in refused(house, said(), NotAllowed)


def test_a_key_of_nobody_there_does_not_act(house, said, people, key, monkeypatch):
    house.version()
    own = os.environ["ASSAY_SIGNING_KEY"]
    people()("ada")
    monkeypatch.setenv("ASSAY_SIGNING_KEY", own)
    assert "belongs to nobody" in refused(house, said(), NotAllowed)


def test_whose_key_signed_is_who_acts_whatever_the_system_says(house, said, people, monkeypatch):
    people("required")("ada")
    house.version()
    monkeypatch.setattr("assay.registry.authority.current_user", lambda: "root")
    entry = promote(house, said())
    assert (entry.actor, entry.signature is not None) == ("ada", True)


def test_where_signatures_are_required_nobody_acts_without_a_key(house, said, people):
    house.version()
    people("required")("ada", key=False)
    assert "ASSAY_SIGNING_KEY" in refused(house, said(), NotAllowed)


def test_an_approval_counts_only_if_its_signature_holds(house, said, people):
    act = people("required")
    act("ada")
    house.version(fairness="unknown")
    act("ada", key=False)
    house.note("approved", by="eve", version=1, because="forged")
    act("ada")
    assert "--approve" in refused(house, said())
    act("sam")
    house.note("approved", by="eve", version=1, because="signed by sam")
    act("ada")
    assert "--approve" in refused(house, said())


def test_a_waiver_by_who_may_not_waive_lets_nothing_pass(house, said, people):
    house.version(fairness="fail")
    act = people()
    act("sam")
    house.note("waived", by="sam", version=1, gates=["fairness"], because="x", expires=LATER)
    act("ada")
    assert "sam, who may not waive" in refused(house, said())


def test_another_engineer_is_neither_who_trained_nor_who_had_it_trained(house, said, people):
    another = {"by": "another engineer"}
    act = people()
    act("ada")
    house.version(by="ada", promotion=another)
    assert "asks for another engineer" in refused(house, said())
    with pytest.raises(Ineligible, match="another engineer"):
        promotion.approve_version(house.bucket, "m@1", said())
    act("eve")
    promotion.approve_version(house.bucket, "m@1", said())
    act("ada")
    assert promote(house, said()), "somebody else has given their word"
    act("eve")
    began = house.note("retraining", by="eve", because="drift")
    house.version(by="worker", promotion=another, more={"retraining": began.number})
    refused(house, said(), reference="m@2")
    act("ada")
    assert promote(house, said(), reference="m@2")


def test_anothers_word_on_other_evidence_is_no_second_one(house, said, people):
    policy = {"shadow": 1, "by": "another engineer"}
    act = people()
    act("ada")
    house.version()
    promote(house, said())
    house.version(by="ada", promotion=policy)
    both(house, b"one")
    compared(house)
    act("eve")
    promotion.approve_version(house.bucket, "m@2", said())
    compared(house, "unknown")
    act("ada")
    told = refused(house, said(), reference="m@2", approve=True)
    assert "asks for another engineer" in told
    act("eve")
    promotion.approve_version(house.bucket, "m@2", said())
    act("ada")
    assert promote(house, said(), reference="m@2")


@pytest.mark.parametrize("by", ["engineer", "another engineer"])
def test_without_a_peoples_file_nobody_is_known_to_be_an_engineer(house, said, by):
    house.version(promotion={"by": by})
    assert "configs/people.yaml" in refused(house, said())


def test_a_promotion_signed_by_who_may_not_is_not_served(house, said, people):
    act = people("required")
    act("sam")
    house.version()
    house.registry.promote(house.history.versions[1], because="mine", expected_version=None)
    with pytest.raises(Unproven, match="may not promote"):
        house.registry.load("m@champion")
    house.version(promotion={"first": "automatic", "later": "automatic"})
    house.registry.promote(house.history.versions[2], because="by itself", expected_version=1)
    assert "cannot be read here" in failing(house.registry.load, "m@champion", LATER)


def test_an_entry_with_a_bad_signature_is_not_believed(house, said, people, tmp_path):
    act = people()
    act("ada")
    house.version(fairness="unknown")
    promotion.approve_version(house.bucket, "m@1", said())
    file = tmp_path / "people.yaml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("  ada")]
    file.write_text("\n".join(kept))
    act("eve")
    with pytest.raises(SignatureBad, match="unknown key"):
        promote(house, said())


# --- at once ----------------------------------------------------------------------------------


def test_of_two_who_promote_at_once_one_does(house, said, meanwhile):
    house.version()
    house.version()
    meanwhile(lambda: promote(house, said("I was faster"), reference="m@2"))
    with pytest.raises(Ineligible, match="m@2 became champion meanwhile"):
        promote(house, said())
    assert house.kinds == ["registered", "registered", "promoted"]


def test_a_version_that_is_retired_meanwhile_is_not_promoted(house, said, meanwhile):
    house.version()
    meanwhile(lambda: withdrawal.retire_version(house.bucket, "m@1", said("broken")))
    with pytest.raises(Unproven, match="retired"):
        promote(house, said())
    assert house.champion is None


@pytest.mark.parametrize("approve", [False, True])
def test_a_comparison_that_fails_meanwhile_stops_a_promotion(beside, said, meanwhile, approve):
    compared(beside)
    meanwhile(lambda: compared(beside, "fail"))
    with pytest.raises(Ineligible, match="it failed in shadow"):
        promote(beside, said(), reference="m@2", approve=approve)
    assert (beside.champion, beside.kinds[-1]) == (1, "shadowed")


def test_a_promotion_names_the_evidence_that_there_is_when_it_is_written(beside, said, meanwhile):
    compared(beside)
    meanwhile(lambda: compared(beside, summary="of more batches"))
    entry = promote(beside, said(), reference="m@2")
    last = beside.history.last_shadow_comparison(beside.history.versions[2])
    assert last.body["summary"] == "seen"
    assert entry.body["evidence"]["shadow"] == last.body["report"]["digest"]
    assert entry.number == last.number + 1


def test_what_changes_while_it_is_approved_is_looked_at_again(beside, said, meanwhile):
    compared(beside, "unknown")
    for options in ({}, {"approve": True}):
        meanwhile(lambda: compared(beside, "unknown", summary=f"{len(beside.kinds)}"))
        act = (
            promote if options else lambda h, s, **_: promotion.approve_version(h.bucket, "m@2", s)
        )
        with pytest.raises(Ineligible, match="changed during the approval"):
            act(beside, said(), reference="m@2", **options)
    meanwhile(lambda: compared(beside, "fail"))
    with pytest.raises(Ineligible, match="it failed in shadow"):
        promotion.approve_version(beside.bucket, "m@2", said())
    assert "approved" not in beside.kinds


def test_what_is_approved_and_then_changes_is_not_promoted(beside, said, meanwhile):
    compared(beside, "unknown")
    meanwhile(lambda: compared(beside, "unknown", summary="of more batches"), "promoted")
    with pytest.raises(Ineligible, match="on other evidence"):
        promote(beside, said(), reference="m@2", approve=True)
    assert (beside.champion, beside.kinds[-2:]) == (1, ["approved", "shadowed"])


def test_what_is_retired_meanwhile_is_not_waived(house, said, key, meanwhile):
    house.version(fairness="fail")
    meanwhile(lambda: withdrawal.retire_version(house.bucket, "m@1", said("broken")))
    with pytest.raises(Ineligible, match="broken"):
        waive(house, said(), "fairness")


# --- aliases ----------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["1", "42", "٣", "", "a b", "m@2", "für", "a.b", "a\n"])
def test_an_alias_that_no_reference_could_name_is_refused(house, said, alias):
    house.version()
    assert "is no alias" in refused(house, said(), ConfigError, alias=alias)


@given(st.text(st.sampled_from("abC12_-.@ é٣"), max_size=4))
def test_what_an_alias_may_be_its_reference_finds(alias):
    from tests.registry.decisions.conftest import NOON, House

    house = House()
    house.version()
    house.version()
    try:
        promotion.promote_version(house.bucket, "m@1", Justification("a test", NOON), alias=alias)
    except (ConfigError, Ineligible):
        assert house.kinds == ["registered", "registered"]
    else:
        assert house.registry.find_version(f"m@{alias}").number == 1
