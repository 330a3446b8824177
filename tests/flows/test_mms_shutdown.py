"""A gateway with MMS that stops in the midst of work: what it says is true."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.pager import PagerMessage, carrying
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import RequestStatus
from tests.flows.house import ALICE, BOB
from tests.flows.large import TEXT
from tests.flows.messages import Talk
from tests.flows.mms import (
    FAILED,
    PICTURE,
    MmsHouse,
    MmsLargeOutbound,
)
from tests.flows.test_shutdown import Stopping

NEGATIVE = ("negative-delivery",)


class Pager(MmsHouse, Stopping):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def hold(self) -> Deferred[Entity]:
        """Have the work on content take as long as the test says."""
        held: Deferred[Entity] = Deferred()

        async def adapt(*_: object) -> Entity:
            return await held

        self.patch(self.mms._outbound._contents._adaptation, "adapt", adapt)
        return held

    def begin(self) -> SentMessage:
        """A message, of which nothing is waited for."""
        message = PagerMessage(sender=ALICE, recipient=BOB, imdn=NEGATIVE)
        sent = self.cpm.send(carrying(message, leaf("image/gif", PICTURE)))
        self.settle()
        return sent

    def test_not_yet_left(self) -> None:
        """503 for what is still being made, and it does not go out after that."""
        held = self.hold()
        sent = self.begin()
        self.stop(1.0)
        self.assertEqual(sent.status, 503)
        assert sent.response is not None
        self.assertIsNotNone(sent.response.headers.get("Retry-After"))
        held.callback(leaf("image/gif", PICTURE))
        self.network.settle()
        self.assertEqual(self.forwards, [])

    def test_answered_in_time(self) -> None:
        """What the relay answers while the gateway stops is answered 202."""
        self.behave(delay=3.0)
        sent = self.begin()
        stopped = self.begin_to_stop()
        self.network.advance(3.1)
        self.wait_for(stopped, 5.0)
        self.assertEqual((sent.status, len(self.forwards)), (202, 1))

    def test_not_answered_in_time(self) -> None:
        """408 for what has left and has no answer: no other gateway sends it again.

        Its answer is told by the next process.
        """
        self.behave(delay=15.0, status=RequestStatus.SERVICE_DENIED)
        sent = self.begin()
        self.stop(8.0)
        self.assertEqual((sent.status, len(self.forwards)), (408, 1))
        self.start_again()
        self.pass_time(20.0)
        self.assertEqual(sent.outcome, FAILED)

    def test_what_comes_meanwhile(self) -> None:
        """503 for what comes while others have their time."""
        self.behave(delay=3.0)
        self.begin()
        stopped = self.begin_to_stop()
        late = self.begin()
        self.assertEqual((late.status, len(self.forwards)), (503, 1))
        self.network.advance(3.1)
        self.wait_for(stopped, 5.0)


class Large(MmsLargeOutbound, Stopping):
    def saying_now(self) -> tuple[Talk, Deferred[int]]:
        """A message that the relay does not answer."""
        self.behave(status=None)
        talk = self.established()
        sent: Deferred[int] = talk.say(TEXT, imdn=NEGATIVE)
        sent.addErrback(lambda _: 0)
        self.settle()
        return talk, sent

    def test_silent_relay(self) -> None:
        """A relay that is silent does not keep the gateway from stopping."""
        talk, sent = self.saying_now()
        self.stop(12.0)
        self.assertEqual(len(self.forwards), 1)
        self.assertIn(self.successResultOf(sent), (0, 408))
        self.assertEqual(len(talk.byes), 1)
