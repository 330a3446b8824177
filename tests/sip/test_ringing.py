"""INVITEs that ring: they wait long, and hold up nobody (RFC 3261 9.2, 21.5.4)."""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.message import Response, respond
from cpmgw.sip.settings import ConnectionSettings
from tests.sip.endpoints import HOST, EndpointTestCase, Stub
from tests.sip.messages import request_octets
from tests.sip.proxies import PROXY, ProxyTestCase, originated


class RingingTestCase(EndpointTestCase):
    """A raw client by UDP and TCP; handlers of INVITE take over where `rings`."""

    def setUp(self) -> None:
        super().setUp()
        self.rings = True
        self.waiting: list[tuple[Incoming, Deferred[Response]]] = []
        self.peer = self.stub(5071)
        self.count = 0

    def serve(self, **options: Any) -> Endpoint:
        endpoint = self.endpoint(**options)
        for method in ("INVITE", "MESSAGE", "BYE", "PRACK"):
            endpoint.serve(method, self.handler, in_dialog=True)
        return endpoint

    def handler(self, incoming: Incoming) -> Deferred[Response]:
        self.waiting.append((incoming, Deferred()))
        if incoming.request.method == "INVITE" and self.rings:
            incoming.leg.when_cancelled(lambda: None)
        return self.waiting[-1][1]

    def send(self, method: str, peer: Stub | None = None, **options: Any) -> None:
        """A request of its own by UDP, or by a connection."""
        self.count += 1
        options.setdefault("branch", f"z9hG4bK{self.count}")
        octets = request_octets(method, call_id=f"call{self.count}@here", **options)
        if peer is None:
            self.peer.transport.write(octets, (HOST, 5060))
        else:
            peer.transport.write(octets)
        self.reactor.settle()

    def methods(self) -> list[str]:
        return [incoming.request.method for incoming, _ in self.waiting]

    def answer(self, status: int = 486) -> None:
        """Answer all that waits."""
        for incoming, answer in self.waiting:
            answer.callback(respond(incoming.request, status))
        self.waiting.clear()
        self.reactor.settle()


class RoomTests(RingingTestCase):
    """`pending`, `pending_octets` and `ringing` of the endpoint."""

    def test_takes_no_place(self) -> None:
        """What rings is not among the `pending` requests."""
        self.serve(pending=1)
        for _ in range(3):
            self.send("INVITE")
        self.send("MESSAGE")
        self.assertEqual(["INVITE"] * 3 + ["MESSAGE"], self.methods())
        self.send("INVITE")
        self.assertEqual([503], self.peer.statuses())
        self.answer()

    def test_before_it_rings(self) -> None:
        """An INVITE whose handler did not take over is; it is again when one does."""
        self.rings = False
        self.serve(pending=1)
        self.send("INVITE")
        self.send("MESSAGE")
        self.assertEqual([("MESSAGE", 503)], self.refused)
        for _ in range(2):
            self.waiting[0][0].leg.when_cancelled(lambda: None)
        self.send("MESSAGE")
        self.assertEqual(["INVITE", "MESSAGE"], self.methods())
        self.send("MESSAGE")
        self.assertEqual(2, len(self.waiting))
        self.answer()

    def test_limit(self) -> None:
        """So many may ring; one more INVITE is a 503, other methods are not."""
        self.serve(ringing=2, retry_after=7)
        for _ in range(3):
            self.send("INVITE")
        self.assertEqual([503], self.peer.statuses())
        self.assertEqual("7", self.peer.messages()[0].headers.get("Retry-After"))
        self.assertEqual([("INVITE", 503)], self.refused)
        self.send("MESSAGE")
        self.assertEqual(["INVITE", "INVITE", "MESSAGE"], self.methods())
        self.answer()
        self.send("INVITE")
        self.assertEqual(["INVITE"], self.methods())
        self.answer()

    def test_octets(self) -> None:
        """What rings has a bound in octets of its own: at it one more is a 503."""
        endpoint = self.serve(pending_octets=5000)
        self.send("INVITE", body=b"x" * 4000)
        self.send("MESSAGE", body=b"x" * 4000)
        self.send("INVITE", body=b"x" * 2000)
        self.assertEqual(3, len(self.waiting))
        self.send("INVITE")
        self.assertEqual([503], self.peer.statuses())
        self.send("MESSAGE")
        self.assertEqual(4, len(self.waiting))
        self.answer()
        self.assertEqual(0, endpoint._server._octets)
        self.assertEqual(0, endpoint._server._ringing_octets)

    def test_only_invites(self) -> None:
        """No other method rings, whatever its handler does: it keeps its place."""
        self.serve(pending=1)
        self.send("MESSAGE")
        self.waiting[0][0].leg.when_cancelled(lambda: None)
        self.send("MESSAGE")
        self.assertEqual([503], self.peer.statuses())
        self.answer()

    def test_every_ending(self) -> None:
        """Answered, failed, cancelled, overdue or stopped, it takes no room after."""
        endpoint = self.serve(ringing=1, timer_c=10.0)
        self.send("INVITE")
        self.answer(200)
        self.send("INVITE")
        self.waiting.pop()[1].errback(ZeroDivisionError())
        self.send("INVITE", branch="z9hG4bKgone")
        leg = self.waiting[0][0].leg
        leg.give_back(leg.on_cancel or self.fail)
        self.send("CANCEL", branch="z9hG4bKgone")
        self.waiting.clear()
        self.send("INVITE")
        self.reactor.pump([1.0] * 120)
        self.waiting.clear()
        self.send("INVITE")
        self.assertEqual(1, len(self.waiting))
        self.assertNotIn(503, self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        stopped = endpoint.stopService()
        self.reactor.advance(6)
        self.reactor.settle()
        self.successResultOf(stopped)
        server = endpoint._server
        self.assertEqual((0, 0), (server._ringing, server._ringing_octets))


class ConnectionTests(RingingTestCase):
    """`pending` of one connection."""

    def connected(self, **options: Any) -> Stub:
        self.serve(connection=ConnectionSettings(pending=1, **options))
        return self.connect()

    def test_is_read_on(self) -> None:
        """One INVITE that rings keeps nothing on its connection from being read."""
        peer = self.connected()
        via = "SIP/2.0/TCP there:5099"
        self.send("INVITE", peer, via=via, branch="z9hG4bKrings")
        for method in ("PRACK", "BYE", "MESSAGE"):
            self.send(method, peer, via=via, to_tag="b")
            self.assertEqual(method, self.methods()[-1])
            incoming, answer = self.waiting.pop()
            answer.callback(respond(incoming.request, 200))
            self.reactor.settle()
        self.send("CANCEL", peer, via=via, branch="z9hG4bKrings")
        self.assertEqual([200] * 4, peer.statuses())
        self.assertTrue(self.waiting[0][0].leg.cancelled)
        self.answer(487)
        self.assertEqual(487, peer.statuses()[-1])

    def test_held_up_before(self) -> None:
        """What waited to be read is read once the handler takes over."""
        self.rings = False
        peer = self.connected()
        self.send("INVITE", peer)
        self.send("MESSAGE", peer, to_tag="b")
        self.assertEqual(["INVITE"], self.methods())
        self.waiting[0][0].leg.when_cancelled(lambda: None)
        self.reactor.settle()
        self.assertEqual(["INVITE", "MESSAGE"], self.methods())
        self.answer()

    def test_is_not_idle(self) -> None:
        """The connection of what rings is not idle, and stays; after it, it may go."""
        peer = self.connected(idle=30.0)
        self.send("INVITE", peer)
        (connection,) = self.endpoints[0]._connections._all
        self.assertEqual(inf, connection.idle_since)
        self.reactor.pump([1.0] * 100)
        self.assertFalse(peer.lost)
        self.answer()
        self.assertLess(connection.idle_since, inf)
        self.reactor.pump([1.0] * 100)
        self.assertTrue(peer.lost)


class ProxiedTests(ProxyTestCase):
    def test_cancel_is_read(self) -> None:
        """A CANCEL reaches the far side from behind INVITEs that ring."""
        self.proxy(connection=ConnectionSettings(pending=1), pending=1)
        self.server()
        near = self.client()
        answers = []
        for call_id in ("one", "two"):
            invite = originated("INVITE", call_id=call_id)
            destination = f"{PROXY};transport=tcp"
            answers.append(near.request(invite, destination=destination))
            self.reactor.settle()
            self.answer(180)
        near.cancel(answers[0])
        self.assertEqual(487, self.result(answers[0]).status)
        self.assertTrue(self.calls[0][0].leg.cancelled)
        message = near.request(originated(), destination=f"{PROXY};transport=tcp")
        self.assertEqual(202, self.result(message).status)
        self.answer(486)
        self.assertEqual(486, self.successResultOf(answers[1]).status)
