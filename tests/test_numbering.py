"""The dial plan and the directory follow the configuration in force."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.settings import DialPlanSettings, DirectoryEntry, EnumSettings
from cpmgw.config import Config, loads
from cpmgw.leaving import Leaving
from cpmgw.numbering import Numbering
from tests.addressing.plans import e164, sip
from tests.flows.test_directory import NameServer
from tests.support.network import MemoryNetwork
from tests.test_config import least

NUMBER = "+15145550001"
ALICE = DirectoryEntry(number=NUMBER, uri="sip:alice@example.net")


class Numbered(SynchronousTestCase):
    """The numbering of a configuration that can become another."""

    def setUp(self) -> None:
        self.config: Config = loads(least(), {})
        self.network = MemoryNetwork()
        self.leaving = Leaving(self.network)
        self.numbering = Numbering(self.network, lambda: self.config, self.leaving)

    def change(self, **sections: Any) -> None:
        """Another configuration is in force."""
        self.config = msgspec.structs.replace(self.config, **sections)

    def sip_uri(self) -> str | None:
        """What the directory says of a number."""
        found = self.successResultOf(self.numbering.directory.sip_uri(NUMBER))
        return None if found is None else str(found)


class Following(Numbered):
    def test_dial_plan(self) -> None:
        """The plan is made once for each configuration."""
        plan = self.numbering.plan
        self.assertIs(self.numbering.plan, plan)
        uri = sip("sip:00442012345678@x;user=phone")
        self.assertIsNone(plan.address_of(uri))
        self.change(dial_plan=DialPlanSettings(international_prefix="00"))
        found = self.numbering.plan.address_of(uri)
        self.assertEqual(found, e164("+442012345678"))

    def test_country(self) -> None:
        """Nor is the country of [gateway] forgotten."""
        gateway = msgspec.structs.replace(self.config.gateway, country="CA")
        self.change(gateway=gateway)
        self.assertEqual(self.numbering.plan.country, "CA")

    def test_directory(self) -> None:
        """What the directory counted goes on when there is another."""
        self.assertIsNone(self.sip_uri())
        for _ in range(2):
            self.change(directory=(ALICE,))
            self.assertEqual(self.sip_uri(), ALICE.uri)
        self.assertEqual(self.numbering.directory.counts["static"], 2)
        self.change(directory=())
        self.assertIsNone(self.sip_uri())
        self.assertEqual(self.numbering.directory.counts["static"], 2)

    def test_own_names(self) -> None:
        """The gateway is known by domain, host, aliases, listeners and its address."""
        chosen = msgspec.structs.replace(
            self.config.sip,
            listen=("udp:5060:interface=192.0.2.1", "udp:5060"),
            host="198.51.100.1",
            aliases=("gw.example.net:5070", "[2001:db8::1]"),
            address="sip:iwf@iwf.example.net",
        )
        own = self.numbering.plan.own
        self.assertTrue(own.has(sip(self.config.iwf_address)))
        self.assertFalse(own.has(sip("sip:gw.example.net")))
        self.change(sip=chosen)
        own = self.numbering.plan.own
        for text in (
            f"sip:{self.config.gateway.domain}",
            "sip:192.0.2.1",
            "sip:198.51.100.1",
            "sip:gw.example.net",
            "sip:[2001:db8::1]:5060",
            "sip:iwf@iwf.example.net",
        ):
            self.assertTrue(own.has(sip(text)), text)

    def test_originators(self) -> None:
        """Whom policy takes is asked of the dial plan too. [RCC.10 4 unsupported 8]"""
        self.assertIn("name", self.numbering.plan.originators)
        self.config = loads(least(gateway='profile = "rcs"'), {})
        self.assertEqual(self.numbering.plan.originators, ("e164",))

    def test_directory_stays(self) -> None:
        """What else changes leaves the directory, and what it remembers, alone."""
        before = self.numbering.directory
        self.change(directory=(), dial_plan=DialPlanSettings(short_senders=True))
        self.assertIs(self.numbering.directory, before)


class System(Numbered):
    """The DNS is that of the system: its name servers are read again and again."""

    def reading(self) -> int:
        """How many read them."""
        calls = [str(each) for each in self.network.getDelayedCalls()]
        return sum("maybeParseConfig" in each for each in calls)

    def ask(self, timeout: float) -> Deferred[Any]:
        """Ask, by another configuration."""
        self.change(enum=EnumSettings(suffix="e164.arpa", timeout=timeout))
        return self.numbering.directory.sip_uri(NUMBER)

    def test_one_reads(self) -> None:
        """Of those that go none reads on, whether they were at work or not."""
        for timeout in (2.0, 3.0, 4.0):
            waiting = self.ask(timeout)
            self.network.advance(timeout)
            self.assertIsNone(self.successResultOf(waiting))
            self.assertEqual(self.reading(), 1)
        self.ask(5.0)
        self.ask(6.0)
        self.network.advance(6.0)
        self.network.advance(1.0)
        self.assertEqual((self.reading(), len(self.leaving)), (1, 0))
        self.numbering.close()
        self.assertEqual(self.reading(), 0)


class Asking(Numbered):
    """The directory is another one while the DNS is asked."""

    def setUp(self) -> None:
        super().setUp()
        self.names = NameServer({NUMBER: f"!^.*$!{ALICE.uri}!"})
        self.names.silent = True
        self.network.listenUDP(5353, self.names, "127.0.0.1")
        self.asked = EnumSettings(suffix="e164.arpa", servers=("127.0.0.1:5353",))
        self.change(enum=self.asked)
        self.waiting = self.numbering.directory.sip_uri(NUMBER)

    def test_answered(self) -> None:
        """Who waits for one that goes gets its answer, which is counted."""
        self.change(enum=EnumSettings())
        self.assertIsNone(self.sip_uri())
        self.assertNoResult(self.waiting)
        self.names.silent = False
        self.network.advance(1.1)
        self.assertEqual(str(self.successResultOf(self.waiting)), ALICE.uri)
        self.assertEqual(self.numbering.directory.counts["enum-found"], 1)
        self.network.advance(1.0)
        self.assertEqual(len(self.leaving), 0)

    def test_not_answered(self) -> None:
        """It waits as long as one that stays."""
        self.change(enum=msgspec.structs.replace(self.asked, timeout=30.0))
        self.assertEqual(self.numbering.directory.counts["enum-timeout"], 0)
        self.network.advance(self.asked.timeout - 0.1)
        self.assertNoResult(self.waiting)
        self.network.advance(0.1)
        self.assertIsNone(self.successResultOf(self.waiting))
        self.network.advance(1.0)
        self.assertEqual(len(self.leaving), 0)

    def test_end(self) -> None:
        """At the end nothing is looked up any more, in neither of them."""
        self.change(enum=msgspec.structs.replace(self.asked, timeout=30.0))
        newer = self.numbering.directory.sip_uri(NUMBER)
        self.numbering.close()
        self.assertIsNone(self.successResultOf(newer))
        self.assertNoResult(self.waiting)
        self.successResultOf(Deferred.fromCoroutine(self.leaving.end()))
        self.assertIsNone(self.successResultOf(self.waiting))
