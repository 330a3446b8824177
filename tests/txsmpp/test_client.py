"""The ESME as a service (SMPP 3.4 2.1 to 2.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import ITCPTransport
from twisted.logger import LogLevel, capturedLogs

from tests.txsmpp.peers import BIND, HOST, PORT, Held, NetworkCase, message
from txsmpp import pdu
from txsmpp.client import Bind
from txsmpp.errors import (
    CannotEncode,
    ConnectionLost,
    InvalidPdu,
    NotBound,
    ProtocolError,
    QueueFull,
    ResponseTimeout,
)
from txsmpp.status import CommandStatus as S
from txsmpp.tlv import Tag, Tlv

TRANSMITTER = Bind(system_id="cpmgw", password="secret", mode="transmitter")
RECEIVER = Bind(system_id="cpmgw", password="secret", mode="receiver")
OTHER = Bind(system_id="other", password="secret")


def refusing(status: int) -> Callable[[Any, pdu.Pdu], Deferred[pdu.Response]]:
    """An SM-SC's answer to everything."""
    return lambda _, request: succeed(pdu.answer(request, status))


class BindTests(NetworkCase):
    def test_each_mode(self) -> None:
        """A client binds in the mode it was told, and says what it was told (4.1)."""
        for mode in ("transceiver", "transmitter", "receiver"):
            centre = self.centre()
            bind = Bind(
                system_id="cpmgw",
                password="secret",
                mode=mode,
                system_type="VMA",
                addr_ton=1,
                addr_npi=1,
                address_range="^1514",
            )
            client = self.client(bind)
            self.assertTrue(client.bound)
            (session,) = centre.sessions
            self.assertEqual((session.bind_mode, session.system_id), (mode, "cpmgw"))
            assert session.bind_request is not None
            self.assertEqual(session.bind_request.address_range, "^1514")
            self.stop(client)
            self.assertFalse(client.bound)
            self.port.stopListening()

    def test_no_nagle(self) -> None:
        """Both ends switch TCP_NODELAY on."""
        centre = self.centre()
        self.client()
        for session in (*self.esme.sessions, *centre.sessions):
            assert ITCPTransport.providedBy(session.transport)
            self.assertTrue(session.transport.getTcpNoDelay())

    def test_when_bound(self) -> None:
        """when_bound fires with the first bind, or at once."""
        client = self.client()
        waiting = client.when_bound()
        self.assertNoResult(waiting)
        self.centre()
        self.network.advance(5.0)
        self.successResultOf(waiting)
        self.successResultOf(client.when_bound())

    def test_when_bound_of_a_client_that_stops(self) -> None:
        """when_bound fails if the client is stopped before."""
        client = self.client()
        waiting = client.when_bound()
        self.stop(client)
        self.failureResultOf(waiting, NotBound)

    def test_reconnects(self) -> None:
        """After a loss the client binds again, and says so."""
        centre = self.centre()
        client = self.client()
        self.assertEqual(self.network.cut(HOST, PORT), 1)
        self.network.settle()
        self.assertFalse(client.bound)
        self.assertIsInstance(self.esme.losses[0], ConnectionLost)
        self.network.advance(1.0)
        self.assertTrue(client.bound)
        self.assertEqual(len(centre.sessions), 1)
        one, two = self.esme.sessions
        self.assertNotEqual(one.id, two.id)

    def test_back_off(self) -> None:
        """Each failure makes the next wait longer, up to a limit."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: peer.transport.loseConnection()  # type: ignore
        self.client(backoff_initial=1.0, backoff_maximum=4.0)
        counts = []
        for _ in range(8):
            counts.append(len(factory.peers))
            self.network.advance(2.0)
        # Waits of 1, 1.5, 2.25, 3.375, 4, 4, ... seconds.
        self.assertEqual(counts, [1, 2, 3, 4, 4, 5, 5, 6])

    def test_wrong_password(self) -> None:
        """A refusal that will last is logged once, and tried again much later."""
        centre = self.centre()
        centre.passwords["cpmgw"] = "changed"
        with capturedLogs() as logged:
            client = self.client(refused_delay=60.0)
            self.network.advance(130.0)
        errors = [each for each in logged if each["log_level"] is LogLevel.error]
        self.assertEqual(len(errors), 1)
        self.assertNotIn("secret", str(logged))
        self.assertFalse(client.bound)
        self.assertEqual(centre.sessions, [])
        centre.passwords["cpmgw"] = "secret"
        self.network.advance(49.0)
        self.assertFalse(client.bound)
        self.network.advance(2.0)
        self.assertTrue(client.bound)

    def test_bind_is_not_answered(self) -> None:
        """A peer that never answers the bind is left, and tried again."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: None  # type: ignore[method-assign]
        self.client(response_timeout=5.0)
        self.network.advance(6.0)
        self.assertTrue(factory.peers[0].closed)
        self.network.advance(1.0)
        self.assertEqual(len(factory.peers), 2)

    def test_stop_while_connecting(self) -> None:
        """A client that has no connection yet stops at once."""
        self.network.partition(HOST, PORT)
        client = self.client()
        self.stop(client)

    def test_stop_leaves_nothing(self) -> None:
        """A client that is stopped, bound or not, leaves no timer and no connection."""
        client = self.client(rate=1.0)
        sent = self.send(client, 3)
        stopped = client.stopService()
        self.network.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.network.getDelayedCalls(), [])
        for each in sent:
            self.failureResultOf(each, NotBound)
        centre = self.centre()
        client.startService()
        self.network.settle()
        self.send(client, 3)
        stopped = client.stopService()
        self.network.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.assertEqual((centre.sessions, self.factory.sessions), ([], set()))
        self.assertEqual(len(centre.requests), 1)

    def test_start_again(self) -> None:
        """A client that was stopped can be started again."""
        centre = self.centre()
        client = self.client()
        self.stop(client)
        self.failureResultOf(client.submit(message()), NotBound)
        client.startService()
        self.network.settle()
        (sent,) = self.send(client, 1)
        self.successResultOf(sent)
        self.assertEqual(len(centre.requests), 1)

    def test_start_again_before_it_has_stopped(self) -> None:
        """A client that is started while it still leaves comes up again."""
        centre = self.centre()
        client = self.client()
        stopped = client.stopService()
        client.startService()
        self.network.advance(5.0)
        self.successResultOf(stopped)
        self.assertTrue(client.bound)
        (sent,) = self.send(client, 1)
        self.successResultOf(sent)
        self.assertEqual(len(centre.requests), 1)

    def test_stop_twice(self) -> None:
        """A client that is stopped again while it leaves stops once."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: (  # type: ignore[method-assign]
            peer.say(pdu.answer(got)) if isinstance(got, pdu.BindRequest) else None
        )
        client = self.client()
        stopped = [client.stopService(), client.stopService()]
        self.network.advance(30.0)
        for each in stopped:
            self.successResultOf(each)

    def test_handler_that_fails_when_told_of_the_end(self) -> None:
        """A client stops whatever its handler makes of that."""
        self.centre()
        client = self.client()
        self.esme.lost = lambda session, reason: 1 // 0  # type: ignore
        self.stop(client)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_the_operator_is_told_why(self) -> None:
        """A connection that is lost before it is bound says what was wrong."""
        factory = self.raw_centre()
        factory.react = lambda peer, got: peer.transport.abortConnection()  # type: ignore
        with capturedLogs() as logged:
            self.client()
        (told,) = [each for each in logged if each["log_level"] is LogLevel.error]
        self.assertIn("non-clean fashion", told["error"])


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


class ThrottleTests(NetworkCase):
    def test_order_is_kept(self) -> None:
        """What is throttled is sent again, in order, before what came later (5.1.3)."""
        for status in (S.ESME_RTHROTTLED, S.ESME_RMSGQFUL):
            centre = self.centre()
            centre.answer = refusing(status)
            client = self.client(window=5)
            sent = self.send(client, 20)
            self.network.advance(1.0)
            centre.requests.clear()
            centre.answer = lambda _, request: succeed(pdu.answer(request))
            self.network.advance(20.0)
            accepted = self.texts(centre.requests)
            self.assertEqual(accepted, [str(n) for n in range(20)])
            for each in sent:
                self.assertEqual(self.successResultOf(each).command_status, 0)
            self.stop(client)
            self.port.stopListening()

    def test_slows_down(self) -> None:
        """While it is throttled the client asks less and less often."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RTHROTTLED)
        client = self.client(window=10, throttle_initial=0.1, throttle_maximum=2.0)
        self.send(client, 10)
        asked = []
        for _ in range(5):
            before = len(centre.requests)
            self.network.advance(4.0)
            asked.append(len(centre.requests) - before)
        self.assertEqual(asked, sorted(asked, reverse=True))
        self.assertLessEqual(asked[-1], 3)

    def test_recovers(self) -> None:
        """Once requests are taken again the window opens again."""
        centre = self.centre()
        busy = [True]

        def answer(session: Any, request: Any) -> Any:
            status = S.ESME_RTHROTTLED if busy[0] else S.ESME_ROK
            return succeed(pdu.answer(request, status))

        centre.answer = answer
        client = self.client(window=8)
        self.send(client, 8)
        busy[0] = False
        self.network.advance(5.0)
        held = centre.answer = Held()
        self.send(client, 20)
        self.assertEqual(len(held.asked), 8)

    def test_limit(self) -> None:
        """After throttle_limit the caller gets the answer as it is."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RMSGQFUL)
        client = self.client(throttle_limit=10.0)
        (one,) = self.send(client, 1)
        self.network.advance(9.9)
        self.assertNoResult(one)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(one).command_status, S.ESME_RMSGQFUL)

    def test_other_refusals_are_the_callers(self) -> None:
        """Any other status is given to the caller at once."""
        centre = self.centre()
        centre.answer = refusing(S.ESME_RINVDSTADR)
        client = self.client()
        (one,) = self.send(client, 1)
        self.assertEqual(self.successResultOf(one).command_status, S.ESME_RINVDSTADR)

    def test_rate(self) -> None:
        """No more than `rate` requests leave a second, in order."""
        centre = self.centre()
        client = self.client(rate=20.0)
        self.send(client, 100)
        self.assertLessEqual(len(centre.requests), 2)
        counts = []
        for _ in range(4):
            before = len(centre.requests)
            self.network.advance(1.0)
            counts.append(len(centre.requests) - before)
        self.assertEqual([n for n in counts if not 19 <= n <= 21], [])
        self.network.advance(2.0)
        self.assertEqual(self.texts(centre.requests), [str(n) for n in range(100)])


class SeveralBindsTests(NetworkCase):
    def test_round_robin(self) -> None:
        """Requests are shared among the binds that have room, receivers left out."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(TRANSMITTER, TRANSMITTER, RECEIVER, window=2)
        self.assertEqual(len(centre.sessions), 3)
        self.send(client, 6)
        shares = [
            self.texts([request for asker, request in held.asked if asker is session])
            for session in centre.sessions
        ]
        self.assertEqual(sorted(shares), [[], ["0", "2"], ["1", "3"]])

    def test_one_bind_lost(self) -> None:
        """When one bind is lost the others go on."""
        centre = self.centre()
        client = self.client(BIND, OTHER)
        session = centre.sessions[0]
        assert ITCPTransport.providedBy(session.transport)
        session.transport.abortConnection()
        self.network.settle()
        self.assertTrue(client.bound)
        for each in self.send(client, 4):
            self.successResultOf(each)

    def test_add_a_bind(self) -> None:
        """A bind that is added disturbs none of the others."""
        centre = self.centre()
        client = self.client(BIND)
        (before,) = centre.sessions
        self.successResultOf(client.change_binds([BIND, OTHER]))
        self.network.settle()
        self.assertEqual(
            [each.system_id for each in centre.sessions], ["cpmgw", "other"]
        )
        self.assertIs(centre.sessions[0], before)
        self.assertEqual(client.binds, (BIND, OTHER))

    def test_remove_a_bind(self) -> None:
        """A bind that is removed settles what is open on it before it leaves."""
        centre = self.centre()
        held = centre.answer = Held()
        client = self.client(BIND, OTHER)
        sent = self.send(client, 2)
        gone = client.change_binds([OTHER])
        self.network.settle()
        self.assertNoResult(gone)
        for (_, request), answer in zip(held.asked, held.deferreds, strict=True):
            answer.callback(pdu.answer(request))
        self.network.settle()
        self.successResultOf(gone)
        for each in sent:
            self.successResultOf(each)
        self.assertEqual([each.system_id for each in centre.sessions], ["other"])
        self.network.advance(10.0)
        self.assertEqual(len(centre.sessions), 1)
        self.assertEqual(self.esme.losses, [None])

    def test_change_a_bind(self) -> None:
        """A bind with another password is another bind; the same twice is two."""
        centre = self.centre()
        client = self.client(BIND)
        changed = Bind(system_id="cpmgw", password="new")
        centre.passwords["cpmgw"] = "new"
        gone = client.change_binds([changed, changed])
        self.network.settle()
        self.successResultOf(gone)
        self.assertEqual(len(centre.sessions), 2)


class MessageTests(NetworkCase):
    def deliver(self, request: pdu.Pdu) -> Deferred[pdu.Response]:
        """Have the SM-SC send this."""
        sent = self.port_centre.sessions[0].deliver(request)
        self.network.settle()
        return sent

    def setUp(self) -> None:
        super().setUp()
        self.port_centre = self.centre()
        self.client()

    def test_message(self) -> None:
        """A message is answered when the handler is done, with its status (4.6)."""
        done: Deferred[int] = Deferred()
        self.esme.answer = lambda _: done
        sent = self.deliver(pdu.DeliverSm(short_message=b"hi"))
        self.assertNoResult(sent)
        done.callback(S.ESME_RX_T_APPN)
        self.network.settle()
        response = self.successResultOf(sent)
        self.assertEqual(response.command_status, S.ESME_RX_T_APPN)
        self.assertEqual(response.sequence_number, 1)

    def test_data_sm_and_coroutines(self) -> None:
        """data_sm is a message too; a handler may be a coroutine (4.7)."""

        async def answer(_: pdu.Pdu) -> int:
            return 0

        self.esme.answer = answer
        response = self.successResultOf(self.deliver(pdu.DataSm(source_addr="1")))
        self.assertEqual(response, pdu.DataSmResp(sequence_number=1))

    def test_answers_out_of_order(self) -> None:
        """Each message is answered with its own number, whenever it is done."""
        held = self.esme.answer = Held()
        one, two = self.deliver(pdu.DeliverSm()), self.deliver(pdu.DeliverSm())
        held.deferreds[1].callback(0)
        self.network.settle()
        self.assertNoResult(one)
        self.assertEqual(self.successResultOf(two).sequence_number, 2)
        held.deferreds[0].callback(0)
        self.network.settle()
        self.successResultOf(one)

    def test_handler_that_fails(self) -> None:
        """A handler that raises is logged and answered ESME_RSYSERR."""

        def broken(_: pdu.Pdu) -> int:
            raise RuntimeError("broken")

        self.esme.answer = broken
        response = self.successResultOf(self.deliver(pdu.DeliverSm()))
        self.assertEqual(response.command_status, S.ESME_RSYSERR)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_alert(self) -> None:
        """alert_notification reaches the handler and is not answered (4.12)."""
        self.port_centre.sessions[0].alert(pdu.AlertNotification(source_addr="1"))
        self.network.settle()
        (alert,) = self.esme.alerts
        self.assertEqual(alert.source_addr, "1")


class HostileTests(NetworkCase):
    def test_garbage(self) -> None:
        """Octets that are no SMPP close the connection; the client binds anew."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        factory.peers[0].say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.network.settle()
        self.assertTrue(factory.peers[0].closed)
        nack = factory.peers[0].got[-1]
        assert isinstance(nack, pdu.GenericNack)
        self.assertEqual(nack.command_status, S.ESME_RINVCMDLEN)
        self.failureResultOf(one, ConnectionLost)
        self.network.advance(1.0)
        self.assertTrue(client.bound)

    def test_answer_that_makes_no_sense(self) -> None:
        """An answer that cannot be read fails its request; the bind stands."""
        factory = self.raw_centre()
        client = self.client()
        (one,) = self.send(client, 1)
        factory.peers[0].say(
            bytes.fromhex("00000012 80000004 00000000 00000002") + b"\xff\xff"
        )
        self.network.settle()
        self.failureResultOf(one, InvalidPdu)
        self.assertTrue(client.bound)

    def test_silent_peer(self) -> None:
        """A peer that has died is noticed by enquire_link and left."""
        factory = self.raw_centre()
        client = self.client(enquire_link=10.0, response_timeout=5.0)
        self.network.partition(HOST, PORT)
        self.network.advance(15.1)
        self.assertFalse(client.bound)
        self.network.heal(HOST, PORT)
        self.network.advance(60.0)
        self.assertTrue(client.bound)
        self.assertEqual(len(factory.peers), 2)

    def test_flood(self) -> None:
        """Of a peer that asks without end no more is served than its window."""
        factory = self.raw_centre()
        held = self.esme.answer = Held()
        self.client(peer_window=4)
        peer = factory.peers[0]
        peer.say(*(pdu.DeliverSm(sequence_number=n) for n in range(1, 7)))
        self.network.settle()
        for number in range(7, 11):
            peer.say(pdu.DeliverSm(sequence_number=number))
        self.network.settle()
        self.assertEqual(len(held.asked), 4)
        for number in range(4):
            held.deferreds[number].callback(0)
            self.network.settle()
        answered = [
            each.sequence_number
            for each in peer.got
            if isinstance(each, pdu.DeliverSmResp)
        ]
        self.assertEqual(answered, [5, 6, 7, 8, 9, 10, 1, 2, 3, 4])

    def test_peer_that_does_not_read(self) -> None:
        """Nothing is written without end to a peer that does not read."""
        factory = self.raw_centre()
        client = self.client(window=5000, queue=20000, enquire_link=0.0)
        transport = factory.peers[0].transport
        assert ITCPTransport.providedBy(transport)
        transport.pauseProducing()  # type: ignore[attr-defined]
        for _ in range(3000):
            self.open.append(client.submit(message("x" * 100)))
        self.network.settle()
        self.assertGreater(client.waiting, 1500)
        transport.resumeProducing()  # type: ignore[attr-defined]
        self.network.settle()
        self.assertEqual(client.waiting, 0)

    def test_peer_that_never_lets_go(self) -> None:
        """A client whose peer answers nothing and never closes stops all the same."""
        self.raw_centre().react = lambda peer, got: None  # type: ignore
        client = self.client()
        self.stop(client)
        factory_client = self.client()
        self.send(factory_client, 1)
        self.stop(factory_client)
