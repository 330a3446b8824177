"""The number that a session has towards its user (TS 6.2.2.1.3 steps 1 and 2)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.numbering import REST, Numbering, record_of
from cpmgw.iwf.sms.outbound import shown_originator
from cpmgw.policy import Policy
from cpmgw.policy.session import SessionPolicy
from cpmgw.records import Allocation, GroupSession
from tests.flows.dialog import IDS, invite
from tests.iwf.sessions.invites import ALICE, BOB, NUMBER, invitation_of, to_group

OWN = Policy(session=SessionPolicy(sender="number"))
SEPARATE = Policy(session=SessionPolicy(sender="number", second_invitation="separate"))


class Numbers:
    """Numbers by the session that has them."""

    def __init__(self) -> None:
        self.given: dict[GroupSession, str] = {}
        self.trouble: Exception | None = None

    def number_for(self, session: GroupSession, service: str) -> Deferred[Allocation]:
        """Give one."""
        if self.trouble is not None:
            return fail(self.trouble)
        number = self.given.setdefault(session, f"+1514555900{len(self.given)}")
        return succeed(
            Allocation(
                number=number,
                group_session=session,
                pool="p",
                service=service,
                allocated=0.0,
                used=0.0,
            )
        )

    def release(self, session: GroupSession) -> Deferred[bool]:
        """Take it back."""
        return succeed(self.given.pop(session, None) is not None)


class Addresses(SynchronousTestCase):
    def setUp(self) -> None:
        self.numbers: Any = Numbers()
        self.clock = Clock()
        self.numbering = Numbering(
            lambda: self.numbers, self.clock, Background(), "SMS", shown_originator
        )

    def address(self, policy: Policy, request: Any = None) -> str:
        """The address that a session gets."""
        given = self.numbering.address(invitation_of(request), policy)
        return self.successResultOf(Deferred.fromCoroutine(given)).text

    def free(self, policy: Policy, request: Any = None) -> None:
        """The session is over."""
        self.numbering.free(invitation_of(request), policy)

    def refusal(self, policy: Policy, request: Any = None) -> CannotInterwork:
        """The refusal of a session that gets none."""
        given = self.numbering.address(invitation_of(request), policy)
        failure = self.failureResultOf(Deferred.fromCoroutine(given), CannotInterwork)
        error: CannotInterwork = failure.value
        return error

    def test_of_the_inviter(self) -> None:
        """By policy it is the inviting user's. [TS 6.2.2.1.3 step 1]"""
        self.assertEqual(self.address(Policy()), "+15145550001")
        self.free(Policy())
        self.assertEqual(self.numbers.given, {})

    def test_of_its_own(self) -> None:
        """By policy it is one of the session's own. [TS 6.2.2.1.3 step 1]

        What is kept of it leads to the inviter, after a restart too.
        """
        self.assertEqual(self.address(OWN), "+15145559000")
        (record,) = self.numbers.given
        self.assertTrue(record.one_to_one)
        self.assertEqual((record.user, record.address), ("+15145550002", ALICE))

    def test_given_back(self) -> None:
        """When the session has ended, and a while has passed, the number is free.

        So what the user answers late is not for whoever has the number next.
        """
        self.address(OWN)
        self.free(OWN)
        self.assertEqual(len(self.numbering), 0)
        self.clock.advance(REST - 1)
        self.assertEqual(list(self.numbers.given.values()), ["+15145559000"])
        self.clock.advance(1)
        self.assertEqual(self.numbers.given, {})

    def test_used_again(self) -> None:
        """A number that rests goes on with the next session of the same two."""
        first = self.address(OWN)
        self.free(OWN)
        self.clock.advance(REST - 1)
        self.assertEqual(self.address(OWN), first)
        self.clock.advance(REST)
        self.assertEqual(list(self.numbers.given.values()), [first])

    def test_rests_on(self) -> None:
        """One that could not be had again is given back all the same."""
        self.address(OWN)
        self.free(OWN)
        self.numbers.trouble = StoreError("broken")
        self.refusal(OWN)
        self.clock.advance(REST)
        self.assertEqual(self.numbers.given, {})

    def test_stop(self) -> None:
        """A stop gives back what rests, and leaves nothing that waits."""
        self.address(OWN)
        self.free(OWN)
        self.numbering.stop()
        self.assertEqual(self.numbers.given, {})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_replaced(self) -> None:
        """A session that replaces another has its number, and keeps it."""
        first = self.address(OWN)
        self.assertEqual(self.address(OWN, invite(ALICE, BOB, call_id="2")), first)
        self.free(OWN)
        self.clock.advance(REST)
        self.assertEqual(list(self.numbers.given.values()), [first])
        self.free(OWN)
        self.clock.advance(REST)
        self.assertEqual(self.numbers.given, {})

    def test_separate(self) -> None:
        """Sessions beside each other have numbers of their own."""
        first = self.address(SEPARATE)
        second = self.address(SEPARATE, invite(ALICE, BOB, call_id="2"))
        self.assertNotEqual(first, second)
        self.free(SEPARATE)
        self.clock.advance(REST)
        self.assertEqual(list(self.numbers.given.values()), [second])

    def test_of_a_group(self) -> None:
        """A group has the IW-Number, whatever policy says. [TS 6.2.2.1.3 step 2]"""
        for policy in (Policy(), OWN):
            self.assertEqual(self.address(policy, to_group()), NUMBER)
        self.free(OWN, to_group())
        self.assertEqual(self.numbers.given, {})

    def test_group_without_number(self) -> None:
        """Without an IW-Number it is refused for now."""
        error = self.refusal(Policy(), to_group(headers=IDS))
        self.assertEqual((error.status, error.cause), (480, "no-interworking-number"))

    def test_hidden(self) -> None:
        """The anonymous are shown by the number of policy, or not at all."""
        hidden = invite(ALICE, BOB, headers=(*IDS, ("Privacy", "id")))
        policy = Policy(anonymous_number="+15145550100")
        self.assertEqual(self.address(policy, hidden), "+15145550100")
        self.assertEqual(self.refusal(Policy(), hidden).status, 403)
        reveal = Policy(anonymous_originator="reveal")
        self.assertEqual(self.address(reveal, hidden), "+15145550001")
        self.assertEqual(self.address(OWN, hidden), "+15145559000")

    def test_no_address(self) -> None:
        """Who has no number cannot be shown, but may have one of the session's own."""
        request = invite("sip:ann@example.net", BOB)
        self.assertEqual(self.refusal(Policy(), request).status, 488)
        self.assertEqual(self.address(OWN, request), "+15145559000")

    def test_none_free(self) -> None:
        """No number is held by a session that got none."""
        self.numbers.trouble = CannotInterwork(480, "Later", cause="test", section="x")
        self.assertEqual(self.refusal(OWN).status, 480)
        self.numbers.trouble = StoreError("broken")
        self.assertEqual(self.refusal(OWN).status, 503)
        self.assertEqual(len(self.numbering), 0)

    def test_record_of_a_pair(self) -> None:
        """What a pair's number stands for does not change with its sessions."""
        again = invitation_of(invite(ALICE, BOB, call_id="other"))
        first = invitation_of()
        self.assertEqual(record_of(first, OWN), record_of(again, OWN))
        self.assertNotEqual(record_of(first, SEPARATE), record_of(again, SEPARATE))
        changed = msgspec.structs.replace(first, subject="x")
        self.assertEqual(record_of(first, SEPARATE), record_of(changed, SEPARATE))
