"""Finding a SIP URI for a number: the operator's table, then ENUM in the DNS.

TS Table 9 uses a SIP URI "if available"; so a directory that is slow, broken or lied to
is never more than a directory without an answer.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime, IResolver
from twisted.logger import Logger
from twisted.names import client, dns
from twisted.names.error import DNSNameError, DNSQueryTimeoutError
from twisted.python.failure import Failure

from cpmgw.addressing.cache import Known, NumberCache
from cpmgw.addressing.enum import Pointer, enum_domain, sip_uris
from cpmgw.addressing.servers import parse_server
from cpmgw.addressing.settings import EnumSettings
from cpmgw.addressing.table import StaticTable
from cpmgw.cpm.identity import is_e164, masked
from cpmgw.sip.uri import SipUri

# What came of a look-up; each is a key of `Directory.counts`.
STATIC: Final = "static"
CACHED: Final = "cached"
FOUND: Final = "enum-found"
NOTHING: Final = "enum-nothing"
TIMEOUT: Final = "enum-timeout"
ERROR: Final = "enum-error"
BUSY: Final = "enum-busy"
OUTCOMES: Final = (STATIC, CACHED, FOUND, NOTHING, TIMEOUT, ERROR, BUSY)

# Seconds for which a number is not asked for again after a name server's failure.
_FAILURE_TTL: Final = 5.0
# Seconds after which a question is asked again: UDP loses some.
_FIRST_TRY: Final = 1

Answer = tuple[list[dns.RRHeader], list[dns.RRHeader], list[dns.RRHeader]]


class Directory:
    """Looks numbers up; no look-up fails, and none takes longer than `timeout`.

    The resolver is made when the DNS is first asked. `counts` tells by outcome how many
    look-ups came to what; those that share a question count once.
    """

    log = Logger()

    def __init__(
        self,
        table: StaticTable,
        settings: EnumSettings,
        make_names: Callable[[], IResolver],
        clock: IReactorTime,
    ) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._table = table
        self._settings = settings
        self._make_names = make_names
        self._names: IResolver | None = None
        self._clock = clock
        self._cache = NumberCache(settings.cache)
        self._asked: dict[str, Deferred[Any]] = {}
        self._waiting: dict[str, deque[Deferred[SipUri | None]]] = {}

    def sip_uri(self, number: str) -> Deferred[SipUri | None]:
        """The SIP URI of an E.164 number, None where none is known; never fails."""
        uri = self._table.sip_uri(number)
        if uri is not None:
            self.counts[STATIC] += 1
            return succeed(uri)
        if not self._settings.suffix or not is_e164(number):
            return succeed(None)
        known = self._cache.find(number, self._clock.seconds())
        if known is not None:
            self.counts[CACHED] += 1
            return succeed(known.uri)
        if number not in self._waiting:
            if len(self._waiting) >= self._settings.pending:
                self.counts[BUSY] += 1
                return succeed(None)
            return self._first(number)
        return self._wait(number)

    @property
    def busy(self) -> bool:
        """Whether anything is being asked."""
        return bool(self._asked)

    def close(self) -> None:
        """Give up what is being asked (its answer is None), and forget the rest."""
        for query in list(self._asked.values()):
            query.cancel()
        self._cache.clear()
        names, self._names = self._names, None
        if isinstance(names, SystemResolver):
            names.stop_reading()

    def _first(self, number: str) -> Deferred[SipUri | None]:
        self._waiting[number] = deque()
        turn = self._wait(number)
        query = maybeDeferred(self._ask, number)
        self._asked[number] = query
        query.addTimeout(self._settings.timeout, self._clock)
        query.addCallbacks(
            self._answered, self._failed, callbackArgs=(number,), errbackArgs=(number,)
        )
        query.addErrback(self._broken, number)
        return turn

    def _wait(self, number: str) -> Deferred[SipUri | None]:
        """Wait for an answer; who cancels that lets the others wait on."""
        waiting = self._waiting[number]
        turn: Deferred[SipUri | None] = Deferred(waiting.remove)
        waiting.append(turn)
        return turn

    def _ask(self, number: str) -> Deferred[Any]:
        if self._names is None:
            self._names = self._make_names()
        name = enum_domain(number, self._settings.suffix)
        timeouts = (_FIRST_TRY, math.ceil(self._settings.timeout))
        query: Deferred[Any] = self._names.lookupNamingAuthorityPointer(name, timeouts)
        return query

    def _answered(self, answer: Answer, number: str) -> None:
        name = enum_domain(number, self._settings.suffix)
        pointers, lifetimes = _records_of(name, answer[0])
        lifetime = min([self._settings.max_ttl, *lifetimes])
        uris = sip_uris(number, pointers)
        if uris:
            self._finish(number, uris[0], FOUND, lifetime)
        else:
            self._finish(number, None, NOTHING, self._settings.negative_ttl)

    def _failed(self, failure: Failure, number: str) -> None:
        """No such name, or no answer: there is no SIP URI to be had."""
        if failure.check(DNSNameError):
            self._finish(number, None, NOTHING, self._settings.negative_ttl)
            return
        late = failure.check(DeferredTimeout, DNSQueryTimeoutError)
        if not late:
            # The kind alone: what the error says has the number in it, in reverse.
            kind = failure.type.__name__ if failure.type else "failure"
            self.log.debug("ENUM: {number}: {kind}", number=masked(number), kind=kind)
        lifetime = min(self._settings.negative_ttl, _FAILURE_TTL)
        self._finish(number, None, TIMEOUT if late else ERROR, lifetime)

    def _broken(self, failure: Failure, number: str) -> None:
        """What must not happen, is logged, and leaves nobody waiting."""
        self.log.failure("ENUM: an answer was not understood", failure)
        if number in self._waiting:
            self._finish(number, None, ERROR, _FAILURE_TTL)

    def _finish(
        self, number: str, uri: SipUri | None, outcome: str, lifetime: float
    ) -> None:
        """Count and remember an outcome, and tell those who wait for it."""
        self._asked.pop(number, None)
        self.counts[outcome] += 1
        if lifetime > 0:
            self._cache.keep(number, Known(uri, self._clock.seconds() + lifetime))
        waiting = self._waiting.pop(number)
        while waiting:
            waiting.popleft().callback(uri)


def _records_of(
    name: str, answer: Sequence[dns.RRHeader]
) -> tuple[list[Pointer], list[int]]:
    """The pointers of a name, and for how many seconds each record that counts holds.

    A name may be the alias of another (RFC 1034 3.6.2). What an answer holds of names
    that were not asked for so may be anybody's.
    """
    owners = _owners(name, answer)
    pointers: list[Pointer] = []
    lifetimes: list[int] = []
    for header in answer:
        if _name(header.name) not in owners:
            continue
        if isinstance(header.payload, dns.Record_NAPTR):
            pointers.append(_pointer(header.payload))
            lifetimes.append(header.ttl)
        elif isinstance(header.payload, dns.Record_CNAME):
            lifetimes.append(header.ttl)
    return pointers, lifetimes


def _owners(name: str, answer: Sequence[dns.RRHeader]) -> set[bytes]:
    """A name and those that it is an alias of, one by way of the other."""
    aliases: dict[bytes, bytes] = {}
    for header in answer:
        if isinstance(header.payload, dns.Record_CNAME):
            aliases[_name(header.name)] = _name(header.payload.name)
    owners: set[bytes] = set()
    owner: bytes | None = name.lower().encode("ascii")
    while owner is not None and owner not in owners:
        owners.add(owner)
        owner = aliases.get(owner)
    return owners


def _name(name: dns.Name) -> bytes:
    """A name as it is compared, without case (RFC 4343)."""
    octets: bytes = name.name
    return octets.lower()


def _pointer(record: dns.Record_NAPTR) -> Pointer:
    return Pointer(
        order=record.order,
        preference=record.preference,
        flags=_text(record.flags.string),
        services=_text(record.service.string),
        regexp=_text(record.regexp.string),
        replacement=_text(record.replacement.name),
    )


def _text(octets: bytes) -> str:
    """The text of a DNS string; what is not ASCII in it fits nothing afterwards."""
    return octets.decode("ascii", "replace")


class SystemResolver(client.Resolver):
    """A resolver over the system's name servers, which it reads again each minute."""

    _parseCall: Any

    def __init__(self, reactor: Any) -> None:
        super().__init__("/etc/resolv.conf", reactor=reactor)

    def stop_reading(self) -> None:
        """Read them no more; what is being asked goes on."""
        if self._parseCall.active():
            self._parseCall.cancel()


def enum_resolver(reactor: Any, servers: Sequence[str] = ()) -> IResolver:
    """A resolver over these name servers ("192.0.2.1:53"); none: the system's."""
    resolver: IResolver
    if servers:
        addresses = [parse_server(each) for each in servers]
        resolver = client.Resolver(servers=addresses, reactor=reactor)
    else:
        resolver = SystemResolver(reactor)
    return resolver
