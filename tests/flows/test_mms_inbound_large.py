"""TS 6.3.1.2.2, Tables 39 and 40: MMS to large message mode CPM messages."""

from __future__ import annotations

from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.features import Feature, accept_contact, tag
from cpmgw.cpm.resource_lists import recipient_list
from cpmgw.mm4.entity import leaf
from cpmgw.sdp.roles import Direction, Setup
from tests.flows.house import ALICE, BOB
from tests.flows.messages import Talk
from tests.flows.mms import ALICE_MM4, PICTURE, MmsLarge, mixed, picture, text
from tests.flows.test_mms_inbound import CAROL, LONG

MAIL_USER = "dave@mail.test"


class OverMsrp(MmsLarge):
    def came(self, talk: Talk) -> CpimMessage:
        """The only message that a call has brought."""
        ((kind, octets),) = talk.came
        self.assertEqual(kind, "message/cpim")
        return parse_cpim(octets)


class Large(OverMsrp):
    mm4 = "in_memory = 65_536"

    def test_at_the_limit(self) -> None:
        """1300 octets go as a SIP MESSAGE, 1301 by MSRP.

        [TS 6.3.1.2.2 step 2] [TS 6.3.1.2.1 step 2]
        """
        self.write_mms("x")
        (first,) = self.alice.inbox
        room = 1_300 - len(first.request.body) + 1
        lines = ("x" * 78 + "\r\n") * 20
        self.write_mms("x" * 80 + lines[80:room])
        self.assertEqual(len(self.alice.inbox[-1].request.body), 1_300)
        self.assertEqual(self.side.talks, [])
        self.write_mms("x" * 81 + lines[80:room])
        self.assertEqual(len(self.alice.inbox), 2)
        (talk,) = self.side.talks
        self.assertEqual(len(talk.came[0][1]), 1_301)

    def test_tables(self) -> None:
        """INVITE, ACK, SEND, BYE (Tables 39 and 40).

        [TS 6.3.1.2.2 step 2] [TS 6.3.1.2.2 step 2a] [TS 6.3.1.2.2 step 4]
        [TS 6.3.1.2.2 step 5] [TS 6.3.1.2.2 step 6] [SCR Int-S-022-O]
        """
        sent = self.write_mms(
            mixed(text(LONG), picture()),
            subject="Tea",
            delivery_report=True,
            read_reply=True,
            expiry=3_600.0,
        )
        talk = self.side.last
        assert talk.first is not None
        headers = talk.first.headers
        self.assertEqual(str(talk.first.uri), ALICE)
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertIn("nccsid=MMS", headers.get("From") or "")
        self.assertEqual(headers.get("Subject"), "Tea")
        self.assertEqual(headers.get("Message-Expires"), "3600")
        self.assertIn("largemsg", headers.get("Accept-Contact") or "")
        body = talk.first.body.decode()
        (wrapped,) = [
            line.partition(":")[2].split()
            for line in body.split("\r\n")
            if line.startswith("a=accept-wrapped-types")
        ]
        self.assertEqual(
            set(wrapped),
            {"multipart/related", "application/smil", "text/plain", "image/gif"},
        )
        cpim = self.came(talk)
        self.assertEqual(
            cpim.imdn("Disposition-Notification"),
            "positive-delivery, negative-delivery, display",
        )
        self.assertIn(PICTURE, cpim.content)
        self.assertEqual(len(talk.acknowledged), 1)
        self.assertEqual(len(talk.byes), 1)
        self.assertEqual(sent.statuses, ["Ok"])

    def test_refused_invitation(self) -> None:
        """What answers the INVITE is the status (Table 38)."""
        for status, word in (
            (404, "Error-sending-address-unresolved"),
            (480, "Error-network-problem"),
            (488, "Error-content-not-accepted"),
            (503, "Error-service-denied"),
        ):
            self.side.answer = status
            sent = self.write_mms(LONG)
            self.assertEqual(sent.statuses, [word])

    def test_refused_content(self) -> None:
        """What answers the last chunk is the status too."""
        self.side.taking = 415
        sent = self.write_mms(LONG)
        self.assertEqual(sent.statuses, ["Error-content-not-accepted"])

    def test_several_recipients(self) -> None:
        """An INVITE for each recipient, with the list of all beside the SDP."""
        self.write_mms(LONG, (ALICE[4:], CAROL[4:]))
        targets = [str(t.first.uri) for t in self.side.talks if t.first is not None]
        self.assertEqual(set(targets), {ALICE, CAROL})
        for talk in self.side.talks:
            assert talk.first is not None
            entries = recipient_list(
                talk.first.headers.get("Content-Type") or "", talk.first.body
            )
            self.assertEqual([each.uri for each in entries], [ALICE, CAROL])

    def test_very_large(self) -> None:
        """A large picture comes whole, out of a file, which is gone afterwards."""
        octets = PICTURE + bytes(range(256)) * 1_000
        sent = self.write_mms(mixed(text("Look"), leaf("image/gif", octets)))
        self.assertEqual(sent.statuses, ["Ok"])
        self.assertIn(octets, self.side.last.came[0][1])
        self.assertTrue(self.has_used_files)
        self.assertEqual(self.mail_files(), [])

    def test_hidden(self) -> None:
        """Who hides is named nowhere in the INVITE (Table 40)."""
        self.write_mms(LONG, hide=True)
        talk = self.side.last
        assert talk.first is not None
        fields = "".join(str(each) for each in talk.first.headers)
        self.assertNotIn(BOB[4:], fields)
        self.assertEqual(talk.first.headers.get("Privacy"), "id")

    def test_unacknowledged_is_tried_again(self) -> None:
        """Without a response that was asked for it is tried until it is taken."""
        self.side.answer = 480
        self.write_mms(LONG, acknowledge=False)
        self.side.answer = 200
        self.pass_time(30)
        self.assertEqual(self.came(self.side.last).content, LONG.encode())
        contributions = {
            t.first.headers.get("Contribution-ID")
            for t in self.side.talks
            if t.first is not None
        }
        self.assertEqual((len(self.side.talks), len(contributions)), (2, 1))


class MailAddresses(OverMsrp):
    def told(self) -> list[str]:
        """Whom Alice is told of, where a user of mail is among them."""
        self.write_mms(LONG, (ALICE_MM4, CAROL[4:], MAIL_USER))
        invites = {str(t.first.uri): t.first for t in self.side.talks if t.first}
        self.assertEqual(set(invites), {ALICE, CAROL})
        invite = invites[ALICE]
        found = recipient_list(invite.headers.get("Content-Type") or "", invite.body)
        return [each.uri for each in found]

    def test_history(self) -> None:
        """E-mail addresses stand in the history."""
        self.assertEqual(self.told(), [ALICE, CAROL, f"mailto:{MAIL_USER}"])


class Rcs(MailAddresses):
    profile = "rcs"

    def test_history(self) -> None:
        """No e-mail addresses in the history. [RCC.10 6.3.1.2.2 difference 4]"""
        self.assertEqual(self.told(), [ALICE, CAROL])

    def test_invitation(self) -> None:
        """The INVITE has what RCC.11 7.2.1.2 has in one.

        [RCC.10 6.3.1.2.2 difference 1]
        """
        sent = self.write_mms(LONG, delivery_report=True, expiry=3_600.0)
        self.assertEqual(sent.statuses, ["Ok"])
        talk = self.side.last
        assert talk.first is not None
        headers = talk.first.headers
        self.assertEqual(headers.get("Accept-Contact"), accept_contact(Feature.LARGE))
        self.assertIn(tag(Feature.LARGE), headers.get("Contact") or "")
        self.assertIn("timer", headers.all("Supported"))
        for absent in ("Session-Expires", "Min-SE", "Expires"):
            self.assertNotIn(absent, headers)
        self.assertEqual(headers.get("Message-Expires"), "3600")
        for identifier in ("Conversation-ID", "Contribution-ID"):
            self.assertTrue(headers.get(identifier), identifier)
        cpim = self.came(talk)
        self.assertTrue(cpim.imdn("Message-ID"))
        asked = cpim.imdn("Disposition-Notification")
        self.assertEqual(asked, "positive-delivery")

    def test_offer(self) -> None:
        """So has its offer, the size and the types of this message included.

        [RCC.10 6.3.1.2.2 difference 1]
        """
        self.write_mms(LONG)
        talk = self.side.last
        stream = talk.stream
        self.assertIs(stream.direction, Direction.SENDONLY)
        self.assertIs(stream.setup, Setup.ACTPASS)
        self.assertTrue(stream.has_cema)
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("text/plain",))
        selector = stream.file.selector
        assert selector is not None
        ((_, octets),) = talk.came
        self.assertEqual(selector.size, len(octets))
