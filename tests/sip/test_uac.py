"""The sending side of an endpoint: routes, failover, sizes, time-outs, digest, TLS."""

from __future__ import annotations

import datetime
import os
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.connections import Connections
from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.errors import (
    SipEncodeError,
    SipSyntaxError,
    TransactionTimeout,
    TransportFailed,
)
from cpmgw.sip.listeners import Listeners
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.parser import Limits
from cpmgw.sip.resolver import CannotResolve, Hop
from cpmgw.sip.routing import CannotRoute, route
from cpmgw.sip.settings import ConnectionSettings, Login
from cpmgw.sip.uri import SipUri, parse_uri
from tests.sip.endpoints import HERE, HOST, THERE, EndpointTestCase, pager


class FixedResolver:
    """Gives the addresses it was told."""

    def __init__(self, *hops: Hop) -> None:
        self.fixed = list(hops)

    def immediate(self, uri: SipUri) -> list[Hop] | None:
        return None

    async def hops(self, uri: SipUri) -> list[Hop]:
        return list(self.fixed)

    def close(self) -> None:
        """Nothing is held."""


def udp(port: int) -> Hop:
    """An address on this host."""
    return Hop("UDP", HOST, port)


class RouteTests(SynchronousTestCase):
    def go(self, request: Request, **options: Any) -> tuple[Request, str]:
        options.setdefault("destination", None)
        options.setdefault("next_hop", None)
        routed, target = route(request, **options)
        return routed, str(target)

    def next_hop(self, text: str) -> SipUri:
        uri = parse_uri(text)
        assert isinstance(uri, SipUri)
        return uri

    def test_request_uri(self) -> None:
        """Without anything else, the Request-URI says where to (8.1.2)."""
        message = pager(uri="sip:bob@example.net")
        self.assertEqual((message, "sip:bob@example.net"), self.go(message))

    def test_loose_next_hop(self) -> None:
        """A next hop with lr is put into Route."""
        next_hop = self.next_hop("sip:192.0.2.1:5070;lr;transport=tcp")
        routed, target = self.go(pager(uri="tel:+15145550001"), next_hop=next_hop)
        self.assertEqual(str(next_hop), target)
        self.assertEqual([f"<{next_hop}>"], routed.headers.raw("Route"))
        self.assertEqual("tel:+15145550001", str(routed.uri))

    def test_plain_next_hop(self) -> None:
        """A next hop without lr is only sent to."""
        message = pager()
        next_hop = self.next_hop("sip:192.0.2.1")
        self.assertEqual(
            (message, "sip:192.0.2.1"), self.go(message, next_hop=next_hop)
        )

    def test_loose_route(self) -> None:
        """A Route with lr is followed before the next hop, and left as it is."""
        message = pager(headers=[("Route", "<sip:p.example.net;lr>")])
        routed, target = self.go(message, next_hop=self.next_hop("sip:192.0.2.1;lr"))
        self.assertIs(message, routed)
        self.assertEqual("sip:p.example.net;lr", target)

    def test_strict_route(self) -> None:
        """A strict router gets its URI as Request-URI, ours last (12.2.1.1)."""
        message = pager(
            uri="sip:bob@example.net",
            headers=[("Route", "<sip:s.example.net>, <sip:p.example.net;lr>")],
        )
        routed, target = self.go(message)
        self.assertEqual("sip:s.example.net", target)
        self.assertEqual("sip:s.example.net", str(routed.uri))
        self.assertEqual(
            ["<sip:p.example.net;lr>", "<sip:bob@example.net>"],
            routed.headers.all("Route"),
        )

    def test_destination(self) -> None:
        """An explicit destination goes before all."""
        message = pager(headers=[("Route", "<sip:p.example.net;lr>")])
        self.assertEqual(
            (message, "sip:192.0.2.7"), self.go(message, destination="sip:192.0.2.7")
        )

    def test_tel_needs_a_next_hop(self) -> None:
        """A tel URI does not say where to."""
        self.assertRaises(CannotRoute, self.go, pager(uri="tel:+15145550001"))

    def test_bad_destination(self) -> None:
        """A destination that is no URI is refused."""
        self.assertRaises(
            SipSyntaxError, self.go, pager(), destination="somewhere else"
        )


class TwoEndpointsTestCase(EndpointTestCase):
    """One endpoint that sends (`near`) and one that serves MESSAGE (`far`)."""

    def join(self, **options: Any) -> tuple[Endpoint, Endpoint]:
        far = self.endpoint(HERE)
        far.serve("MESSAGE", self.accept)
        options.setdefault("next_hop", "sip:127.0.0.1:5060;lr")
        return self.endpoint(THERE, **options), far

    def result(self, deferred: Deferred[Response]) -> Response:
        self.reactor.settle()
        return self.successResultOf(deferred)


class SendingTests(TwoEndpointsTestCase):
    def test_answered(self) -> None:
        """A request gets its final response."""
        near, _ = self.join(user_agent="IWF")
        answer = self.result(near.request(pager()))
        self.assertEqual(202, answer.status)
        (incoming,) = self.handled
        self.assertEqual("IWF", incoming.request.headers.get("User-Agent"))
        via = incoming.request.via
        self.assertEqual((HOST, 5070), (via.host, via.port))
        self.assertTrue(via.has("rport"))
        self.assertTrue((via.branch or "").startswith("z9hG4bK"))

    def test_sent_by(self) -> None:
        """Via names the bound address, or the host of the settings (18.1.1)."""
        peer = self.stub(5080)
        for listen, sent_by in (
            (("udp:5071",), "gw.example.net:5071"),
            (("udp:5072:interface=127.0.0.1",), "127.0.0.1:5072"),
            (("udp:5073:interface=\\:\\:1", "udp:5074"), "[::1]:5073"),
        ):
            near = self.endpoint(listen, host="gw.example.net")
            answer = near.request(pager(), destination="sip:127.0.0.1:5080")
            self.reactor.settle()
            message = peer.messages()[-1]
            assert isinstance(message, Request)
            self.assertIn(f"UDP {sent_by};", message.headers.raw("Via")[0])
            source = peer.sources[-1]
            peer.transport.write(respond(message, 200, to_tag="b").encode(), source)
            self.assertEqual(200, self.result(answer).status)

    def test_unknown_host(self) -> None:
        """A name without an address is an error; so is a fault of the resolver."""

        class Lost(FixedResolver):
            error: Exception = CannotResolve("no such host")

            async def hops(self, uri: SipUri) -> list[Hop]:
                raise self.error

        resolver: Any = Lost()
        near = self.endpoint(THERE, resolver)
        message = pager(uri="sip:bob@nowhere.example.net")
        self.failureResultOf(near.request(message), CannotResolve)
        resolver.error = ZeroDivisionError()
        self.failureResultOf(near.request(message), CannotResolve)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_lost_datagrams(self) -> None:
        """Lost requests are sent again, lost answers asked for again."""
        near, _ = self.join()
        lost: list[bytes] = []

        def lose(data: bytes, address: tuple[str, int]) -> bool:
            lost.append(data)
            return len(lost) in (1, 3)

        self.reactor.lose = lose
        answer = near.request(pager())
        self.reactor.pump([0.1] * 40)
        self.assertEqual(202, self.successResultOf(answer).status)
        self.assertEqual(1, len(self.handled))

    def test_nobody_answers(self) -> None:
        """After 64*T1 without an answer the caller is told."""
        self.stub(5080)
        near, _ = self.join(next_hop="sip:127.0.0.1:5080;lr")
        answer = near.request(pager())
        self.reactor.pump([0.1] * 318)
        self.assertNoResult(answer)
        self.reactor.pump([0.1] * 5)
        self.failureResultOf(answer, TransactionTimeout)

    def test_timeout_of_the_caller(self) -> None:
        """The caller may wait for less; what was held is freed."""
        self.stub(5080)
        near, _ = self.join(next_hop="sip:127.0.0.1:5080;lr")
        answer = near.request(pager(), timeout=1.0)
        self.reactor.pump([0.1] * 9)
        self.assertNoResult(answer)
        self.reactor.pump([0.1] * 3)
        self.failureResultOf(answer, TransactionTimeout)
        sent = len(self.reactor.datagrams)
        self.reactor.pump([0.1] * 50)
        self.assertEqual(sent, len(self.reactor.datagrams))

    def test_cancelled(self) -> None:
        """A cancelled request is no longer sent."""
        self.stub(5080)
        near, _ = self.join(next_hop="sip:127.0.0.1:5080;lr")
        answer = near.request(pager())
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.reactor.pump([0.1] * 50)
        self.assertEqual(1, len(self.reactor.datagrams))

    def test_explicit_destination(self) -> None:
        """A destination is sent to, whatever the next hop is."""
        near, _ = self.join(next_hop="sip:127.0.0.1:9;lr")
        answer = near.request(pager(), destination="sip:127.0.0.1:5060")
        self.assertEqual(202, self.result(answer).status)

    def test_no_next_hop_for_a_number(self) -> None:
        """A tel URI without a next hop is an error."""
        near, _ = self.join(next_hop="")
        answer = near.request(pager(uri="tel:+15145550001"))
        self.failureResultOf(answer, CannotRoute)

    def test_unwritable(self) -> None:
        """A request with a line break in a header is an error, and leaves nothing."""
        near, _ = self.join()
        broken = pager(headers=[("Subject", "a\r\nb")])
        self.failureResultOf(near.request(broken), SipEncodeError)
        by_tcp = near.request(broken, destination="sip:127.0.0.1;transport=tcp")
        self.reactor.settle()
        self.failureResultOf(by_tcp, SipEncodeError)

    def test_too_many_transactions(self) -> None:
        """At the limit of transactions a request is sent, one past it is not."""
        near, _ = self.join(transactions=1)
        self.assertEqual(202, self.result(near.request(pager())).status)
        refused = near.request(pager(call_id="other"))
        self.failureResultOf(refused, TransportFailed)

    def test_not_running(self) -> None:
        """An endpoint that does not run sends nothing."""
        near, _ = self.join()
        stopped = near.stopService()
        self.reactor.settle()
        self.successResultOf(stopped)
        self.failureResultOf(near.request(pager()), TransportFailed)

    def test_stopping(self) -> None:
        """Stopping waits for answers, then gives up."""
        self.stub(5080)
        near, _ = self.join(next_hop="sip:127.0.0.1:5080;lr", drain=1.0)
        answer = near.request(pager())
        stopped = near.stopService()
        self.reactor.advance(0.5)
        self.assertNoResult(stopped)
        self.reactor.advance(0.6)
        self.reactor.settle()
        self.successResultOf(stopped)
        self.failureResultOf(answer, TransportFailed)

    def test_foreign_response(self) -> None:
        """A response whose topmost Via is not ours, or is not alone, is dropped."""
        peer = self.stub(5080)
        near, _ = self.join(next_hop="sip:127.0.0.1:5080;lr")
        answer = near.request(pager())
        self.reactor.settle()
        (request,) = peer.messages()
        assert isinstance(request, Request)
        good = respond(request, 200, to_tag="x")
        via = good.headers.raw("Via")[0]
        for bad in (via.replace("5070", "5071"), f"{via}, SIP/2.0/UDP elsewhere"):
            headers = good.headers.with_replaced("Via", bad)
            peer.transport.write(good.replace(headers=headers).encode(), (HOST, 5070))
            self.reactor.settle()
            self.assertNoResult(answer)
        peer.transport.write(good.encode(), (HOST, 5070))
        self.assertEqual(200, self.result(answer).status)


class SizeTests(TwoEndpointsTestCase):
    def body_for(self, size: int) -> bytes:
        """A body with which the request is `size` octets over UDP."""
        near = self.endpoints[0]
        before = len(self.reactor.datagrams)
        self.result(near.request(pager(b"x" * 1000, call_id="probe")))
        return b"x" * (size - len(self.reactor.datagrams[before][0]) + 1000)

    def test_limit(self) -> None:
        """1300 octets go over UDP, one more goes over TCP (18.1.1)."""
        near, _ = self.join()
        self.endpoints.reverse()
        body = self.body_for(1300)
        for number, transport in ((0, "UDP"), (1, "TCP")):
            message = pager(body + b"x" * number, call_id=f"call{number}")
            self.assertEqual(202, self.result(near.request(message)).status)
            incoming = self.handled[-1]
            self.assertEqual(transport, incoming.peer.transport)
            self.assertEqual(transport, incoming.request.via.transport)

    def test_connection_is_reused(self) -> None:
        """Large requests share one connection."""
        near, _ = self.join()
        for number in range(3):
            message = pager(b"x" * 1400, call_id=f"call{number}")
            self.assertEqual(202, self.result(near.request(message)).status)
        self.assertEqual(2, len(self.reactor.pipes))
        self.assertTrue(all(pipe.no_delay for pipe in self.reactor.pipes))

    def test_udp_if_tcp_is_refused(self) -> None:
        """If TCP is refused, a large request goes over UDP after all (18.1.1)."""
        far = self.endpoint(HERE[:1])
        far.serve("MESSAGE", self.accept)
        near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5060;lr")
        answer = near.request(pager(b"x" * 1400))
        self.assertEqual(202, self.result(answer).status)
        self.assertEqual("UDP", self.handled[0].peer.transport)


class FailoverTests(EndpointTestCase):
    def near(self, *hops: Hop, **options: Any) -> Endpoint:
        resolver: Any = FixedResolver(*hops)
        return self.endpoint(THERE, resolver, **options)

    def far(self, port: int, status: int, **headers: str) -> None:
        async def handler(incoming: Incoming) -> Response:
            self.handled.append(incoming)
            return respond(incoming.request, status, headers=headers.items())

        listen = (f"udp:{port}:interface=127.0.0.1", f"tcp:{port}")
        self.endpoint(listen).serve("MESSAGE", handler)

    def send(self, near: Endpoint, **options: Any) -> Deferred[Response]:
        return near.request(pager(uri="sip:bob@example.net", **options))

    def test_503(self) -> None:
        """After a 503 the next address is tried, with a new branch (RFC 3263 4.3)."""
        self.far(5061, 503)
        self.far(5062, 202)
        answer = self.send(self.near(udp(5061), udp(5062)))
        self.reactor.settle()
        self.assertEqual(202, self.successResultOf(answer).status)
        first, second = (one.request.via.branch for one in self.handled)
        self.assertNotEqual(first, second)

    def test_503_everywhere(self) -> None:
        """When all say 503, the caller gets that."""
        self.far(5061, 503)
        answer = self.send(self.near(udp(5061)))
        self.reactor.settle()
        self.assertEqual(503, self.successResultOf(answer).status)

    def test_other_failures_are_final(self) -> None:
        """A failure other than 503 is not tried elsewhere."""
        self.far(5061, 500)
        self.far(5062, 202)
        answer = self.send(self.near(udp(5061), udp(5062)))
        self.reactor.settle()
        self.assertEqual(500, self.successResultOf(answer).status)

    def test_transport_failure(self) -> None:
        """An address that refuses is followed by the next one."""
        self.far(5062, 202)
        answer = self.send(self.near(Hop("TCP", HOST, 5061), Hop("TCP", HOST, 5062)))
        self.reactor.settle()
        self.assertEqual(202, self.successResultOf(answer).status)
        self.assertEqual("TCP", self.handled[0].peer.transport)

    def test_timeout(self) -> None:
        """An address that is silent is followed by the next one."""
        self.stub(5061)
        self.far(5062, 202)
        answer = self.send(self.near(udp(5061), udp(5062)))
        self.reactor.pump([0.5] * 66)
        self.assertEqual(202, self.successResultOf(answer).status)

    def test_all_fail(self) -> None:
        """With no address left the caller is told."""
        answer = self.send(self.near(Hop("TCP", HOST, 5061)))
        self.reactor.settle()
        self.failureResultOf(answer, TransportFailed)
        answer = self.send(self.near_again())
        self.failureResultOf(answer, TransportFailed)

    def near_again(self) -> Endpoint:
        """An endpoint whose resolver knows no address."""
        resolver: Any = FixedResolver()
        return self.endpoint(("udp:5099",), resolver)

    def test_failed_address_is_tried_last(self) -> None:
        """An address that failed is tried after the others, for a while."""
        self.far(5061, 503, **{"Retry-After": "60 (busy)"})
        self.far(5062, 202)
        near = self.near(udp(5061), udp(5062))
        for number, seen in ((1, 2), (2, 3)):
            answer = self.send(near, call_id=f"call{number}")
            self.reactor.settle()
            self.assertEqual(202, self.successResultOf(answer).status)
            self.assertEqual(seen, len(self.handled))
        self.reactor.pump([1.0] * 61)
        self.send(near, call_id="call3")
        self.reactor.settle()
        self.assertEqual(5, len(self.handled))

    def test_limit(self) -> None:
        """At most so many addresses are tried as the settings say."""
        for port in (5061, 5062, 5063):
            self.far(port, 503)
        near = self.near(udp(5061), udp(5062), udp(5063), addresses=2)
        self.send(near)
        self.reactor.settle()
        self.assertEqual(2, len(self.handled))

    def test_connection_lost(self) -> None:
        """A connection lost before the answer is a transport failure."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint(("tcp:5061",)).serve("MESSAGE", lambda _: waiting)
        answer = self.send(self.near(Hop("TCP", HOST, 5061)))
        self.reactor.settle()
        self.assertNoResult(answer)
        self.reactor.pipes[0].cut()
        self.reactor.settle()
        self.failureResultOf(answer, TransportFailed)
        waiting.errback(ZeroDivisionError())
        self.reactor.settle()
        self.flushLoggedErrors(ZeroDivisionError)

    def test_cancelled_while_connecting(self) -> None:
        """A request cancelled before its connection is up is never sent."""
        near = self.near(Hop("TCP", HOST, 5061))
        self.far(5061, 202)
        answer = self.send(near)
        answer.cancel()
        self.reactor.settle()
        self.failureResultOf(answer, CancelledError)
        self.assertEqual([], self.handled)

    def test_no_udp_port(self) -> None:
        """Without a UDP port nothing can be sent by UDP."""
        resolver: Any = FixedResolver(udp(5061))
        answer = self.send(self.endpoint(("tcp:5075",), resolver))
        self.failureResultOf(answer, TransportFailed)


class InviteTests(EndpointTestCase):
    def test_cancel(self) -> None:
        """Cancelling an INVITE that rings sends CANCEL, acknowledges its 487."""
        waiting: Deferred[Response] = Deferred()
        far = self.endpoint()
        far.serve("INVITE", lambda _: waiting)
        near = self.endpoint(THERE)
        answer = near.request(pager(method="INVITE"))
        self.reactor.pump([0.1] * 3)
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.reactor.settle()
        starts = [data.split()[0] for data, _ in self.reactor.datagrams]
        self.assertEqual(1, starts.count(b"CANCEL"))
        self.assertEqual(1, starts.count(b"ACK"))
        self.assertTrue(waiting.called)
        self.reactor.pump([1.0] * 70)

    def test_cancel_before_it_rings(self) -> None:
        """A CANCEL waits for a provisional response (9.1)."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint().serve("INVITE", lambda _: waiting)
        near = self.endpoint(THERE)
        near.request(pager(method="INVITE")).addErrback(
            lambda failure: failure.trap(CancelledError)
        )
        self.reactor.settle()
        (errand,) = near._client._errands.values()
        errand.deferred.cancel()
        self.reactor.settle()
        starts = [data.split()[0] for data, _ in self.reactor.datagrams]
        self.assertNotIn(b"CANCEL", starts)
        self.reactor.pump([0.1] * 4)
        starts = [data.split()[0] for data, _ in self.reactor.datagrams]
        self.assertIn(b"CANCEL", starts)
        self.reactor.pump([1.0] * 70)

    def test_cancel_without_an_end(self) -> None:
        """64*T1 after its CANCEL an INVITE is forgotten (9.1)."""
        peer = self.stub(5080)
        near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5080;lr")
        answer = near.request(pager(method="INVITE"), timeout=2.0)
        self.reactor.settle()
        invite = peer.messages()[0]
        assert isinstance(invite, Request)
        peer.transport.write(respond(invite, 180, to_tag="b").encode(), (HOST, 5070))
        self.reactor.pump([0.1] * 21)
        self.failureResultOf(answer, TransactionTimeout)
        methods = [one.method for one in peer.messages() if isinstance(one, Request)]
        self.assertEqual(["INVITE", "CANCEL"], methods[:2])
        self.assertEqual(1, len(near._client._errands))
        self.reactor.pump([0.5] * 66)
        self.assertEqual(0, len(near._client._errands))
        self.assertEqual(0, len(near._layer))


class DigestTests(EndpointTestCase):
    def ask(self, password: str, realm: str = "") -> Response:
        users = (Account("alice", "word"),)
        far = self.endpoint(users=users, realm="gw", trusted=())
        far.serve("MESSAGE", self.accept)
        near = self.endpoint(THERE, logins=(Login("alice", password, realm),))
        answer = near.request(pager())
        self.reactor.settle()
        return self.successResultOf(answer)

    def test_answered(self) -> None:
        """A challenge is answered with what the settings know (22.2)."""
        self.assertEqual(202, self.ask("word").status)
        self.assertEqual(2, self.handled[0].request.cseq.number)

    def test_wrong_password(self) -> None:
        """A challenge that comes again is the caller's."""
        self.assertEqual(401, self.ask("wrong").status)
        self.assertEqual([], self.handled)

    def test_other_realm(self) -> None:
        """A login of another realm is not used."""
        self.assertEqual(401, self.ask("word", "elsewhere").status)


class TlsTests(EndpointTestCase):
    def certificate(self, name: str) -> tuple[str, str]:
        """Files of a key and a self-signed certificate for a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .sign(key, hashes.SHA256())
        )
        folder = self.mktemp()
        os.makedirs(folder)
        paths = f"{folder}/key.pem", f"{folder}/certificate.pem"
        with open(paths[0], "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        with open(paths[1], "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        return paths

    def send(self, name: str, *, trust: bool = True) -> Deferred[Response]:
        key, certificate = self.certificate("gw.example.net")
        listen = f"tls:5061:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        self.endpoint((listen,)).serve("MESSAGE", self.accept)
        resolver: Any = FixedResolver(Hop("TLS", HOST, 5061, name))
        roots = (certificate,) if trust else ()
        near = self.endpoint(
            THERE, resolver, connection=ConnectionSettings(trust_roots=roots)
        )
        answer = near.request(pager(uri="sips:bob@gw.example.net"))
        self.reactor.settle()
        self.reactor.pump([0.1] * 10)
        return answer

    def test_tls(self) -> None:
        """A request crosses TLS when the certificate names the host we sought.

        A SIPS URI without a port names 5061.
        """
        answer = self.successResultOf(self.send("gw.example.net"))
        self.assertEqual(202, answer.status)
        (incoming,) = self.handled
        self.assertEqual("TLS", incoming.peer.transport)
        self.assertEqual("TLS", incoming.request.via.transport)
        self.assertTrue(all(pipe.no_delay for pipe in self.reactor.pipes))
        far = self.endpoints[0]
        for uri, mine in (
            ("sips:127.0.0.1", True),
            ("sip:127.0.0.1;transport=tls", True),
            ("sip:127.0.0.1:5061", True),
            ("sip:127.0.0.1", False),
            ("sips:127.0.0.1:5060", False),
        ):
            self.assertIs(mine, far.is_mine(parse_uri(uri)), uri)

    def test_wrong_name(self) -> None:
        """A certificate of another name is not accepted."""
        self.failureResultOf(self.send("other.example.net"), TransportFailed)
        self.assertEqual([], self.handled)

    def test_untrusted_certificate(self) -> None:
        """A certificate that no trust root vouches for is not accepted."""
        answer = self.send("gw.example.net", trust=False)
        self.failureResultOf(answer, TransportFailed)

    def test_too_many_connections(self) -> None:
        """Past the limit a TLS connection is closed at once, as a TCP one is."""
        key, certificate = self.certificate("gw.example.net")
        listen = f"tls:5061:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        settings = ConnectionSettings(connections=1)
        wire: Any = None
        connections = Connections(self.reactor, wire, settings, Limits())
        listeners = Listeners(
            self.reactor, wire, EndpointSettings(listen=(listen,)), connections
        )
        listeners.start()
        factory = self.reactor.tcp[5061].factory
        self.assertIsNot(None, factory.buildProtocol(None))
        self.assertIs(None, factory.buildProtocol(None))
        self.successResultOf(Deferred.fromCoroutine(listeners.stop()))

    def test_connection_of_another_name(self) -> None:
        """A connection made for one name carries no request for another."""
        self.successResultOf(self.send("gw.example.net"))
        near = self.endpoints[-1]
        here, there = (Hop("TLS", HOST, 5061, f"{x}.example.net") for x in ("gw", "o"))
        self.assertIsNot(None, near._connections.find(here))
        self.assertIs(None, near._connections.find(there))
