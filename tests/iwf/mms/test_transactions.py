"""Tests of cpmgw.iwf.mms.transactions (3GPP TS 23.140 8.4.1.4)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.iwf.mms.transactions import KNOWN_FOR, Awaited, Transactions
from cpmgw.mm4.pdu import MessageType, RequestStatus, Result, Transaction
from tests.iwf.mms.gateway import result_of

BAD = RequestStatus.SERVICE_DENIED


class Transacting(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.late: list[tuple[str, RequestStatus]] = []
        self.forgotten: list[str] = []
        self.trouble: Exception | None = None
        self.transactions = Transactions(
            self.clock, self.note, lambda one, other: one == other, most_late=3
        )

    async def note(self, result: Result, peer: str, known: Awaited | None) -> bool:
        """Note an answer that came too late."""
        if self.trouble is not None:
            raise self.trouble
        if known is None:
            self.forgotten.append(result.transaction.message_id)
            return False
        self.late.append((known.message_id, result.status))
        return True

    def begin(self, transaction_id: str, message_id: str = "m-1") -> Awaited:
        """Expect an answer."""
        transaction = Transaction(
            type=MessageType.FORWARD_REQ,
            transaction_id=transaction_id,
            message_id=message_id,
        )
        return self.transactions.begin(transaction, "home")

    def take(self, result: Result, peer: str = "home") -> bool:
        """Have an answer come."""
        answered = Deferred.fromCoroutine(self.transactions.answered(result, peer))
        return bool(self.successResultOf(answered))

    def bounce(self, message_id: str, identifier: str = "") -> None:
        """Have a mail come back."""
        bounced = self.transactions.bounced(message_id, "home", identifier)
        self.successResultOf(Deferred.fromCoroutine(bounced))

    def test_answered(self) -> None:
        """An answer goes to whoever waits for its transaction, once."""
        awaited, other = self.begin("t-1"), self.begin("t-2", "m-2")
        self.assertTrue(self.take(result_of("t-1")))
        self.assertEqual(self.successResultOf(awaited.result), result_of("t-1"))
        self.assertNoResult(other.result)
        self.transactions.end(awaited)
        self.assertFalse(self.take(result_of("t-1")))
        self.assertEqual(len(self.transactions), 1)
        self.assertEqual(self.late, [])

    def test_unknown(self) -> None:
        """One that is for nothing here may be for what is stored."""
        self.assertFalse(self.take(result_of("t-9", message_id="m-9")))
        self.assertEqual(self.forgotten, ["m-9"])

    def test_without_a_transaction(self) -> None:
        """One that has only the message is for the try of it that is open."""
        awaited, other = self.begin("t-1"), self.begin("t-2", "m-2")
        self.assertTrue(self.take(result_of("", message_id="m-1")))
        self.assertTrue(awaited.result.called)
        self.assertNoResult(other.result)

    def test_of_another_relay(self) -> None:
        """One that does not come from the relay that was asked is for nobody."""
        awaited, over = self.begin("t-1"), self.begin("t-2", "m-2")
        self.transactions.end(over)
        for answer in (
            result_of("t-1"),
            result_of("", message_id="m-1"),
            result_of("t-2"),
        ):
            self.assertFalse(self.take(answer, "stranger"))
        self.assertNoResult(awaited.result)
        self.assertEqual((self.late, self.forgotten), ([], []))

    def test_of_another_type(self) -> None:
        """The response to a report says nothing of a message."""
        awaited = self.begin("t-1")
        transaction = Transaction(
            type=MessageType.DELIVERY_REPORT_RES, transaction_id="t-1", message_id="m-1"
        )
        response = Result(transaction=transaction, status=RequestStatus.OK)
        self.assertFalse(self.take(response))
        self.assertNoResult(awaited.result)

    def test_identifiers(self) -> None:
        """No two are alike, and none can be guessed: 128 bits of chance."""
        found = {self.transactions.new_id() for _ in range(1_000)}
        self.assertEqual(len(found), 1_000)
        self.assertEqual({len(each) for each in found}, {32})

    def test_late(self) -> None:
        """One that comes too late is known by its message, until it is forgotten."""
        for number, waited in ((1, 0.0), (2, KNOWN_FOR - 0.1)):
            awaited = self.begin(f"t-{number}", f"m-{number}")
            self.transactions.end(awaited)
            self.clock.advance(waited)
            bad = result_of(f"t-{number}", BAD)
            self.assertTrue(self.take(bad))
            self.assertFalse(self.take(bad))
            self.assertEqual(self.late[-1], (f"m-{number}", BAD))

    def test_late_and_not_kept(self) -> None:
        """One of which nothing could be kept is known when it comes again."""
        self.transactions.end(self.begin("t-1"))
        self.trouble = StoreError("the disk is full")
        answered = self.transactions.answered(result_of("t-1", BAD), "home")
        self.failureResultOf(Deferred.fromCoroutine(answered), StoreError)
        self.trouble = None
        self.assertTrue(self.take(result_of("t-1", BAD)))
        self.assertEqual(self.late, [("m-1", BAD)])

    def test_late_while_another_try_is_open(self) -> None:
        """A refusal of the first try says nothing while the second is under way."""
        self.transactions.end(self.begin("t-1"))
        second = self.begin("t-2")
        self.assertTrue(self.take(result_of("t-1", BAD)))
        self.assertNoResult(second.result)
        self.assertEqual(self.late, [])

    def test_late_and_good_while_another_try_is_open(self) -> None:
        """That the first has arrived is the answer to the second: it is the same."""
        self.transactions.end(self.begin("t-1"))
        second = self.begin("t-2")
        self.assertTrue(self.take(result_of("t-1")))
        self.assertIs(self.successResultOf(second.result).status, RequestStatus.OK)

    def test_too_late(self) -> None:
        """After ten minutes only the store knows of it."""
        self.transactions.end(self.begin("t-1"))
        self.clock.advance(KNOWN_FOR)
        self.assertFalse(self.take(result_of("t-1", message_id="m-1")))
        self.assertEqual((self.late, self.forgotten), ([], ["m-1"]))

    def test_many(self) -> None:
        """So many are known at the most, the oldest being forgotten first."""
        for number in range(4):
            self.transactions.end(self.begin(f"t-{number}"))
        known = [self.take(result_of(f"t-{n}")) for n in range(4)]
        self.assertEqual(known, [False, True, True, True])

    def test_bounced(self) -> None:
        """A mail that comes back is a bad answer to whoever still waits."""
        for identifier in ("", "t-1"):
            awaited, other = self.begin("t-1", "m-1"), self.begin("t-2", "m-2")
            self.bounce("m-1", identifier)
            result = self.successResultOf(awaited.result)
            self.assertIs(result.status, RequestStatus.UNSPECIFIED)
            self.assertNoResult(other.result)
        self.assertEqual((self.late, self.forgotten), ([], []))

    def test_bounced_late(self) -> None:
        """Nobody waiting, its message is asked for in the store, however late."""
        self.bounce("m-1")
        self.assertEqual(self.forgotten, ["m-1"])
