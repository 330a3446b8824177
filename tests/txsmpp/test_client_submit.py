"""The requests of an ESME and their queue (SMPP 3.4 2.7)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from tests.txsmpp.peers import HOST, PORT, Held, NetworkCase, message
from txsmpp import pdu
from txsmpp.errors import (
    CannotEncode,
    ConnectionLost,
    NotBound,
    ProtocolError,
    QueueFull,
    ResponseTimeout,
)
from txsmpp.status import CommandStatus as S
from txsmpp.tlv import Tag, Tlv


class SubmitTests(NetworkCase):
    def test_submit(self) -> None:
        """A request is answered by the SM-SC's response (4.4)."""
        centre = self.centre()
        client = self.client()
        response = self.network.result_of(client.submit(message()))
        self.assertEqual(response.message_id, "1")
        self.assertEqual(self.texts(centre.requests), ["hi"])

    def test_every_request_of_an_esme(self) -> None:
        """All requests of table 2-1 can be sent, others cannot."""
        self.centre()
        client = self.client()
        to = pdu.SmeAddress(1, 1, "1")
        for request in (
            pdu.SubmitSm(),
            pdu.SubmitMulti(dest_address=(to,)),
            pdu.DataSm(),
            pdu.QuerySm(),
            pdu.CancelSm(),
            pdu.ReplaceSm(),
        ):
            response = self.network.result_of(client.submit(request))
            self.assertIs(type(response), pdu.RESPONSES[type(request)])
        for other in (pdu.DeliverSm(), pdu.EnquireLink(), pdu.Unbind(), pdu.Outbind()):
            self.failureResultOf(client.submit(other), CannotEncode)

    def test_what_cannot_be_encoded(self) -> None:
        """A value that does not fit fails at once and is not sent."""
        centre = self.centre()
        client = self.client(max_pdu=1000)
        self.failureResultOf(
            client.submit(pdu.SubmitSm(source_addr="1" * 21)), CannotEncode
        )
        payload = Tlv(Tag.MESSAGE_PAYLOAD, bytes(1000))
        self.failureResultOf(client.submit(pdu.DataSm(tlvs=(payload,))), CannotEncode)
        self.assertEqual(centre.requests, [])

    def test_window(self) -> None:
        """No more than the window waits for answers; the rest follow in order."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(window=3)
        sent = self.send(client, 7)
        self.assertEqual(len(held.asked), 3)
        self.assertEqual((client.in_flight, client.waiting), (3, 4))
        for number in range(7):
            _, request = held.asked[number]
            held.deferreds[number].callback(pdu.answer(request))
            self.network.settle()
            self.assertEqual(len(held.asked), min(7, number + 4))
        self.assertEqual(self.texts(centre.requests), [str(n) for n in range(7)])
        for each in sent:
            self.successResultOf(each)

    def test_queue_at_its_limit_and_one_past(self) -> None:
        """What waits is bounded."""
        client = self.client(queue=3)
        sent = self.send(client, 4)
        for each in sent[:3]:
            self.assertNoResult(each)
        self.failureResultOf(sent[3], QueueFull)
        self.stop(client)
        for each in sent[:3]:
            self.failureResultOf(each, NotBound)

    def test_what_waits_is_sent_when_bound(self) -> None:
        """What was given before the bind leaves with it, in order."""
        client = self.client()
        sent = self.send(client, 5)
        centre = self.centre()
        self.network.advance(5.0)
        for each in sent:
            self.successResultOf(each)
        self.assertEqual(self.texts(centre.requests), list("01234"))

    def test_what_waits_too_long(self) -> None:
        """Without a bind a request fails NotBound after queue_time, not before."""
        client = self.client(queue_time=10.0)
        (one,) = self.send(client, 1)
        self.network.advance(9.9)
        self.assertNoResult(one)
        self.network.advance(0.2)
        self.failureResultOf(one, NotBound)

    def test_waiting_for_a_window_that_stays_full(self) -> None:
        """A request whose turn does not come fails QueueFull after queue_time."""
        self.raw_centre()
        client = self.client(window=1, queue_time=10.0, response_timeout=60.0)
        _, two = self.send(client, 2)
        self.network.advance(10.1)
        self.failureResultOf(two, QueueFull)

    def test_loss_with_requests_open(self) -> None:
        """What was sent fails ConnectionLost; what waits leaves on the next bind."""
        factory = self.raw_centre()
        client = self.client(window=2)
        sent = self.send(client, 3)
        self.network.cut(HOST, PORT)
        self.network.settle()
        for each in sent[:2]:
            self.failureResultOf(each, ConnectionLost)
        self.assertNoResult(sent[2])
        self.network.advance(1.0)
        request = factory.peers[-1].got[-1]
        assert isinstance(request, pdu.SubmitSm)
        self.assertEqual(request.short_message, b"2")
        factory.peers[-1].say(pdu.answer(request))
        self.network.settle()
        self.successResultOf(sent[2])

    def test_no_answer(self) -> None:
        """A request without answer fails; the bind and the others go on."""
        factory = self.raw_centre()
        client = self.client(response_timeout=5.0, window=1)
        one, two = self.send(client, 2)
        self.network.advance(5.1)
        self.failureResultOf(one, ResponseTimeout)
        request = factory.peers[-1].got[-1]
        assert isinstance(request, pdu.SubmitSm)
        late = factory.peers[-1].got[-2]
        assert isinstance(late, pdu.SubmitSm)
        factory.peers[-1].say(pdu.answer(late), pdu.answer(request))
        self.network.settle()
        self.successResultOf(two)
        self.assertTrue(client.bound)

    def test_wrong_answer(self) -> None:
        """An answer of the wrong kind fails the request; the client binds anew."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        request = factory.peers[-1].got[-1]
        assert isinstance(request, pdu.SubmitSm)
        factory.peers[-1].say(pdu.DataSmResp(sequence_number=request.sequence_number))
        self.network.settle()
        self.failureResultOf(one, ProtocolError)
        self.network.advance(1.0)
        self.assertTrue(client.bound)

    def test_cancel(self) -> None:
        """Who stops waiting takes back what has not left."""
        centre = self.centre()
        client = self.client(started=False)
        client.startService()
        one, two = client.submit(message("1")), client.submit(message("2"))
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.network.settle()
        self.successResultOf(two)
        self.assertEqual(self.texts(centre.requests), ["2"])

    def test_cancel_after_it_left(self) -> None:
        """An answer that nobody waits for any more does no harm."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        one.cancel()
        self.failureResultOf(one, CancelledError)
        request = factory.peers[-1].got[-1]
        assert isinstance(request, pdu.Pdu)
        factory.peers[-1].say(pdu.answer(request, S.ESME_RTHROTTLED))
        self.network.settle()
        self.assertEqual((client.in_flight, client.waiting), (0, 0))
