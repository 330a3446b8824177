"""Leaving a session (SMPP 3.4 4.2)."""

from __future__ import annotations

from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.errors import ConnectionLost, ResponseTimeout
from txsmpp.events import Ended, Failed
from txsmpp.state import State


class UnbindTests(SessionCase):
    """An unbind from either side (4.2)."""

    def test_unbind(self) -> None:
        """unbind is sent, and its answer ends the session in order (4.2)."""
        self.start()
        self.session.unbind(self.now)
        self.assertEqual(self.sent(), [pdu.Unbind(sequence_number=2)])
        self.get(pdu.UnbindResp(sequence_number=2))
        self.assertIsNone(self.ended())

    def test_unbind_waits_for_what_is_open(self) -> None:
        """What was asked either way is settled before unbind is sent."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "token")
        self.get(pdu.DeliverSm(sequence_number=9))
        self.sent()
        self.session.unbind(self.now)
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.session.free, 0)
        self.get(pdu.SubmitSmResp(sequence_number=2))
        self.assertEqual(self.sent(), [])
        self.session.respond(pdu.DeliverSmResp(sequence_number=9), self.now)
        self.assertEqual(
            self.sent(),
            [pdu.DeliverSmResp(sequence_number=9), pdu.Unbind(sequence_number=3)],
        )

    def test_unbind_after_an_answer_that_makes_no_sense(self) -> None:
        """A request whose answer cannot be read is open no longer."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "token")
        self.session.unbind(self.now)
        self.sent()
        octets = bytes.fromhex("00000012 80000004 00000000") + number.to_bytes(4, "big")
        self.session.receive(octets + b"\xff\xff", self.now)
        self.assertEqual([type(each) for each in self.sent()], [pdu.Unbind])

    def test_unbind_does_not_wait_for_ever(self) -> None:
        """What is not settled within unbind_timeout is given up."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "token")
        self.session.unbind(self.now)
        self.wait(3.1)
        failed, ended = self.told()
        assert isinstance(failed, Failed)
        self.assertIsInstance(failed.error, ConnectionLost)
        assert isinstance(ended, Ended)
        self.assertIsInstance(ended.error, ResponseTimeout)

    def test_unbind_within(self) -> None:
        """What is open may take as long as is said; only less can be said later."""
        for first, second, ends in ((4.0, 9.0, 4.0), (4.0, None, 3.0), (9.0, 1.0, 1.0)):
            self.start(response_timeout=20.0)
            self.session.request(pdu.SubmitSm(), self.now, "token")
            self.session.unbind(self.now, first)
            self.session.unbind(self.now, second)
            self.wait(ends - 0.1)
            self.assertEqual(self.told(), [])
            self.wait(0.2)
            self.assertIs(self.session.state, State.CLOSED)

    def test_unbind_without_answer(self) -> None:
        """An unbind that is not answered ends the session all the same."""
        self.start()
        self.session.unbind(self.now)
        self.wait(3.1)
        self.assertIsInstance(self.ended(), ResponseTimeout)

    def test_peer_unbinds_while_requests_are_open(self) -> None:
        """A peer's unbind is answered once what is open is settled."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "token")
        self.get(pdu.DeliverSm(sequence_number=8), pdu.Unbind(sequence_number=9))
        self.sent()
        self.session.respond(pdu.DeliverSmResp(sequence_number=8), self.now)
        self.get(pdu.SubmitSmResp(sequence_number=2))
        self.assertEqual(
            self.sent(),
            [
                pdu.DeliverSmResp(sequence_number=8),
                pdu.UnbindResp(sequence_number=9),
            ],
        )
        self.assertIsNone(self.ended())

    def test_peer_unbinds_and_nothing_is_settled(self) -> None:
        """A peer's unbind is answered in time whatever is open."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "token")
        self.sent()
        self.get(pdu.Unbind(sequence_number=9))
        self.wait(3.1)
        self.assertEqual(self.sent(), [pdu.UnbindResp(sequence_number=9)])

    def test_unbind_before_bind(self) -> None:
        """A session that is not bound just ends."""
        self.start(state=State.OPEN)
        self.session.unbind(self.now)
        self.assertIsNone(self.ended())
        self.session.unbind(self.now)
        self.assertEqual(self.events(), [])
