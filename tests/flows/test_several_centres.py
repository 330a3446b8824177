"""Several SM-SCs: which one a number goes to, and whose receipt is whose."""

from __future__ import annotations

from cpmgw.config import Config, loads
from cpmgw.gateway import Gateway
from cpmgw.lab.behaviour import IdForm, ReceiptForm, SmsBehaviour
from cpmgw.lab.sms_centre import SmsCentre
from tests.flows.house import BOB, House, config_text
from tests.flows.receipts import send_receipt
from txsmpp.options import ServerOptions
from txsmpp.server import SmscFactory

DELIVERED = [("delivery-notification", "delivered")]


class TwoCentres(House):
    """The SM-SC of the lab, "home", and another one, "abroad"."""

    home = ""
    abroad = 'prefixes = ["+44"]'

    def config(self) -> Config:
        """The usual configuration, and another SM-SC."""
        text = config_text(self.state, smsc=self.home, policy=self.policy)
        more = (
            '[[smsc]]\nname = "abroad"\nhost = "127.0.0.1"\nport = 2776\n'
            f'system_id = "cpmgw"\npassword = "secret"\n{self.abroad}\n'
        )
        return loads(text.replace("[policy]", f"{more}\n[policy]", 1))

    def start_gateway(self) -> Gateway:
        """Start the other SM-SC first."""
        self.other = SmsCentre(self.network)
        factory = SmscFactory(self.network, ServerOptions(), self.other)
        port = self.network.listenTCP(2776, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return super().start_gateway()

    def away(self, port: int) -> None:
        """Lose an SM-SC."""
        self.network.partition("127.0.0.1", port)
        self.network.cut("127.0.0.1", port)
        self.settle()

    def counts(self) -> tuple[int, int]:
        """How many messages each has."""
        return len(self.centre.submitted), len(self.other.submitted)


class ByPrefix(TwoCentres):
    def test_longest_prefix(self) -> None:
        """A number goes to the SM-SC with the longest prefix of it."""
        self.send(text="Hello", recipient="tel:+447700900001")
        self.assertEqual(self.counts(), (0, 1))
        self.send(text="Hello")
        self.assertEqual(self.counts(), (1, 1))

    def test_failover_to_a_shorter_prefix(self) -> None:
        """While it is away, the next longest one's takes it."""
        self.away(2776)
        sent = self.send(text="Hello", recipient="tel:+447700900001")
        self.assertEqual(sent.status, 202)
        self.assertEqual(self.counts(), (1, 0))

    def test_receipts_belong_to_their_centre(self) -> None:
        """The same message_id at two SM-SCs names two messages."""
        for centre in (self.centre, self.other):
            centre.behave(SmsBehaviour(hold_receipts=9))
        british = self.send(
            text="Hello", recipient="tel:+447700900001", imdn=("positive-delivery",)
        )
        american = self.send(text="Hello", imdn=("positive-delivery",))
        (first,) = self.centre.messages.values()
        (second,) = self.other.messages.values()
        self.assertEqual(first.message_id, second.message_id)
        statuses = send_receipt(self.other, second.message_id)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [0])
        self.assertEqual((british.outcome, american.outcome), (DELIVERED, []))

    def test_inbound_from_both(self) -> None:
        """Short messages come from either."""
        for centre, number in ((self.centre, BOB[4:]), (self.other, "+447700900001")):
            done: list[list[int]] = []
            centre.send_sms(number, "+15145550001", "Hi").addCallback(done.append)
            self.settle()
            self.assertEqual(done, [[0]])
        self.assertEqual(self.cpm.user("tel:+15145550001").texts, ["Hi", "Hi"])


class SamePrefix(TwoCentres):
    home = 'prefixes = ["+1"]'
    abroad = 'prefixes = ["+1"]'

    def test_failover(self) -> None:
        """Of two SM-SCs of one prefix the first that is bound takes it."""
        self.send(text="one")
        self.assertEqual(self.counts(), (1, 0))
        self.away(2775)
        sent = self.send(text="two", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        self.assertEqual(self.counts(), (1, 1))
        self.assertEqual(sent.outcome, DELIVERED)

    def test_none_is_bound(self) -> None:
        """503 with Retry-After when both are away."""
        self.away(2775)
        self.away(2776)
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 503)
        self.assertEqual(response.headers.get("Retry-After"), "5")

    def test_none_serves_the_number(self) -> None:
        """404 "129" for a number that no SM-SC has a prefix for."""
        response = self.send(text="Hello", recipient="tel:+447700900001").response
        assert response is not None
        self.assertEqual(response.status, 404)
        self.assertIn('"129 ', response.headers.get("Warning") or "")

    def test_back_again(self) -> None:
        """The first takes messages again once it is back."""
        self.away(2775)
        self.network.heal("127.0.0.1", 2775)
        for _ in range(10):
            self.network.advance(10)
            self.settle()
        self.send(text="Hello")
        self.assertEqual(self.counts(), (1, 0))


class Identifiers(House):
    """6.2.2.1.2 step 1: message_id against receipted_message_id, however written."""

    response_id = IdForm.DECIMAL
    receipt_id = IdForm.DECIMAL

    def test_report_finds_its_message(self) -> None:
        """1. The stored message_id is found, in parameters and in text.

        [SCR Int-S-006-O]
        """
        for form in ReceiptForm:
            with self.subTest(form=form):
                self.centre.behave(
                    SmsBehaviour(
                        response_id=self.response_id,
                        receipt_id=self.receipt_id,
                        receipt_form=form,
                    )
                )
                sent = self.send(text="Hello", imdn=("positive-delivery",))
                self.assertEqual(sent.outcome, DELIVERED)


class HexThenDecimal(Identifiers):
    smsc = 'response_id = "hex"\nreceipt_id = "decimal"'
    response_id = IdForm.HEX


class DecimalThenHex(Identifiers):
    smsc = 'response_id = "decimal"\nreceipt_id = "hex"'
    receipt_id = IdForm.HEX


class LeadingZeros(Identifiers):
    smsc = 'response_id = "stripped"\nreceipt_id = "stripped"'
    receipt_id = IdForm.PADDED


class LooseHex(Identifiers):
    smsc = 'response_id = "loose"\nreceipt_id = "loose"'
    response_id = IdForm.HEX


class LoosePadded(Identifiers):
    smsc = 'response_id = "loose"\nreceipt_id = "loose"'
    receipt_id = IdForm.PADDED


class Strict(House):
    def test_other_form_is_another_message(self) -> None:
        """1 a. Without such a policy an id written otherwise matches nothing.

        [SCR Int-S-006-O]
        """
        self.centre.behave(
            SmsBehaviour(response_id=IdForm.HEX, receipt_id=IdForm.DECIMAL)
        )
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [])
