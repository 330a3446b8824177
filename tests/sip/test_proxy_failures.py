"""A proxy whose far side cannot be reached, is silent, or refuses (RFC 3261 16.7)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import TransactionTimeout, TransportFailed
from cpmgw.sip.message import Response, respond
from tests.sip.endpoints import HOST
from tests.sip.proxies import (
    FAR,
    NEAR,
    PROXY,
    ProxyTestCase,
    originated,
)


class ElsewhereTests(ProxyTestCase):
    """The far side cannot be reached, or does not want to be."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy(shun=0.0)
        self.near = self.client()

    def send(self, **options: Any) -> Deferred[Response]:
        answer = self.near.request(originated(**options), destination=PROXY)
        self.reactor.settle()
        return answer

    def sent(self) -> list[bool]:
        """What each failure says: whether the request may have left."""
        assert all(isinstance(one, TransportFailed) for one in self.failures)
        return [one.sent for one in self.failures if isinstance(one, TransportFailed)]

    def test_unreachable(self) -> None:
        """Where there is nobody the handler is told so."""
        self.toward = f"sip:{HOST}:{FAR};transport=tcp"
        self.assertEqual(503, self.successResultOf(self.send()).status)
        self.assertEqual([False], self.sent())

    def test_silent(self) -> None:
        """Where nobody answers, after 64*T1 or the time it allows."""
        self.stub(FAR)
        self.timeout = 5.0
        answer = self.send()
        self.pump(4.5)
        self.assertNoResult(answer)
        self.pump(1.0)
        self.assertEqual(504, self.successResultOf(answer).status)
        self.assertEqual([TransactionTimeout], [type(one) for one in self.failures])

    def test_handler_timeout(self) -> None:
        """A handler of MESSAGE has its time, then what it sent is given up."""
        self.stub(FAR)
        answer = self.send()
        self.pump(31)
        self.assertEqual(504, self.successResultOf(answer).status)
        self.assertEqual(0, len(self.endpoints[0]._client))
        self.assertEqual([("MESSAGE", 504)], self.refused)

    def test_503(self) -> None:
        """A 503 is given as it is, for the handler to judge (16.7 step 6)."""
        far = self.server()

        async def busy(incoming: Incoming) -> Response:
            return respond(incoming.request, 503, headers=(("Retry-After", "9"),))

        far.serve("MESSAGE", busy)
        answer = self.successResultOf(self.send())
        self.assertEqual((503, "9"), (answer.status, answer.headers.get("Retry-After")))

    def test_lost_datagrams(self) -> None:
        """Each hop makes good what it loses."""
        self.server()
        first: set[tuple[bytes, int]] = set()

        def lose(data: bytes, to: tuple[str, int]) -> bool:
            seen = (data[:9], to[1]) in first
            first.add((data[:9], to[1]))
            return not seen

        self.reactor.lose = lose
        answer = self.send()
        self.pump(10)
        self.assertEqual(202, self.successResultOf(answer).status)
        self.assertEqual((1, 1), (len(self.given), len(self.handled)))

    def test_connection_lost(self) -> None:
        """Where the connection is lost the handler is told so, and that it was sent."""
        self.server()
        self.toward = f"sip:{HOST}:{FAR};transport=tcp"
        answer = self.near.request(originated("INVITE"), destination=PROXY)
        self.reactor.settle()
        self.reactor.pipes[0].cut()
        self.reactor.settle()
        self.assertEqual(503, self.successResultOf(answer).status)
        self.assertEqual([True], self.sent())
        self.answer(200)

    def test_client_is_gone(self) -> None:
        """Where the client's connection is lost the answer makes a new one (18.2.2)."""
        self.server()
        peer = self.connect()
        invite = originated("INVITE").headers.with_first(
            "Via", f"SIP/2.0/TCP {HOST}:{NEAR};branch=z9hG4bKraw"
        )
        peer.transport.write(originated("INVITE").replace(headers=invite).encode())
        self.reactor.settle()
        peer.transport.cut()
        self.reactor.settle()
        self.answer(200)
        written = [data for pipe in self.reactor.pipes for data in pipe.written]
        self.assertTrue(written[-1].startswith(b"SIP/2.0 200"))

    def test_next_destination(self) -> None:
        """The same request can be forwarded again elsewhere."""
        self.server()
        for port in (5091, 5092):

            async def refuse(incoming: Incoming) -> Response:
                self.handled.append(incoming)
                return respond(incoming.request, 480)

            self.endpoint((f"udp:{port}",)).serve("MESSAGE", refuse)

        async def one_after_the_other(incoming: Incoming) -> Response:
            for port in (5091, 5092, FAR):
                response = await self.middle.forward(
                    incoming, incoming.request, destination=f"sip:{HOST}:{port}"
                )
                if response.status < 300:
                    break
            return response

        self.endpoints[0].serve("MESSAGE", one_after_the_other, proxied=True)
        self.assertEqual(202, self.successResultOf(self.send()).status)
        branches = {one.request.via.branch for one in self.handled}
        self.assertEqual((3, 3), (len(self.handled), len(branches)))
        for incoming in self.handled:
            self.assertEqual(2, len(incoming.request.vias))
            self.assertEqual(1, len(incoming.request.headers.all("Record-Route")))
            self.assertEqual(69, incoming.request.max_forwards)

    def test_stopping_in_the_midst(self) -> None:
        """An endpoint that stops answers 503 and lets go of what it sent."""
        self.stub(FAR)
        answer = self.send()
        stopped = self.endpoints[0].stopService()
        self.pump(7)
        self.successResultOf(stopped)
        self.assertEqual(503, self.successResultOf(answer).status)
        self.assertEqual(0, len(self.endpoints[0]._client))
