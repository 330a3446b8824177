"""The dial plan and the directory follow the configuration in force."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.settings import DialPlanSettings, DirectoryEntry, EnumSettings
from cpmgw.config import Config, loads
from cpmgw.numbering import Numbering
from tests.addressing.plans import e164, sip
from tests.support.network import MemoryNetwork
from tests.test_config import least

NUMBER = "+15145550001"
ALICE = DirectoryEntry(number=NUMBER, uri="sip:alice@example.net")


class Following(SynchronousTestCase):
    def setUp(self) -> None:
        self.config: Config = loads(least(), {})
        self.network = MemoryNetwork()
        self.numbering = Numbering(self.network, lambda: self.config)

    def change(self, **sections: Any) -> None:
        """Another configuration is in force."""
        self.config = msgspec.structs.replace(self.config, **sections)

    def sip_uri(self) -> str | None:
        """What the directory says of a number."""
        found = self.successResultOf(self.numbering.directory.sip_uri(NUMBER))
        return None if found is None else str(found)

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

    def test_directory_stays(self) -> None:
        """What else changes leaves the directory, and what it remembers, alone."""
        before = self.numbering.directory
        self.change(directory=(), dial_plan=DialPlanSettings(short_senders=True))
        self.assertIs(self.numbering.directory, before)

    def test_what_is_being_asked(self) -> None:
        """Who waits for a directory that goes gets no SIP URI; so with its end."""
        asked = EnumSettings(suffix="e164.arpa", servers=("127.0.0.1:5353",))
        self.change(enum=asked)
        waiting = self.numbering.directory.sip_uri(NUMBER)
        self.assertNoResult(waiting)
        self.change(enum=msgspec.structs.replace(asked, timeout=1.0))
        self.assertIsNot(self.numbering.directory, None)
        self.assertIsNone(self.successResultOf(waiting))
        waiting = self.numbering.directory.sip_uri(NUMBER)
        self.numbering.close()
        self.assertIsNone(self.successResultOf(waiting))
