"""The timers of a session: enquire_link and inactivity (SMPP 3.4 7.2)."""

from __future__ import annotations

from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.errors import ResponseTimeout
from txsmpp.state import Side, State


class TimerTests(SessionCase):
    """enquire_link and inactivity (7.2)."""

    def test_silence_is_asked_about(self) -> None:
        """After so long without a PDU enquire_link is sent, not before (4.11)."""
        self.start()
        self.wait(19.9)
        self.assertEqual(self.sent(), [])
        self.wait(0.2)
        self.assertEqual(self.sent(), [pdu.EnquireLink(sequence_number=2)])
        self.get(pdu.EnquireLinkResp(sequence_number=2))
        self.wait(19.9)
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.told(), [])

    def test_dead_link(self) -> None:
        """An enquire_link that is not answered ends the session."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, None)
        self.wait(25.1)
        self.assertIsInstance(self.ended(), ResponseTimeout)

    def test_a_peer_that_speaks_is_alive(self) -> None:
        """A peer that leaves enquire_link unanswered but sends others is alive."""
        self.start()
        self.wait(20.1)
        self.get(pdu.EnquireLink(sequence_number=7))
        self.wait(10.0)
        self.assertEqual(self.told(), [])
        self.assertIs(self.session.state, State.BOUND_TRX)

    def test_nack_to_enquire_link(self) -> None:
        """A peer that does not know enquire_link is alive."""
        self.start()
        self.wait(20.1)
        self.get(pdu.GenericNack(command_status=3, sequence_number=2))
        self.wait(10.0)
        self.assertEqual(self.told(), [])

    def test_enquire_link_switched_off(self) -> None:
        """A time of 0 is no timer."""
        self.start(enquire_link=0.0)
        self.assertIsNone(self.session.timer())

    def test_inactivity(self) -> None:
        """A session without messages for so long is unbound; links do not count."""
        self.start(Side.SMSC, inactivity=50.0)
        for _ in range(4):
            self.wait(12.0)
            self.get(pdu.EnquireLink(sequence_number=5))
        self.sent()
        self.wait(2.1)
        self.assertEqual([type(each) for each in self.sent()], [pdu.Unbind])

    def test_inactivity_while_a_request_is_open(self) -> None:
        """A session that may not leave yet still tests its link, and does not spin."""
        self.start(inactivity=20.0, unbind_timeout=30.0, response_timeout=80.0)
        self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        self.now += 20.0
        self.session.expire(self.now)
        self.session.expire(self.now)
        self.assertEqual([type(each) for each in self.sent()], [pdu.EnquireLink])
        due = self.session.timer()
        assert due is not None
        self.assertGreater(due, self.now)
