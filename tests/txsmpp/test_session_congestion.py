"""A session whose peer takes nothing of what is sent."""

from __future__ import annotations

from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.errors import InvalidPdu, ResponseTimeout
from txsmpp.events import Requested


class CongestionTests(SessionCase):
    """Nothing piles up here for such a peer."""

    def test_held_while_the_peer_takes_nothing(self) -> None:
        """While the peer takes nothing requests are held, and then served in order."""
        self.start()
        self.session.congest(True, self.now)
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2, 3, 4)))
        self.assertEqual((self.told(), self.sent()), ([], []))
        self.session.congest(False, self.now)
        self.assertEqual(len(self.told()), 2)
        served = [1, 2]
        for number in (1, 2, 3, 4):
            self.session.respond(pdu.DeliverSmResp(sequence_number=number), self.now)
            for event in self.told():
                assert isinstance(event, Requested)
                served.append(event.pdu.sequence_number)
        self.assertEqual(served, [1, 2, 3, 4])

    def test_time_does_not_run_while_reading_stops(self) -> None:
        """While we do not read, the peer's answers are not late."""
        self.start(answer_timeout=60.0)
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.session.congest(True, self.now)
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2)))
        self.assertTrue(self.session.saturated)
        self.wait(4.0)
        self.session.congest(False, self.now)
        self.events()
        self.wait(4.0)
        self.assertEqual(self.told(), [])
        self.get(pdu.SubmitSmResp(sequence_number=number))
        self.assertEqual(len(self.told()), 1)

    def test_congestion(self) -> None:
        """While the peer takes nothing, nothing new is for it: no answer piles up."""
        self.start()
        self.session.congest(True, self.now)
        self.assertEqual(self.session.free, 0)
        self.get(pdu.EnquireLink(sequence_number=1))
        self.assertEqual((self.sent(), self.told()), ([], []))
        self.assertFalse(self.session.saturated)
        self.get(pdu.DeliverSm(sequence_number=2))
        self.assertTrue(self.session.saturated)
        self.session.congest(False, self.now)
        self.assertEqual(self.told(), [Requested(pdu.DeliverSm(sequence_number=2))])
        self.assertEqual(self.sent(), [pdu.EnquireLinkResp(sequence_number=1)])
        self.assertFalse(self.session.saturated)

    def test_congestion_does_not_last(self) -> None:
        """A peer that takes nothing for as long as an answer may take is left."""
        self.start(enquire_link=0.0)
        self.session.congest(True, self.now)
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2, 3)))
        self.wait(4.9)
        self.assertEqual(self.told(), [])
        self.wait(0.2)
        self.assertIsInstance(self.ended(), ResponseTimeout)

    def test_garbage_from_a_peer_that_takes_nothing(self) -> None:
        """Answers to garbage do not pile up: such a peer is left at once."""
        self.start()
        self.session.congest(True, self.now)
        octets = bytes.fromhex("00000010 00000777 00000000 00000005")
        self.session.receive(octets, self.now)
        self.assertIsInstance(self.ended(), InvalidPdu)
