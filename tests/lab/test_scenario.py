"""The demo's scenario sees when a gateway does not do as it must."""

from __future__ import annotations

from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.arrow import Arrow, Lifeline
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.handset import MAX_PARTIAL, Handset
from cpmgw.lab.laboratory import Laboratory
from cpmgw.lab.prompt import HELP, Prompt
from cpmgw.lab.scenario import ALICE, BOB, LONG, Check, Scenario
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from tests.support.network import MemoryNetwork
from txsmpp.pdu import DeliverSm
from txsmpp.text.encoding import prepare


class LabTestCase(SynchronousTestCase):
    """A lab, and in the gateway's place somebody who only answers SIP."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.lab = Laboratory(self.network)
        self.lab.startService()
        where = "5060:interface=127.0.0.1"
        endpoint = Endpoint(
            self.network,
            EndpointSettings(
                listen=(f"udp:{where}", f"tcp:{where}"),
                next_hop="sip:127.0.0.1:5070;lr",
                trusted=("127.0.0.0/8",),
                handler_timeout=1000.0,
            ),
        )
        endpoint.startService()
        numbers = count(1)
        self.impostor = CpmSide(endpoint, self.network, lambda: f"{next(numbers):030d}")


class ScenarioTests(LabTestCase):
    def test_nothing_is_delivered(self) -> None:
        """Who answers 200 and carries nothing is found out, step by step."""
        parts: list[str] = []
        seen: list[Check] = []
        scenario = Scenario(
            self.lab, self.network, parts.append, seen.append, patience=1.0
        )
        running = Deferred.fromCoroutine(scenario.run())
        self.assertFalse(self.network.result_of(running, seconds=60))
        self.assertFalse(scenario.passed)
        self.assertEqual(len(parts), 5)
        self.assertEqual(seen, scenario.checks)
        failed = [check.text for check in seen if not check.passed]
        for text in (
            "The message is answered 202, by SMS",
            "Bob's handset shows the text",
            "Alice is told: delivered, and delivered by SMS",
            "Alice reads the text once",
            "It goes as several short messages",
            "The message is answered 404",
            "Alice is told: failed",
        ):
            self.assertIn(text, failed)
        self.assertIn("(200, None)", {check.found for check in seen})

    def test_nothing_was_checked(self) -> None:
        """A scenario that has not been played has not passed."""
        scenario = Scenario(self.lab, self.network, lambda _: None, lambda _: None)
        self.assertFalse(scenario.passed)

    def test_the_long_message_is_a_pager_message(self) -> None:
        """It fits 1300 octets, takes several segments, and has emoji (TS 6.1.1)."""
        self.assertLessEqual(len(LONG.encode()), 1300)
        self.assertGreater(len(prepare(LONG)), 2)
        self.assertTrue(any(ord(char) > 0xFFFF for char in LONG))


class PromptTests(LabTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.said: list[str] = []
        self.parts: list[str] = []
        self.prompt = Prompt(self.lab, self.parts.append, self.said.append)

    def enter(self, line: str) -> None:
        self.prompt.lineReceived(line.encode())
        self.network.settle()

    def test_cpm(self) -> None:
        """`cpm` has Alice write, to Bob or to a number."""
        self.enter("cpm hello there")
        self.enter("cpm +15145550009 hello you")
        for number, text in ((BOB, "hello there"), ("+15145550009", "hello you")):
            self.assertEqual(self.impostor.user(f"tel:{number}").texts, [text])

    def test_sms(self) -> None:
        """`sms` has a handset write; it waits while no gateway is bound."""
        self.enter("sms hello Alice")
        self.enter("sms +15145550009 hello 2")
        self.assertEqual(self.lab.centre.outbox.waiting, 2)
        self.assertEqual(self.parts, [f"SMS from {BOB}", "SMS from +15145550009"])

    def test_on_and_off(self) -> None:
        """`off` and `on` switch a handset."""
        handset = self.lab.centre.handset(BOB)
        self.enter(f"off {BOB}")
        self.assertFalse(handset.on)
        self.enter(f"on {BOB}")
        self.assertTrue(handset.on)

    def test_help(self) -> None:
        """What is not understood is answered with what would be."""
        for line in ("help", "nonsense", "sms", "cpm  "):
            self.enter(line)
        self.enter("")
        self.assertEqual(self.said, [HELP] * 4)

    def test_quit(self) -> None:
        """`quit` and the end of the input end it, once."""
        self.enter("quit")
        self.prompt.connectionLost()
        self.assertIsNone(self.successResultOf(self.prompt.done))

    def test_no_answer(self) -> None:
        """A message that nobody answers is said to be unanswered."""
        self.impostor.behave(CpmBehaviour(silent=True))
        self.enter("cpm hello")
        self.network.advance(40)
        self.assertTrue(self.said[-1].startswith("no answer"))


class HandsetTests(SynchronousTestCase):
    def test_half_messages_are_bounded(self) -> None:
        """A handset keeps so many half messages; beyond, the oldest is forgotten."""
        handset = Handset(BOB)

        def receive(reference: int, number: int) -> Any:
            header = bytes([6, 8, 4, reference >> 8, reference & 255, 2, number])
            return handset.receive(
                DeliverSm(esm_class=0x40, short_message=header + b"x"), 0
            )

        for reference in range(MAX_PARTIAL):
            self.assertIsNone(receive(reference, 1))
        self.assertIsNotNone(receive(0, 2))
        receive(MAX_PARTIAL, 1)
        receive(MAX_PARTIAL + 1, 1)
        self.assertIsNone(receive(1, 2))
        self.assertIsNotNone(receive(MAX_PARTIAL, 2))

    def test_broken_header(self) -> None:
        """A message whose header makes no sense is shown as no text."""
        handset = Handset(BOB)
        shown = handset.receive(DeliverSm(esm_class=0x40, short_message=b"\xffx"), 0)
        assert shown is not None
        self.assertIsNone(shown.text)


class WatchTests(LabTestCase):
    def test_both_peers_are_watched(self) -> None:
        """`watch` sees the CPM side and the handsets."""
        seen: list[Arrow] = []
        self.lab.watch(seen.append)
        self.lab.cpm.send_text(ALICE, f"tel:{BOB}", "x")
        self.lab.centre.send_sms(BOB, ALICE[4:], "y")
        self.network.settle()
        self.assertEqual(
            {arrow.source for arrow in seen},
            {Lifeline.CPM, Lifeline.GATEWAY, Lifeline.HANDSET},
        )
