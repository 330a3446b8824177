"""What reports come to, and who is told (TS 6.2.2.1.2, 6.2.3, 6.2.4)."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.disposition import (
    FAILURES,
    SILENCE,
    Notice,
    Outcome,
    notice_of,
    outcome_of,
)
from cpmgw.policy import Policy
from cpmgw.records import SegmentReport
from txsmpp.constants import MessageState as State

POLICY = Policy()
DELIVERED = SegmentReport(State.DELIVERED)
FAILED = SegmentReport(State.UNDELIVERABLE)
ENROUTE = SegmentReport(State.ENROUTE)
POSITIVE = Disposition.POSITIVE_DELIVERY.value
NEGATIVE = Disposition.NEGATIVE_DELIVERY.value
INTERWORKING = Disposition.INTERWORKING.value

reports = some.one_of(
    some.none(), some.sampled_from(list(State)).map(lambda s: SegmentReport(int(s)))
)
requests = some.frozensets(some.sampled_from([d.value for d in Disposition]))
policies = some.builds(
    Policy, negative_delivery=some.booleans(), failed_iw_events=some.booleans()
)
COMMON = settings(deadline=None, max_examples=100)


class Outcomes(SynchronousTestCase):
    def test_delivered_when_every_segment_is(self) -> None:
        """A message is delivered when each segment is."""
        self.assertEqual(outcome_of([DELIVERED] * 3), (Outcome.DELIVERED, DELIVERED))

    def test_pending_until_the_last(self) -> None:
        """Until the last report nothing is said."""
        for known in ([None], [DELIVERED, None], [None, DELIVERED, DELIVERED]):
            self.assertEqual(outcome_of(known), (Outcome.PENDING, None))

    def test_state_on_the_way_is_pending(self) -> None:
        """ENROUTE, ACCEPTED and SCHEDULED end nothing."""
        for state in (State.ENROUTE, State.ACCEPTED, State.SCHEDULED):
            known = [DELIVERED, SegmentReport(state)]
            self.assertEqual(outcome_of(known), (Outcome.PENDING, None))

    def test_failed_as_soon_as_one_is(self) -> None:
        """One failure is the whole message's, whatever the others say or will say."""
        for known in ([FAILED, None], [DELIVERED, FAILED], [None, ENROUTE, FAILED]):
            self.assertEqual(outcome_of(known), (Outcome.FAILED, FAILED))

    def test_failures_are_the_final_states_but_delivered(self) -> None:
        """Every final state of SMPP 3.4 5.2.28 but DELIVERED is a failure."""
        on_the_way = {State.SCHEDULED, State.ENROUTE, State.ACCEPTED}
        self.assertEqual(FAILURES, set(State) - on_the_way - {State.DELIVERED})

    @COMMON
    @given(some.lists(reports, min_size=1, max_size=8), some.randoms())
    def test_order_is_of_no_matter(
        self, known: list[SegmentReport | None], random: Random
    ) -> None:
        """The outcome does not depend on which segment a report is of."""
        mixed = list(known)
        random.shuffle(mixed)
        self.assertIs(outcome_of(known)[0], outcome_of(mixed)[0])

    @COMMON
    @given(some.permutations([DELIVERED, FAILED, DELIVERED, FAILED]))
    def test_told_once_whatever_comes_first(self, coming: list[SegmentReport]) -> None:
        """However reports arrive, the outcome once reached never turns."""
        known: list[SegmentReport | None] = [None] * len(coming)
        outcomes = []
        for place, report in enumerate(coming):
            known[place] = report
            outcomes.append(outcome_of(known)[0])
        self.assertNotIn(Outcome.DELIVERED, outcomes)
        first = outcomes.index(Outcome.FAILED)
        self.assertEqual(set(outcomes[first:]), {Outcome.FAILED})

    @COMMON
    @given(some.lists(reports, min_size=1, max_size=8))
    def test_deciding_report_is_one_of_them(
        self, known: list[SegmentReport | None]
    ) -> None:
        """What decides is among the reports, and says what the outcome is."""
        outcome, deciding = outcome_of(known)
        if outcome is Outcome.PENDING:
            self.assertIsNone(deciding)
            return
        assert deciding is not None
        self.assertIn(deciding, known)
        self.assertEqual(outcome is Outcome.FAILED, deciding.state in FAILURES)


class Notices(SynchronousTestCase):
    def failure(self, *requested: str, **policy: bool) -> Notice:
        """What is told of an undeliverable message."""
        chosen = msgspec.structs.replace(POLICY, **policy)
        return notice_of(Outcome.FAILED, State.UNDELIVERABLE, requested, chosen)

    def success(self, *requested: str) -> Notice:
        """What is told of a delivered one."""
        return notice_of(Outcome.DELIVERED, State.DELIVERED, requested, POLICY)

    def test_pending_is_silent(self) -> None:
        """Before there is an outcome nobody is told."""
        everything = [each.value for each in Disposition]
        self.assertIs(notice_of(Outcome.PENDING, 1, everything, POLICY), SILENCE)

    def test_success_that_was_not_asked_for(self) -> None:
        """6.2.2.1.2 2a: not requested, not sent. [SCR Int-S-006-O]"""
        self.assertEqual(self.success(), SILENCE)
        self.assertEqual(self.success(NEGATIVE, "display"), SILENCE)

    def test_success_that_was_asked_for(self) -> None:
        """6.2.4 and step 2b: delivery, interworking, or both in one document."""
        self.assertEqual(self.success(POSITIVE), Notice(delivery="delivered"))
        self.assertEqual(self.success(INTERWORKING), Notice(interworking="legacy-sms"))
        self.assertEqual(
            self.success(POSITIVE, INTERWORKING),
            Notice(delivery="delivered", interworking="legacy-sms"),
        )

    def test_negative_delivery_if_requested(self) -> None:
        """6.2.3 1): a negative-delivery IMDN if one was requested."""
        self.assertEqual(self.failure(NEGATIVE), Notice(delivery="failed"))
        self.assertEqual(
            self.failure(NEGATIVE, INTERWORKING),
            Notice(delivery="failed", interworking="error"),
        )

    def test_event_if_not(self) -> None:
        """6.2.3 2): no IMDN, or only positive-delivery requested: the event."""
        for requested in ((), (POSITIVE,), (POSITIVE, "display")):
            self.assertEqual(self.failure(*requested), Notice(failed_event=True))

    def test_no_event_by_policy(self) -> None:
        """Without failed_iw_events nobody is told."""
        self.assertEqual(self.failure(failed_iw_events=False), SILENCE)

    def test_negative_delivery_switched_off(self) -> None:
        """Without negative_delivery the event takes its place (RCC.10).

        [RCC.10 4 concepts 8]
        """
        self.assertEqual(
            self.failure(NEGATIVE, negative_delivery=False), Notice(failed_event=True)
        )

    @COMMON
    @given(some.sampled_from(list(State)), requests, policies)
    def test_never_both(
        self, state: State, requested: frozenset[str], policy: Policy
    ) -> None:
        """Never an IMDN and an event for the same message (NOTES 7)."""
        failed = state in FAILURES
        outcome = Outcome.FAILED if failed else Outcome.DELIVERED
        notice = notice_of(outcome, state, requested, policy)
        self.assertFalse(notice.is_imdn and notice.failed_event)
        if not failed:
            self.assertFalse(notice.failed_event)

    @COMMON
    @given(some.sampled_from(sorted(FAILURES)), requests, policies)
    def test_only_what_was_requested(
        self, state: State, requested: frozenset[str], policy: Policy
    ) -> None:
        """No IMDN of a kind that nobody asked for."""
        notice = notice_of(Outcome.FAILED, state, requested, policy)
        if notice.delivery:
            self.assertIn(NEGATIVE, requested)
            self.assertNotEqual(notice.delivery, "delivered")
        if notice.interworking:
            self.assertIn(INTERWORKING, requested)
            self.assertNotEqual(notice.interworking, "legacy-sms")

    @COMMON
    @given(some.sampled_from(sorted(FAILURES)), requests)
    def test_failure_is_always_told(
        self, state: State, requested: frozenset[str]
    ) -> None:
        """With the profile of the TS no failure stays untold."""
        notice = notice_of(Outcome.FAILED, state, requested, POLICY)
        self.assertTrue(notice.is_imdn or notice.failed_event)
