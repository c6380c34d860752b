"""What a run makes champion by itself, and what it leaves to people."""

from types import SimpleNamespace

import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.config.card import CardText
from assay.config.production import PromotionPolicy
from assay.registry.history import REGISTERED
from assay.registry.registry import Registry
from assay.runs import conclusion
from assay.store.memory import MemoryStore

AUTOMATIC = PromotionPolicy(first="automatic", later="automatic")


@pytest.fixture
def registry():
    return Registry(Bucket.from_store(MemoryStore()).prepare())


def version(registry, number):
    bucket = registry._bucket
    body = {
        "question": str(Digest.of_bytes(b"%d" % number)),
        "model": bucket.put(b"%d" % number, artifacts.MODEL, "m").as_json(),
        "reports": {},
        "against": None,
    }
    return registry.register("m", REGISTERED, body)


def judge(registry, judged, policy=AUTOMATIC, *, against=None, beats=True, card=None):
    """End a run that brought forth a version, held against the champion `against`."""
    loaded = SimpleNamespace(use_case=SimpleNamespace(promotion=policy, card=card or CardText()))
    run = SimpleNamespace(loaded=loaded, name="m", retraining_origin=None)
    tried = SimpleNamespace(
        gates={"fairness": "pass"}, champion_number=against, beats_champion=beats
    )
    conclusion._promote_automatically(run, registry, judged, tried)
    return registry.history("m").aliases.get("champion")


def note(registry, kind, **body):
    Journal(registry._bucket, "m").append(lambda _: (kind, {"because": "it leaks", **body}))


def test_the_first_and_whatever_beats_it_are_promoted_where_the_use_case_says_so(registry):
    one, two = version(registry, 1), version(registry, 2)
    assert judge(registry, one, PromotionPolicy()) is None
    assert judge(registry, one) == 1
    assert judge(registry, two, against=1, beats=False) == 1
    assert judge(registry, two, against=1) == 2


def test_a_card_with_gaps_waits_for_people_where_the_use_case_says_so(registry):
    one = version(registry, 1)
    required = AUTOMATIC.model_copy(update={"card": "required"})
    assert judge(registry, one, required, card=CardText(contact="us")) is None
    full = CardText(intended_use="a", out_of_scope="b", limits="c", contact="d")
    assert judge(registry, one, required, card=full) == 1


def test_what_a_person_rolled_back_does_not_come_back_by_itself(registry):
    one, two = version(registry, 1), version(registry, 2)
    judge(registry, one)
    judge(registry, two, against=1)
    note(registry, "rolled_back", alias="champion", version=1, previous=2)
    assert judge(registry, two, against=1) == 1


def test_after_a_retirement_nothing_is_the_first_again(registry):
    one, two = version(registry, 1), version(registry, 2)
    judge(registry, one)
    note(registry, "retired", version=1)
    assert judge(registry, one) is None
    assert judge(registry, two) is None
