"""Binding a session (SMPP 3.4 4.1)."""

from __future__ import annotations

from tests.txsmpp.sessions import BIND_FOR, SessionCase
from txsmpp import pdu
from txsmpp.errors import ResponseTimeout
from txsmpp.events import Answered, Bound, Failed, Requested
from txsmpp.state import Side, State
from txsmpp.status import CommandStatus as S


class BindTests(SessionCase):
    """A bind, and what becomes of it (4.1)."""

    def test_bind_of_an_esme(self) -> None:
        """A bind that is answered ESME_ROK binds, one that is refused does not."""
        for state, bind in BIND_FOR.items():
            for status in (0, 0x0E):
                self.start(state=State.OPEN)
                number = self.session.request(bind(), self.now, "token")
                response = pdu.answer(bind(sequence_number=number), status)
                self.get(response)
                told = self.told()
                self.assertIn(Answered(response, "token"), told)
                self.assertEqual(Bound(state) in told, not status)
                self.assertEqual(self.session.state, State.OPEN if status else state)

    def test_bind_at_a_centre(self) -> None:
        """A bind that we answer ESME_ROK binds."""
        for state, bind in BIND_FOR.items():
            self.start(Side.SMSC, State.OPEN)
            request = bind(sequence_number=7)
            self.get(request)
            self.assertEqual(self.told(), [Requested(request)])
            self.session.respond(pdu.answer(request), self.now)
            self.assertEqual(self.told(), [Bound(state)])

    def test_refused_bind_ends_at_the_centre(self) -> None:
        """A bind that we refuse is answered, and the session is over."""
        self.start(Side.SMSC, State.OPEN)
        request = pdu.BindTransceiver(sequence_number=7)
        self.get(request)
        self.session.respond(pdu.answer(request, 0x0E), self.now)
        self.assertEqual(self.sent(), [pdu.answer(request, 0x0E)])
        self.assertIn("ESME_RINVPASWD", str(self.ended()))

    def test_second_bind_while_the_first_waits(self) -> None:
        """Only one bind is looked at; another meanwhile is ESME_RALYBND."""
        self.start(Side.SMSC, State.OPEN)
        self.get(pdu.BindReceiver(sequence_number=1))
        self.events()
        self.get(pdu.BindTransmitter(sequence_number=2))
        (answer,) = self.sent()
        assert isinstance(answer, pdu.BindTransmitterResp)
        self.assertEqual(answer.command_status, S.ESME_RALYBND)

    def test_no_bind_in_time(self) -> None:
        """A session that is not bound in time ends (7.2, session_init_timer)."""
        for side in Side:
            self.start(side, State.OPEN)
            self.wait(3.9)
            self.assertEqual(self.events(), [])
            self.wait(0.2)
            self.assertIsInstance(self.ended(), ResponseTimeout)

    def test_bind_is_not_answered(self) -> None:
        """A bind without answer fails (7.2, response_timer)."""
        self.start(state=State.OPEN, bind_timeout=0.0)
        self.session.request(pdu.BindReceiver(), self.now, "token")
        self.wait(5.1)
        (failed,) = self.told()
        assert isinstance(failed, Failed)
        self.assertIsInstance(failed.error, ResponseTimeout)
