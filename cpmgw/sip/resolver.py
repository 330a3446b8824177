"""Where a SIP URI is to be sent: NAPTR, SRV and addresses (RFC 3263, RFC 2782).

Numeric hosts never ask the DNS. The cache is that of twisted.names.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IResolver
from twisted.names import cache, client, dns, hosts, resolve
from twisted.names.error import DNSQueryTimeoutError, DomainError, ResolverError

from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.uri import SipUri

DEFAULT_PORTS: Final = {"UDP": 5060, "TCP": 5060, "TLS": 5061}

# NAPTR services we can use, with their transport (RFC 3263 4.1).
SERVICES: Final = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}

SRV_PREFIXES: Final = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}

# Hostile zones may hold any number of records.
MOST_HOPS: Final = 16
_MOST_POINTERS: Final = 4

_MOST_REMEMBERED: Final = 1000
_MOST_CACHED: Final = 10_000

_DNS_TIMEOUTS: Final = (1, 2, 4)

# No such name, a broken or silent server, and a name that no DNS could hold.
_NO_ANSWER: Final = (
    DomainError,
    ResolverError,
    DNSQueryTimeoutError,
    OSError,
    ValueError,
)


class Hop(msgspec.Struct, frozen=True):
    """One address to try; `name` is what a TLS certificate has to name."""

    transport: str
    host: str
    port: int
    name: str = ""


class CannotResolve(TransportFailed):
    """The DNS gives no address that a request could be sent to."""


@lru_cache(maxsize=256)
def is_numeric(host: str) -> bool:
    """Whether a host is an IP address, with or without brackets."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def explicit_transport(uri: SipUri) -> str | None:
    """The transport that the URI itself asks for (RFC 3263 4.1), or None."""
    named = (uri.parameter("transport") or "").upper()
    if uri.scheme == "sips":
        return "TLS"
    return named or None


def order_services(
    records: Iterable[dns.Record_SRV], choose: Callable[[int], int]
) -> list[dns.Record_SRV]:
    """Sort SRV records by priority, and by lot among equals (RFC 2782).

    `choose(total)` gives a number from 0 to total inclusive.
    """
    waiting = sorted(records, key=lambda record: (record.priority, record.weight))
    ordered: list[dns.Record_SRV] = []
    while waiting:
        equals = [one for one in waiting if one.priority == waiting[0].priority]
        threshold = choose(sum(one.weight for one in equals))
        running = 0
        for record in equals:
            running += record.weight
            if running >= threshold:
                break
        waiting.remove(record)
        ordered.append(record)
    return ordered


def order_pointers(records: Iterable[dns.Record_NAPTR]) -> list[dns.Record_NAPTR]:
    """The NAPTR records for SIP that we can follow, best first (RFC 3263 4.1)."""
    usable = (
        record
        for record in records
        if _text(record.service) in SERVICES and _text(record.flags).lower() == "s"
    )
    return sorted(usable, key=lambda record: (record.order, record.preference))


class CachingResolver(resolve.ResolverChain):
    """The hosts file, then what was answered before, then the name servers.

    twisted.names looks into its cache but fills it for servers only; here it is filled
    with every answer, for as long as its records live.
    """

    def __init__(self, reactor: Any, servers: IResolver) -> None:
        self._cache = cache.CacheResolver(reactor=reactor)
        super().__init__([hosts.Resolver(), self._cache, servers])

    def _lookup(
        self, name: str, cls: int, type: int, timeout: Sequence[int]
    ) -> Deferred[Any]:
        query = dns.Query(name, type, cls)
        known = query in self._cache.cache
        answer: Deferred[Any] = super()._lookup(name, cls, type, timeout)
        return answer if known else answer.addCallback(self._remember, query)

    def _remember(self, answer: Any, query: dns.Query) -> Any:
        if answer[0] and len(self._cache.cache) < _MOST_CACHED:
            self._cache.cacheResult(query, answer)
        return answer

    def forget(self) -> None:
        """Drop the cache and its timers."""
        for query, timer in list(self._cache.cancel.items()):
            timer.cancel()
            self._cache.clearEntry(query)


def system_resolver(reactor: Any) -> CachingResolver:
    """A caching resolver over the system's name servers, under `reactor`."""
    return CachingResolver(
        reactor, client.Resolver("/etc/resolv.conf", reactor=reactor)
    )


class Resolver:
    """RFC 3263 over an IResolver, which is made when the DNS is first asked."""

    def __init__(
        self,
        make_names: Callable[[], IResolver],
        *,
        transports: Sequence[str] = ("UDP", "TCP", "TLS"),
        choose: Callable[[int], int] | None = None,
    ) -> None:
        self._make_names = make_names
        self._names: IResolver | None = None
        self._numeric: dict[SipUri, list[Hop]] = {}
        self._transports = tuple(transports)
        self._choose = choose or (lambda total: random.randint(0, total))

    def immediate(self, uri: SipUri) -> list[Hop] | None:
        """The one address of a numeric host; None where the DNS has to be asked."""
        known = self._numeric.get(uri)
        if known is not None:
            return known
        host = (uri.parameter("maddr") or uri.host).strip("[]")
        if not is_numeric(host):
            return None
        transport = self._transport(uri) or self._transports[0]
        hops = [Hop(transport, host, uri.port or DEFAULT_PORTS[transport], host)]
        if len(self._numeric) >= _MOST_REMEMBERED:
            self._numeric.clear()
        self._numeric[uri] = hops
        return hops

    def _transport(self, uri: SipUri) -> str | None:
        transport = explicit_transport(uri)
        if transport is not None and transport not in self._transports:
            raise CannotResolve(f"no transport {transport} here")
        return transport

    async def hops(self, uri: SipUri) -> list[Hop]:
        """The addresses to try for a URI, in order (RFC 3263 4.1, 4.2).

        Fails with CannotResolve where there is none.
        """
        numeric = self.immediate(uri)
        if numeric is not None:
            return numeric
        host = (uri.parameter("maddr") or uri.host).strip("[]")
        transport = self._transport(uri)
        if uri.port is not None:
            chosen = transport or self._transports[0]
            return await self._addresses(chosen, host, uri.port, host)
        wanted = self._transports if transport is None else (transport,)
        # Who names a transport has chosen; sips: alone has only chosen TLS.
        names = [] if uri.has("transport") else await self._pointed(host, wanted)
        if not names:
            names = [(one, SRV_PREFIXES[one] + host) for one in wanted]
        found = await self._services(names, host)
        if not found:
            chosen = transport or self._transports[0]
            found = await self._addresses(chosen, host, DEFAULT_PORTS[chosen], host)
        return found[:MOST_HOPS]

    def close(self) -> None:
        """Free what the name resolver holds."""
        if isinstance(self._names, CachingResolver):
            self._names.forget()
        self._names = None

    async def _pointed(
        self, host: str, wanted: Collection[str]
    ) -> list[tuple[str, str]]:
        """The transports and SRV names that NAPTR records point to, best first."""
        pointers = await self._ask("lookupNamingAuthorityPointer", host)
        naptr = [one for one in pointers if isinstance(one, dns.Record_NAPTR)]
        names = [
            (SERVICES[_text(pointer.service)], str(pointer.replacement))
            for pointer in order_pointers(naptr)
        ]
        return [one for one in names if one[0] in wanted][:_MOST_POINTERS]

    async def _services(self, names: list[tuple[str, str]], host: str) -> list[Hop]:
        """What SRV records lead to."""
        found: list[Hop] = []
        for chosen, name in names:
            found.extend(await self._service(chosen, name, host))
            if len(found) >= MOST_HOPS:
                break
        return found

    async def _service(self, transport: str, name: str, domain: str) -> list[Hop]:
        answers = await self._ask("lookupService", name)
        records = [one for one in answers if isinstance(one, dns.Record_SRV)]
        found: list[Hop] = []
        for record in order_services(records, self._choose)[:MOST_HOPS]:
            target = str(record.target)
            if target in ("", "."):
                continue
            try:
                hops = await self._addresses(transport, target, record.port, domain)
            except CannotResolve:
                continue
            found.extend(hops)
        return found

    async def _addresses(
        self, transport: str, host: str, port: int, name: str
    ) -> list[Hop]:
        """A and AAAA records of one host, IPv4 first; itself when numeric."""
        if is_numeric(host):
            return [Hop(transport, host, port, name)]
        found: list[str] = []
        for answer in await self._ask("lookupAddress", host):
            if isinstance(answer, dns.Record_A):
                found.append(answer.dottedQuad())
        for answer in await self._ask("lookupIPV6Address", host):
            if isinstance(answer, dns.Record_AAAA):
                found.append(str(ipaddress.IPv6Address(answer.address)))
        if not found:
            raise CannotResolve(f"no address for {host}")
        return [Hop(transport, one, port, name) for one in found[:MOST_HOPS]]

    async def _ask(self, lookup: str, name: str) -> list[Any]:
        """The payloads of one query; no answer of any kind is an empty list."""
        if self._names is None:
            self._names = self._make_names()
        try:
            query: Deferred[Any] = getattr(self._names, lookup)(name, _DNS_TIMEOUTS)
            answers, _, _ = await query
        except _NO_ANSWER:
            return []
        return [header.payload for header in answers]


def _text(value: bytes | str | dns.Charstr) -> str:
    if isinstance(value, dns.Charstr):
        value = value.string
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.upper()
