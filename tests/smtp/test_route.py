"""Which hosts take the mail for a domain (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IResolver
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.smtp.errors import NotSent, SmtpError
from cpmgw.smtp.route import MOST_HOSTS, Hop, NoRoute, Route, SystemNames
from cpmgw.smtp.settings import RelaySettings

Records = dict[tuple[str, int], Sequence[tuple[int, Any]] | Exception]


@implementer(IResolver)
class Zone(ResolverBase):
    """Records with their TTL, by name and type, or errors; nothing else is there."""

    def __init__(self, records: Records) -> None:
        super().__init__()
        self.records = records
        self.asked: list[tuple[str, int]] = []
        self.silent: set[str] = set()

    def _lookup(
        self, name: bytes | str, cls: int, type: int, timeout: Any
    ) -> defer.Deferred[Any]:
        text = name.decode() if isinstance(name, bytes) else name
        self.asked.append((text, type))
        if text in self.silent:
            return defer.Deferred()
        found = self.records.get((text, type), DNSNameError())
        if isinstance(found, Exception):
            return defer.fail(found)
        answers = [dns.RRHeader(text, type, payload=one, ttl=ttl) for ttl, one in found]
        return defer.succeed((answers, [], []))


def mx(preference: int, name: str, ttl: int = 60) -> tuple[int, dns.Record_MX]:
    """An MX record."""
    return ttl, dns.Record_MX(preference, name)


def a(address: str, ttl: int = 60) -> tuple[int, dns.Record_A]:
    """An A record."""
    return ttl, dns.Record_A(address)


def aaaa(address: str, ttl: int = 60) -> tuple[int, dns.Record_AAAA]:
    """An AAAA record."""
    return ttl, dns.Record_AAAA(address)


class RouteCase(SynchronousTestCase):
    """Routes to mms.test."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.zone = Zone({})

    def route(self, **settings: Any) -> Route:
        """A route; equal hosts are turned round."""
        values: dict[str, Any] = {"domain": "mms.test", "own_name": "gw.test"}
        return Route(
            self.clock,
            RelaySettings(**{**values, **settings}),
            lambda: self.zone,
            list.reverse,
        )

    def hops(self, route: Route | None = None) -> list[Hop]:
        """The hops of a route."""
        work = (route or self.route()).hops()
        return self.successResultOf(defer.Deferred.fromCoroutine(work))

    def hosts(self, route: Route | None = None) -> list[str]:
        """The hosts of a route."""
        return [hop.host for hop in self.hops(route)]

    def fails(self, error: type[SmtpError], route: Route | None = None) -> SmtpError:
        """There is no route for this reason."""
        work = defer.Deferred.fromCoroutine((route or self.route()).hops())
        failure = self.failureResultOf(work, error)
        assert isinstance(failure.value, error)
        return failure.value

    def denied(self) -> NoRoute:
        """There is no route, which has to be said twice."""
        route = self.route()
        self.assertNotIsInstance(self.fails(NotSent, route), NoRoute)
        error = self.fails(NoRoute, route)
        assert isinstance(error, NoRoute)
        return error

    def test_host(self) -> None:
        """A host is taken as it is; nobody is asked."""
        self.assertEqual(
            self.hops(self.route(host="relay.test", port=2525)),
            [Hop("relay.test", 2525, "relay.test")],
        )
        self.assertEqual(
            self.hops(self.route(host="[2001:db8::1]")),
            [Hop("2001:db8::1", 25, "2001:db8::1")],
        )
        self.assertEqual(self.hosts(self.route(domain="192.0.2.9")), ["192.0.2.9"])
        self.assertEqual(self.zone.asked, [])

    def test_preference(self) -> None:
        """The lower preference is tried first; the certificate is for the exchange."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(20, "b.test"), mx(10, "a.test")],
            ("a.test", dns.A): [a("192.0.2.1")],
            ("a.test", dns.AAAA): [aaaa("2001:db8::1")],
            ("b.test", dns.A): [a("192.0.2.2")],
        }
        # Those of one preference have been shuffled, here turned round.
        self.assertEqual(
            self.hops(),
            [
                Hop("2001:db8::1", 25, "a.test"),
                Hop("192.0.2.1", 25, "a.test"),
                Hop("192.0.2.2", 25, "b.test"),
            ],
        )

    def test_equals(self) -> None:
        """Of the same preference they come by lot (RFC 5321 5.1)."""
        self.zone.records = {
            ("mms.test", dns.MX): [
                mx(10, "a.test"),
                mx(10, "b.test"),
                mx(20, "c.test"),
            ],
            ("a.test", dns.A): [a("192.0.2.1")],
            ("b.test", dns.A): [a("192.0.2.2")],
            ("c.test", dns.A): [a("192.0.2.3")],
        }
        self.assertEqual(self.hosts(), ["192.0.2.2", "192.0.2.1", "192.0.2.3"])

    def test_no_mx(self) -> None:
        """Without MX the domain itself is the host (RFC 5321 5.1)."""
        self.zone.records = {("mms.test", dns.A): [a("192.0.2.7")]}
        self.assertEqual(self.hops(), [Hop("192.0.2.7", 25, "mms.test")])
        self.zone.records[("mms.test", dns.MX)] = []
        self.assertEqual(self.hosts(), ["192.0.2.7"])

    def test_null_mx(self) -> None:
        """A domain may say that it takes no mail (RFC 7505 3)."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(0, "")],
            ("mms.test", dns.A): [a("192.0.2.7")],
        }
        error = self.denied()
        self.assertEqual((error.reply.code, error.reply.enhanced), (556, "5.1.10"))

    def test_null_among_others(self) -> None:
        """A root among other exchanges is passed over."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(0, ""), mx(10, "a.test")],
            ("a.test", dns.A): [a("192.0.2.1")],
        }
        self.assertEqual(self.hosts(), ["192.0.2.1"])

    def test_no_domain(self) -> None:
        """A domain that does not exist takes no mail."""
        error = self.denied()
        self.assertEqual((error.reply.code, error.reply.enhanced), (550, "5.1.2"))

    def test_ourselves(self) -> None:
        """Exchanges as good as ourselves would send it back (RFC 5321 5.1)."""
        self.zone.records = {
            ("mms.test", dns.MX): [
                mx(10, "a.test"),
                mx(20, "GW.test"),
                mx(20, "b.test"),
                mx(30, "c.test"),
            ],
            ("a.test", dns.A): [a("192.0.2.1")],
            ("b.test", dns.A): [a("192.0.2.2")],
            ("c.test", dns.A): [a("192.0.2.3")],
        }
        self.assertEqual(self.hosts(), ["192.0.2.1"])
        self.zone.records[("mms.test", dns.MX)] = [mx(10, "gw.test"), mx(10, "b.test")]
        self.assertEqual(self.denied().reply.enhanced, "5.4.6")

    def test_silent(self) -> None:
        """A DNS that does not answer says nothing of the domain."""
        self.zone.records = {
            ("mms.test", dns.MX): DNSServerError(),
            ("mms.test", dns.A): [a("192.0.2.7")],
        }
        self.fails(NotSent)
        self.zone.records[("mms.test", dns.MX)] = []
        self.zone.records[("mms.test", dns.A)] = DNSServerError()
        self.fails(NotSent)

    def test_silent_for_some(self) -> None:
        """Exchanges whose address is not known now are passed over."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(10, "a.test"), mx(20, "b.test")],
            ("a.test", dns.A): DNSServerError(),
            ("b.test", dns.A): [a("192.0.2.2")],
            ("b.test", dns.AAAA): DNSServerError(),
        }
        self.assertEqual(self.hosts(), ["192.0.2.2"])
        self.zone.records[("b.test", dns.A)] = []
        self.fails(NotSent)

    def test_no_address(self) -> None:
        """Exchanges without any address are a fault that may be mended."""
        self.zone.records = {("mms.test", dns.MX): [mx(10, "a.test")]}
        self.fails(NotSent)

    def test_most(self) -> None:
        """No more hosts are tried than are sensible."""
        addresses = [a(f"192.0.2.{each}") for each in range(1, 40)]
        self.zone.records = {("mms.test", dns.A): addresses}
        self.assertEqual(len(self.hosts()), MOST_HOSTS)
        exchanges = [mx(each, f"{each}.test") for each in range(40)]
        self.zone.records = {("mms.test", dns.MX): exchanges}
        self.zone.asked.clear()
        self.fails(NotSent)
        self.assertEqual(len(self.zone.asked), 1 + 2 * MOST_HOSTS)

    def test_cached(self) -> None:
        """An answer is good for the shortest TTL in it."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(10, "a.test", 300)],
            ("a.test", dns.A): [a("192.0.2.1", 100)],
            ("a.test", dns.AAAA): [aaaa("2001:db8::1", 200)],
        }
        route = self.route()
        self.hops(route)
        asked = len(self.zone.asked)
        self.clock.advance(99)
        self.hops(route)
        self.assertEqual(len(self.zone.asked), asked)
        self.clock.advance(1)
        self.hops(route)
        self.assertEqual(len(self.zone.asked), 2 * asked)

    def test_kept_in_part(self) -> None:
        """What was answered in part is asked again soon, whatever its TTL."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(10, "a.test", 86_400), mx(20, "b.test", 86_400)],
            ("a.test", dns.A): DNSServerError(),
            ("b.test", dns.A): [a("192.0.2.2", 86_400)],
        }
        route = self.route()
        self.assertEqual(self.hosts(route), ["192.0.2.2"])
        self.zone.records[("a.test", dns.A)] = [a("192.0.2.1", 86_400)]
        self.clock.advance(59)
        self.assertEqual(self.hosts(route), ["192.0.2.2"])
        self.clock.advance(1)
        self.assertEqual(self.hosts(route), ["192.0.2.1", "192.0.2.2"])

    def test_slow(self) -> None:
        """Those that are slow have a second once one is known; IPv6 is not missed."""
        self.zone.records = {
            ("mms.test", dns.MX): [mx(10, "a.test"), mx(20, "b.test")],
            ("b.test", dns.A): [a("192.0.2.2")],
        }
        self.zone.silent = {"a.test"}
        work = defer.Deferred.fromCoroutine(self.route().hops())
        self.clock.advance(0.9)
        self.assertNoResult(work)
        self.clock.advance(0.1)
        self.assertEqual(
            [hop.host for hop in self.successResultOf(work)], ["192.0.2.2"]
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_shared(self) -> None:
        """Those who ask at once share one look-up; one may give up alone."""
        self.zone.silent = {"mms.test"}
        route = self.route()
        works = [defer.Deferred.fromCoroutine(route.hops()) for _ in range(3)]
        self.assertEqual(len(self.zone.asked), 1)
        works[0].cancel()
        self.failureResultOf(works[0], defer.CancelledError)
        self.assertNoResult(works[1])
        route.close()
        for work in works[1:]:
            self.failureResultOf(work)

    def test_stale(self) -> None:
        """An old answer is good while there is no new one, for a day (RFC 8767)."""
        self.zone.records = {("mms.test", dns.A): [a("192.0.2.1", 100)]}
        route = self.route()
        self.hosts(route)
        self.zone.silent = {"mms.test"}
        self.clock.advance(100)
        work = defer.Deferred.fromCoroutine(route.hops())
        self.clock.advance(1.4)
        self.assertNoResult(work)
        self.clock.advance(0.1)
        self.assertEqual(
            [hop.host for hop in self.successResultOf(work)], ["192.0.2.1"]
        )
        self.clock.advance(86_400 - 2)
        work = defer.Deferred.fromCoroutine(route.hops())
        self.clock.advance(1.5)
        self.successResultOf(work)
        work = defer.Deferred.fromCoroutine(route.hops())
        self.clock.advance(10)
        self.assertNoResult(work)
        route.close()
        self.failureResultOf(work)

    def test_denied_after(self) -> None:
        """A domain that was there is denied by the second look-up as well."""
        self.zone.records = {("mms.test", dns.A): [a("192.0.2.1", 100)]}
        route = self.route()
        self.hosts(route)
        self.zone.records = {}
        self.clock.advance(100)
        self.assertEqual(self.hosts(route), ["192.0.2.1"])
        self.clock.advance(59)
        self.assertEqual(self.hosts(route), ["192.0.2.1"])
        self.clock.advance(1)
        self.fails(NoRoute, route)
        self.zone.records = {("mms.test", dns.MX): DNSServerError()}
        self.assertNotIsInstance(self.fails(NotSent, route), NoRoute)

    def test_numeric_exchange(self) -> None:
        """Zones that name an address where a host should be are understood."""
        self.zone.records = {("mms.test", dns.MX): [mx(10, "192.0.2.5")]}
        self.assertEqual(self.hops(), [Hop("192.0.2.5", 25, "192.0.2.5")])

    def test_no_ttl(self) -> None:
        """One that is not to be kept is, for a second."""
        self.zone.records = {("mms.test", dns.A): [a("192.0.2.1", 0)]}
        route = self.route()
        self.hops(route)
        asked = len(self.zone.asked)
        self.hops(route)
        self.assertEqual(len(self.zone.asked), asked)
        self.clock.advance(1)
        self.hops(route)
        self.assertGreater(len(self.zone.asked), asked)

    def test_closed(self) -> None:
        """What was known is forgotten, and the system's resolver leaves no timer."""
        route = Route(
            self.clock,
            RelaySettings(domain="mms.test"),
            lambda: SystemNames(self.clock),
            list.reverse,
        )
        work = defer.Deferred.fromCoroutine(route.hops())
        work.addErrback(lambda _: None)
        names = route._names
        assert isinstance(names, SystemNames)
        route.close()
        later: Any = names._servers._parseCall
        self.assertFalse(later.active())
        work.cancel()
