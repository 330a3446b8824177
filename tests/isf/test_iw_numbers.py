"""Interworking numbers as the ISF gives them (TS 5.1 steps 7a, 8, 12, 13, 5.2)."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.config import NumberPoolConfig
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import INumbers
from cpmgw.isf.group_session import group_session_of
from cpmgw.isf.iw_numbers import LOST_KEPT, InterworkingNumbers
from cpmgw.records import Allocation
from cpmgw.store.sqlite import SqliteStore
from tests.isf.invitations import invitation
from tests.store.pump import Pump
from tests.store.values import group_session

FIRST = "+15145559000"
NUMBER = "+15145550009"


def pool(size: int = 1, name: str = "p", **details: Any) -> NumberPoolConfig:
    """A pool of the configuration with so many numbers, up to a hundred."""
    numbers = (f"{FIRST}-+{int(FIRST) + size - 1}",)
    return NumberPoolConfig(name=name, numbers=numbers, **details)


class NumbersCase(SynchronousTestCase):
    """A gateway's numbers in a store that is a file."""

    def setUp(self) -> None:
        self.pump = Pump()
        self.now = 1000.0
        self.path = os.path.abspath(self.mktemp())
        self.store = SqliteStore(
            self.path, self.pump.call_from_thread, lambda: self.now
        )
        self.store.open()
        self.addCleanup(lambda: self.pump.result(self.store.close()))

    def numbers(self, *pools: NumberPoolConfig) -> InterworkingNumbers:
        """The numbers of a gateway that has just started."""
        numbers = InterworkingNumbers(
            self.store.numbers, pools, lambda: self.now, retry_after=7
        )
        self.pump.result(numbers.start())
        return numbers

    def given(
        self, numbers: InterworkingNumbers, contribution: str, service: str = "SMS"
    ) -> Allocation:
        """What is allocated to a session."""
        session = group_session(contribution)
        return self.pump.result(numbers.number_for(session, service))

    def refusal(
        self, numbers: InterworkingNumbers, contribution: str, service: str = "SMS"
    ) -> CannotInterwork:
        """Why a session gets no number."""
        error: CannotInterwork = self.assertRaises(
            CannotInterwork, self.given, numbers, contribution, service
        )
        return error


class Numbers(NumbersCase):
    def test_allocates(self) -> None:
        """A session without a number is given one.

        [TS 5.1 step 7a.vi] [TS 5.1 step 8f]
        """
        allocation = self.given(self.numbers(pool()), "1")
        self.assertEqual((FIRST, "p"), (allocation.number, allocation.pool))
        self.assertEqual((1000.0, True), (allocation.allocated, allocation.fresh))

    def test_interface(self) -> None:
        """Whoever has a session to give a number to sees this of them."""
        verifyObject(INumbers, self.numbers(pool()))

    def test_release(self) -> None:
        """The number of a session that has ended is free; it is released once."""
        numbers = self.numbers(pool(share="none"))
        self.given(numbers, "1")
        released = numbers.release(group_session("1"))
        self.assertTrue(self.pump.result(released))
        self.assertFalse(self.pump.result(numbers.release(group_session("1"))))
        self.assertEqual(self.given(numbers, "2").number, FIRST)

    def test_sessions_of_two_that_were_lost(self) -> None:
        """Their numbers lead to the CPM user for a week, then a start frees them."""
        two = msgspec.structs.replace(
            group_session("1", one_to_one=True), conversation_id=""
        )
        self.pump.result(self.numbers(pool()).number_for(two, "SMS"))
        self.now += LOST_KEPT - 1
        self.numbers(pool())
        self.assertIsNotNone(self.pump.result(self.store.numbers.find(two)))
        self.now += 1
        self.numbers(pool())
        self.assertIsNone(self.pump.result(self.store.numbers.find(two)))

    def test_sessions_of_their_own_that_were_lost(self) -> None:
        """A number of one session alone is free at once: it cannot begin again."""
        two = group_session("1", one_to_one=True)
        self.pump.result(self.numbers(pool()).number_for(two, "SMS"))
        self.now += 1
        self.numbers(pool())
        self.assertIsNone(self.pump.result(self.store.numbers.find(two)))

    def test_what_this_process_has_given(self) -> None:
        """A session that lasts for weeks keeps its number, whenever it is looked at."""
        numbers = self.numbers(pool(2, share="none"))
        found = []
        for one in ("", "c"):
            two = msgspec.structs.replace(
                group_session("1", one_to_one=True), conversation_id=one
            )
            self.pump.result(numbers.number_for(two, "SMS"))
            found.append(two)
        self.now += 2 * LOST_KEPT
        self.pump.result(Deferred.fromCoroutine(numbers.end_lost()))
        for two in found:
            self.assertIsNotNone(self.pump.result(self.store.numbers.find(two)))

    def test_lost_while_running(self) -> None:
        """What a former process lost is free in a week, restart or not."""
        two = msgspec.structs.replace(
            group_session("1", one_to_one=True), conversation_id=""
        )
        self.pump.result(self.numbers(pool()).number_for(two, "SMS"))
        self.now += 1
        numbers = self.numbers(pool())
        self.now += LOST_KEPT
        self.pump.result(Deferred.fromCoroutine(numbers.end_lost()))
        self.assertIsNone(self.pump.result(self.store.numbers.find(two)))

    def test_other_pools(self) -> None:
        """Other pools are given from, once the store has them."""
        numbers = self.numbers(pool())
        self.given(numbers, "1")
        second = NumberPoolConfig(
            name="q", numbers=("+15145559500",), services=("MMS",)
        )
        self.pump.result(numbers.change((second,), 77))
        self.assertEqual(numbers.services, {"mms"})
        self.assertEqual(self.refusal(numbers, "2").status, 488)
        self.assertEqual(self.given(numbers, "2", "MMS").number, "+15145559500")
        self.assertEqual(self.given(numbers, "1").number, FIRST)
        refusal = self.refusal(numbers, "3", "MMS")
        self.assertEqual(refusal.headers, (("Retry-After", "77"),))

    def test_same_pools(self) -> None:
        """The same pools are not offered again."""
        numbers = self.numbers(pool())
        self.successResultOf(numbers.change((pool(),), 77))
        self.given(numbers, "1")
        refusal = self.refusal(numbers, "2")
        self.assertEqual(refusal.headers, (("Retry-After", "77"),))

    def test_pools_that_the_store_does_not_take(self) -> None:
        """Where the store fails, all is as it was."""
        numbers = self.numbers(pool())
        self.pump.result(self.store.close())
        changed = numbers.change((pool(2, "q"),), 77)
        self.assertRaises(StoreError, self.pump.result, changed)
        self.assertEqual(numbers.services, {"sms", "mms"})

    def test_reuses(self) -> None:
        """A session that has a number keeps it.

        [TS 5.1 step 7a] [TS 5.1 step 7a.iv] [TS 5.1 step 7a.v] [TS 5.1 step 8]
        [TS 5.1 step 8d]
        """
        numbers = self.numbers(pool(2))
        self.given(numbers, "1")
        again = self.given(numbers, "1")
        self.assertEqual((FIRST, False), (again.number, again.fresh))

    def test_read_from_the_invitation(self) -> None:
        """A session that is restarted is known by its invitation [TS 5.2]."""
        numbers = self.numbers(pool(2))
        found = []
        for contact in ("<sip:g@f.example>;isfocus", "<sip:g@F.example;x=1>;isfocus"):
            session = group_session_of(invitation(contact=contact), "+15145550002")
            assert session is not None
            found.append(self.pump.result(numbers.number_for(session, "SMS")).number)
        self.assertEqual([FIRST, FIRST], found)

    def test_after_a_restart(self) -> None:
        """A session keeps its number when the gateway starts anew [TS 5.2]."""
        self.given(self.numbers(pool(2)), "1")
        self.assertEqual(FIRST, self.given(self.numbers(pool(2)), "1").number)

    def test_both_services(self) -> None:
        """A session has one number, whether it goes by SMS or by MMS."""
        numbers = self.numbers(pool(2))
        self.assertEqual(FIRST, self.given(numbers, "1", "SMS").number)
        found = self.given(numbers, "1", "MMS")
        self.assertEqual((FIRST, "SMS"), (found.number, found.service))

    def test_pools_of_a_service(self) -> None:
        """A service has the numbers of its pools, in their order."""
        sms = pool(name="sms", services=("SMS",))
        mms = NumberPoolConfig(name="mms", numbers=(NUMBER,), services=("MMS",))
        numbers = self.numbers(sms, mms)
        self.assertEqual(frozenset(("sms", "mms")), numbers.services)
        self.assertEqual(NUMBER, self.given(numbers, "1", "MMS").number)
        self.assertEqual(FIRST, self.given(numbers, "2", "SMS").number)
        self.assertEqual(480, self.refusal(numbers, "3", "MMS").status)

    def test_case_of_a_service(self) -> None:
        """The name of a service is the same in any case, also where it is refused."""
        numbers = self.numbers(pool(2, services=("SMS",)))
        for contribution, service in (("1", "sms"), ("2", "SmS")):
            self.assertTrue(self.given(numbers, contribution, service).fresh)
        with capturedLogs() as events:
            for service in ("SMS", "sms"):
                refusal = self.refusal(numbers, "3", service)
                self.assertEqual("no-interworking-number", refusal.cause)
        self.assertEqual(1, len(events))
        self.assertEqual("no-number-pool", self.refusal(numbers, "3", "mms").cause)

    def test_no_pool(self) -> None:
        """A service without a pool cannot carry the session: 488."""
        numbers = self.numbers(pool(services=("MMS",)))
        self.assertNotIn("sms", numbers.services)
        refusal = self.refusal(numbers, "1")
        self.assertEqual(488, refusal.status)
        self.assertEqual("no-number-pool", refusal.cause)
        self.assertEqual("no interworking numbers for SMS", refusal.warning)
        self.assertEqual((), refusal.headers)

    def test_no_pool_any_more(self) -> None:
        """A session keeps its number where the pool is gone, and no other gets one."""
        self.given(self.numbers(pool()), "1")
        numbers = self.numbers()
        self.assertEqual(FIRST, self.given(numbers, "1").number)
        self.assertEqual(488, self.refusal(numbers, "2").status)

    def test_exhausted(self) -> None:
        """At the last number it is given; past it 480, with Retry-After."""
        for share in ("user", "none"):
            with self.subTest(share=share):
                numbers = self.numbers(pool(2, share=share))
                self.given(numbers, "1")
                self.given(numbers, "2")
                refusal = self.refusal(numbers, "3")
                self.assertEqual(480, refusal.status)
                self.assertEqual("Temporarily Unavailable", refusal.reason)
                self.assertEqual("TS 5.1 step 7a.vi", refusal.section)
                self.assertEqual("no interworking number is free", refusal.warning)
                self.assertEqual((("Retry-After", "7"),), refusal.headers)

    def test_too_many(self) -> None:
        """At the limit of one user a number is given; past it 480, counted apart."""
        other = group_session("1", user="+15145550003")
        for share in ("user", "none"):
            with self.subTest(share=share):
                numbers = self.numbers(pool(9, share=share, most_per_user=2))
                self.given(numbers, "1")
                self.given(numbers, "2")
                with capturedLogs() as events:
                    refusal = self.refusal(numbers, "3")
                self.assertEqual([], events)  # nothing for an operator to mend
                self.assertEqual(
                    (480, "Temporarily Unavailable"), (refusal.status, refusal.reason)
                )
                self.assertEqual("too-many-sessions", refusal.cause)
                self.assertEqual("TS 5.1 step 7a.vi", refusal.section)
                self.assertEqual(
                    "the user is in too many group sessions", refusal.warning
                )
                self.assertEqual((("Retry-After", "7"),), refusal.headers)
                self.assertFalse(self.given(numbers, "2").fresh)
                found = self.pump.result(numbers.number_for(other, "SMS"))
                self.assertTrue(found.fresh)
                for each in (group_session("1"), group_session("2"), other):
                    self.pump.result(self.store.numbers.release(each))

    def test_limit_is_changed(self) -> None:
        """A limit that is changed while we run counts from then on."""
        numbers = self.numbers(pool(9, most_per_user=1))
        self.given(numbers, "1")
        self.refusal(numbers, "2")
        self.pump.result(numbers.change((pool(9, most_per_user=2),), 7))
        self.given(numbers, "2")
        self.refusal(numbers, "3")

    def test_shared_or_not(self) -> None:
        """A shared number is given to a session of each user, another to one in all."""
        other = group_session("1", user="+15145550003")
        for share, free in (("user", True), ("none", False)):
            with self.subTest(share=share):
                numbers = self.numbers(pool(1, share=share))
                session = self.given(numbers, "1").group_session
                found = numbers.number_for(other, "SMS")
                if free:
                    self.assertEqual(FIRST, self.pump.result(found).number)
                else:
                    self.assertRaises(CannotInterwork, self.pump.result, found)
                for each in (session, other):
                    self.pump.result(self.store.numbers.release(each))

    def test_idle(self) -> None:
        """What was not used for long enough goes to another session."""
        numbers = self.numbers(pool(1, idle=60.0))
        self.given(numbers, "1")
        self.now += 59.0
        self.assertEqual(480, self.refusal(numbers, "2").status)
        self.now += 1.0
        self.assertEqual(FIRST, self.given(numbers, "2").number)

    def test_operator_is_told_once(self) -> None:
        """That numbers have run out is a warning, until there was one again."""
        numbers = self.numbers(pool(1))
        with capturedLogs() as events:
            self.given(numbers, "1")
            self.refusal(numbers, "2")
            self.refusal(numbers, "3")
            self.assertEqual([LogLevel.warn], [each["log_level"] for each in events])
            self.pump.result(self.store.numbers.release(group_session("1")))
            self.given(numbers, "2")
            self.refusal(numbers, "3")
        self.assertEqual([LogLevel.warn] * 2, [each["log_level"] for each in events])

    def test_released(self) -> None:
        """What was given for an invitation that fails is released."""
        numbers = self.numbers(pool(1))
        allocation = self.given(numbers, "1")
        self.assertTrue(self.pump.result(numbers.release_if_fresh(allocation)))
        self.assertEqual(FIRST, self.given(numbers, "2").number)

    def test_not_released(self) -> None:
        """A number that the session had before stays its own."""
        numbers = self.numbers(pool(1))
        self.given(numbers, "1")
        again = self.given(numbers, "1")
        self.assertFalse(self.pump.result(numbers.release_if_fresh(again)))
        self.assertEqual(FIRST, self.given(numbers, "1").number)

    def test_not_released_while_in_use(self) -> None:
        """A number that a second invitation has come to use is not taken from it."""
        numbers = self.numbers(pool(1))
        first = self.given(numbers, "1")
        self.given(numbers, "1")
        self.assertFalse(self.pump.result(numbers.release_if_fresh(first)))
        self.assertEqual(FIRST, self.given(numbers, "1").number)

    def test_at_the_same_time(self) -> None:
        """Of two invitations at once to one session, both have the same number."""
        numbers = self.numbers(pool(2))
        asked: list[Deferred[Allocation]] = [
            numbers.number_for(group_session(), "SMS") for _ in range(2)
        ]
        found = [self.pump.result(each) for each in asked]
        self.assertEqual([FIRST, FIRST], [each.number for each in found])
        self.assertEqual([True, False], [each.fresh for each in found])


class Cancelled(NumbersCase):
    """An INVITE that is given up while the store works: CANCEL, or it took too long."""

    def cancelled(self, numbers: InterworkingNumbers) -> None:
        """Ask for a number of the first session, and give it up before it is here."""
        wanted = numbers.number_for(group_session("1"), "SMS")
        wanted.cancel()
        self.failureResultOf(wanted, CancelledError)

    def found(self, contribution: str) -> Allocation | None:
        """What the store has for a session, once all that was asked before is done."""
        return self.pump.result(self.store.numbers.find(group_session(contribution)))

    def test_taken_back(self) -> None:
        """What is given to an INVITE that was given up meanwhile is free again."""
        numbers = self.numbers(pool(1))
        self.cancelled(numbers)
        self.assertIsNotNone(self.found("1"))  # it was on the way
        self.assertIsNone(self.found("1"))
        self.assertEqual(FIRST, self.given(numbers, "2").number)

    def test_once_it_is_here(self) -> None:
        """A cancel after the number has come changes nothing: the caller has it."""
        numbers = self.numbers(pool(1))
        wanted = numbers.number_for(group_session("1"), "SMS")
        self.pump.result(wanted)
        wanted.cancel()
        self.found("1")
        self.assertIsNotNone(self.found("1"))

    def test_had_it_before(self) -> None:
        """A number that the session had before stays its own."""
        numbers = self.numbers(pool(1))
        self.given(numbers, "1")
        self.cancelled(numbers)
        self.found("1")
        self.assertIsNotNone(self.found("1"))

    def test_wanted_by_another(self) -> None:
        """A number that another INVITE of the session has come to use is its own."""
        numbers = self.numbers(pool(1))
        self.cancelled(numbers)
        self.assertEqual(FIRST, self.given(numbers, "1").number)
        self.found("1")
        self.assertIsNotNone(self.found("1"))

    def test_none_is_free(self) -> None:
        """Where there is no number nobody is told, neither caller nor operator."""
        numbers = self.numbers(pool(1))
        self.given(numbers, "2")
        with capturedLogs() as events:
            self.cancelled(numbers)
            self.assertIsNone(self.found("1"))
        self.assertEqual([], events)

    def test_store_fails(self) -> None:
        """A store that fails has given nothing, and says so to who still waits."""
        numbers = self.numbers(pool(1))
        with sqlite3.connect(self.path) as connection:
            connection.execute("DROP TABLE iw_users")
        connection.close()
        self.cancelled(numbers)
        wanted = numbers.number_for(group_session("1"), "SMS")
        with capturedLogs() as events:
            self.assertRaises(StoreError, self.pump.result, wanted)
        self.assertEqual([LogLevel.debug], [each["log_level"] for each in events])
        self.assertIsNone(self.found("1"))

    def test_not_taken_back(self) -> None:
        """That a number could not be taken back is told."""
        numbers = self.numbers(pool(1))
        self.cancelled(numbers)
        closing = self.store.close()
        with capturedLogs() as events:
            self.pump.result(closing)
        told = [each for each in events if each["log_level"] is LogLevel.error]
        self.assertEqual(["the store is closed"], [each["error"] for each in told])
