"""Numbers of an unknown type from an SM-SC (TS Table 9, SMPP 3.4 5.2.5)."""

from __future__ import annotations

from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.receipt import Address
from tests.flows.house import ALICE, BOB, House
from txsmpp.status import CommandStatus

UNKNOWN = SmsOptions(
    source=Address(0, 0, BOB.removeprefix("tel:+")),
    target=Address(0, 0, ALICE.removeprefix("tel:+")),
)


class UnknownTon(House):
    smsc = 'unknown_ton = "international"'

    def sms(self) -> int:
        """What the gateway answers to such an SMS."""
        statuses: list[list[int]] = []
        sending = self.centre.send_sms(BOB[4:], ALICE[4:], "Hello", UNKNOWN)
        sending.addCallback(statuses.append)
        self.network.wait_until(lambda: statuses)
        return statuses[0][0]

    def test_international_by_configuration(self) -> None:
        """TON 0 is international without its plus sign where the SM-SC does so."""
        self.assertEqual(self.sms(), CommandStatus.ESME_ROK)
        (message,) = self.cpm.user(ALICE).inbox
        self.assertEqual(message.request.headers.get("P-Asserted-Identity"), f"<{BOB}>")


class NationalTon(UnknownTon):
    smsc = ""

    def test_international_by_configuration(self) -> None:
        """Otherwise such a number is national, and none without a country."""
        self.assertEqual(self.sms(), 0x65)
