"""The rules of one session (SMPP 3.4 2.2, 2.7, 7.2)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.samples import any_pdu, full
from txsmpp import pdu
from txsmpp.codec import encode
from txsmpp.errors import (
    ConnectionLost,
    FramingLost,
    InvalidPdu,
    NotBound,
    ProtocolError,
    QueueFull,
    ResponseTimeout,
    SmppError,
)
from txsmpp.events import (
    Answered,
    Bound,
    Ended,
    Event,
    Failed,
    Noted,
    Requested,
    SessionOptions,
)
from txsmpp.framer import Framer
from txsmpp.layout import ROWS
from txsmpp.outstanding import MAX_SEQUENCE_NUMBER
from txsmpp.session import Session
from txsmpp.state import BOUND, NEW, RECEIVING, SENDING, Side, State
from txsmpp.status import CommandStatus
from txsmpp.status import CommandStatus as S

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
REQUESTS = [kind for kind in ROWS if not issubclass(kind, pdu.Response)]
# Table 2-1, written out once more: who may ask what, and when.
ESME_MAY = {
    pdu.BindTransmitter: NEW,
    pdu.BindReceiver: NEW,
    pdu.BindTransceiver: NEW,
    pdu.Unbind: BOUND,
    pdu.SubmitSm: SENDING,
    pdu.SubmitMulti: SENDING,
    pdu.DataSm: SENDING,
    pdu.QuerySm: SENDING,
    pdu.CancelSm: SENDING,
    pdu.ReplaceSm: SENDING,
    pdu.EnquireLink: BOUND | NEW,
}
SMSC_MAY = {
    pdu.Outbind: NEW,
    pdu.Unbind: BOUND,
    pdu.DeliverSm: RECEIVING,
    pdu.DataSm: RECEIVING,
    pdu.AlertNotification: RECEIVING,
    pdu.EnquireLink: BOUND | NEW,
}
MAY = {Side.ESME: ESME_MAY, Side.SMSC: SMSC_MAY}


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


class TableTests(SessionCase):
    """Table 2-1, every pair."""

    def test_requests_from_a_peer(self) -> None:
        """Each request in each state is served, or refused by its response."""
        for side in Side:
            for state in (*NEW, *BOUND, State.UNBOUND):
                for kind in REQUESTS:
                    self.start(side, state)
                    self.get(full(kind, sequence_number=50))
                    fine = state in MAY[side.other].get(kind, frozenset())
                    self.check(kind, fine)

    def check(self, kind: type[pdu.Pdu], fine: bool) -> None:
        """What was told and sent is what the table says."""
        told, sent = self.told(), self.sent()
        if kind is pdu.EnquireLink and fine:
            self.assertEqual(sent, [pdu.EnquireLinkResp(sequence_number=50)])
        elif kind is pdu.Unbind and fine:
            self.assertEqual(sent, [pdu.UnbindResp(sequence_number=50)])
            self.assertEqual(told, [Ended(None)])
        elif fine:
            self.assertEqual([type(each) for each in told], [Requested])
            self.assertEqual(sent, [])
        elif kind in pdu.RESPONSES:
            (answer,) = sent
            assert isinstance(answer, pdu.Response)
            self.assertIs(type(answer), pdu.RESPONSES[kind])
            expected = {S.ESME_RINVBNDSTS, S.ESME_RALYBND, S.ESME_RINVCMDID}
            expected.add(S.ESME_RX_T_APPN)
            self.assertIn(answer.command_status, expected)
            self.assertEqual(told, [])
        else:
            self.assertEqual((told, sent), ([], []))

    def test_requests_of_ours(self) -> None:
        """Each request in each state is sent, or NotBound and nothing is sent."""
        for side in Side:
            for state in (*NEW, *BOUND, State.UNBOUND, State.CLOSED):
                for kind in REQUESTS:
                    if state is State.CLOSED:
                        self.start(side)
                        self.session.lost("gone")
                    else:
                        self.start(side, state)
                    fine = state in MAY[side].get(kind, frozenset())
                    if fine:
                        self.session.request(full(kind), self.now)
                        self.assertEqual([type(each) for each in self.sent()], [kind])
                    else:
                        request = self.session.request
                        self.assertRaises(NotBound, request, full(kind), self.now)
                        self.assertEqual(self.sent(), [])

    def test_statuses_of_refusal(self) -> None:
        """Wrong state, bound already, and wrong side are told apart (5.1.3)."""
        self.start(Side.SMSC, State.BOUND_RX)
        self.get(pdu.SubmitSm(sequence_number=2))
        self.get(pdu.BindReceiver(sequence_number=3))
        self.get(pdu.DeliverSm(sequence_number=4))
        self.assertEqual(
            [
                (type(each), each.command_status)
                for each in self.sent()
                if isinstance(each, pdu.Response)
            ],
            [
                (pdu.SubmitSmResp, S.ESME_RINVBNDSTS),
                (pdu.BindReceiverResp, S.ESME_RALYBND),
                (pdu.DeliverSmResp, S.ESME_RINVCMDID),
            ],
        )

    def test_a_message_that_crosses_our_unbind(self) -> None:
        """It is for later: an SM-SC that is told so keeps it (5.1.3)."""
        self.start(Side.ESME, State.UNBOUND)
        self.get(pdu.DeliverSm(sequence_number=2), pdu.DataSm(sequence_number=3))
        later = S.ESME_RX_T_APPN
        self.assertEqual(
            self.sent(),
            [
                pdu.DeliverSmResp(command_status=later, sequence_number=2),
                pdu.DataSmResp(command_status=later, sequence_number=3),
            ],
        )


class BindTests(SessionCase):
    """Binding and leaving (4.1, 4.2)."""

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


class RequestTests(SessionCase):
    """Requests of ours and their answers (2.7)."""

    def submit(self, *tokens: object) -> list[int]:
        """Send a request for each token."""
        return [
            self.session.request(pdu.SubmitSm(), self.now, token) for token in tokens
        ]

    def test_answers_in_any_order(self) -> None:
        """Answers are told by their numbers, in any order (2.7.2)."""
        self.start()
        one, two, three = self.submit("a", "b", "c")
        for number in (three, one, two):
            self.get(pdu.SubmitSmResp(sequence_number=number))
        tokens = [each.token for each in self.told() if isinstance(each, Answered)]
        self.assertEqual(tokens, ["c", "a", "b"])

    def test_window_at_its_limit_and_one_past(self) -> None:
        """No more requests wait for answers than the window holds (2.7.1)."""
        self.start()
        numbers = self.submit("a", "b", "c")
        self.assertEqual(self.session.free, 0)
        self.assertRaises(QueueFull, self.submit, "d")
        self.get(pdu.SubmitSmResp(sequence_number=numbers[1]))
        self.assertEqual(self.session.free, 1)

    def test_sequence_numbers_wrap(self) -> None:
        """Numbers go from 1 to 0x7FFFFFFF and around, past those that wait (3.2)."""
        self.start()
        self.assertEqual(self.submit("a"), [2])
        self.session._outstanding._last = MAX_SEQUENCE_NUMBER - 1
        self.assertEqual(self.submit("b"), [MAX_SEQUENCE_NUMBER])
        self.get(pdu.SubmitSmResp(sequence_number=MAX_SEQUENCE_NUMBER))
        self.assertEqual(self.submit("c", "d"), [1, 3])

    def test_no_answer(self) -> None:
        """A request that is not answered in time fails alone (7.2)."""
        self.start()
        self.submit("a")
        self.wait(2.0)
        self.submit("b")
        self.wait(3.1)
        (failed,) = self.told()
        assert isinstance(failed, Failed)
        self.assertEqual(failed.token, "a")
        self.assertIsInstance(failed.error, ResponseTimeout)
        self.assertIs(self.session.state, State.BOUND_TRX)
        self.assertEqual(self.session.free, 2)

    def test_answers_to_nothing(self) -> None:
        """Late, repeated and unknown answers are passed over."""
        self.start()
        (number,) = self.submit("a")
        answer = pdu.SubmitSmResp(sequence_number=number)
        self.get(answer, answer, pdu.SubmitSmResp(sequence_number=999))
        self.assertEqual(self.told(), [Answered(answer, "a")])
        self.assertEqual(self.session.free, 3)
        self.assertIs(self.session.state, State.BOUND_TRX)

    def test_answer_of_another_kind(self) -> None:
        """An answer of the wrong kind fails the request and ends the session."""
        self.start()
        (number,) = self.submit("a")
        self.get(pdu.DataSmResp(sequence_number=number))
        failed, ended = self.told()
        assert isinstance(failed, Failed)
        assert isinstance(ended, Ended)
        self.assertIsInstance(failed.error, ProtocolError)
        self.assertIs(ended.error, failed.error)

    def test_generic_nack_answers(self) -> None:
        """generic_nack is an answer to the request with its number (4.3)."""
        self.start()
        (number,) = self.submit("a")
        nack = pdu.GenericNack(command_status=3, sequence_number=number)
        self.get(nack)
        self.assertEqual(self.told(), [Answered(nack, "a")])

    def test_generic_nack_that_says_ok(self) -> None:
        """A generic_nack is no success, whatever its status (4.3.1)."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.get(pdu.GenericNack(sequence_number=number))
        (event,) = self.told()
        assert isinstance(event, Failed)
        self.assertIsInstance(event.error, ProtocolError)
        self.assertIs(self.session.state, State.BOUND_TRX)

    def test_answer_that_makes_no_sense(self) -> None:
        """An answer whose body cannot be read fails its request at once."""
        self.start()
        (number,) = self.submit("a")
        self.sent()
        octets = bytes.fromhex("00000012 80000004 00000000") + number.to_bytes(4, "big")
        self.session.receive(octets + b"\xff\xff", self.now)
        (failed,) = self.told()
        assert isinstance(failed, Failed)
        self.assertIsInstance(failed.error, InvalidPdu)
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.session.free, 3)

    def test_loss(self) -> None:
        """Whoever waits when the connection is lost hears of it, once."""
        self.start()
        self.submit("a", "b")
        self.session.lost("gone")
        self.session.lost("gone")
        told = self.told()
        errors = [type(each.error) for each in told if isinstance(each, Failed)]
        self.assertEqual(errors, [ConnectionLost, ConnectionLost])
        self.assertEqual(len([each for each in told if isinstance(each, Ended)]), 1)
        self.get(pdu.EnquireLink(sequence_number=1))
        self.assertEqual((self.sent()[2:], self.events()), ([], []))

    def test_alert_waits_for_nothing(self) -> None:
        """alert_notification has no answer and takes no room (4.12)."""
        self.start(Side.SMSC)
        for _ in range(10):
            self.session.request(pdu.AlertNotification(), self.now)
        self.assertEqual(self.session.free, 3)


class PeerTests(SessionCase):
    """Requests of the peer's."""

    def test_an_answer_is_given_once(self) -> None:
        """A second answer to the same request is not sent."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5))
        answer = pdu.DeliverSmResp(sequence_number=5)
        self.session.respond(answer, self.now)
        self.session.respond(answer, self.now)
        self.assertEqual(self.sent(), [answer])

    def test_a_number_that_still_waits(self) -> None:
        """A request repeated before its answer is served once."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5), pdu.DeliverSm(sequence_number=5))
        self.assertEqual(len(self.told()), 1)

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

    def test_more_than_the_peer_window(self) -> None:
        """What comes beyond peer_window is told to come later; reading goes on."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in range(1, 5)))
        refused = CommandStatus.ESME_RX_T_APPN
        self.assertEqual(
            self.sent(),
            [
                pdu.DeliverSmResp(sequence_number=n, command_status=refused)
                for n in (3, 4)
            ],
        )
        self.assertFalse(self.session.saturated)
        self.get(pdu.SubmitSmResp(sequence_number=number))
        self.assertTrue(any(isinstance(each, Answered) for each in self.told()))

    def test_number_that_waits_is_not_turned_away(self) -> None:
        """A repeat of what is being served gets the answer of that, and no other."""
        self.start()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2, 1, 2)))
        self.assertEqual(self.sent(), [])

    def test_endless_unbinds(self) -> None:
        """An unbind waits for its turn; a flood of them does not fill the memory."""
        self.start()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2)))
        self.get(*(pdu.Unbind(sequence_number=n) for n in range(3, 50)))
        self.assertLessEqual(len(self.session._held), 4)

    def test_an_sm_sc_throttles(self) -> None:
        """The SM-SC's side says ESME_RTHROTTLED to what it has no room for."""
        self.start(side=Side.SMSC)
        self.get(*(pdu.SubmitSm(sequence_number=n) for n in range(1, 4)))
        (response,) = self.sent()
        assert isinstance(response, pdu.SubmitSmResp)
        self.assertEqual(response.command_status, CommandStatus.ESME_RTHROTTLED)

    def test_answers_pass_while_requests_wait(self) -> None:
        """Answers and enquire_link go past requests that wait: no dead-lock."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        self.get(
            *(pdu.DeliverSm(sequence_number=n) for n in (1, 2)),
            pdu.EnquireLink(sequence_number=4),
            pdu.SubmitSmResp(sequence_number=number),
        )
        self.assertEqual(self.sent(), [pdu.EnquireLinkResp(sequence_number=4)])
        self.assertTrue(any(isinstance(each, Answered) for each in self.told()))

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

    def test_request_that_is_not_answered_here(self) -> None:
        """A request nobody answers in time gets ESME_RSYSERR, and no second answer."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5))
        self.wait(8.1)
        answer = pdu.DeliverSmResp(command_status=S.ESME_RSYSERR, sequence_number=5)
        self.assertEqual(self.sent(), [answer])
        self.session.respond(pdu.DeliverSmResp(sequence_number=5), self.now)
        self.assertEqual(self.sent(), [])

    def test_bad_pdu(self) -> None:
        """A PDU that makes no sense is answered; the session goes on."""
        self.start()
        self.session.receive(
            bytes.fromhex(
                "00000010 00000777 00000000 00000005"
                "00000011 00000005 00000000 00000006 ff"
            ),
            self.now,
        )
        self.assertEqual(
            self.sent(),
            [
                pdu.GenericNack(command_status=S.ESME_RINVCMDID, sequence_number=5),
                pdu.DeliverSmResp(command_status=S.ESME_RINVSERTYP, sequence_number=6),
            ],
        )
        self.get(pdu.DeliverSm(sequence_number=7))
        self.assertEqual(self.told(), [Requested(pdu.DeliverSm(sequence_number=7))])

    def test_lost_framing(self) -> None:
        """A length that cannot be is answered, and the session ends (4.3)."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        octets = bytes.fromhex("0000000f 00000005 00000000 00000006")
        self.session.receive(octets, self.now)
        nack = pdu.GenericNack(command_status=S.ESME_RINVCMDLEN, sequence_number=6)
        self.assertEqual(self.sent(), [nack])
        self.assertIsInstance(self.ended(), FramingLost)


class AnyPduTests(SessionCase):
    @given(
        st.sampled_from(list(Side)),
        st.sampled_from([State.OPEN, *BOUND, State.UNBOUND]),
        st.lists(any_pdu | st.binary(min_size=1, max_size=40), max_size=8),
    )
    @settings(deadline=None, max_examples=100)
    def test_any_pdus(
        self, side: Side, state: State, said: list[pdu.Pdu | bytes]
    ) -> None:
        """Whatever a peer says, nothing is raised and no request is answered twice."""
        self.start(side, state)
        framer, asked = Framer(), 0
        for each in said:
            octets = each if isinstance(each, bytes) else encode(each)
            asked += len(framer.feed(octets))
            self.session.receive(octets, self.now)
            for event in self.told():
                if isinstance(event, Requested) and type(event.pdu) in pdu.RESPONSES:
                    self.session.respond(pdu.answer(event.pdu), self.now)
        self.wait(200.0)
        answers = [each for each in self.sent() if isinstance(each, pdu.Response)]
        self.assertLessEqual(len(answers), asked)


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
