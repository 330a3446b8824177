"""The rules that the tables name, where a value decides (TS Tables 1, 2, 3 and 9)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.originator import Identity
from cpmgw.config import SmscConfig
from cpmgw.iwf import notification_rules as common
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sms import notification_rules, pager_rules, rules
from cpmgw.iwf.sms.largeinvitation import large_request
from cpmgw.iwf.sms.pagermessage import pager_request
from cpmgw.iwf.sms.shortmessage import (
    AcceptedMessage,
    InboundMessage,
    OutboundSegment,
    StatusReport,
)
from cpmgw.policy import Policy
from cpmgw.records import Collected, ImdnContext, ReceivedSegment
from cpmgw.sip.uri import TelUri
from tests.addressing.plans import e164, name, plan, short, sip
from tests.iwf.requests import PLAN, message_of
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.text.encoding import prepare
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.tlv import Tag, of_integer

CENTRE = SmscConfig(name="home", host="127.0.0.1", system_id="x")
ENDS = Ends(e164("+15145550002"), e164("+15145550001"))
IDENTITY = "f81d4fae7dec41d0a76500a0c91e6bf6"


class Table1(SynchronousTestCase):
    def source(self, policy: Policy | None = None, **details: Any) -> OutboundSegment:
        """A segment to be sent."""
        message = message_of(**details)
        (segment,) = prepare("Hello", TextPolicy(), 1)
        return OutboundSegment(
            message, segment, message.parties.ends(), PLAN, CENTRE, policy or Policy()
        )

    def test_addresses(self) -> None:
        """source_addr and dest_addr: TON and NPI of numbers, short numbers and names.

        [SCR Int-S-005-O]
        """
        numbering = plan(short_ton=6, short_npi=9)
        for address, expected in (
            (e164("+15145550001"), (1, 1, "15145550001")),
            (short("611"), (6, 9, "611")),
            (name("BANK"), (5, 0, "BANK")),
        ):
            source = msgspec.structs.replace(
                self.source(), plan=numbering, ends=Ends(address, address)
            )
            with self.subTest(address=address):
                self.assertEqual(rules.originating_address(source), expected)
                self.assertEqual(rules.target_address(source), expected)

    def test_registered_delivery(self) -> None:
        """01 where a success was asked for, 10 for failure only, else by policy."""
        for imdn, expected in (
            (("positive-delivery",), 1),
            (("interworking", "negative-delivery"), 1),
            (("negative-delivery",), 2),
            (("negative-delivery", "display"), 2),
            (("display", "processing"), 0),
            ((), 0),
        ):
            with self.subTest(imdn=imdn):
                source = self.source(imdn=imdn)
                self.assertEqual(rules.registered_delivery(source), expected)

    def test_registered_delivery_by_policy(self) -> None:
        """Policy may ask for receipts that nobody else did (6.2.3)."""
        policy = Policy(registered_delivery_otherwise=2)
        self.assertEqual(rules.registered_delivery(self.source(policy, imdn=())), 2)

    def test_nothing_without_a_message_id(self) -> None:
        """What has no Message-ID cannot be notified (RFC 5438 6.3)."""
        source = self.source(message_id="", imdn=("positive-delivery",))
        self.assertEqual(rules.registered_delivery(source), 0)

    def test_originating_address_is_the_one_to_show(self) -> None:
        """source_addr is that of the source, not the message's own."""
        ends = ENDS._replace(originator=e164("+15145550100"))
        source = msgspec.structs.replace(self.source(), ends=ends)
        self.assertEqual(rules.originating_address(source), (1, 1, "15145550100"))

    def test_store_and_forward(self) -> None:
        """esm_class: store and forward, with the UDH indicator where there is one."""
        policy = TextPolicy(segmentation=Segmentation.UDH_8, max_segments=9)
        whole = prepare("x" * 200, policy, 1)
        source = msgspec.structs.replace(self.source(), segment=whole[0])
        self.assertEqual(rules.store_and_forward(source), 0x43)
        self.assertEqual(rules.store_and_forward(self.source()), 0x03)

    def test_language_indicator(self) -> None:
        """language_indicator: SMPP's number, 0 for others, None without a header."""
        for value, expected in (("de-CH", 4), ("tlh", 0), ("", None)):
            source = self.source(content_language=value)
            self.assertEqual(rules.language_indicator(source), expected)


class Table2(SynchronousTestCase):
    def test_identifiers_that_are_not_there(self) -> None:
        """Identifiers that were not received are not made up."""
        source = AcceptedMessage(message_of(), "Hello", Policy())
        self.assertIsNone(rules.stored_in_reply_to(source))

    def test_code_by_policy(self) -> None:
        """202, or 200 by policy (NOTES 1)."""
        for status, reason in ((202, "Accepted"), (200, "OK")):
            policy = Policy(pager_success_status=status)  # type: ignore[arg-type]
            source = AcceptedMessage(message_of(), "Hello", policy)
            self.assertEqual(rules.code_and_reason(source), (status, reason))


class Table3(SynchronousTestCase):
    def source(self, **context: Any) -> StatusReport:
        """A report on a message."""
        values: dict[str, Any] = {
            "originator": "tel:+15145550001",
            "recipient": "tel:+15145550002",
            "datetime": "2026-01-01T00:00:00Z",
        }
        return StatusReport(
            context=ImdnContext(**values | context),
            delivery="",
            interworking="",
            new_message_id="n",
            now=0.0,
        )

    def test_from_is_the_to_of_the_original(self) -> None:
        """From: the SIP To; CPIM From: the CPIM To, without it the SIP To."""
        rule = notification_rules.recipient_of_the_original
        bob = "tel:+15145550002"
        self.assertEqual(rule(self.source()), ((bob,), bob, bob))
        anonymous = "sip:anonymous@anonymous.invalid"
        named = self.source(cpim_to=anonymous)
        self.assertEqual(rule(named), ((bob,), bob, anonymous))

    def test_to_is_the_originator(self) -> None:
        """Request-URI gives way to the topmost IMDN-Record-Route; To does not."""
        rule = notification_rules.originator_of_the_original
        alice = "tel:+15145550001"
        self.assertEqual(rule(self.source()), (alice, alice, alice))
        routed = self.source(record_route=("sip:one@x", "sip:two@x"))
        self.assertEqual(rule(routed), ("sip:one@x", alice, alice))
        self.assertEqual(common.route(routed), ("sip:one@x", "sip:two@x"))
        self.assertIsNone(common.route(self.source()))

    def test_what_was_not_there_is_left_out(self) -> None:
        """Conditional parameters are None without their source."""
        source = self.source()
        for rule in (
            common.conversation_id,
            common.contribution_id,
            common.original_to,
            notification_rules.delivery_status,
            notification_rules.interworking_status,
        ):
            self.assertIsNone(rule(source))


class Table9(SynchronousTestCase):
    def source(self, pdu: DeliverSm | DataSm, **more: Any) -> InboundMessage:
        """A received message."""
        segment = ReceivedSegment(
            collection="c",
            number=1,
            total=1,
            octets=b"",
            fingerprint=b"",
            centre="home",
            session="s",
            received=86_400.0,
            expires=0.0,
        )
        values: dict[str, Any] = {
            "pdu": pdu,
            "text": "Grüße",
            "collected": Collected(
                collection="c",
                identity=IDENTITY,
                total=1,
                segments=(segment,),
                delivered=0.0,
                expires=0.0,
            ),
            "ends": ENDS,
            "sender": Identity(address=ENDS.originator),
            "recipient": TelUri("+15145550001"),
            "plan": PLAN,
            "domain": "ims.example.net",
            "policy": Policy(),
        }
        return InboundMessage(**values | more)

    def test_priority(self) -> None:
        """Priority: by policy; data_sm has none."""
        self.assertEqual(
            pager_rules.priority(self.source(DeliverSm(priority_flag=2))), "urgent"
        )
        self.assertIsNone(pager_rules.priority(self.source(DataSm())))

    def test_max_forwards(self) -> None:
        """Max-Forwards: by policy, in large message mode as well (Table 11)."""
        source = self.source(DeliverSm(), policy=Policy(max_forwards=9))
        large = large_request(
            source, contact=sip("sip:us@x"), call_id="c", tag="t", body=b"", now=0.0
        )
        for request in (pager_request(source), large):
            self.assertEqual(request.headers.get("Max-Forwards"), "9")

    def test_content_language(self) -> None:
        """Content-Language: a language that SMPP names, nothing for unspecified."""
        for value, expected in ((2, "fr"), (0, None), (200, None)):
            tlvs = (of_integer(Tag.LANGUAGE_INDICATOR, value),)
            source = self.source(DeliverSm(tlvs=tlvs))
            self.assertEqual(pager_rules.content_language(source), expected)
        self.assertIsNone(pager_rules.content_language(self.source(DeliverSm())))

    def test_identifiers(self) -> None:
        """Contribution-ID is the stored identity; Conversation-ID the two people's."""
        source = self.source(DeliverSm())
        contribution = pager_rules.contribution_id(source)
        self.assertEqual(contribution.replace("-", ""), IDENTITY)
        ends = ENDS._replace(originator=e164("+15145550003"))
        other = self.source(DeliverSm(), ends=ends)
        self.assertNotEqual(
            pager_rules.conversation_id(source), pager_rules.conversation_id(other)
        )

    def test_identifiers_of_who_is_known_by_more(self) -> None:
        """The identifiers are the same whether or not SIP URIs were found."""
        source = self.source(DeliverSm())
        known = self.source(
            DeliverSm(),
            sender=Identity(address=ENDS.originator, sip=sip("sip:bob@example.net")),
            recipient=sip("sip:alice@example.net"),
        )
        for rule in (pager_rules.conversation_id, pager_rules.contribution_id):
            self.assertEqual(rule(known), rule(source))

    def test_sender_identities(self) -> None:
        """tel in both; with a SIP URI, that in both and tel beside it (Table 9)."""
        asserted, from_ = pager_rules.sender_identities(self.source(DeliverSm()))
        self.assertEqual([str(each) for each in asserted], ["<tel:+15145550002>"])
        self.assertEqual(str(from_), "<tel:+15145550002;nccsid=SMS>")
        sender = Identity(
            address=ENDS.originator, sip=sip("sip:bob@example.net"), display_name="Bob"
        )
        known = self.source(DeliverSm(), sender=sender)
        asserted, from_ = pager_rules.sender_identities(known)
        self.assertEqual(
            [str(each) for each in asserted],
            ['"Bob" <sip:bob@example.net>', '"Bob" <tel:+15145550002>'],
        )
        self.assertEqual(str(from_), '"Bob" <sip:bob@example.net;nccsid=SMS>')
        self.assertIn(b"From: Bob <sip:bob@example.net>\r\n", pager_rules.body(known))

    def test_target_address(self) -> None:
        """To and Request-URI are the same, and so is the CPIM To."""
        source = self.source(DeliverSm(), recipient=sip("sip:alice@example.net"))
        to, uri = pager_rules.target_address(source)
        self.assertEqual(
            (str(to), str(uri)), ("<sip:alice@example.net>", "sip:alice@example.net")
        )
        self.assertIn(b"To: <sip:alice@example.net>\r\n", pager_rules.body(source))

    def test_body_is_the_same_each_time(self) -> None:
        """Made again from what is stored, the body is the same to the octet."""
        source = self.source(DeliverSm())
        self.assertEqual(pager_rules.body(source), pager_rules.body(source))
        self.assertIn("Grüße".encode(), pager_rules.body(source))
        self.assertIn(IDENTITY.encode(), pager_rules.body(source))
        self.assertIn(b"1970-01-02T00:00:00Z", pager_rules.body(source))
