"""Tables 35 to 38: MMS to pager mode CPM messages (TS 6.3.1.2.1)."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from cpmgw.cpm.mime import split_multipart
from cpmgw.cpm.resource_lists import parse_resource_lists, recipient_list
from cpmgw.iwf.mms.delivered import Delivered
from cpmgw.iwf.mms.inbound import Send
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.responses import WORTH
from cpmgw.iwf.mms.tables.table_35 import TABLE_35_SMTP
from cpmgw.iwf.mms.tables.table_36 import TABLE_36_SIP_MESSAGE
from cpmgw.iwf.mms.tables.table_38 import MSRP_STATUS, TABLE_38_STATUS
from cpmgw.mm4.entity import leaf, multipart
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.smtp.interfaces import Reply
from tests.addressing.plans import sip
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    ALICE,
    BOB,
    CAROL,
    NOW,
    SYSTEM,
    InboundRoom,
)

S = RequestStatus
DAN = f"+15145550004/TYPE=PLMN@{DOMAIN}"


class Table35(InboundRoom):
    def test_to_and_request_uri(self) -> None:
        """To, Request-URI: the number of RCPT To. [TS 6.3.1.2.1 step 2]"""
        request = self.came()
        self.assertEqual(str(request.uri), "tel:+15145550001")
        self.assertEqual(str(request.to.uri), "tel:+15145550001")
        self.assertEqual(TABLE_35_SMTP.names, ("To", "Request-URI"))

    def test_sip_uri(self) -> None:
        """To, Request-URI: its SIP URI, where one is known."""
        alice = sip("sip:alice@ims.example.net")
        self.house.directory.known["+15145550001"] = alice
        self.assertEqual(self.came().uri, alice)

    def test_each_recipient(self) -> None:
        """A message for each RCPT To. [TS 6.3.1.2.1 NOTE]"""
        self.forward(ALICE, CAROL)
        uris = [str(each.uri) for each in self.requests]
        self.assertEqual(uris, ["tel:+15145550001", "tel:+15145550003"])
        ids = {each.headers.get("Contribution-ID") for each in self.requests}
        self.assertEqual(len(ids), 2)


class Table36(InboundRoom):
    def test_user_agent(self) -> None:
        """User-Agent: the IWF's release."""
        agent = self.came().headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-MMS-client/OMA2.1"), agent)

    def test_sender(self) -> None:
        """P-Asserted-Identity, From: the tel URI of the sender; From has nccsid."""
        request = self.came()
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"), ["<tel:+15145550002>"]
        )
        self.assertEqual(str(request.from_.uri), "tel:+15145550002;nccsid=MMS")

    def test_sender_with_sip_uri(self) -> None:
        """P-Asserted-Identity, From: a SIP URI in both, the tel URI beside it."""
        self.house.directory.known["+15145550002"] = sip("sip:bob@ims.example.net")
        request = self.came()
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"),
            ["<sip:bob@ims.example.net>", "<tel:+15145550002>"],
        )
        self.assertEqual(str(request.from_.uri), "sip:bob@ims.example.net;nccsid=MMS")

    def test_date(self) -> None:
        """Date: that of the MMS, otherwise now."""
        self.assertEqual(
            self.came(date=NOW - 50).headers.get("Date"),
            formatdate(NOW - 50, usegmt=True),
        )
        self.assertEqual(
            self.came(identifier="t-2").headers.get("Date"),
            formatdate(NOW, usegmt=True),
        )

    def test_expires(self) -> None:
        """Expires: Time of Expiry, as seconds from now; by policy no more than so."""
        self.choose({"longest_expiry": 1_000})
        for place, (expiry, expected) in enumerate(
            ((NOW + 500, "500"), (NOW + 1_000, "1000"), (NOW + 1_001, "1000"))
        ):
            request = self.came(identifier=f"t-{place}", expiry=expiry)
            self.assertEqual(request.headers.get("Expires"), expected)
        self.assertIsNone(self.came(identifier="t-9").headers.get("Expires"))

    def asked(self, **details: Any) -> str | None:
        """What Disposition-Notification asks for."""
        return self.cpim(self.came(**details)).imdn("Disposition-Notification")

    def test_delivery_report(self) -> None:
        """imdn.Disposition-Notification: positive-delivery, negative-delivery."""
        asked = self.asked(delivery_report=True)
        self.assertEqual(asked, "positive-delivery, negative-delivery")
        self.assertIsNone(self.asked(identifier="t-2"))

    def test_delivery_report_in_rcs(self) -> None:
        """negative-delivery is not asked for by policy. [RCC.10 4 concepts 8]"""
        self.choose(ask_negative_delivery=False)
        self.assertEqual(self.asked(delivery_report=True), "positive-delivery")

    def test_read_reply(self) -> None:
        """imdn.Disposition-Notification: display, beside others."""
        self.assertEqual(self.asked(read_reply=True), "display")
        asked = self.asked(identifier="t-2", read_reply=True, delivery_report=True)
        self.assertEqual(asked, "positive-delivery, negative-delivery, display")

    def test_privacy(self) -> None:
        """Privacy: id, and an anonymous From, where Sender visibility is Hide."""
        request = self.came(hide=True)
        self.assertEqual(request.headers.get("Privacy"), "id")
        self.assertEqual(
            str(request.from_.uri), "sip:anonymous@anonymous.invalid;nccsid=MMS"
        )
        self.assertEqual(request.from_.display_name, "Anonymous")
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"), ["<tel:+15145550002>"]
        )
        self.assertNotIn(b"+15145550002", request.body)
        shown = self.came(identifier="t-2")
        self.assertIsNone(shown.headers.get("Privacy"))

    def test_alias(self) -> None:
        """From has the display name of policy; by none, none."""
        self.choose(anonymous_display_name="Somebody")
        self.assertEqual(self.came(hide=True).from_.display_name, "Somebody")
        self.choose(anonymous_display_name="")
        request = self.came(hide=True, identifier="t-2")
        self.assertEqual(request.from_.display_name, "")

    def test_who_hides_is_not_known_again(self) -> None:
        """A hidden sender's messages are in no conversation of theirs."""
        shown = self.came()
        hidden = self.came(hide=True, identifier="t-2")
        again = self.came(hide=True, identifier="t-3")
        ids = {e.headers.get("Conversation-ID") for e in (shown, hidden, again)}
        self.assertEqual(len(ids), 3)

    def test_subject(self) -> None:
        """Subject: only if the MMS has one."""
        self.assertEqual(self.came(subject="Hi!").headers.get("Subject"), "Hi!")
        self.assertIsNone(self.came(identifier="t-2").headers.get("Subject"))

    def test_max_forwards(self) -> None:
        """Max-Forwards: by policy."""
        self.choose(max_forwards=9)
        self.assertEqual(self.came().headers.get("Max-Forwards"), "9")

    def test_body(self) -> None:
        """Body: the content in a CPIM wrapper, between the users."""
        cpim = self.cpim(self.came(date=NOW))
        self.assertEqual(cpim.content, b"Hello")
        self.assertEqual(cpim.content_type, "text/plain")
        self.assertEqual(cpim.get("From"), "<tel:+15145550002>")
        self.assertEqual(cpim.get("To"), "<tel:+15145550001>")
        self.assertTrue((cpim.get("DateTime") or "").endswith("Z"))

    def test_unmodified(self) -> None:
        """SMIL crosses as it came: each part with its fields. [TS 6.3 2]"""
        smil = leaf("application/smil", b"<smil/>", content_id="<s>")
        text = leaf("text/plain; charset=utf-8", "Grüße".encode(), content_id="<t>")
        entity = multipart(
            "related", (smil, text), start="<s>", type="application/smil"
        )
        cpim = self.cpim(self.came(entity=entity))
        self.assertIn("multipart/related", cpim.content_type)
        self.assertIn('start="<s>"', cpim.content_type)
        for piece in (b"<smil/>", "Grüße".encode(), b"Content-ID: <t>"):
            self.assertIn(piece, cpim.content)

    def test_call_id(self) -> None:
        """Call-ID, CSeq: new ones."""
        first, second = self.came(), self.came(identifier="t-2")
        self.assertNotEqual(first.call_id, second.call_id)
        self.assertEqual(first.headers.get("CSeq"), "1 MESSAGE")

    def test_of_pager_mode(self) -> None:
        """It is of pager mode (conversation TS 7.2.1.1)."""
        headers = self.came().headers
        self.assertIn("oma.cpm.msg", headers.get("Accept-Contact") or "")
        self.assertIn("oma.cpm.msg", headers.get("P-Asserted-Service") or "")

    def test_rows(self) -> None:
        """Its rows are those of the TS."""
        self.assertEqual(
            TABLE_36_SIP_MESSAGE.names,
            (
                "User-Agent",
                "recipient-list-history",
                "P-Asserted-Identity",
                "From",
                "Date",
                "Expires",
                "CPIM delivery report",
                "Privacy",
                "CPIM read reply",
                "Subject",
                "Max-Forwards",
                "Body",
                "Via",
                "CSeq",
                "Call-ID",
            ),
        )


class History(InboundRoom):
    def told(self, *recipients: str, **details: Any) -> list[tuple[str, str]]:
        """The recipients that are told, and how each was addressed."""
        request = self.came(*recipients, **details)
        content_type = request.headers.get("Content-Type") or ""
        entries = recipient_list(content_type, request.body)
        return [
            (each.uri, each.copy_control.value if each.copy_control else "")
            for each in entries
        ]

    def test_one(self) -> None:
        """Of one recipient there is no list (Table 36 NOTE 3)."""
        self.assertEqual(self.came().headers.get("Content-Type"), "message/cpim")

    def test_several(self) -> None:
        """recipient-list-history: To and Cc; a SIP URI where one is known."""
        self.house.directory.known["+15145550003"] = sip("sip:carol@ims.example.net")
        self.assertEqual(
            self.told(to=(ALICE, CAROL), cc=(DAN,)),
            [
                ("tel:+15145550001", "to"),
                ("sip:carol@ims.example.net", "to"),
                ("tel:+15145550004", "cc"),
            ],
        )
        self.assertEqual(self.cpim(self.requests[-1]).content, b"Hello")

    def test_bcc(self) -> None:
        """Whoever is in Bcc is told of itself alone; of others only how many."""
        told = self.told(to=(CAROL,), bcc=(ALICE, DAN))
        self.assertEqual(
            told,
            [
                ("tel:+15145550003", "to"),
                ("tel:+15145550001", "bcc"),
                ("sip:anonymous@anonymous.invalid", "bcc"),
            ],
        )
        boundary = (self.requests[-1].headers.get("Content-Type") or "").partition(
            'boundary="'
        )[2]
        part = split_multipart(self.requests[-1].body, boundary.rstrip('"'))[1]
        self.assertEqual(parse_resource_lists(part.body)[-1].count, 1)
        self.assertEqual(part.disposition, "recipient-list-history")

    def test_mail_addresses(self) -> None:
        """E-mail addresses are told, by policy not.

        [RCC.10 6.3.1.2.1 difference 2] [RCC.10 6.3.1.2.2 difference 4]
        """
        to = (ALICE, "dave@mail.test")
        self.assertEqual(self.told(to=to)[1], ("mailto:dave@mail.test", "to"))
        self.choose({"history_addresses": "no_email"})
        self.assertEqual(
            self.told(to=to, identifier="t-2"), [("tel:+15145550001", "to")]
        )

    def test_many(self) -> None:
        """Of very many recipients as many are told as are looked at."""
        many = tuple(f"+1514556{n:04}/TYPE=PLMN@{DOMAIN}" for n in range(250))
        large: list[InboundMms] = []

        class Large:
            def prepared(self, message: InboundMms, body: bytes) -> Send:
                large.append(message)
                return self.send

            async def send(self) -> Delivered:
                return Delivered(S.OK)

        self.large = Large()
        self.build()
        self.forward(to=many)
        self.assertEqual(len(large[0].history), 200)


class Table37(InboundRoom):
    def envelope(self, mail_from: str = BOB, **details: Any) -> tuple[str, str]:
        """Between whom the response goes."""
        self.forward(mail_from=mail_from, **details)
        envelope = self.link.sent[-1][0]
        return envelope.sender, envelope.recipients[0].address

    def test_mail_from(self) -> None:
        """MAIL From: our own address. [TS 6.3.1.2.1 step 6]"""
        self.assertEqual(self.envelope()[0], f"system-user@{DOMAIN}")

    def test_rcpt_to(self) -> None:
        """RCPT To: the MAIL From of the request."""
        self.assertEqual(self.envelope("relay@mms.test")[1], "relay@mms.test")

    def test_rcpt_to_without_a_domain(self) -> None:
        """RCPT To: the system address where that has no domain, or is empty."""
        for place, mail_from in enumerate(("", "+15145550002/TYPE=PLMN")):
            envelope = self.envelope(
                mail_from, identifier=f"t-{place}", originator_system=SYSTEM
            )
            self.assertEqual(envelope[1], SYSTEM)

    def test_nobody(self) -> None:
        """Where nobody can be answered, nobody is."""
        self.forward(mail_from="")
        self.assertEqual(self.link.sent, [])
        self.assertEqual(len(self.requests), 1)


class Table38(InboundRoom):
    def test_request_status(self) -> None:
        """Request Status: the TS's examples, and what is like them.

        [TS 6.3.1.2.1 step 6] [TS 6.3.1.2.2 step 4]
        """
        expected = {
            200: S.OK,
            202: S.OK,
            401: S.SERVICE_DENIED,
            503: S.SERVICE_DENIED,
            403: S.SERVICE_DENIED,
            404: S.ADDRESS_UNRESOLVED,
            408: S.NETWORK_PROBLEM,
            415: S.CONTENT_NOT_ACCEPTED,
            480: S.NETWORK_PROBLEM,
            488: S.CONTENT_NOT_ACCEPTED,
            499: S.UNSPECIFIED,
            302: S.UNSPECIFIED,
            500: S.NETWORK_PROBLEM,
            603: S.SERVICE_DENIED,
            699: S.SERVICE_DENIED,
        }
        for place, (status, answer) in enumerate(expected.items()):
            self.house.network.statuses = [status]
            self.forward(identifier=f"t-{place}")
            self.assertEqual(self.statuses()[-1], answer, status)

    def test_every_status(self) -> None:
        """Request Status: there is one for whatever is answered, by SIP and MSRP."""
        for status in range(1, 1000):
            is_success = status // 100 == 2
            self.assertIs(TABLE_38_STATUS.of(status) is S.OK, is_success, status)
            self.assertIs(MSRP_STATUS.of(status) is S.OK, is_success, status)

    def test_no_answer(self) -> None:
        """Request Status: Error-network-problem where nobody answers."""
        self.house.network.statuses = [None]
        self.forward()
        self.assertEqual(self.statuses(), [S.NETWORK_PROBLEM])

    def test_identifiers(self) -> None:
        """3GPP MMS Version, Message Type, Transaction ID, Message ID."""
        self.forward()
        [answer] = self.answers
        known = answer.transaction
        self.assertEqual(known.version, "6.3.0")
        self.assertEqual(known.type.value, "MM4_forward.RES")
        self.assertEqual((known.transaction_id, known.message_id), ("t-1", "m-1"))

    def test_return_route(self) -> None:
        """Return-Route: the Forward-Route of the request."""
        self.forward(forward_route=("system-user@one.test", SYSTEM))
        self.assertEqual(self.answers[0].return_route, ("system-user@one.test", SYSTEM))

    def test_handled_by(self) -> None:
        """Originator-Recipient-Address: our own after the one received."""
        self.forward(handled_by=(SYSTEM,))
        self.assertEqual(self.answers[0].handled_by, (SYSTEM, f"system-user@{DOMAIN}"))

    def test_one_for_all(self) -> None:
        """All recipients alike: one response, that names none."""
        self.forward(ALICE, CAROL)
        [answer] = self.answers
        self.assertEqual(answer.recipients, ())

    def test_one_for_each_status(self) -> None:
        """Recipients that fared otherwise: a response for each status."""
        self.house.network.statuses = [200, 404, 200]
        self.forward(ALICE, CAROL, DAN)
        found = {each.status: each.recipients for each in self.answers}
        self.assertEqual(found, {S.OK: (ALICE, DAN), S.ADDRESS_UNRESOLVED: (CAROL,)})

    def test_worth_for_a_day(self) -> None:
        """A response waits for its relay no longer than a day."""
        self.link.faults = [Reply(451)] * 10_000
        self.forward()
        [mail] = self.store.mail.out.values()
        self.assertEqual(mail.expires, NOW + WORTH)
