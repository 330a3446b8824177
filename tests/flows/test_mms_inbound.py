"""TS 6.3.1.2.1, Tables 35 to 38: MMS to pager mode CPM messages."""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.resource_lists import recipient_list
from cpmgw.lab.behaviour import CpmBehaviour, MmscQuirks
from cpmgw.mm4.entity import leaf, multipart
from cpmgw.mm4.pdu import MmStatus
from cpmgw.sip.message import Request
from tests.flows.house import ALICE, BOB
from tests.flows.mms import (
    ALICE_MM4,
    OWN,
    PICTURE,
    SYSTEM,
    MmsHouse,
    picture,
)

CAROL = "tel:+15145550003"
DAVE = "tel:+15145550004"
LONG = "x" * 2_000


class Inbound(MmsHouse):
    """What comes to Alice; the relay reports nothing by itself."""

    @property
    def request(self) -> Request:
        """The last MESSAGE that came to Alice."""
        return self.alice.inbox[-1].request

    @property
    def cpim(self) -> CpimMessage:
        """Its CPIM."""
        cpim = self.alice.inbox[-1].cpim
        assert cpim is not None
        return cpim

    def told(self, mail_user: str) -> list[str]:
        """Whom Alice is told of where Carol and a user of mail are among them."""
        self.write_mms("Hi", (ALICE_MM4, CAROL[4:], mail_user))
        found = recipient_list(
            self.request.headers.get("Content-Type") or "", self.request.body
        )
        return [each.uri for each in found]


class Pager(Inbound):
    def test_tables(self) -> None:
        """A short MMS is a SIP MESSAGE (Tables 35 and 36).

        [TS 6.3.1.2.1 step 2] [SCR Int-S-019-O]
        """
        self.network.advance(100)
        sent = self.write_mms("Hi", subject="Tea", expiry=3_600.0)
        self.assertEqual(sent.statuses, ["Ok"])
        request, headers = self.request, self.request.headers
        self.assertEqual(request.method, "MESSAGE")
        self.assertEqual((str(request.uri), str(request.to.uri)), (ALICE, ALICE))
        self.assertEqual(str(request.from_.uri), f"{BOB};nccsid=MMS")
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(headers.get("Subject"), "Tea")
        self.assertEqual(headers.get("Date"), "Thu, 01 Jan 1970 00:01:40 GMT")
        self.assertEqual(headers.get("Expires"), "3600")
        self.assertIn("IWF-MMS-client/", headers.get("User-Agent") or "")
        self.assertIsNone(headers.get("Privacy"))
        self.assertTrue(headers.get("Conversation-ID"))
        self.assertTrue(headers.get("Contribution-ID"))
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertNotIn("imdn.Disposition-Notification", dict(self.cpim.headers))

    def test_expiry_beyond_policy(self) -> None:
        """A time of expiry that policy does not allow is cut (Table 36)."""
        self.write_mms("Hi", expiry=10_000_000.0)
        self.assertEqual(self.request.headers.get("Expires"), "604800")

    def test_reports_asked_for(self) -> None:
        """Reports become notifications that are asked for (Table 36)."""
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"delivery_report": True}, "positive-delivery, negative-delivery"),
            ({"read_reply": True}, "display"),
            (
                {"delivery_report": True, "read_reply": True},
                "positive-delivery, negative-delivery, display",
            ),
        )
        for options, asked in cases:
            self.write_mms("Hi", **options)
            self.assertEqual(self.cpim.imdn("Disposition-Notification"), asked)

    def test_response(self) -> None:
        """MM4_forward.RES goes to the MAIL From (Tables 37 and 38).

        [TS 6.3.1.2.1 step 6]
        """
        sent = self.write_mms("Hi", mail_from="gate@mms.example.net")
        (result,) = sent.results
        mail = self.relay.mails[-1]
        self.assertEqual(mail.envelope.sender, SYSTEM)
        (recipient,) = mail.envelope.recipients
        self.assertEqual(recipient.address, "gate@mms.example.net")
        self.assertEqual(result.transaction.message_id, sent.message_id)
        self.assertEqual(result.transaction.version, "6.3.0")
        self.assertEqual(result.recipients, ())

    def test_each_status(self) -> None:
        """What the CPM side answers is the status (Table 38).

        [TS 6.3.1.2.1 step 6]
        """
        expected = {
            202: "Ok",
            401: "Error-service-denied",
            403: "Error-service-denied",
            404: "Error-sending-address-unresolved",
            415: "Error-content-not-accepted",
            480: "Error-network-problem",
            486: "Error-network-problem",
            488: "Error-content-not-accepted",
            500: "Error-network-problem",
            503: "Error-service-denied",
            603: "Error-service-denied",
        }
        found = {}
        for status in expected:
            self.cpm.behave(CpmBehaviour(status=status))
            (found[status],) = self.write_mms("Hi").statuses
        self.assertEqual(found, expected)

    def test_silent_cpm_side(self) -> None:
        """Who does not answer at all is a problem of the network, not for ever."""
        self.cpm.behave(CpmBehaviour(silent=True))
        sent = self.write_mms("Hi")
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (250, []))
        self.pass_time(40)
        self.assertEqual(sent.statuses, ["Error-network-problem"])

    def test_content_is_unmodified(self) -> None:
        """SMIL and what it shows come as they are. [TS 6.3 2]"""
        smil = b'<smil><body><par><text src="t"/></par></body></smil>'
        parts = (
            leaf("application/smil", smil, content_id="<s>"),
            leaf("text/plain; charset=utf-8", "Grüße".encode(), content_location="t"),
            picture(),
        )
        kind = {"start": "<s>", "type": "application/smil"}
        self.write_mms(multipart("related", parts, **kind), smil="leave")
        entity = self.alice.inbox[-1].entity
        self.assertEqual(
            [each.body for each in entity.leaves()],
            [smil, "Grüße".encode(), PICTURE],
        )
        self.assertEqual(entity.media_type.name, "multipart/related")
        self.assertEqual(entity.media_type.parameter("start"), "<s>")

    def test_quirks(self) -> None:
        """What real MMSCs write is understood, and answered where it is read."""
        for quirks in (
            MmscQuirks(unquoted=True),
            MmscQuirks(bracketed=True),
            MmscQuirks(numeric=True),
            MmscQuirks(null_sender=True),
            MmscQuirks(version_field="X-Mms-MMS-Version"),
        ):
            sent = self.write_mms("Hi", quirks=quirks)
            self.assertEqual(sent.statuses, ["Ok"], quirks)

    def test_nobody_here(self) -> None:
        """An address that is no number: Error-sending-address-unresolved, or 550."""
        sent = self.write_mms("Hi", f"who@{OWN}")
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (550, []))


class Anonymous(Inbound):
    def test_hidden(self) -> None:
        """The address of who hides is not in From (Table 36)."""
        self.write_mms("Hi", hide=True)
        headers = self.request.headers
        self.assertEqual(headers.get("Privacy"), "id")
        self.assertIn("anonymous", headers.get("From") or "")
        self.assertNotIn(BOB[4:], headers.get("From") or "")
        self.assertNotIn(BOB[4:], self.cpim.get("From") or "")


class NotAnonymous(Inbound):
    policy = 'mms.anonymous_senders = "refuse"'

    def test_refused(self) -> None:
        """By policy it does not cross: unsupported message.

        [TS 6.3.1.2.1 step 1] [TS 6.3.1.2.2 step 1]
        """
        for of in ("Hi", LONG):
            sent = self.write_mms(of, hide=True)
            self.assertEqual(sent.statuses, ["Error-unsupported-message"])
        self.assertEqual(self.alice.inbox, [])

    def test_shown(self) -> None:
        """Who does not hide crosses."""
        self.assertEqual(self.write_mms("Hi", hide=False).statuses, ["Ok"])


class Several(Inbound):
    def test_each_recipient(self) -> None:
        """A message for each recipient, with the list of all (Tables 35 and 36).

        [TS 6.3.1.2.1 NOTE]
        """
        targets = (ALICE[4:], CAROL[4:])
        sent = self.write_mms("Hi", targets, cc=(DAVE[4:],))
        self.assertEqual(sent.statuses, ["Ok"])
        identities = set()
        for user in (ALICE, CAROL, DAVE):
            (received,) = self.cpm.user(user).inbox
            self.assertEqual(received.text, "Hi")
            self.assertEqual(str(received.request.uri), user)
            identities.add(received.message_id)
            entries = recipient_list(
                received.request.headers.get("Content-Type") or "",
                received.request.body,
            )
            self.assertEqual(
                [(e.uri, e.copy_control and e.copy_control.value) for e in entries],
                [(ALICE, "to"), (CAROL, "to"), (DAVE, "cc")],
            )
        self.assertEqual(len(identities), 3)

    def test_mail_addresses(self) -> None:
        """E-mail addresses are told too, unless policy has them left out."""
        expected = [ALICE, CAROL, "mailto:dave@mail.test"]
        self.assertEqual(self.told("dave@mail.test"), expected)

    def test_several_statuses(self) -> None:
        """Who fared otherwise is named in a response of its own."""
        self.cpm.behave(CpmBehaviour(status=404), CAROL)
        sent = self.write_mms("Hi", (ALICE[4:], CAROL[4:], DAVE[4:]))
        found = {each.status.value: each.recipients for each in sent.results}
        self.assertEqual(set(found), {"Ok", "Error-sending-address-unresolved"})
        self.assertEqual(
            found["Error-sending-address-unresolved"],
            (f"+15145550003/TYPE=PLMN@{OWN}",),
        )
        self.assertEqual(set(found["Ok"]), {ALICE_MM4, f"+15145550004/TYPE=PLMN@{OWN}"})

    def test_one_is_not_ours(self) -> None:
        """A recipient elsewhere is refused by SMTP; the others get the message."""
        sent = self.write_mms(
            "Hi", (ALICE_MM4, "+15145550003/TYPE=PLMN@elsewhere.test")
        )
        assert sent.reply is not None
        self.assertEqual(sent.reply.code, 550)
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertEqual(self.alice.texts, ["Hi"])


class Repeats(Inbound):
    def test_repeat_afterwards(self) -> None:
        """The very same mail again makes no second message; its answer comes again."""
        sent = self.write_mms("Hi")
        reply = self.relay.repeat(sent)
        self.wait_until(lambda: reply.called)
        self.settle()
        self.assertEqual(self.successResultOf(reply).code, 250)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(sent.statuses, ["Ok", "Ok"])

    def test_repeat_meanwhile(self) -> None:
        """While the first is under way, nothing comes of a repeat but a 250."""
        self.cpm.behave(CpmBehaviour(delay=5.0))
        sent = self.write_mms("Hi")
        reply = self.relay.repeat(sent)
        self.wait_until(lambda: reply.called)
        self.network.advance(6)
        self.settle()
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(sent.statuses, ["Ok"])

    def test_two_that_say_the_same(self) -> None:
        """Two messages are two."""
        self.write_mms("Hi")
        self.write_mms("Hi")
        self.assertEqual(self.alice.texts, ["Hi", "Hi"])


class Unacknowledged(Inbound):
    """What wants no MM4_forward.RES is ours to deliver."""

    def test_no_response(self) -> None:
        """It gets none."""
        sent = self.write_mms("Hi", acknowledge=False)
        self.assertEqual((self.alice.texts, sent.statuses), (["Hi"], []))

    def test_tried_again(self) -> None:
        """It is tried again while the client is away, as the same message."""
        self.cpm.behave(CpmBehaviour(status=480))
        self.write_mms("Hi", acknowledge=False)
        self.assertEqual(self.alice.texts, [])
        self.cpm.behave(CpmBehaviour())
        self.pass_time(30)
        self.assertEqual(self.alice.texts, ["Hi"])

    def test_refused(self) -> None:
        """What is refused for good is answered, though nobody asked."""
        self.cpm.behave(CpmBehaviour(status=404))
        sent = self.write_mms("Hi", acknowledge=False)
        self.assertEqual(sent.statuses, ["Error-sending-address-unresolved"])

    def test_expired(self) -> None:
        """When it has expired a delivery report says so."""
        self.cpm.behave(CpmBehaviour(status=480))
        sent = self.write_mms(
            "Hi", acknowledge=False, delivery_report=True, expiry=60.0
        )
        for _ in range(12):
            self.pass_time(30)
        reports = [each.status for each in sent.reports]
        self.assertEqual(reports, [MmStatus.EXPIRED])
        self.assertEqual(self.alice.texts, [])


class NoMsrp(Inbound):
    def test_too_large_for_a_message(self) -> None:
        """A gateway without MSRP cannot take it: content not accepted."""
        sent = self.write_mms(LONG)
        self.assertEqual(sent.statuses, ["Error-content-not-accepted"])


class Rcs(Inbound):
    profile = "rcs"

    def test_mail_addresses(self) -> None:
        """No e-mail addresses in the history. [RCC.10 6.3.1.2.1 difference 2]"""
        self.assertEqual(self.told("dave@mail.test"), [ALICE, CAROL])

    def test_identifiers(self) -> None:
        """A message has what RCC.11 7.2.1.1 has of one: identifiers, and a CPIM.

        [RCC.10 6.3.1.2.1 difference 1]
        """
        self.write_mms("Hi", delivery_report=True)
        self.assertTrue(self.request.headers.get("Conversation-ID"))
        self.assertTrue(self.request.headers.get("Contribution-ID"))
        self.assertTrue(self.cpim.imdn("Message-ID"))
        asked = self.cpim.imdn("Disposition-Notification")
        self.assertEqual(asked, "positive-delivery")

    def test_hidden(self) -> None:
        """Who hides does not cross. [RCC.10 4 concepts 1a]"""
        sent = self.write_mms("Hi", hide=True)
        self.assertEqual(sent.statuses, ["Error-unsupported-message"])
