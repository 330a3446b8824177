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
from cpmgw.lab.scenario import ALICE, BOB, CAROL, Check, Scenario, large
from cpmgw.lab.scenario.messages import LONG
from cpmgw.lab.scenario.play import PARTS
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from tests.support.network import MemoryNetwork
from txsmpp.pdu import DeliverSm
from txsmpp.text.encoding import prepare


class LabTestCase(SynchronousTestCase):
    """A lab, and in the gateway's place somebody who only answers SIP and MSRP."""

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
        listen = Listen(port=2855, interface="127.0.0.1")
        node = MsrpNode(self.network, MsrpSettings(listen=listen, spool=self.mktemp()))
        endpoint.startService()
        node.startService()
        numbers = count(1)
        self.impostor = CpmSide(
            endpoint, self.network, lambda: f"{next(numbers):030d}", node
        )


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
        self.assertEqual(parts, [title for title, _ in PARTS])
        self.assertEqual(seen, scenario.checks)
        failed = [check.text for check in seen if not check.passed]
        for text in (
            "The message is answered 202, by SMS",
            "Bob's handset shows the text",
            "Alice is told: delivered, and delivered by SMS",
            "Alice reads the text once",
            "It goes as several short messages",
            "The message is answered 488",
            "It says: every service was tried",
            "Alice is told: failed",
            "The answer to BYE says: by SMS",
            "Alice reads it once, and whole",
            "Bob reads it, and how to leave",
            "Alice reads Bob's answer in the session",
            "Bob is told that it is closed",
            "Bob is told of the group and its members",
            "Bob reads what Carol says, and her name",
            "What Bob answers is there for all",
            "Bob leaves by a word",
            "The answer to BYE says: by MMS",
            "It shows the photograph, made fit",
            "Alice is told: delivered, and displayed",
            "She sees the photograph as it was sent",
            "It is told: retrieved, and read",
            "The message is answered 202, by MMS",
            "Bob's handset shows the picture",
            "He sees the picture",
            "She sees his picture",
            "The handset shows it, by SMS",
            "The SEND is answered 415",
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

    def test_the_large_ones_are_large(self) -> None:
        """No pager message holds them, and ten segments do (TS 6.1.2)."""
        for text in (large.LONG, large.TALE):
            self.assertGreater(len(text.encode()), 1300)
            self.assertLessEqual(len(prepare(text)), 10)


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

    def test_large(self) -> None:
        """`large` has Alice write by a session."""
        self.enter("large hello there")
        (received,) = self.impostor.user(f"tel:{BOB}").inbox
        self.assertEqual(received.text, "hello there")
        self.assertEqual(received.request.method, "INVITE")

    def test_chat(self) -> None:
        """`chat`, `say` and `close` are a session of two, with Bob or another."""
        self.enter("chat")
        self.enter("say hello there")
        self.enter("close")
        self.enter("chat +15145550009")
        self.enter("say hello you")
        for number, text in ((BOB, "hello there"), ("+15145550009", "hello you")):
            self.assertEqual(self.impostor.user(f"tel:{number}").texts, [text])
        (theirs,) = self.impostor.user(f"tel:{BOB}").chats
        self.assertTrue(theirs.ended)

    def test_group(self) -> None:
        """`group` is one with Carol; `say` then speaks in it."""
        self.enter("group The picnic")
        self.enter("say hello all")
        (theirs,) = self.impostor.user(f"tel:{BOB}").chats
        self.assertEqual(theirs.request.headers.get("Subject"), "The picnic")
        self.assertEqual(theirs.texts, ["hello all"])
        theirs.send("hello Carol")
        self.network.settle()
        self.assertEqual(self.lab.cpm.user(CAROL).texts, ["hello Carol"])
        self.enter("close")
        self.assertTrue(theirs.ended)

    def test_nothing_to_speak_in(self) -> None:
        """`say` and `close` without a session say that there is none."""
        self.enter("say hello")
        self.enter("close")
        self.assertEqual(self.said, ["there is no chat and no group"] * 2)

    def test_answer(self) -> None:
        """`answer` has Bob answer the number that wrote to him last."""
        self.enter("answer too early")
        self.assertEqual(self.said, ["Bob has no message to answer"])
        handset = self.lab.centre.handset(BOB)
        handset.receive(
            DeliverSm(source_addr_ton=1, source_addr="15145559000", short_message=b"x"),
            0,
        )
        sent: list[Arrow] = []
        self.lab.centre.tap = sent.append
        self.enter("answer yes")
        self.assertEqual(self.lab.centre.outbox.waiting, 1)
        self.assertEqual(handset.inbox[0].dialled, "+15145559000")
        self.assertIn('"yes"', sent[0].details)

    def test_mms(self) -> None:
        """`mms` has Alice send a photograph, to Bob or to a number, by MMS."""
        self.enter("mms see this")
        self.enter("mms +15145550009 and you at that")
        for number, text in (
            (BOB, "see this"),
            ("+15145550009", "and you at that"),
        ):
            (received,) = self.impostor.user(f"tel:{number}").inbox
            self.assertEqual(received.text, text)
            self.assertIn("nccsid=MMS", str(received.request.uri))
            sizes = [(each.width, each.height) for each in received.pictures]
            self.assertEqual(sizes, [(1600, 1200)])

    def test_mms_from(self) -> None:
        """`mms from` has Bob's handset send one, and ask for reports."""
        self.enter("mms from here we are")
        (sent,) = self.lab.relay.sent
        self.assertEqual(sent.pdu.to, ("+15145550001/TYPE=PLMN@mm4.ims.example.net",))
        self.assertEqual((sent.pdu.delivery_report, sent.pdu.read_reply), (True, True))
        self.assertEqual(self.parts, [f"MMS from {BOB}"])

    def test_mms_look(self) -> None:
        """`mms look` has Bob, or another, look at what has come."""
        self.enter("mms look")
        self.enter("mms look +15145550009")
        self.assertEqual(self.said, ["there is nothing new"] * 2)
        self.assertEqual(self.parts[1], "+15145550009 looks at the handset")

    def test_mms_refuse(self) -> None:
        """`mms refuse` sets what the relay answers; a word it has not is explained."""
        self.enter("mms refuse network-problem")
        self.assertEqual(self.lab.relay.behaviour.status, RequestStatus.NETWORK_PROBLEM)
        self.enter("mms refuse Ok")
        self.assertEqual(self.lab.relay.behaviour.status, RequestStatus.OK)
        self.enter("mms refuse everything")
        self.enter("mms from")
        self.assertEqual(self.said[-2:], [HELP, HELP])

    def test_declined(self) -> None:
        """A chat that is declined is said to be."""
        self.impostor.behave(CpmBehaviour(status=603))
        self.enter("chat")
        self.assertEqual(self.said, ["no answer: 603 Decline"])

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
    def test_all_peers_are_watched(self) -> None:
        """`watch` sees the CPM side, the handsets and the MMS relay."""
        seen: list[Arrow] = []
        self.lab.watch(seen.append)
        self.lab.cpm.send_text(ALICE, f"tel:{BOB}", "x")
        self.lab.centre.send_sms(BOB, ALICE[4:], "y")
        self.lab.relay.send(BOB, ALICE[4:], "z")
        self.network.settle()
        self.assertEqual(
            {arrow.source for arrow in seen},
            {Lifeline.CPM, Lifeline.GATEWAY, Lifeline.CENTRE, Lifeline.HANDSET},
        )
