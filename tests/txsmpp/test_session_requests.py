"""Requests of ours on a session, and their answers (SMPP 3.4 2.7)."""

from __future__ import annotations

from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.errors import (
    ConnectionLost,
    InvalidPdu,
    ProtocolError,
    QueueFull,
    ResponseTimeout,
)
from txsmpp.events import Answered, Ended, Failed
from txsmpp.outstanding import MAX_SEQUENCE_NUMBER
from txsmpp.state import Side, State


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
