"""Tests of cpmgw.iwf.mms.relays (TS 6.3.1.1)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import AddressKind, PhoneAddress
from cpmgw.config import MmscConfig
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.policy import Policy
from cpmgw.policy.mms import MmsPolicy
from tests.addressing.plans import e164
from tests.iwf.mail.stand_ins import Link
from tests.iwf.mms.gateway import FakeRelay

NUMBER = e164("+15145550002")


def relay(name: str, *prefixes: str, **details: Any) -> Relay:
    """A relay for numbers that begin so."""
    config = MmscConfig(name=name, domain=f"{name}.test", prefixes=prefixes, **details)
    return Relay(FakeRelay(name), config)


def chosen_by(relay: str) -> Policy:
    """A policy that chooses relays so."""
    mms = msgspec.convert({"relay": relay}, MmsPolicy)
    return Policy(mms=mms)


class Choosing(SynchronousTestCase):
    def towards(self, policy: str, *relays: Relay) -> str:
        """The name of the relay that a message goes to."""
        return Relays(relays, lambda: chosen_by(policy)).towards(NUMBER).name

    def test_own_network(self) -> None:
        """By default the relay of our network, which serves all. [TS 6.3.1.1]"""
        own, theirs = relay("own"), relay("theirs", "+1514")
        self.assertEqual(self.towards("own", theirs, own), "own")

    def test_recipients_network(self) -> None:
        """By policy that of the recipient, by the longest prefix. [TS 6.3.1.1]"""
        relays = relay("own"), relay("near", "+1"), relay("theirs", "+44", "+1514")
        self.assertEqual(self.towards("recipient", *relays), "theirs")

    def test_only_prefixes(self) -> None:
        """Where no relay serves all, the longest prefix decides in any case."""
        relays = relay("near", "+1"), relay("theirs", "+1514")
        self.assertEqual(self.towards("own", *relays), "theirs")

    def test_next_one(self) -> None:
        """One that is down is passed over where another serves the number."""
        down, up = relay("one"), relay("two")
        down.link.is_up = False
        self.assertEqual(self.towards("own", down, up), "two")

    def test_all_down(self) -> None:
        """Where none is up the best one is tried: it may be back."""
        down = relay("one")
        down.link.is_up = False
        self.assertEqual(self.towards("own", down), "one")

    def test_nobody_serves(self) -> None:
        """404 where no relay serves the number."""
        relays = Relays((relay("theirs", "+44"),), lambda: chosen_by("own"))
        error = self.assertRaises(CannotInterwork, relays.towards, NUMBER)
        self.assertEqual((error.status, error.cause), (404, "no-mmsc-for-number"))

    def test_short_number(self) -> None:
        """A short number goes to a relay that serves all, prefixes being E.164."""
        short = PhoneAddress(AddressKind.SHORT, "12345")
        relays = Relays((relay("a", "+1"), relay("b")), lambda: chosen_by("own"))
        self.assertEqual(relays.towards(short).name, "b")
        self.assertEqual(relays.towards(short).address(short), "12345/TYPE=PLMN@b.test")


class Known(SynchronousTestCase):
    def relays(self, *relays: Relay) -> Relays:
        """Some relays."""
        return Relays(relays, Policy)

    def test_by_host(self) -> None:
        """A connection is that of the relay with the narrowest network around it."""
        wide = relay("wide", peers=("10.0.0.0/8", "2001:db8::/32"))
        narrow = relay("narrow", peers=("10.1.0.0/16",))
        relays = self.relays(wide, narrow)
        for host, name in (
            ("10.1.2.3", "narrow"),
            ("10.2.2.3", "wide"),
            ("2001:db8::1", "wide"),
            ("::ffff:10.1.2.3", "narrow"),
            ("fe80::1%eth0", None),
            ("192.0.2.1", None),
            ("nonsense", None),
        ):
            found = relays.at(host)
            self.assertEqual(found.name if found else None, name, host)

    def test_after_reload(self) -> None:
        """One that is gone is known by name and host, and sent nothing more."""
        old, new = relay("old", peers=("10.1.0.0/16",)), relay("new")
        relays = self.relays(old)
        relays.replace((new,))
        self.assertEqual(relays.towards(NUMBER).name, "new")
        self.assertIs(relays.named("old"), old)
        found = relays.at("10.1.0.1")
        assert found is not None
        self.assertEqual(found.name, "old")
        self.assertIsNone(relays.link_to("old"))
        self.assertIs(relays.link_to("new"), new.link)

    def test_who_may_speak(self) -> None:
        """A relay speaks for itself and for those that share its network."""
        one = relay("one", peers=("10.1.0.0/16", "2001:db8::/32"))
        beside = relay("beside", peers=("10.0.0.0/8",))
        stranger = relay("stranger", peers=("192.0.2.0/24",))
        relays = self.relays(one, beside, stranger)
        speaks_for = relays.speaks_for
        self.assertTrue(speaks_for("one", "one"))
        self.assertTrue(speaks_for("one", "beside"))
        self.assertTrue(speaks_for("beside", "one"))
        self.assertFalse(speaks_for("stranger", "one"))
        self.assertFalse(speaks_for("one", "stranger"))
        relays.replace((beside, stranger))
        self.assertTrue(speaks_for("beside", "one"), "gone")
        self.assertFalse(speaks_for("stranger", "one"), "gone")
        self.assertTrue(speaks_for("stranger", "never known"))
        self.assertFalse(speaks_for("stranger", ""))

    def test_back_after_reload(self) -> None:
        """One that comes back is the new one, not the one that was."""
        old, again = relay("a"), relay("a")
        relays = self.relays(old)
        relays.replace((relay("b"),))
        relays.replace((again,))
        self.assertIs(relays.named("a"), again)

    def test_unknown_name(self) -> None:
        """What is stored of one that nobody knows is no other's."""
        relays = self.relays(relay("a"), relay("b"))
        self.assertIsNone(relays.named("gone"))
        self.assertIsNone(relays.way_to("gone"))
        self.assertFalse(relays.wants_system("gone"))
        self.assertTrue(relays.is_gone("gone"))

    def test_way_to_one_that_is_gone(self) -> None:
        """What waits for it goes by its own link, as long as that runs."""
        link = Link("old")
        config = MmscConfig(
            name="old", domain="old.test", responses_to="originator_system"
        )
        relays = self.relays(Relay(link, config))
        relays.replace((relay("new"),))
        self.assertIs(relays.way_to("old"), link)
        self.assertTrue(relays.wants_system("old"))
        self.assertTrue(relays.is_gone("old"))
        self.assertFalse(relays.is_gone("new"))
        self.patch(link, "running", 0)
        self.assertIsNone(relays.way_to("old"))
        self.assertIs(self.relays(Relay(link, config)).way_to("old"), link, "starts")

    def test_largest_message(self) -> None:
        """A relay's own size counts before that of policy. [TS 6.3 1b]"""
        self.assertEqual(relay("a").max_size(Policy()), Policy().mms.max_size)
        self.assertEqual(relay("a", max_size=600_000).max_size(Policy()), 600_000)
