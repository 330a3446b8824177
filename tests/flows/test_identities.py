"""Whose address is what, through the whole gateway (TS Tables 1, 3 and 9).

[SCR Int-S-005-O] [SCR Int-S-008-O]
"""

from __future__ import annotations

from typing import Any

import msgspec

from cpmgw.addressing.originator import ASSERTED
from cpmgw.config import Config
from cpmgw.cpm.identity import nccsid_of
from cpmgw.lab.conversation import ReceivedMessage, SentMessage
from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.receipt import Address
from tests.flows.house import ALICE, BOB, House
from txsmpp.pdu import SubmitSm
from txsmpp.status import CommandStatus

AT_HOME = "phone-context=ims.example.net"
BANK = "sip:bank@example.net"
DIAL_PLAN = """
[dial_plan]
international_prefix = "011"
short_numbers = ["611"]
short_senders = true

[[dial_plan.rules]]
prefix = "7"
add = "+1514555"
digits = 5

[[dial_plan.names]]
name = "BANK"
uri = "sip:bank@example.net"
display = "The Bank"
"""


class Dialling(House):
    """A gateway in Canada."""

    more = DIAL_PLAN

    def config(self) -> Config:
        """The configuration of a gateway there."""
        config = super().config()
        gateway = msgspec.structs.replace(config.gateway, country="CA")
        return msgspec.structs.replace(config, gateway=gateway)

    def submitted(self, **details: Any) -> SubmitSm:
        """The one submit_sm that a message became."""
        sent = self.send(text="Hello", **details)
        self.assertEqual(sent.status, 202)
        (pdu,) = self.centre.submitted
        self.centre.submitted.clear()
        assert isinstance(pdu, SubmitSm)
        return pdu

    def sms(self, source: Address, target: Address | None = None) -> int:
        """What is answered to a short message from there to Alice."""
        statuses: list[list[int]] = []
        options = SmsOptions(source=source, target=target)
        sending = self.centre.send_sms(BOB[4:], ALICE[4:], "Hello", options)
        sending.addCallback(statuses.append)
        self.network.wait_until(lambda: statuses)
        return statuses[0][0]

    def received(
        self, source: Address, target: Address | None = None, user: str = ALICE
    ) -> ReceivedMessage:
        """What a user gets of it."""
        self.assertEqual(self.sms(source, target), CommandStatus.ESME_ROK)
        return self.cpm.user(user).inbox[-1]


class Targets(Dialling):
    def test_dialled(self) -> None:
        """dest_addr: local, international and short numbers by the dial plan."""
        for uri, expected in (
            (f"tel:5145550007;{AT_HOME}", (1, 1, "15145550007")),
            ("sip:5145550007@ims.example.net;user=phone", (1, 1, "15145550007")),
            (f"tel:70007;{AT_HOME}", (1, 1, "151455570007")),
            (f"tel:011442012345678;{AT_HOME}", (1, 1, "442012345678")),
            ("tel:5550007;phone-context=+1514", (1, 1, "15145550007")),
            (f"tel:611;{AT_HOME}", (3, 0, "611")),
            (f"sip:611;{AT_HOME}@ims.example.net;user=phone", (3, 0, "611")),
        ):
            with self.subTest(uri=uri):
                pdu = self.submitted(recipient=uri)
                found = (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
                self.assertEqual(found, expected)

    def refusal(self, **details: Any) -> str:
        """The Warning of a 404."""
        sent = self.send(text="Hello", **details)
        self.assertEqual(sent.status, 404)
        self.assertEqual(self.centre.submitted, [])
        assert sent.response is not None
        return sent.response.headers.get("Warning") or ""

    def test_emergency_numbers(self) -> None:
        """They are never sent to, whomever To names, and the Warning says so."""
        for uri in (
            f"tel:911;{AT_HOME}",
            f"tel:112;{AT_HOME}",
            "sip:911@ims.example.net;user=phone",
            "sip:911@ims.example.net",
        ):
            for details in ({"recipient": uri}, {"request_uri": uri}):
                with self.subTest(details=details):
                    self.assertIn("emergency", self.refusal(**details))

    def test_only_who_was_dialled(self) -> None:
        """Nobody gets what was for another: who is in To counts for nothing.

        (TS Table 1 destination_addr, TS 5.1 step 7a.iii)
        """
        for uri in ("sip:carol@corp.example", "sip:carol@ims.example.net"):
            with self.subTest(uri=uri):
                warning = self.refusal(recipient=BOB, request_uri=uri)
                self.assertIn("the target has no telephone number", warning)

    def test_short_numbers_that_are_not_listed(self) -> None:
        """They are sent to only where the dial plan lists them."""
        warning = self.refusal(recipient=f"tel:4711;{AT_HOME}")
        self.assertIn("the dial plan does not list this short number", warning)

    def test_names(self) -> None:
        """Nothing can be sent to a name: a reply to the bank ends here."""
        warning = self.refusal(recipient=BANK)
        self.assertIn("nothing can be sent to an alphanumeric sender", warning)

    def test_notification_of_a_short_number(self) -> None:
        """A report's IMDN is from the short number, as the original was to it.

        [SCR Int-S-006-O]
        """
        uri = f"tel:611;{AT_HOME}"
        sent = self.send(text="Hello", recipient=uri, imdn=("positive-delivery",))
        (notification,) = sent.notifications
        request = notification.request
        self.assertEqual(request.headers.get(ASSERTED), f"<{uri}>")
        self.assertEqual((str(request.from_.uri), str(request.to.uri)), (uri, ALICE))


class Originators(Dialling):
    def source(self, **details: Any) -> tuple[int, int, str]:
        """source_addr of the submit_sm of a message."""
        pdu = self.submitted(**details)
        return pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr

    def asserted(self, *values: str) -> dict[str, Any]:
        """A message with these lines of P-Asserted-Identity."""
        headers = tuple([(ASSERTED.lower(), value) for value in values])
        return {"without": frozenset({ASSERTED}), "headers": headers}

    def test_two_identities(self) -> None:
        """source_addr: the number of two identities, in either order (RFC 3325 9.1)."""
        sip, tel = "<sip:alice@ims.example.net>", '"Alice" <tel:+15145550009>'
        for values in ((sip, tel), (tel, sip), (f"{sip}, {tel}",)):
            with self.subTest(values=values):
                found = self.source(**self.asserted(*values))
                self.assertEqual(found, (1, 1, "15145550009"))

    def test_local_number(self) -> None:
        """source_addr: the E.164 form of a number that is dialled here."""
        found = self.source(asserted=f"tel:70009;{AT_HOME}")
        self.assertEqual(found, (1, 1, "151455570009"))

    def test_short_number(self) -> None:
        """source_addr: a service with a short number, where that may send."""
        found = self.source(asserted=f"tel:611;{AT_HOME}")
        self.assertEqual(found, (3, 0, "611"))

    def test_user_with_a_name(self) -> None:
        """source_addr: TON 5 and the name that the table has for a user."""
        self.assertEqual(self.source(asserted=BANK), (5, 0, "BANK"))

    def test_user_with_a_name_and_a_number(self) -> None:
        """source_addr: the name comes before the number."""
        found = self.source(**self.asserted(f"<{ALICE}>", f"<{BANK}>"))
        self.assertEqual(found, (5, 0, "BANK"))

    def test_notification_to_a_user_with_a_name(self) -> None:
        """A report's IMDN goes to the user, as the table names it (Table 3)."""
        sent = self.send(sender=BANK, text="Hello", imdn=("positive-delivery",))
        (notification,) = sent.notifications
        self.assertEqual(str(notification.request.uri), BANK)
        self.assertEqual(notification.cpim.get("To"), f"<{BANK}>")

    def test_self_styled_name(self) -> None:
        """Nobody gives itself a name: 488 (TS 5.1 step 3)."""
        sent = self.send(text="Hello", asserted="sip:BANK@ims.example.net")
        self.assertEqual((sent.status, self.centre.submitted), (488, []))

    def test_privacy(self) -> None:
        """Who asks for privacy is refused where no number stands for them."""
        for details in (
            {"privacy": "id"},
            {"sender": "sip:anonymous@anonymous.invalid", "asserted": ALICE},
        ):
            with self.subTest(details=details):
                sent = self.send(text="Hello", **details)
                self.assertEqual((sent.status, self.centre.submitted), (403, []))


class RcsOriginators(Dialling):
    profile = "rcs"

    def test_without_an_e164_number(self) -> None:
        """Who has only a short number or a name is refused with 488.

        [RCC.10 4 unsupported 8]
        """
        for asserted in (BANK, f"tel:611;{AT_HOME}", "sip:alice@ims.example.net"):
            with self.subTest(asserted=asserted):
                sent = self.send(text="Hello", asserted=asserted)
                self.assertEqual((sent.status, self.centre.submitted), (488, []))

    def test_name_beside_an_e164_number(self) -> None:
        """Who has a number too goes by that. [RCC.10 4 unsupported 8]"""
        headers = ((ASSERTED.lower(), f"<{BANK}>, <{ALICE}>"),)
        pdu = self.submitted(without=frozenset({ASSERTED}), headers=headers)
        self.assertEqual(
            (pdu.source_addr_ton, pdu.source_addr), (1, ALICE.removeprefix("tel:+"))
        )

    def test_mapped_to_an_e164_number(self) -> None:
        """A local number that the dial plan maps is an E.164 address."""
        pdu = self.submitted(asserted=f"tel:70009;{AT_HOME}")
        self.assertEqual(pdu.source_addr, "151455570009")


class Senders(Dialling):
    def test_national_number(self) -> None:
        """A national number becomes the tel URI of its E.164 number (Table 9)."""
        message = self.received(Address(2, 1, "5145550002"))
        self.assertEqual(message.request.headers.get(ASSERTED), f"<{BOB}>")

    def test_short_number_and_the_reply(self) -> None:
        """A short number is a local tel URI, and can be answered."""
        message = self.received(Address(3, 0, "611"))
        request = message.request
        uri = f"tel:611;{AT_HOME}"
        self.assertEqual(request.headers.all(ASSERTED), [f"<{uri}>"])
        self.assertEqual(str(request.from_.uri), f"{uri};nccsid=SMS")
        assert message.cpim is not None
        self.assertEqual(message.cpim.get("From"), f"<{uri}>")
        pdu = self.submitted(recipient=str(request.from_.uri))
        self.assertEqual(pdu.destination_addr, "611")

    def test_listed_name(self) -> None:
        """A name of the table is its user, and shown as the table has it."""
        message = self.received(Address(5, 0, "Bank"))
        request = message.request
        self.assertEqual(request.headers.all(ASSERTED), [f'"The Bank" <{BANK}>'])
        self.assertEqual(request.from_.display_name, "The Bank")
        self.assertEqual(str(request.from_.uri), f"{BANK};nccsid=SMS")
        assert message.cpim is not None
        self.assertEqual(message.cpim.get("From"), f"The Bank <{BANK}>")
        self.assertNotIn("Privacy", request.headers)

    def test_step_1_other_names(self) -> None:
        """1. A name without a number is refused for good: 0x65."""
        self.assertEqual(self.sms(Address(5, 0, "SHOP")), CommandStatus.ESME_RX_P_APPN)
        self.assertEqual(self.cpm.user(ALICE).inbox, [])

    def test_short_number_as_target(self) -> None:
        """Who has a short number in CPM is reached by its local tel URI."""
        uri = f"tel:611;{AT_HOME}"
        target = Address(3, 0, "611")
        message = self.received(Address(1, 1, BOB[5:]), target, user=uri)
        self.assertEqual(
            (str(message.request.uri), str(message.request.to.uri)), (uri, uri)
        )

    def test_targets_that_are_nobody(self) -> None:
        """Names, emergency numbers and unlisted short numbers: ESME_RINVDSTADR."""
        for target in (
            Address(5, 0, "BANK"),
            Address(3, 0, "911"),
            Address(3, 0, "12"),
        ):
            with self.subTest(target=target):
                status = self.sms(Address(1, 1, BOB[5:]), target)
                self.assertEqual(status, CommandStatus.ESME_RINVDSTADR)


class StoredBefore(Dialling):
    def test_plan_that_changed(self) -> None:
        """What was let in by another dial plan is refused, and kept no longer."""
        statuses: list[list[int]] = []
        options = SmsOptions(source=Address(3, 0, "611"), order=(1,))
        sending = self.centre.send_sms("611", ALICE[4:], "x" * 300, options)
        sending.addCallback(statuses.append)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [[CommandStatus.ESME_ROK]])
        plan = msgspec.structs.replace(
            self.gateway.config.dial_plan, short_senders=False
        )
        self.gateway.config = msgspec.structs.replace(
            self.gateway.config, dial_plan=plan
        )
        self.pass_time(700)
        self.assertEqual(self.cpm.user(ALICE).inbox, [])
        overdue = self.gateway.store.received.overdue(self.gateway.now() + 10_000)
        found: list[list[str]] = []
        overdue.addCallback(found.append)
        self.network.wait_until(lambda: found)
        self.assertEqual(found, [[]])


class AnyName(Dialling):
    more = '[dial_plan]\nalphanumeric = "sip"\nnames_domain = "sms.example.net"'

    def test_name(self) -> None:
        """By policy a name becomes a SIP URI, with nccsid in From."""
        request = self.received(Address(5, 0, "My Shop")).request
        uri = "sip:My%20Shop@sms.example.net"
        self.assertEqual(request.headers.all(ASSERTED), [f"<{uri}>"])
        self.assertEqual(str(request.from_.uri), f"{uri};nccsid=SMS")
        self.assertEqual(nccsid_of(request.from_.uri), "SMS")

    def test_reply(self) -> None:
        """There is no way back to a name: 404."""
        request = self.received(Address(5, 0, "My Shop")).request
        sent: SentMessage = self.send(text="Hello", recipient=str(request.from_.uri))
        self.assertEqual((sent.status, self.centre.submitted), (404, []))

    def test_names_that_pass_for_numbers(self) -> None:
        """A name that reads as a number, or as nobody, is refused: 0x65."""
        for text in ("+1514555000", "15145550001", "911", "+1234", "anonymous"):
            with self.subTest(text=text):
                status = self.sms(Address(5, 0, text))
                self.assertEqual(status, CommandStatus.ESME_RX_P_APPN)
        self.assertEqual(self.cpm.user(ALICE).inbox, [])


class Prefixes(Dialling):
    """Prefixes are those of numbers: no name or short number begins with one."""

    more = DIAL_PLAN + '\n[[policy.selection.targets]]\nprefix = "+"\nservices = []\n'

    def test_rules_for_targets(self) -> None:
        """A rule for all numbers says nothing of short numbers (TS 5.1 step 2)."""
        self.assertEqual(self.send(text="Hello").status, 488)
        self.assertEqual(
            self.submitted(recipient=f"tel:611;{AT_HOME}").dest_addr_ton, 3
        )
