"""RFC 3263 over an in-memory DNS: NAPTR, SRV, addresses, order, cache."""

from __future__ import annotations

from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IResolver
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.sip.resolver import (
    MOST_HOPS,
    CachingResolver,
    CannotResolve,
    Hop,
    Resolver,
    is_numeric,
    order_pointers,
    order_services,
)
from cpmgw.sip.uri import SipUri, parse_uri


@implementer(IResolver)
class Zone(ResolverBase):
    """Records by (name, type); every question is remembered."""

    def __init__(self, records: dict[tuple[str, int], list[Any]]) -> None:
        super().__init__()
        self.records = records
        self.asked: list[tuple[str, int]] = []
        self.broken = False

    def _lookup(
        self, name: bytes | str, cls: int, type: int, timeout: Any
    ) -> defer.Deferred[Any]:
        text = name.decode() if isinstance(name, bytes) else name
        self.asked.append((text, type))
        if self.broken:
            return defer.fail(DNSServerError())
        found = self.records.get((text, type))
        if found is None:
            return defer.fail(DNSNameError())
        answers = [dns.RRHeader(text, type, payload=one, ttl=60) for one in found]
        return defer.succeed((answers, [], []))


def srv(priority: int, weight: int, port: int, target: str) -> dns.Record_SRV:
    """An SRV record."""
    return dns.Record_SRV(priority, weight, port, target)


def naptr(order: int, preference: int, service: str, to: str) -> dns.Record_NAPTR:
    """A NAPTR record that ends in SRV."""
    return dns.Record_NAPTR(order, preference, b"s", service.encode(), b"", to.encode())


def sip(text: str) -> SipUri:
    """A SIP URI."""
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    return uri


A: dict[tuple[str, int], list[Any]] = {
    ("a.example.net", dns.A): [dns.Record_A("192.0.2.1")],
    ("b.example.net", dns.A): [dns.Record_A("192.0.2.2")],
    ("b.example.net", dns.AAAA): [dns.Record_AAAA("2001:db8::2")],
}


class ResolverTestCase(SynchronousTestCase):
    def resolve(
        self, text: str, records: dict[tuple[str, int], list[Any]], **options: Any
    ) -> list[tuple[str, str, int]]:
        self.zone = Zone(records)
        self.resolver = Resolver(lambda: self.zone, choose=lambda total: 0, **options)
        found = defer.Deferred.fromCoroutine(self.resolver.hops(sip(text)))
        hops = self.successResultOf(found)
        return [(hop.transport, hop.host, hop.port) for hop in hops]

    def fails(self, text: str, records: dict[tuple[str, int], list[Any]]) -> None:
        resolver = Resolver(lambda: Zone(records))
        found = defer.Deferred.fromCoroutine(resolver.hops(sip(text)))
        self.failureResultOf(found, CannotResolve)


class NumericTests(ResolverTestCase):
    def test_no_dns(self) -> None:
        """A numeric host is sent to as it is, by UDP, or TLS for sips (4.1)."""
        for text, hop in (
            ("sip:192.0.2.9", ("UDP", "192.0.2.9", 5060)),
            ("sip:192.0.2.9:5070", ("UDP", "192.0.2.9", 5070)),
            ("sips:192.0.2.9", ("TLS", "192.0.2.9", 5061)),
            ("sip:192.0.2.9;transport=tcp", ("TCP", "192.0.2.9", 5060)),
            ("sip:[2001:db8::1]:5070", ("UDP", "2001:db8::1", 5070)),
            ("sip:x.example.net;maddr=192.0.2.7", ("UDP", "192.0.2.7", 5060)),
        ):
            self.assertEqual([hop], self.resolve(text, {}))
            self.assertEqual([], self.zone.asked)
            self.assertEqual([Hop(*hop, hop[1])], self.resolver.immediate(sip(text)))

    def test_name_is_not_immediate(self) -> None:
        """A name has to be asked for."""
        resolver = Resolver(lambda: Zone({}))
        self.assertIs(None, resolver.immediate(sip("sip:example.net")))

    def test_is_numeric(self) -> None:
        """IPv4 and IPv6 addresses are numeric, names are not."""
        self.assertTrue(is_numeric("192.0.2.1"))
        self.assertTrue(is_numeric("[2001:db8::1]"))
        self.assertFalse(is_numeric("example.net"))

    def test_unknown_transport(self) -> None:
        """A transport that is not there cannot be resolved to."""
        self.fails("sip:192.0.2.9;transport=sctp", {})


class PortTests(ResolverTestCase):
    def test_port_means_addresses_only(self) -> None:
        """With a port, only A and AAAA are asked for (4.2)."""
        hops = self.resolve("sip:b.example.net:5080", dict(A))
        self.assertEqual(
            [("UDP", "192.0.2.2", 5080), ("UDP", "2001:db8::2", 5080)], hops
        )
        self.assertEqual({dns.A, dns.AAAA}, {type for _, type in self.zone.asked})


class ServiceTests(ResolverTestCase):
    def test_naptr_chooses_the_transport(self) -> None:
        """NAPTR records in order name the SRV records (4.1)."""
        records = {
            **A,
            ("example.net", dns.NAPTR): [
                naptr(20, 1, "SIP+D2U", "_sip._udp.example.net"),
                naptr(10, 1, "SIP+D2T", "_sip._tcp.example.net"),
                naptr(1, 1, "SIP+D2S", "_sip._sctp.example.net"),
            ],
            ("_sip._tcp.example.net", dns.SRV): [srv(1, 1, 5070, "a.example.net")],
            ("_sip._udp.example.net", dns.SRV): [srv(1, 1, 5080, "b.example.net")],
        }
        self.assertEqual(
            [
                ("TCP", "192.0.2.1", 5070),
                ("UDP", "192.0.2.2", 5080),
                ("UDP", "2001:db8::2", 5080),
            ],
            self.resolve("sip:example.net", records),
        )

    def test_srv_without_naptr(self) -> None:
        """Without NAPTR the SRV records of each transport are asked for (4.1)."""
        records = {
            **A,
            ("_sip._tcp.example.net", dns.SRV): [srv(1, 1, 5070, "a.example.net")],
        }
        hops = self.resolve("sip:example.net", records)
        self.assertEqual([("TCP", "192.0.2.1", 5070)], hops)

    def test_explicit_transport_asks_for_its_srv_only(self) -> None:
        """With a transport parameter NAPTR is not asked for (4.1)."""
        records = {
            **A,
            ("_sip._tcp.example.net", dns.SRV): [srv(1, 1, 5070, "a.example.net")],
        }
        hops = self.resolve("sip:example.net;transport=tcp", records)
        self.assertEqual([("TCP", "192.0.2.1", 5070)], hops)
        self.assertNotIn(("example.net", dns.NAPTR), self.zone.asked)

    def test_sips_is_tls(self) -> None:
        """A sips URI goes to _sips._tcp (4.1), and the name is what TLS verifies."""
        records = {
            **A,
            ("_sips._tcp.example.net", dns.SRV): [srv(1, 1, 5071, "a.example.net")],
        }
        self.assertEqual(
            [("TLS", "192.0.2.1", 5071)], self.resolve("sips:example.net", records)
        )
        found = defer.Deferred.fromCoroutine(
            self.resolver.hops(sip("sips:example.net"))
        )
        self.assertEqual("example.net", self.successResultOf(found)[0].name)

    def test_sips_asks_for_naptr(self) -> None:
        """A sips URI follows the NAPTR records for SIPS+D2T, and no others (4.1)."""
        pointers = [
            naptr(1, n, "SIP+D2T", f"_sip._tcp.{n}.example.net") for n in range(6)
        ]
        secure = naptr(9, 9, "SIPS+D2T", "_sips._tcp.edge.example.net")
        records = {
            **A,
            ("example.net", dns.NAPTR): [*pointers, secure],
            ("_sips._tcp.edge.example.net", dns.SRV): [
                srv(1, 1, 5099, "a.example.net")
            ],
            ("_sips._tcp.example.net", dns.SRV): [srv(1, 1, 5071, "a.example.net")],
        }
        self.assertEqual(
            [("TLS", "192.0.2.1", 5099)], self.resolve("sips:example.net", records)
        )
        asked = [name for name, kind in self.zone.asked if kind == dns.SRV]
        self.assertEqual(["_sips._tcp.edge.example.net"], asked)

    def test_sips_with_transport(self) -> None:
        """A sips URI that names its transport needs no NAPTR (4.1)."""
        records = {
            **A,
            ("_sips._tcp.example.net", dns.SRV): [srv(1, 1, 5071, "a.example.net")],
        }
        hops = self.resolve("sips:example.net;transport=tcp", records)
        self.assertEqual([("TLS", "192.0.2.1", 5071)], hops)
        self.assertNotIn(("example.net", dns.NAPTR), self.zone.asked)

    def test_no_srv(self) -> None:
        """Without SRV the host's addresses and the default port are used (4.2)."""
        self.assertEqual(
            [("UDP", "192.0.2.1", 5060)], self.resolve("sip:a.example.net", dict(A))
        )

    def test_without_udp(self) -> None:
        """An endpoint without UDP asks for TCP and TLS only."""
        records = {
            **A,
            ("_sip._udp.example.net", dns.SRV): [srv(1, 1, 5070, "a.example.net")],
            ("_sip._tcp.example.net", dns.SRV): [srv(1, 1, 5071, "a.example.net")],
        }
        self.assertEqual(
            [("TCP", "192.0.2.1", 5071)],
            self.resolve("sip:example.net", records, transports=("TCP", "TLS")),
        )

    def test_failover_order(self) -> None:
        """Lower priorities first; a target without an address is passed over."""
        records = {
            **A,
            ("_sip._udp.example.net", dns.SRV): [
                srv(20, 1, 5082, "b.example.net"),
                srv(10, 1, 5081, "a.example.net"),
                srv(5, 1, 5080, "gone.example.net"),
                srv(1, 1, 5079, ""),
            ],
        }
        hops = self.resolve("sip:example.net;transport=udp", records)
        self.assertEqual([5081, 5082, 5082], [port for _, _, port in hops])

    def test_limit(self) -> None:
        """A zone of any size gives a bounded number of addresses."""
        addresses = [dns.Record_A(f"192.0.2.{number}") for number in range(200)]
        records = {("x.example.net", dns.A): addresses}
        self.assertEqual(
            MOST_HOPS, len(self.resolve("sip:x.example.net", dict(records)))
        )

    def test_nothing(self) -> None:
        """A name without any record, or a broken server, is an error."""
        self.fails("sip:nobody.example.net", {})
        self.fails(f"sip:{'x' * 80}.example.net", {})
        zone = Zone({})
        zone.broken = True
        resolver = Resolver(lambda: zone)
        found = defer.Deferred.fromCoroutine(resolver.hops(sip("sip:x.net")))
        self.failureResultOf(found, CannotResolve)

    def test_many_pointers(self) -> None:
        """Of a zone's NAPTR records only the best few are followed."""
        pointers = [naptr(1, n, "SIP+D2U", f"_sip._udp.{n}.net") for n in range(100)]
        records: Any = {("example.net", dns.NAPTR): pointers}
        resolver = Resolver(lambda: zone)
        zone = Zone(records)
        found = defer.Deferred.fromCoroutine(resolver.hops(sip("sip:example.net")))
        self.failureResultOf(found, CannotResolve)
        asked = [name for name, kind in zone.asked if kind == dns.SRV]
        self.assertEqual([f"_sip._udp.{n}.net" for n in range(4)], asked)

    def test_best_of_many(self) -> None:
        """The best SRV record counts, however many stand before it."""
        many = [srv(20, 1, 6000 + n, "gone.example.net") for n in range(20)]
        records: Any = {
            **A,
            ("_sip._tcp.example.net", dns.SRV): [
                *many,
                srv(1, 1, 5071, "a.example.net"),
            ],
        }
        hops = self.resolve("sip:example.net;transport=tcp", records)
        self.assertEqual([("TCP", "192.0.2.1", 5071)], hops)

    def test_default_without_udp(self) -> None:
        """Where there is no UDP, TCP is what a URI means that names no transport."""
        for text, port in (("sip:192.0.2.9", 5060), ("sip:192.0.2.9:5070", 5070)):
            hops = self.resolve(text, {}, transports=("TCP", "TLS"))
            self.assertEqual([("TCP", "192.0.2.9", port)], hops)
        hops = self.resolve("sip:a.example.net", dict(A), transports=("TCP", "TLS"))
        self.assertEqual([("TCP", "192.0.2.1", 5060)], hops)


class OrderTests(SynchronousTestCase):
    def test_weights(self) -> None:
        """Among equal priorities the lot falls by weight (RFC 2782)."""
        records = [srv(1, 10, 1, "a"), srv(1, 30, 2, "b"), srv(0, 0, 3, "c")]
        totals: list[int] = []

        def choose(total: int) -> int:
            totals.append(total)
            return 11 if total == 40 else 0

        ordered = [one.port for one in order_services(records, choose)]
        self.assertEqual([3, 2, 1], ordered)
        self.assertEqual([0, 40, 10], totals)

    def test_pointers(self) -> None:
        """Order, then preference; services and flags we do not know fall out."""
        odd = dns.Record_NAPTR(0, 0, b"u", b"SIP+D2U", b"", b"x")
        records = [
            naptr(2, 1, "SIP+D2U", "c"),
            naptr(1, 2, "SIP+D2T", "b"),
            naptr(1, 1, "SIPS+D2T", "a"),
            naptr(0, 0, "SIP+D2S", "z"),
            odd,
        ]
        names = [str(one.replacement) for one in order_pointers(records)]
        self.assertEqual(["a", "b", "c"], names)


class CacheTests(SynchronousTestCase):
    def test_cache(self) -> None:
        """An answer is asked for once in its time to live, then again."""
        clock = Clock()
        zone = Zone(dict(A))
        names = CachingResolver(clock, zone)
        resolver = Resolver(lambda: names)
        for expected in (1, 1):
            found = defer.Deferred.fromCoroutine(
                resolver.hops(sip("sip:a.example.net:5060"))
            )
            self.successResultOf(found)
            self.assertEqual(expected, zone.asked.count(("a.example.net", dns.A)))
        clock.advance(61)
        self.assertEqual([], clock.getDelayedCalls())
        found = defer.Deferred.fromCoroutine(
            resolver.hops(sip("sip:a.example.net:5060"))
        )
        self.successResultOf(found)
        self.assertEqual(2, zone.asked.count(("a.example.net", dns.A)))
        resolver.close()
        self.assertEqual([], clock.getDelayedCalls())
