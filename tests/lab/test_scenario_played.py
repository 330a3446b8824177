"""The demo's scenario, and more of the lab's sessions, through a real gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.iwf.mms.service import MmsInterworkingFactory
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.arrow import Arrow, Kind
from cpmgw.lab.scenario import Check, Scenario
from cpmgw.sip.dialogs.interfaces import CallFailed
from tests.flows.house import ALICE, BOB, House
from tests.flows.messages import spooled

POOL = """
[[number_pool]]
name = "groups"
numbers = ["+15145559000-+15145559099"]
"""
MMS = """
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
domain = "mm4.ims.example.net"
spool = "{spool}"

[[mmsc]]
name = "lab"
host = "127.0.0.1"
port = 2526
domain = "mms.example.net"

[mmsc.media]
widest = 640
highest = 480
"""
STEP = 0.05


class PlayedTests(House):
    policy = "[policy.session]\nparticipant_interval = 1\n"

    def setUp(self) -> None:
        self.more = spooled(self.mktemp()) + POOL + MMS.format(spool=self.mktemp())
        super().setUp()

    def settle(self) -> None:
        """Wait for what is done to pictures, too."""
        gateway = self.gateway
        self.network.wait_until(
            lambda: not (gateway.store_waiting or gateway.workshop.waiting)
        )

    def factories(self) -> Sequence[Any]:
        """SMS and MMS."""
        return (SmsInterworkingFactory(), MmsInterworkingFactory())

    def test_all_parts(self) -> None:
        """Each expectation is met, and nothing is left of any session."""
        seen: list[Arrow] = []
        checks: list[Check] = []
        self.lab.watch(seen.append)
        scenario = Scenario(self.lab, self.network, lambda _: None, checks.append)
        playing = Deferred.fromCoroutine(scenario.run())
        for _ in range(2_000):
            if playing.called:
                break
            self.network.advance(STEP)
            self.settle()
        self.successResultOf(playing)
        self.assertEqual([each for each in checks if not each.passed], [])
        self.assertTrue(scenario.passed)
        self.pass_time(40)
        self.assertEqual((len(self.cpm.sessions), len(self.lab.node)), (0, 0))
        kinds = {arrow.kind for arrow in seen}
        self.assertEqual(kinds, set(Kind))


class AskedTests(House):
    """Bob is asked before a chat begins (TS 6.1.4 step 8)."""

    policy = '[policy.session]\naccept = "ask"\n'

    def setUp(self) -> None:
        self.more = spooled(self.mktemp())
        super().setUp()
        self.chat = self.cpm.chat(ALICE, BOB, subject="Saturday")
        self.settle()

    def answer(self, text: str) -> None:
        """Bob answers what he was asked."""
        self.centre.send_sms(BOB[4:], ALICE[4:], text)
        self.settle()

    def test_rings_and_is_accepted(self) -> None:
        """It rings while Bob is asked; his yes establishes it."""
        self.assertEqual(self.chat.leg.ringing, 1)
        self.assertNoResult(self.chat.established)
        self.answer("yes")
        self.assertIs(self.successResultOf(self.chat.established), self.chat)
        sent = self.chat.send("Hello")
        self.settle()
        self.assertEqual(sent.status, 200)
        self.chat.close()
        self.settle()
        self.assertEqual((len(self.cpm.sessions), len(self.lab.node)), (0, 0))

    def test_is_declined(self) -> None:
        """His no is a 603."""
        self.answer("no")
        failure = self.failureResultOf(self.chat.established, CallFailed)
        self.assertEqual(failure.value.status, 603)
        self.assertEqual((len(self.cpm.sessions), len(self.lab.node)), (0, 0))
