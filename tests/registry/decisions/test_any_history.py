"""Promotions, approvals, rollbacks, retirements and waivers in any order, beside a simple model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assay.errors import AssayError, Ineligible, IntegrityError, Unproven
from assay.registry.decisions import promotion, withdrawal
from tests.registry.decisions.test_promotion import compared, score

DAY = timedelta(days=1)
NUMBERS = st.integers(1, 4)
OF_THREE = st.sampled_from([1, 2, 3])
COMPARED = st.sampled_from(["pass", "caution", "unknown", "unknown", "fail"])
FATES = st.sampled_from(["pass", "pass", "unknown", "fail"])


class Decisions(RuleBasedStateMachine):
    """Whoever decides what: the champion is a version that may be one, and no other."""

    house_of = said_of = None  # the test's own, which also set the environment

    def __init__(self):
        super().__init__()
        self.house = self.house_of()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.fate = {}  # by version: pass, unknown or fail
        self.approved, self.retired = set(), set()
        self.waived = {}  # by version, until when
        self.trail, self.under = [], []  # promotions that led here; until when each holds
        self.champion = None

    def said(self):
        return type(self).said_of(as_of=self.now)

    def does(self, act, expected, error=AssayError):
        """What is expected to be done is done, and what is not changes nothing."""
        before = len(self.house.history.entries) if self.fate else 0
        if expected:
            return act()
        with pytest.raises(error):
            act()
        assert len(self.house.history.entries) == before
        return None

    @initialize(third=FATES)
    def begin(self, third):
        for fate in ("pass", "fail", third):
            self.register(fate)
        self.promote(1, True, 0)

    @rule(fate=FATES)
    def register(self, fate):
        self.fate[self.house.version(fairness=fate).number] = fate

    @rule(days=st.integers(1, 20))
    def wait(self, days):
        self.now += days * DAY

    @rule(number=NUMBERS)
    def approve(self, number):
        may = self.fate.get(number) in {"pass", "unknown"} and number not in self.retired
        self.does(
            lambda: promotion.approve_version(self.house.bucket, f"m@{number}", self.said()), may
        )
        self.approved |= {number} if may else set()

    @rule(number=st.just(2) | NUMBERS, days=st.integers(0, 30))
    def waive(self, number, days):
        until = self.now + days * DAY
        may = self.fate.get(number) == "fail" and number not in self.retired and days > 0
        self.does(
            lambda: promotion.waive_gates(
                self.house.bucket, f"m@{number}", self.said(), gates=["fairness"],
                expires=until.isoformat(),
            ),
            may,
        )  # fmt: skip
        if may:
            self.waived.setdefault(number, []).append(until)

    def clears(self, number, approve):
        """Whether a version may be champion, and until when."""
        fate = self.fate.get(number)
        if fate is None or number in self.retired:
            return False, None
        if fate == "fail":
            valid = [u for u in self.waived.get(number, []) if u > self.now]
            return bool(valid), valid[-1] if valid else None
        return fate == "pass" or approve or number in self.approved, None

    @rule(number=OF_THREE | NUMBERS, approve=st.booleans(), rival=st.just(0) | NUMBERS)
    def promote(self, number, approve, rival):
        """`rival`: a version that somebody else promotes between our look and our word."""
        may, until = self.clears(number, approve)
        other, other_until = self.clears(rival, True)
        overtaken = may and other and rival not in {0, self.champion}
        store = self.house.bucket.store
        put, waiting = store.put_if_absent, [overtaken]

        def hurried(key, data):
            if key.startswith("journals/m/") and waiting[0]:
                waiting[0] = False
                store.put_if_absent = put
                promotion.promote_version(
                    self.house.bucket, f"m@{rival}", self.said(), approve=True
                )
            return put(key, data)

        noted = self.fate.get(number) == "unknown" and number not in self.approved
        changes = number != self.champion or (self.under and self.under[-1] != until)
        interferes = overtaken and (changes or (noted and approve))
        if interferes:
            store.put_if_absent = hurried
        same = interferes and number == rival  # both want the same, and both have it
        try:
            promoted = lambda: promotion.promote_version(  # noqa: E731 - called at once
                self.house.bucket, f"m@{number}", self.said(), approve=approve
            )
            if interferes and not same:
                with pytest.raises(Ineligible, match="meanwhile"):
                    promoted()
            else:
                self.does(promoted, may)
        finally:
            store.put_if_absent = put
        if may and noted and approve:
            self.approved.add(number)
        if interferes:
            self.approved |= {rival} if self.fate[rival] == "unknown" else set()
            self.point(rival, other_until)
        elif may:
            self.point(number, until)

    def point(self, number, until):
        if self.trail and self.trail[-1] == number:
            self.trail.pop()
            self.under.pop()
        self.trail.append(number)
        self.under.append(until)
        self.champion = number

    @precondition(lambda self: len(self.trail) > 1)
    @rule(to=st.none() | NUMBERS)
    def rollback(self, to):
        before = self.trail[:-1]
        wanted = to if to is not None else (before[-1] if before else None)
        places = [i for i, number in enumerate(before) if number == wanted]
        at = places[-1] if places else None
        holds = at is not None and (self.under[at] is None or self.under[at] > self.now)
        may = holds and wanted not in {*self.retired, self.champion}
        self.does(
            lambda: withdrawal.roll_back_alias(self.house.bucket, "m", self.said(), to=to), may
        )
        if may:
            del self.trail[at + 1 :], self.under[at + 1 :]
            self.champion = wanted

    @precondition(lambda self: len(self.trail) > 1)
    @rule(number=NUMBERS)
    def retire(self, number):
        may = number in self.fate
        self.does(
            lambda: withdrawal.retire_version(self.house.bucket, f"m@{number}", self.said()), may
        )
        if may:
            self.retired.add(number)
            self.champion = None if self.champion == number else self.champion

    @rule(number=OF_THREE, days=st.integers(1, 9))
    def serve_a_while(self, number, days):
        """What a version's life mostly is: let in, whatever its gates say, and taken back."""
        if self.fate[number] == "fail":
            self.waive(number, days)
        self.promote(number, True, 0)
        self.wait(days // 2)
        self.rollback(None)

    @invariant()
    def the_champion_is_the_models(self):
        assert self.house.champion == self.champion
        assert self.champion not in self.retired

    @invariant()
    def it_loads_unless_its_waiver_has_expired(self):
        if self.champion is None:
            return
        holds = self.under[-1] is None or self.under[-1] > self.now
        with pytest.raises(IntegrityError) as caught:
            self.house.registry.load("m@champion", as_of=self.now)
        # Opened, it is no pickle.
        assert isinstance(caught.value, Unproven) == (not holds), caught.value
        if not holds:
            assert "expired" in caught.value.what


def test_the_champion_is_always_a_version_that_may_be_one(house, said, key):
    Decisions.house_of, Decisions.said_of = type(house), said
    run_state_machine_as_test(Decisions, settings=settings(max_examples=25, stateful_step_count=20))


class Comparisons(RuleBasedStateMachine):
    """A challenger in shadow: the last comparison decides, also one that comes just before the
    entry; what it cannot tell, a person who knew of that very one.
    """

    house_of = said_of = None

    def __init__(self):
        super().__init__()
        self.house, self.said = self.house_of(), type(self).said_of
        for _ in range(2):
            self.house.version()
        self.promote_version(1)
        self.champion = 1
        for number in (1, 2):
            score(self.house, number, role="served")
        self.challenge()

    def challenge(self):
        self.challenger = self.house.version(promotion={"shadow": 1}).number
        score(self.house, self.challenger)
        self.last, self.seen = {}, set()  # comparisons by champion; those that were approved of

    def promote_version(self, number, **options):
        return promotion.promote_version(self.house.bucket, f"m@{number}", self.said(), **options)

    def approve_challenger(self):
        return promotion.approve_version(self.house.bucket, f"m@{self.challenger}", self.said())

    @property
    def known(self):
        """The last comparison with the champion: its verdict, and which it is."""
        return self.last.get(self.champion, ("none", 0))

    def done(self, act, between):
        """Whether it was done, where a comparison comes just before the first entry."""
        store = self.house.bucket.store
        put = store.put_if_absent

        def late(key, data):
            if key.startswith("journals/m/"):
                store.put_if_absent = put
                self.compare(between)
            return put(key, data)

        if between:
            store.put_if_absent = late
        known, approvals = self.known, self.house.kinds.count("approved")
        try:
            act()
            return True
        except Ineligible:
            return False
        finally:
            store.put_if_absent = put
            if self.house.kinds.count("approved") > approvals:
                self.seen.add(known)

    @rule(verdict=COMPARED)
    def compare(self, verdict):
        self.last[self.champion] = verdict, len(self.house.kinds)
        compared(
            self.house, verdict, self.champion, self.challenger, summary=f"{len(self.house.kinds)}"
        )

    @rule()
    def crown_another(self):
        self.champion = 3 - self.champion
        self.promote_version(self.champion)

    @rule(between=st.none() | COMPARED)
    def approve(self, between):
        known = self.known
        done = self.done(self.approve_challenger, between)
        assert done == (self.known == known and self.known[0] not in {"fail", "none"})

    @rule(yes=st.booleans(), between=st.none() | COMPARED)
    def promote(self, yes, between):
        known = self.known
        done = self.done(lambda: self.promote_version(self.challenger, approve=yes), between)
        seen = self.known in self.seen or (yes and self.known == known)
        verdict = self.known[0]
        assert done == (verdict in {"pass", "caution"} or (verdict == "unknown" and seen))
        if done:
            withdrawal.roll_back_alias(self.house.bucket, "m", self.said())
            self.challenge()

    @invariant()
    def nobody_else_is_champion(self):
        assert self.house.champion == self.champion


@pytest.mark.slow
def test_a_challenger_comes_in_on_the_last_comparison_by_who_knew_it(house, said):
    Comparisons.house_of, Comparisons.said_of = type(house), said
    run_state_machine_as_test(
        Comparisons, settings=settings(max_examples=20, stateful_step_count=20)
    )


def test_a_rollback_inverts_a_promotion(house, said):
    """Whatever was champion before."""
    for number in range(1, 6):
        house.version()
        before = (house.champion, house.history.previous_versions("champion"))
        promotion.promote_version(house.bucket, f"m@{number}", said())
        if number > 1:
            withdrawal.roll_back_alias(house.bucket, "m", said())
            assert (house.champion, house.history.previous_versions("champion")) == before
            promotion.promote_version(house.bucket, f"m@{number}", said())
