"""Tests of cpmgw.addressing.directory, over a DNS in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IResolver
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.names import dns
from twisted.names.client import Resolver
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSQueryTimeoutError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.addressing.directory import OUTCOMES, Directory, enum_resolver
from cpmgw.addressing.settings import DirectoryEntry, EnumSettings
from cpmgw.addressing.table import StaticTable
from cpmgw.sip.uri import SipUri
from tests.support.network import MemoryNetwork

NUMBER = "+15145550001"
NAME = "1.0.0.0.5.5.5.4.1.5.1.e164.arpa"


@implementer(IResolver)
class Zone(ResolverBase):
    """A DNS that answers when it is told to; every question is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._open: list[Deferred[Any]] = []

    def _lookup(self, name: bytes | str, cls: int, type: int, timeout: Any) -> Any:
        assert type == dns.NAPTR and timeout
        self.asked.append(name.decode() if isinstance(name, bytes) else name)
        query: Deferred[Any] = Deferred()
        self._open.append(query)
        return query

    @property
    def cancelled(self) -> int:
        """How many questions were given up by who asked."""
        return sum(each.called for each in self._open)

    def say(self, answer: Any) -> None:
        """Answer the oldest question with anything."""
        self._open.pop(0).callback(answer)

    def answer(self, *regexps: str, ttl: int = 300, service: str = "E2U+sip") -> None:
        """Answer the oldest question with records of these expressions."""
        self.say((records(*regexps, ttl=ttl, service=service), [], []))

    def refuse(self, error: Exception) -> None:
        """Answer the oldest question with an error."""
        self._open.pop(0).errback(error)


def records(
    *regexps: str, ttl: int = 300, service: str = "E2U+sip"
) -> list[dns.RRHeader]:
    """NAPTR records in order of preference, as twisted.names gives them."""
    return [
        dns.RRHeader(
            NAME,
            dns.NAPTR,
            ttl=ttl,
            payload=dns.Record_NAPTR(
                100, place, b"u", service.encode(), each.encode("latin-1"), b""
            ),
        )
        for place, each in enumerate(regexps)
    ]


class DirectoryTestCase(SynchronousTestCase):
    """A directory over a zone, with a clock."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.zone = Zone()
        self.made = 0
        self.directory = self.directory_of()

    def make_names(self) -> IResolver:
        self.made += 1
        return self.zone

    def directory_of(self, *entries: DirectoryEntry, **settings: Any) -> Directory:
        """A directory with these entries and keys of [enum]."""
        chosen = EnumSettings(**{"suffix": "e164.arpa", **settings})
        return Directory(StaticTable(entries), chosen, self.make_names, self.clock)

    def result(self, asked: Deferred[SipUri | None]) -> str | None:
        """What a look-up came to."""
        uri = self.successResultOf(asked)
        return None if uri is None else str(uri)

    def counted(self, **expected: int) -> None:
        """The counts that are not nought."""
        found = {name: n for name, n in self.directory.counts.items() if n}
        names = {name.replace("_", "-"): n for name, n in expected.items()}
        self.assertEqual(names, found)


class Finding(DirectoryTestCase):
    """The table first, then ENUM."""

    def test_table(self) -> None:
        """What stands in the table needs no DNS."""
        self.directory = self.directory_of(
            DirectoryEntry(number="+1514", uri="sip:{number}@h")
        )
        found = self.result(self.directory.sip_uri(NUMBER))
        self.assertEqual(f"sip:{NUMBER}@h", found)
        self.assertEqual((0, []), (self.made, self.zone.asked))
        self.counted(static=1)

    def test_enum(self) -> None:
        """Otherwise the number is asked for under the suffix (RFC 6116 3.2)."""
        asked = self.directory.sip_uri(NUMBER)
        self.assertNoResult(asked)
        self.assertEqual([NAME], self.zone.asked)
        self.zone.answer("!^.*$!sip:a@h!", "!^.*$!sip:b@h!")
        self.assertEqual("sip:a@h", self.result(asked))
        self.counted(enum_found=1)

    def test_off(self) -> None:
        """Without a suffix nobody is asked, nor for what is no E.164 number."""
        directory = self.directory_of(suffix="")
        self.assertIs(None, self.result(directory.sip_uri(NUMBER)))
        for text in ("", "611", "+611", "sip:a@h"):
            self.assertIs(None, self.result(self.directory.sip_uri(text)))
        self.assertEqual((0, []), (self.made, self.zone.asked))

    def test_one_resolver(self) -> None:
        """The resolver is made once, when it is needed."""
        self.directory.sip_uri(NUMBER)
        self.directory.sip_uri("+15145550002")
        self.assertEqual(1, self.made)

    def test_other_records(self) -> None:
        """Records of other kinds and services are nothing."""
        asked = self.directory.sip_uri(NUMBER)
        self.zone.answer("!^.*$!tel:+1!", service="E2U+pstn:tel")
        self.assertIs(None, self.result(asked))
        self.counted(enum_nothing=1)

    def test_other_types(self) -> None:
        """An answer may hold records that are no NAPTR ones."""
        asked = self.directory.sip_uri(NUMBER)
        alias = dns.RRHeader(NAME, dns.CNAME, payload=dns.Record_CNAME(b"x.h"), ttl=1)
        answer = [alias, *records("!^.*$!sip:a@h!")]
        self.zone.say((answer, [], []))
        self.assertEqual("sip:a@h", self.result(asked))

    def test_records_of_others(self) -> None:
        """What an answer holds of other names, says nothing of the one asked for."""
        asked = self.directory.sip_uri(NUMBER)
        (record,) = records("!^.*$!sip:a@h!")
        record.name = dns.Name(NAME.replace("1.0", "2.0", 1))
        self.zone.say(([record], [], []))
        self.assertIs(None, self.result(asked))
        self.counted(enum_nothing=1)

    def test_aliases(self) -> None:
        """Records of the name that it is an alias of count; the shortest life holds."""
        for owner, target, expected in (
            (NAME.upper(), "x.h", "sip:a@h"),
            (NAME, "y.h", None),
            ("y.h", "x.h", None),
            (NAME, NAME, None),
        ):
            with self.subTest(owner=owner, target=target):
                self.zone, self.directory = Zone(), self.directory_of()
                asked = self.directory.sip_uri(NUMBER)
                (record,) = records("!^.*$!sip:a@h!")
                record.name = dns.Name("X.h")
                alias = dns.RRHeader(
                    owner, dns.CNAME, payload=dns.Record_CNAME(target.encode()), ttl=1
                )
                self.zone.say(([record, alias], [], []))
                self.assertEqual(expected, self.result(asked))
        self.zone, self.directory = Zone(), self.directory_of()
        chain = [
            dns.RRHeader(name, dns.CNAME, payload=dns.Record_CNAME(to), ttl=ttl)
            for name, to, ttl in ((NAME, b"y.h", 300), ("y.h", b"x.h", 7))
        ]
        asked = self.directory.sip_uri(NUMBER)
        self.zone.say(([*chain, record], [], []))
        self.assertEqual("sip:a@h", self.result(asked))
        self.clock.advance(7)
        self.directory.sip_uri(NUMBER)
        self.assertEqual(2, len(self.zone.asked))

    def test_octets(self) -> None:
        """Octets that are no ASCII fit nothing."""
        for regexp in ("!^.*$!sip:\xff@h!", "!^\xff.*$!sip:a@h!", "\xff^.*$\xffx\xff"):
            directory = self.directory_of()
            asked = directory.sip_uri(NUMBER)
            self.zone.answer(regexp)
            self.assertIs(None, self.result(asked))


class Failing(DirectoryTestCase):
    """No look-up fails; why there is nothing is counted."""

    def test_no_name(self) -> None:
        """A number that the zone does not have."""
        asked = self.directory.sip_uri(NUMBER)
        self.zone.refuse(DNSNameError())
        self.assertIs(None, self.result(asked))
        self.counted(enum_nothing=1)

    def test_server_failure(self) -> None:
        """A broken server, and whatever else goes wrong."""
        for error in (DNSServerError(), OSError("no route"), ValueError("x")):
            self.directory = self.directory_of()
            asked = self.directory.sip_uri(NUMBER)
            self.zone.refuse(error)
            self.assertIs(None, self.result(asked))
            self.counted(enum_error=1)

    def test_timeout_of_the_dns(self) -> None:
        """The resolver gives up."""
        asked = self.directory.sip_uri(NUMBER)
        self.zone.refuse(DNSQueryTimeoutError([]))
        self.assertIs(None, self.result(asked))
        self.counted(enum_timeout=1)

    def test_timeout(self) -> None:
        """The resolver does not give up: the look-up does at its time, and frees it."""
        asked = self.directory.sip_uri(NUMBER)
        self.clock.advance(1.99)
        self.assertNoResult(asked)
        self.clock.advance(0.01)
        self.assertIs(None, self.result(asked))
        self.counted(enum_timeout=1)
        self.assertEqual(1, self.zone.cancelled)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_late_answer(self) -> None:
        """An answer that comes later is nobody's."""
        self.directory.sip_uri(NUMBER)
        self.clock.advance(2)
        self.zone.answer("!^.*$!sip:a@h!")
        self.counted(enum_timeout=1)

    def test_no_resolver(self) -> None:
        """A resolver that cannot be made, or refuses at once."""

        def make() -> IResolver:
            raise OSError("no resolv.conf")

        self.directory = Directory(
            StaticTable(), EnumSettings(suffix="x"), make, self.clock
        )
        self.assertIs(None, self.result(self.directory.sip_uri(NUMBER)))
        self.counted(enum_error=1)

    def test_not_an_answer(self) -> None:
        """What is no answer at all is logged, and is none."""
        asked = self.directory.sip_uri(NUMBER)
        self.zone.say(None)
        self.assertIs(None, self.result(asked))
        self.assertEqual(1, len(self.flushLoggedErrors(TypeError)))
        self.counted(enum_error=1)

    def test_every_outcome_is_counted(self) -> None:
        """Each outcome has a count from the start."""
        self.assertEqual(set(OUTCOMES), set(self.directory.counts))

    def test_no_number_in_the_log(self) -> None:
        """A log does not tell whole numbers."""
        with capturedLogs() as events:
            self.directory.sip_uri(NUMBER)
            self.zone.refuse(DNSServerError(f"no answer for {NAME}"))
        self.assertTrue(events)
        self.assertNotIn("5145550001", str(events))
        self.assertNotIn(NAME, str(events))


class Remembering(DirectoryTestCase):
    """The cache, with its limits."""

    def again(self) -> int:
        """Ask again; how often the DNS has been asked since the beginning."""
        self.directory.sip_uri(NUMBER)
        return len(self.zone.asked)

    def test_lifetime(self) -> None:
        """What was found holds as long as its records."""
        self.directory.sip_uri(NUMBER)
        self.zone.answer("!^.*$!sip:a@h!", ttl=100)
        self.clock.advance(99)
        self.assertEqual("sip:a@h", self.result(self.directory.sip_uri(NUMBER)))
        self.counted(enum_found=1, cached=1)
        self.clock.advance(1)
        self.assertEqual(2, self.again())

    def test_longest_lifetime(self) -> None:
        """But no longer than max_ttl."""
        self.directory = self.directory_of(max_ttl=50.0)
        self.directory.sip_uri(NUMBER)
        self.zone.answer("!^.*$!sip:a@h!", ttl=100)
        self.clock.advance(49)
        self.assertEqual(1, self.again())
        self.clock.advance(1)
        self.assertEqual(2, self.again())

    def test_no_lifetime(self) -> None:
        """Records that are for once are not remembered, nor with max_ttl 0."""
        for settings, ttl in (({}, 0), ({"max_ttl": 0.0}, 100)):
            self.zone = Zone()
            self.directory = self.directory_of(**settings)
            self.directory.sip_uri(NUMBER)
            self.zone.answer("!^.*$!sip:a@h!", ttl=ttl)
            self.assertEqual(2, self.again())

    def test_negative(self) -> None:
        """That there is nothing holds for negative_ttl."""
        self.directory.sip_uri(NUMBER)
        self.zone.refuse(DNSNameError())
        self.clock.advance(59)
        self.assertEqual(1, self.again())
        self.clock.advance(1)
        self.assertEqual(2, self.again())

    def test_failure(self) -> None:
        """A failure is not asked for again for five seconds, or negative_ttl."""
        for negative, holds in ((60.0, 5), (2.0, 2)):
            self.zone = Zone()
            self.directory = self.directory_of(negative_ttl=negative)
            self.directory.sip_uri(NUMBER)
            self.zone.refuse(DNSServerError())
            self.clock.advance(holds - 0.5)
            self.assertEqual(1, self.again())
            self.clock.advance(0.5)
            self.assertEqual(2, self.again())

    def test_limit(self) -> None:
        """No more numbers are remembered than `cache`."""
        self.directory = self.directory_of(cache=1)
        for number in (NUMBER, "+15145550002"):
            self.directory.sip_uri(number)
            self.zone.answer("!^.*$!sip:a@h!")
        self.assertEqual(3, self.again())


class Sharing(DirectoryTestCase):
    """Look-ups for one number share a question."""

    def test_merged(self) -> None:
        """All get the answer of the one question."""
        asked = [self.directory.sip_uri(NUMBER) for _ in range(3)]
        self.assertEqual(1, len(self.zone.asked))
        self.zone.answer("!^.*$!sip:a@h!")
        self.assertEqual(["sip:a@h"] * 3, [self.result(each) for each in asked])
        self.counted(enum_found=1)

    def test_cancel(self) -> None:
        """Who cancels lets the others wait on."""
        first, second = self.directory.sip_uri(NUMBER), self.directory.sip_uri(NUMBER)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.zone.answer("!^.*$!sip:a@h!")
        self.assertEqual("sip:a@h", self.result(second))

    def test_cancel_while_answered(self) -> None:
        """One may cancel another in the moment of the answer."""
        first, second = self.directory.sip_uri(NUMBER), self.directory.sip_uri(NUMBER)
        third = self.directory.sip_uri(NUMBER)
        first.addCallback(lambda _: second.cancel())
        second.addErrback(lambda failure: failure.trap(CancelledError) and None)
        self.zone.answer("!^.*$!sip:a@h!")
        self.assertEqual("sip:a@h", self.result(third))

    def test_asking_while_answered(self) -> None:
        """Who asks again from an answer gets what is known now."""
        found: list[Deferred[SipUri | None]] = []
        first = self.directory.sip_uri(NUMBER)
        first.addCallback(lambda _: found.append(self.directory.sip_uri(NUMBER)))
        self.zone.answer("!^.*$!sip:a@h!")
        self.assertEqual("sip:a@h", self.result(found[0]))

    def test_pending(self) -> None:
        """At the limit of questions a further number has no SIP URI, and is counted."""
        self.directory = self.directory_of(pending=2)
        first = self.directory.sip_uri(NUMBER)
        self.directory.sip_uri("+15145550002")
        shared = self.directory.sip_uri(NUMBER)
        self.assertIs(None, self.result(self.directory.sip_uri("+15145550003")))
        self.counted(enum_busy=1)
        self.zone.answer("!^.*$!sip:a@h!")
        for each in (first, shared):
            self.assertEqual("sip:a@h", self.result(each))
        self.assertNoResult(self.directory.sip_uri("+15145550003"))

    def test_close(self) -> None:
        """A directory that is closed answers who waits, and holds nothing."""
        asked = self.directory.sip_uri(NUMBER)
        self.directory.close()
        self.assertIs(None, self.result(asked))
        self.assertEqual(1, self.zone.cancelled)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.directory.sip_uri(NUMBER)
        self.assertEqual(2, self.made)


class Resolving(SynchronousTestCase):
    """The resolver over twisted.names."""

    def test_servers(self) -> None:
        """Those of the configuration, or the system's."""
        network = MemoryNetwork()
        resolver = enum_resolver(network, ["192.0.2.1:5353", "[2001:db8::1]"])
        assert isinstance(resolver, Resolver)
        self.assertEqual([("192.0.2.1", 5353), ("2001:db8::1", 53)], resolver.servers)
        system = enum_resolver(network)
        assert isinstance(system, Resolver)
        self.assertEqual("/etc/resolv.conf", system.resolv)
