"""Which hosts take the mail for a domain: RFC 5321 5.1, RFC 7505."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IResolver
from twisted.names import client, dns, hosts, resolve
from twisted.names.error import (
    AuthoritativeDomainError,
    DNSNameError,
    DNSQueryTimeoutError,
    DomainError,
    ResolverError,
)
from twisted.python.failure import Failure

from cpmgw.smtp.errors import NotSent, Refused, SmtpError
from cpmgw.smtp.inquiry import Inquiry
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.settings import RelaySettings

# Hostile zones may hold any number of records.
MOST_HOSTS: Final = 16
# Seconds that an answer is kept, whatever its TTL says.
_SHORTEST_TTL: Final = 1
_LONGEST_TTL: Final = 86_400
# Seconds until what was not wholly answered is asked again.
_RETRY: Final = 60.0
# Seconds that an old answer is still good for while there is no new one (RFC 8767 5).
_LONGEST_STALE: Final = 86_400.0
# Seconds that a new answer is waited for while there is an old one.
_PATIENCE: Final = 1.5
# Seconds that the other addresses are waited for once one is known.
_GRACE: Final = 1.0

_LOOKUPS: Final = ("lookupAddress", "lookupIPV6Address")
_DNS_TIMEOUTS: Final = (1, 2, 4)
_NO_SUCH_NAME: Final = (DNSNameError, AuthoritativeDomainError)
# A broken or silent server, and a name that no DNS could hold.
_NO_ANSWER: Final = (
    DomainError,
    ResolverError,
    DNSQueryTimeoutError,
    OSError,
    ValueError,
)

NO_MAIL: Final = Reply(556, "the domain does not accept mail", "5.1.10")
NO_DOMAIN: Final = Reply(550, "there is no such domain", "5.1.2")
OWN_DOMAIN: Final = Reply(554, "mail for the domain comes to us", "5.4.6")


class NoRoute(Refused):
    """No host takes the mail of the domain, and none will."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply, "RCPT")


class Hop(msgspec.Struct, frozen=True):
    """One address to try; `name` is what its certificate has to name."""

    host: str
    port: int
    name: str


class _Known(msgspec.Struct, frozen=True):
    """What the DNS has said: hops by their preference; until when that is good.

    While there is no newer answer it is better than none, until it is `gone`.
    """

    hops: tuple[tuple[int, Hop], ...]
    until: float
    gone: float


_Addresses = tuple[tuple[str, ...], float]


def is_numeric(host: str) -> bool:
    """Whether a host is an IP address, with or without brackets."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class SystemNames(resolve.ResolverChain):
    """The hosts file, then the name servers of the system."""

    def __init__(self, reactor: Any) -> None:
        self._servers = client.Resolver("/etc/resolv.conf", reactor=reactor)
        super().__init__([hosts.Resolver(), self._servers])

    def close(self) -> None:
        """Do not look at the system's settings again."""
        later: Any = self._servers._parseCall
        if later is not None and later.active():
            later.cancel()


class Route:
    """The hosts of one relay, or of the domain that has to be looked up.

    `shuffle` puts hosts of the same preference into the order they are tried in. All
    who ask at once share a look-up. That the domain takes no mail has to be said by two
    of them, one after the other: as a rule that is a fault of the DNS.
    """

    def __init__(
        self,
        clock: Any,
        settings: RelaySettings,
        make_names: Callable[[], IResolver],
        shuffle: Callable[[list[Hop]], object],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._make_names = make_names
        self._shuffle = shuffle
        self._names: IResolver | None = None
        self._known: _Known | None = None
        self._was_denied = False
        self._work: Deferred[None] | None = None
        self._waiting: list[Deferred[_Known]] = []

    async def hops(self) -> list[Hop]:
        """Where to go, what is to be tried first in front.

        Fails with NoRoute where the domain takes no mail, with NotSent while the DNS
        does not answer.
        """
        settings = self._settings
        host = settings.host or settings.domain
        if settings.host or is_numeric(host):
            return [Hop(host.strip("[]"), settings.port, host.strip("[]"))]
        known = self._known
        if known is None or known.until <= self._clock.seconds():
            known = await self._renewed(host)
        found: list[Hop] = []
        for _, equals in groupby(known.hops, lambda each: each[0]):
            hops = [hop for _, hop in equals]
            self._shuffle(hops)
            found += hops
        return found

    def close(self) -> None:
        """Free what the name resolver holds."""
        if isinstance(self._names, SystemNames):
            self._names.close()
        self._names = self._known = None
        if self._work is not None:
            self._work.cancel()

    # -- an answer that is good --------------------------------------------------------

    def _renewed(self, domain: str) -> Deferred[_Known]:
        """What is known once the look-up that is under way has ended.

        That may take long: an old answer will do if it does.
        """
        waiter: Deferred[_Known] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        if self._work is None:
            work = self._work = Deferred.fromCoroutine(self._renew(domain))
            work.addErrback(self._tell).addBoth(self._ended)
        known = self._stale()
        if known is not None and not waiter.called:
            waiter.addTimeout(_PATIENCE, self._clock, lambda *_: known)
        return waiter

    def _ended(self, _: None) -> None:
        self._work = None

    async def _renew(self, domain: str) -> None:
        try:
            known = await self._look_up(domain)
            self._was_denied = False
        except SmtpError as error:
            kept = self._kept(domain, error)
            known = msgspec.structs.replace(kept, until=self._now + _RETRY)
        self._known = known
        self._tell(known)

    def _kept(self, domain: str, error: SmtpError) -> _Known:
        """The old answer, where a new one is not to be had, or not to be believed."""
        if isinstance(error, NoRoute):
            if self._was_denied:
                self._known = None
                raise error
            self._was_denied = True
            error = NotSent(f"the DNS says of {domain}: {error.reply.text}")
        known = self._stale()
        if known is None:
            raise error
        return known

    def _tell(self, outcome: _Known | Failure) -> None:
        """All who have asked are told the same."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(outcome)

    def _stale(self) -> _Known | None:
        known = self._known
        return known if known is not None and self._now < known.gone else None

    @property
    def _now(self) -> float:
        now: float = self._clock.seconds()
        return now

    # -- the DNS -----------------------------------------------------------------------

    async def _look_up(self, domain: str) -> _Known:
        exchanges, ttl = await self._exchanges(domain)
        hosts = exchanges or [(0, domain)]
        addresses = await self._addresses({name for _, name in hosts})
        found: list[tuple[int, Hop]] = []
        unanswered: NotSent | None = None
        for preference, name in hosts:
            there = addresses[name]
            if isinstance(there, NotSent):
                unanswered = there
                continue
            ttl = min(ttl, there[1])
            for each in there[0]:
                found.append((preference, Hop(each, self._settings.port, name)))
        if not found and unanswered is not None:
            raise unanswered
        if not found and not exchanges:
            raise NoRoute(NO_DOMAIN)
        if not found:
            raise NotSent("no host of the domain has an address")
        if unanswered is not None:
            ttl = min(ttl, _RETRY)
        until = self._now + max(ttl, _SHORTEST_TTL)
        return _Known(tuple(found[:MOST_HOSTS]), until, until + _LONGEST_STALE)

    async def _exchanges(self, domain: str) -> tuple[list[tuple[int, str]], float]:
        """Preferences and names of MX records, and how long they are good."""
        answers, ttl = await self._ask("lookupMailExchange", domain)
        found = sorted(
            (each.preference, str(each.name).removesuffix("."))
            for each in answers
            if isinstance(each, dns.Record_MX)
        )
        if found and not any(name for _, name in found):
            raise NoRoute(NO_MAIL)
        found = [each for each in found if each[1]][:MOST_HOSTS]
        own = [
            p for p, name in found if name.lower() == self._settings.own_name.lower()
        ]
        if own:
            found = [each for each in found if each[0] < own[0]]
            if not found:
                raise NoRoute(OWN_DOMAIN)
        return found, ttl

    async def _addresses(self, names: set[str]) -> dict[str, _Addresses | NotSent]:
        """The addresses of hosts, IPv4 first, and how long they are good.

        All are asked for at once, and who is slow is done without.
        """
        found: dict[str, _Addresses | NotSent] = {
            name: ((name.strip("[]"),), _LONGEST_TTL)
            for name in names
            if is_numeric(name)
        }
        inquiry = Inquiry[tuple[str, str], _Addresses](
            self._clock, _GRACE, lambda answer: bool(answer[0])
        )
        for name in names - set(found):
            for lookup in _LOOKUPS:
                inquiry.ask((name, lookup), self._address(lookup, name))
        answers = await inquiry.answers()
        for name in names - set(found):
            found[name] = _together(*(answers[name, each] for each in _LOOKUPS))
        return found

    async def _address(self, lookup: str, name: str) -> _Addresses:
        """The addresses of one kind."""
        answers, ttl = await self._ask(lookup, name)
        texts = [_address_of(each) for each in answers]
        return tuple(filter(None, texts)), ttl

    async def _ask(self, lookup: str, name: str) -> tuple[list[Any], float]:
        """The payloads of one query, and the shortest TTL of them.

        None where there is no such name; NotSent where that is not known.
        """
        if self._names is None:
            self._names = self._make_names()
        try:
            query: Deferred[Any] = getattr(self._names, lookup)(name, _DNS_TIMEOUTS)
            answers, _, _ = await query
        except _NO_SUCH_NAME:
            return [], _LONGEST_TTL
        except _NO_ANSWER as error:
            reason = type(error).__name__
            raise NotSent(f"the DNS does not answer for {name}: {reason}") from error
        ttl = min((each.ttl for each in answers), default=_LONGEST_TTL)
        return [each.payload for each in answers], min(ttl, _LONGEST_TTL)


def _address_of(record: Any) -> str:
    """The address in an A or AAAA record, empty for another."""
    if isinstance(record, dns.Record_A):
        return str(record.dottedQuad())
    if isinstance(record, dns.Record_AAAA):
        return str(ipaddress.IPv6Address(record.address))
    return ""


def _together(
    four: _Addresses | NotSent, six: _Addresses | NotSent
) -> _Addresses | NotSent:
    """What is known of a host: there are name servers that know no AAAA."""
    if isinstance(four, NotSent):
        return four
    if isinstance(six, NotSent):
        return four if four[0] else six
    return four[0] + six[0], min(four[1], six[1])
