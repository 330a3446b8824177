"""Who a CPM request is from, and to whom (TS Table 1, conversation TS 6.1)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.addressing.own import own_names
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.parties import (
    EMERGENCY,
    NO_REPLY,
    NOT_LISTED,
    Parties,
    mailbox_of,
    parties_of,
    parties_of_group,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import parse_uri
from tests.addressing.plans import DOMAIN, e164, name, plan, short
from tests.iwf.requests import ALICE, BOB, PLAN, request_of

NO_IDENTITY = frozenset({"P-Asserted-Identity"})
HERE = plan(
    country="CA",
    international_prefix="011",
    short_numbers=["611"],
    rules=[{"prefix": "7", "add": "+1514555", "digits": 5}],
    names=[{"name": "BANK", "uri": "sip:bank@example.net"}],
    short_senders=True,
)
OURS = msgspec.structs.replace(
    PLAN, own=own_names((DOMAIN,), parse_uri(f"sip:CPM-IWF@{DOMAIN}"))
)
AT_HOME = f"phone-context={DOMAIN}"


def parties(using: DialPlan = PLAN, **details: Any) -> Parties:
    """The parties of a message from Alice to Bob, changed so."""
    return parties_of(request_of(**details), using)


def asserting(*values: str, using: DialPlan = PLAN, **details: Any) -> Parties:
    """The parties of a message with these lines of P-Asserted-Identity."""
    headers = tuple([("p-asserted-identity", value) for value in values])
    return parties(using, without=NO_IDENTITY, headers=headers, **details)


class OriginatorOfARequest(SynchronousTestCase):
    def test_asserted(self) -> None:
        """The number of P-Asserted-Identity, a tel URI or SIP with user=phone."""
        for uri in ("tel:+15145550009", "sip:+15145550009@x;user=phone"):
            found = parties(asserted=uri).originator
            self.assertEqual(found.address, e164("+15145550009"))
            self.assertTrue(found.asserted)

    def test_of_two_identities(self) -> None:
        """Of a SIP and a tel identity the one with a number, in either order."""
        sip, tel = "<sip:alice@ims.example.net>", "<tel:+15145550009>"
        for values in ((sip, tel), (tel, sip), (f"{sip}, {tel}",), (f"{tel}, {sip}",)):
            with self.subTest(values=values):
                found = asserting(*values).originator
                self.assertEqual(found.address, e164("+15145550009"))
                self.assertEqual((f"<{found.sip}>", f"<{found.tel}>"), (sip, tel))

    def test_from(self) -> None:
        """Without an asserted identity, the number of From."""
        found = parties(without=NO_IDENTITY).originator
        self.assertEqual(found.address, e164(ALICE[4:]))
        self.assertFalse(found.asserted)

    def test_nobody(self) -> None:
        """An asserted identity without a number is not made good by From."""
        found = parties(asserted="sip:alice@ims.example.net")
        self.assertIsNone(found.originator.address)
        self.assertEqual(found.originator_text, "")

    def test_kinds(self) -> None:
        """A local number, a short number that may send, a user with a name."""
        for asserted, expected in (
            (f"tel:5145550009;{AT_HOME}", e164("+15145550009")),
            (f"tel:70009;{AT_HOME}", e164("+151455570009")),
            (f"tel:611;{AT_HOME}", short("611")),
            ("sip:bank@example.net", name("BANK")),
        ):
            with self.subTest(asserted=asserted):
                found = parties(HERE, asserted=asserted)
                self.assertEqual(found.originator.address, expected)
                self.assertEqual(found.originator_text, expected.text)

    def test_hidden(self) -> None:
        """Privacy with id, user or header, or an anonymous From (RFC 3323, 3325)."""
        cases: tuple[tuple[dict[str, Any], bool], ...] = (
            ({"privacy": "id"}, True),
            ({"privacy": "user;header"}, True),
            ({"privacy": "none"}, False),
            ({}, False),
            (
                {"sender": "sip:anonymous@anonymous.invalid", "asserted": ALICE},
                True,
            ),
        )
        for details, expected in cases:
            with self.subTest(details=details):
                found = parties(**details).originator
                self.assertIs(found.hidden, expected)
                self.assertEqual(found.address, e164(ALICE[4:]))

    def test_malformed(self) -> None:
        """An identity that is malformed is told as such."""
        self.assertRaises(SipSyntaxError, asserting, "<<nobody")


class TargetOfARequest(SynchronousTestCase):
    def test_number(self) -> None:
        """Of the Request-URI; of To where that names the gateway, and nobody else."""
        for request_uri, recipient, expected in (
            ("", BOB, BOB[4:]),
            ("sip:+15145550007@x;user=phone", BOB, "+15145550007"),
            ("sip:ims.example.net", BOB, BOB[4:]),
            ("sip:CPM-IWF@IMS.example.net", BOB, BOB[4:]),
            ("sip:ims.example.net", "sip:bob@ims.example.net", ""),
            ("sip:carol@ims.example.net", BOB, ""),
            ("sip:carol@corp.example", BOB, ""),
            ("sip:12@ims.example.net", BOB, ""),
            ("sip:CPM-IWF@corp.example", BOB, ""),
            ("sip:corp.example", BOB, ""),
            ("mailto:bob@corp.example", BOB, ""),
            ("urn:service:counseling", BOB, ""),
        ):
            with self.subTest(request_uri=request_uri, recipient=recipient):
                found = parties(OURS, request_uri=request_uri, recipient=recipient)
                self.assertEqual((found.target_text, found.fault), (expected, ""))

    def test_number_of_a_group(self) -> None:
        """Of the Request-URI alone, for an invitation to a group (TS 5.1 step 8 c)."""
        for request_uri, expected in (
            ("tel:+15145550007", "+15145550007"),
            ("sip:CPM-IWF@ims.example.net", ""),
            ("sip:carol@corp.example", ""),
        ):
            found = parties_of_group(request_of(request_uri=request_uri), OURS)
            self.assertEqual(found.target_text, expected)
            self.assertEqual(str(found.target_uri), request_uri)

    def test_mailbox(self) -> None:
        """That of the one who has the number, if there is any."""
        for uri, expected in (
            ("mailto:bob@example.net", "bob@example.net"),
            ("mailto:bob@example.net?subject=x", "bob@example.net"),
            ("sip:bob@example.net", "bob@example.net"),
            ("sip:+15145550002@example.net;user=phone", ""),
            ("sip:+15145550002@example.net", ""),
            ("sip:bob%2Bx@example.net", "bob+x@example.net"),
            ("mailto:bob%2Bx@example.net", "bob+x@example.net"),
            ("mailto:a@example.net,b@example.net", ""),
            ("mailto:bob", ""),
            ("sip:example.net", ""),
            ("sip:CPM-IWF@ims.example.net", ""),
            ("sip:911@example.net", ""),
            (BOB, ""),
            ("im:bob@example.net", ""),
        ):
            with self.subTest(uri=uri):
                self.assertEqual(mailbox_of(parse_uri(uri), OURS), expected)
                found = parties(OURS, request_uri="sip:ims.example.net", recipient=uri)
                self.assertEqual(found.mailbox, expected)

    def test_dialled(self) -> None:
        """Local, international and short numbers by the dial plan."""
        for uri, expected in (
            (f"tel:5145550007;{AT_HOME}", e164("+15145550007")),
            (f"tel:011442012345678;{AT_HOME}", e164("+442012345678")),
            (f"sip:70007@{DOMAIN};user=phone", e164("+151455570007")),
            (f"tel:611;{AT_HOME}", short("611")),
        ):
            with self.subTest(uri=uri):
                self.assertEqual(parties(HERE, recipient=uri).target, expected)

    def test_not_routed(self) -> None:
        """What is no target says why, and To takes nobody's place."""
        for uri, fault in (
            (f"tel:911;{AT_HOME}", EMERGENCY),
            (f"sip:112@{DOMAIN};user=phone", EMERGENCY),
            ("sip:911@corp.example", EMERGENCY),
            ("urn:service:sos.fire", EMERGENCY),
            (f"tel:4711;{AT_HOME}", NOT_LISTED),
            ("sip:bank@example.net", NO_REPLY),
            (f"tel:12;{AT_HOME}", ""),
        ):
            for request_uri, recipient in ((uri, BOB), (f"sip:{DOMAIN}", uri)):
                with self.subTest(request_uri=request_uri, recipient=recipient):
                    found = parties(HERE, request_uri=request_uri, recipient=recipient)
                    self.assertIsNone(found.target)
                    self.assertEqual(found.fault, fault)


class EndsOfAMessage(SynchronousTestCase):
    def refusal(self, **details: Any) -> CannotInterwork:
        """Why a message has no ends."""
        refusal: CannotInterwork = self.assertRaises(
            CannotInterwork, parties(**details).ends
        )
        return refusal

    def test_both(self) -> None:
        """The addresses of both."""
        self.assertEqual(parties().ends(), (e164(ALICE[4:]), e164(BOB[4:])))

    def test_no_originator(self) -> None:
        """488 without an originator's address (TS 5.1 step 3)."""
        refusal = self.refusal(asserted="sip:alice@ims.example.net")
        self.assertEqual(
            (refusal.status, refusal.cause), (488, "no-originator-address")
        )

    def test_no_target(self) -> None:
        """404 without a target's."""
        refusal = self.refusal(recipient="sip:bob@ims.example.net")
        self.assertEqual((refusal.status, refusal.cause), (404, "unroutable-target"))

    def test_text(self) -> None:
        """Of every kind of address, its text."""
        addresses: tuple[PhoneAddress, ...] = (e164("+15145550001"), short("611"))
        for address in addresses:
            found = parties(HERE, recipient=str(HERE.uri_of(address)))
            self.assertEqual(found.target_text, address.text)
