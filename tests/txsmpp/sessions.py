"""One session by itself, for tests of its rules (SMPP 3.4 2.2)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsmpp import pdu
from txsmpp.codec import encode
from txsmpp.errors import InvalidPdu, SmppError
from txsmpp.events import Ended, Event, Noted, SessionOptions
from txsmpp.framer import Framer
from txsmpp.session import Session
from txsmpp.state import Side, State

OPTIONS = SessionOptions(
    window=3,
    peer_window=2,
    response_timeout=5.0,
    answer_timeout=8.0,
    enquire_link=20.0,
    bind_timeout=4.0,
    unbind_timeout=3.0,
)
BIND_FOR = {
    State.BOUND_TX: pdu.BindTransmitter,
    State.BOUND_RX: pdu.BindReceiver,
    State.BOUND_TRX: pdu.BindTransceiver,
}


class SessionCase(SynchronousTestCase):
    """One session, its clock and its wire."""

    def start(
        self, side: Side = Side.ESME, state: State = State.BOUND_TRX, **more: Any
    ) -> None:
        """A session that has come to this state."""
        self.now = 100.0
        fields = {name: getattr(OPTIONS, name) for name in OPTIONS.__struct_fields__}
        options = SessionOptions(**{**fields, **more})
        self.session = Session(side, options, self.now)
        if state is State.OPEN:
            return
        bind = BIND_FOR[State.BOUND_TRX if state is State.UNBOUND else state]
        if side is Side.ESME:
            self.session.request(bind(), self.now)
            self.get(pdu.answer(bind(sequence_number=1)))
        else:
            self.get(bind(sequence_number=1))
            self.session.respond(pdu.answer(bind(sequence_number=1)), self.now)
        if state is State.UNBOUND:
            self.session.unbind(self.now)
        self.events()
        self.sent()
        self.assertEqual(self.session.state, state)

    def get(self, *pdus: pdu.Pdu) -> None:
        """The peer sends these."""
        self.session.receive(b"".join(map(encode, pdus)), self.now)

    def sent(self) -> list[pdu.Pdu | InvalidPdu]:
        """What the session has sent since."""
        return Framer().feed(self.session.take())

    def events(self) -> list[Event]:
        """What the session has told since."""
        found = []
        while (event := self.session.next_event(self.now)) is not None:
            found.append(event)
        return found

    def told(self) -> list[Event]:
        """The same, without what is for the log."""
        return [each for each in self.events() if not isinstance(each, Noted)]

    def wait(self, seconds: float) -> None:
        """Let time pass, and do what is due each time."""
        end = self.now + seconds
        while (due := self.session.timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.session.expire(self.now)
        self.now = end

    def ended(self) -> SmppError | None:
        """What the session ended with."""
        (event,) = [each for each in self.events() if isinstance(each, Ended)]
        self.assertIs(self.session.state, State.CLOSED)
        self.assertIsNone(self.session.timer())
        return event.error
