"""The SM-SC's side (SMPP 3.4 2.1 to 2.8)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, succeed

from tests.txsmpp.peers import BIND, Held, NetworkCase, RawPeer
from txsmpp import pdu
from txsmpp.client import Bind
from txsmpp.errors import (
    CannotEncode,
    ConnectionLost,
    NotBound,
    QueueFull,
    ResponseTimeout,
)
from txsmpp.status import CommandStatus as S
from txsmpp.tlv import Tag, integer

BIND_PDU = pdu.BindTransceiver("cpmgw", "secret", sequence_number=1)


class ServerCase(NetworkCase):
    def bound(self, bind: pdu.BindRequest = BIND_PDU) -> RawPeer:
        """A raw ESME that has bound."""
        peer = self.raw_client()
        peer.say(bind)
        self.network.settle()
        return peer

    def last(self, peer: RawPeer) -> pdu.Response:
        """The last answer that a peer got."""
        self.network.settle()
        last = peer.got[-1]
        assert isinstance(last, pdu.Response)
        return last

    def tearDown(self) -> None:
        self.factory.unbind_all()
        super().tearDown()


class BindTests(ServerCase):
    def test_bind(self) -> None:
        """A good bind is answered with our name and version (4.1.2, 5.3.2.25)."""
        centre = self.centre(system_id="home")
        answer = self.last(self.bound())
        assert isinstance(answer, pdu.BindTransceiverResp)
        self.assertEqual((answer.command_status, answer.system_id), (0, "home"))
        version = integer(answer.tlvs, Tag.SC_INTERFACE_VERSION)
        self.assertEqual(version, 0x34)
        self.assertEqual(centre.sessions[0].system_id, "cpmgw")

    def test_peer_of_5_0(self) -> None:
        """An ESME that says it speaks 5.0 is bound all the same."""
        centre = self.centre()
        self.bound(
            pdu.BindReceiver(
                "cpmgw", "secret", interface_version=0x50, sequence_number=1
            )
        )
        self.assertEqual(centre.sessions[0].bind_mode, "receiver")

    def test_peer_of_3_3(self) -> None:
        """An ESME of 3.3 is sent no optional parameters (3.4.2)."""
        self.centre()
        peer = self.bound(
            pdu.BindTransmitter(
                "cpmgw", "secret", interface_version=0x33, sequence_number=1
            )
        )
        self.assertEqual(
            (self.last(peer).command_status, self.last(peer).tlvs), (0, ())
        )

    def test_wrong_password(self) -> None:
        """A bad bind is answered with its status, and the connection closed."""
        centre = self.centre()
        peer = self.bound(pdu.BindTransmitter("cpmgw", "wrong", sequence_number=1))
        self.assertEqual(self.last(peer).command_status, S.ESME_RINVPASWD)
        self.assertTrue(peer.closed)
        self.assertEqual((centre.sessions, centre.lost_sessions), ([], []))
        self.assertEqual(self.factory.sessions, set())

    def test_nothing_before_a_bind(self) -> None:
        """Requests before the bind are refused, enquire_link is answered."""
        centre = self.centre()
        peer = self.raw_client()
        peer.say(pdu.SubmitSm(sequence_number=1))
        self.assertEqual(self.last(peer).command_status, S.ESME_RINVBNDSTS)
        peer.say(pdu.EnquireLink(sequence_number=2))
        self.assertEqual(self.last(peer), pdu.EnquireLinkResp(sequence_number=2))
        self.assertEqual(centre.requests, [])

    def test_no_bind_in_time(self) -> None:
        """A connection that does not bind in time is closed, not before."""
        self.centre(bind_timeout=5.0)
        peer = self.raw_client()
        self.network.advance(4.9)
        self.assertFalse(peer.closed)
        self.network.advance(0.2)
        self.assertTrue(peer.closed)

    def test_sessions_at_their_limit_and_one_past(self) -> None:
        """There are no more connections than the limit; a place becomes free."""
        self.centre(sessions=2)
        one, two, three = self.bound(), self.bound(), self.raw_client()
        self.assertEqual(len(self.factory.sessions), 2)
        self.assertEqual((len(one.got), len(two.got), three.got), (1, 1, []))
        one.say(pdu.Unbind(sequence_number=2))
        self.network.settle()
        self.assertEqual(len(self.bound().got), 1)

    def test_slow_authentication(self) -> None:
        """What an ESME sends before its bind is answered is refused."""
        centre = self.centre()
        held = Held()
        centre.authenticate = held  # type: ignore[assignment]
        peer = self.bound()
        peer.say(pdu.SubmitSm(sequence_number=2))
        self.assertEqual(self.last(peer).command_status, S.ESME_RINVBNDSTS)
        held.deferreds[0].callback(0)
        self.assertEqual(self.last(peer).sequence_number, 1)


class RequestTests(ServerCase):
    def test_answers(self) -> None:
        """A request is answered by what the handler gives, under its number."""
        centre = self.centre()
        peer = self.bound()
        peer.say(pdu.SubmitSm(short_message=b"hi", sequence_number=7))
        self.assertEqual(
            self.last(peer), pdu.SubmitSmResp(message_id="1", sequence_number=7)
        )
        centre.answer = lambda _, request: succeed(
            pdu.SubmitSmResp(command_status=S.ESME_RTHROTTLED)
        )
        peer.say(pdu.SubmitSm(sequence_number=8))
        self.assertEqual(
            self.last(peer),
            pdu.SubmitSmResp(command_status=S.ESME_RTHROTTLED, sequence_number=8),
        )

    def test_handler_that_fails(self) -> None:
        """A handler that raises is logged and answered ESME_RSYSERR."""
        centre = self.centre()
        peer = self.bound()

        def broken(*_: object) -> pdu.Response:
            raise RuntimeError("broken")

        centre.answer = broken
        peer.say(pdu.QuerySm(sequence_number=7))
        self.assertEqual(
            self.last(peer),
            pdu.QuerySmResp(command_status=S.ESME_RSYSERR, sequence_number=7),
        )
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_answer_that_cannot_be_sent(self) -> None:
        """A handler's answer that does not fit is logged and ESME_RSYSERR."""
        centre = self.centre()
        peer = self.bound()
        centre.answer = lambda _, request: succeed(
            pdu.answer(request, message_id="x" * 65)
        )
        peer.say(pdu.SubmitSm(sequence_number=7))
        self.assertEqual(self.last(peer).command_status, S.ESME_RSYSERR)
        self.assertEqual(len(self.flushLoggedErrors(CannotEncode)), 1)

    def test_rate(self) -> None:
        """Beyond the rate requests are answered ESME_RTHROTTLED."""
        centre = self.centre(rate=50.0)
        peer = self.bound()
        peer.say(*(pdu.SubmitSm(sequence_number=n) for n in range(2, 12)))
        self.network.settle()
        statuses = [
            each.command_status
            for each in peer.got
            if isinstance(each, pdu.SubmitSmResp)
        ]
        self.assertEqual(statuses, [0] * 5 + [S.ESME_RTHROTTLED] * 5)
        self.assertEqual(len(centre.requests), 5)

    def test_garbage(self) -> None:
        """Octets that are no SMPP get generic_nack and the door."""
        self.centre()
        peer = self.raw_client()
        peer.say(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.last(peer).command_status, S.ESME_RINVCMDLEN)
        self.assertTrue(peer.closed)

    def test_pdu_at_the_limit_and_one_past(self) -> None:
        """A PDU of max_pdu octets is served, one more closes the connection."""
        for length, closed in ((100, False), (101, True)):
            self.centre(max_pdu=100)
            peer = self.bound()
            header = length.to_bytes(4, "big") + bytes.fromhex("00000777 00000000")
            peer.say(header + bytes(length - 12))
            self.network.settle()
            self.assertEqual(peer.closed, closed)
            self.factory.unbind_all()
            self.network.settle()
            self.port.stopListening()


class DeliverTests(ServerCase):
    def test_deliver(self) -> None:
        """deliver gives the ESME's answer, whatever its status (4.6)."""
        centre = self.centre()
        self.client()
        self.esme.answer = lambda _: succeed(S.ESME_RTHROTTLED)
        answer = self.network.result_of(centre.sessions[0].deliver(pdu.DeliverSm()))
        self.assertEqual(answer.command_status, S.ESME_RTHROTTLED)

    def test_window(self) -> None:
        """No more than the window waits for the ESME, and all come in order."""
        centre = self.centre(window=2)
        held = self.esme.answer = Held()
        self.client()
        sent = [
            centre.sessions[0].deliver(pdu.DeliverSm(short_message=str(n).encode()))
            for n in range(5)
        ]
        for number in range(5):
            self.network.settle()
            self.assertEqual(len(held.asked), min(5, number + 2))
            held.deferreds[number].callback(0)
        self.network.settle()
        self.assertEqual(self.texts(self.esme.messages), list("01234"))
        for each in sent:
            self.successResultOf(each)

    def test_refused_at_once(self) -> None:
        """What cannot be delivered fails at once."""
        centre = self.centre(queue=1, window=1)
        held = self.esme.answer = Held()
        self.client()
        (session,) = centre.sessions
        for other in (pdu.SubmitSm(), pdu.AlertNotification(), pdu.EnquireLink()):
            self.failureResultOf(session.deliver(other), CannotEncode)
        long = pdu.DeliverSm(short_message=bytes(255))
        self.failureResultOf(session.deliver(long), CannotEncode)
        open_ones = [session.deliver(pdu.DeliverSm()) for _ in range(2)]
        self.failureResultOf(session.deliver(pdu.DeliverSm()), QueueFull)
        open_ones[1].cancel()
        self.failureResultOf(open_ones[1], CancelledError)
        self.network.settle()
        held.deferreds[0].callback(0)
        self.network.settle()
        self.successResultOf(open_ones[0])
        self.assertEqual(len(held.asked), 1)

    def test_to_a_transmitter(self) -> None:
        """An ESME that only sends gets no messages (table 2-1)."""
        centre = self.centre()
        self.client(Bind(system_id="cpmgw", password="secret", mode="transmitter"))
        sent = centre.sessions[0].deliver(pdu.DeliverSm())
        self.failureResultOf(sent, NotBound)

    def test_esme_that_does_not_answer(self) -> None:
        """A message without answer fails; those that wait too long fail as well."""
        centre = self.centre(window=1, response_timeout=5.0, queue_time=8.0)
        self.bound()
        sent: list[Deferred[pdu.Response]] = [
            centre.sessions[0].deliver(pdu.DeliverSm()) for _ in range(3)
        ]
        self.network.advance(5.1)
        self.failureResultOf(sent[0], ResponseTimeout)
        self.network.advance(5.1)
        self.failureResultOf(sent[1], ResponseTimeout)
        self.failureResultOf(sent[2], QueueFull)

    def test_esme_is_lost(self) -> None:
        """When the ESME is gone, what was sent and what waits fails."""
        centre = self.centre(window=1)
        peer = self.bound()
        (session,) = centre.sessions
        one, two = session.deliver(pdu.DeliverSm()), session.deliver(pdu.DeliverSm())
        self.network.settle()
        assert peer.transport is not None
        peer.transport.loseConnection()
        self.network.settle()
        self.failureResultOf(one, ConnectionLost)
        self.failureResultOf(two, NotBound)
        self.failureResultOf(session.deliver(pdu.DeliverSm()), NotBound)
        self.assertEqual(centre.lost_sessions, [session])

    def test_unbind(self) -> None:
        """The SM-SC may end a session in order; the ESME comes back (4.2)."""
        centre = self.centre()
        client = self.client(BIND)
        gone = centre.sessions[0].unbind()
        self.network.settle()
        self.successResultOf(gone)
        self.assertFalse(client.bound)
        self.assertEqual(self.esme.losses, [None])
        self.network.advance(1.0)
        self.assertTrue(client.bound)
