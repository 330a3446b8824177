"""MMS to large message mode CPM messages (TS 6.3.1.2.2)."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, succeed

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.resource_lists import recipient_list
from cpmgw.iwf.large_sending import LargeLetter, Outcome, Said
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mms.inbound_large import PATIENCE, InboundLarge
from cpmgw.iwf.mms.tables.msrp_send import MSRP_SEND
from cpmgw.iwf.mms.tables.table_39 import TABLE_39_SMTP
from cpmgw.iwf.mms.tables.table_40 import TABLE_40_SIP_INVITE
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.policy.large import LargePolicy
from cpmgw.sip.message import Request
from tests.addressing.plans import sip
from tests.iwf.mms.mailroom import ALICE, CAROL, NOW, Room

S = RequestStatus
OFFER = b"v=0\r\n"
PICTURE = leaf("image/jpeg", bytes(range(256)) * 10)


class Sending:
    """What sends large messages: `letters` are those it was given."""

    def __init__(self) -> None:
        self.letters: list[LargeLetter] = []
        self.contents: list[bytes] = []
        self.outcomes: list[Outcome] = []
        self.held: Deferred[None] = succeed(None)

    def __len__(self) -> int:
        return len(self.letters)

    async def send(self, letter: LargeLetter) -> Outcome:
        """Take it, 200 unless the test says otherwise."""
        self.letters.append(letter)
        body = letter.body
        self.contents.append(body if isinstance(body, bytes) else body.read())
        await self.held
        ok = Outcome(Said.MSRP, 200)
        return self.outcomes.pop(0) if self.outcomes else ok


class Case(Room):
    def setUp(self) -> None:
        super().setUp()
        self.sending = Sending()
        house: Any = self.house
        sending: Any = self.sending
        self.large = InboundLarge(house, sending)
        self.build()

    def came(self, *recipients: str, **details: Any) -> Request:
        """Have a large MMS come; the INVITE that it makes."""
        self.forward(*recipients, **{"entity": PICTURE, **details})
        request: Request = self.sending.letters[-1].request(OFFER)
        return request

    def status(self) -> RequestStatus:
        """That of the last response."""
        return self.answers[-1].status


class Table39(Case):
    def test_to_and_request_uri(self) -> None:
        """To, Request-URI: the number of RCPT To, or its SIP URI.

        [TS 6.3.1.2.2 step 2]
        """
        request = self.came()
        self.assertEqual(request.method, "INVITE")
        self.assertEqual(str(request.uri), "tel:+15145550001")
        self.assertEqual(str(request.to.uri), "tel:+15145550001")
        alice = sip("sip:alice@ims.example.net")
        self.house.directory.known["+15145550001"] = alice
        self.assertEqual(self.came(identifier="t-2").uri, alice)
        self.assertEqual(TABLE_39_SMTP.names, ("To", "Request-URI"))

    def test_each_recipient(self) -> None:
        """A message for each RCPT To."""
        self.came(ALICE, CAROL)
        self.assertEqual(len(self.sending.letters), 2)


class Table40(Case):
    def test_user_agent(self) -> None:
        """User-Agent: the IWF's release."""
        agent = self.came().headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-MMS-client/OMA2.1"), agent)

    def test_history(self) -> None:
        """recipient-list-history: beside the offer, where there are several."""
        request = self.came(to=(ALICE, CAROL))
        content_type = request.headers.get("Content-Type") or ""
        entries = recipient_list(content_type, request.body)
        self.assertEqual(
            [each.uri for each in entries], ["tel:+15145550001", "tel:+15145550003"]
        )
        found = body_of_type(content_type, request.body, "application/sdp")
        self.assertEqual(found, OFFER)

    def test_no_history(self) -> None:
        """Of one recipient there is only the offer."""
        request = self.came()
        self.assertEqual(request.headers.get("Content-Type"), "application/sdp")
        self.assertEqual(request.body, OFFER)

    def test_sender(self) -> None:
        """P-Asserted-Identity, From: as in Table 36, From with nccsid."""
        request = self.came()
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"), ["<tel:+15145550002>"]
        )
        self.assertEqual(str(request.from_.uri), "tel:+15145550002;nccsid=MMS")

    def test_hidden_sender(self) -> None:
        """P-Asserted-Identity: without the address of one who hides; Privacy: id."""
        request = self.came(hide=True)
        self.assertEqual(request.headers.all("P-Asserted-Identity"), [])
        self.assertEqual(
            str(request.from_.uri), "sip:anonymous@anonymous.invalid;nccsid=MMS"
        )
        self.assertEqual(request.headers.get("Privacy"), "id")
        self.assertNotIn(b"+15145550002", request.encode())
        self.assertNotIn(b"+15145550002", self.sending.contents[-1])

    def test_date(self) -> None:
        """Date: that of the MMS, otherwise now."""
        said = self.came(date=NOW - 50).headers.get("Date")
        self.assertEqual(said, formatdate(NOW - 50, usegmt=True))
        now = self.came(identifier="t-2").headers.get("Date")
        self.assertEqual(now, formatdate(NOW, usegmt=True))

    def test_message_expires(self) -> None:
        """Message-Expires: Time of Expiry; where none is said, by policy or none."""
        header = self.came(expiry=NOW + 500).headers.get("Message-Expires")
        self.assertEqual(header, "500")
        request = self.came(identifier="t-2")
        self.assertIsNone(request.headers.get("Message-Expires"))
        self.choose(large={"message_expires": 300})
        self.assertEqual(self.house.config.policy.large.message_expires, 300)
        header = self.came(identifier="t-3").headers.get("Message-Expires")
        self.assertEqual(header, "300")
        self.assertEqual(LargePolicy().message_expires, 0)

    def test_subject(self) -> None:
        """Subject: only if the MMS has one."""
        self.assertEqual(self.came(subject="Hi").headers.get("Subject"), "Hi")
        self.assertIsNone(self.came(identifier="t-2").headers.get("Subject"))

    def test_max_forwards(self) -> None:
        """Max-Forwards: by policy."""
        self.choose(max_forwards=9)
        self.assertEqual(self.came().headers.get("Max-Forwards"), "9")

    def test_accept_contact(self) -> None:
        """Accept-Contact: large message mode; so is the Contact."""
        headers = self.came().headers
        for name in ("Accept-Contact", "Contact", "P-Asserted-Service"):
            self.assertIn("oma.cpm.largemsg", headers.get(name) or "", name)
        self.assertIn("sip:10.0.0.1:5060", headers.get("Contact") or "")

    def test_call_id(self) -> None:
        """Call-ID, CSeq: new ones for each try; the Contribution-ID is the same."""
        self.came()
        letter = self.sending.letters[0]
        first, second = letter.request(OFFER), letter.request(OFFER)
        self.assertNotEqual(first.call_id, second.call_id)
        self.assertEqual(
            first.headers.get("Contribution-ID"), second.headers.get("Contribution-ID")
        )

    def test_rows(self) -> None:
        """Its rows are those of the TS, and a Contact."""
        self.assertEqual(
            TABLE_40_SIP_INVITE.names,
            (
                "User-Agent",
                "recipient-list-history",
                "P-Asserted-Identity",
                "From",
                "Date",
                "Message-Expires",
                "Privacy",
                "Subject",
                "Max-Forwards",
                "Accept-Contact",
                "Contact",
                "Via",
                "CSeq",
                "Call-ID",
            ),
        )


class MsrpSend(Case):
    def types(self, entity: Entity) -> tuple[str, ...]:
        """accept-wrapped-types of the offer."""
        self.came(entity=entity)
        types: tuple[str, ...] = self.sending.letters[-1].types
        return types

    def test_types(self) -> None:
        """accept-wrapped-types are those of the message. [TS 6.3.1.2.2 step 2a]"""
        self.assertEqual(self.types(PICTURE), ("image/jpeg",))

    def test_types_of_several(self) -> None:
        """Of a multipart its own, and each of its parts' once."""
        text = leaf("text/plain", b"x")
        entity = multipart("related", (text, PICTURE, text))
        expected = ("multipart/related", "text/plain", "image/jpeg")
        self.assertEqual(self.types(entity), expected)

    def test_content(self) -> None:
        """CPIM Body: the content as it came. [TS 6.3.1.2.2 step 5] [TS 6.3 2]"""
        self.came()
        cpim = parse_cpim(self.sending.contents[-1])
        self.assertEqual(cpim.content_type, "image/jpeg")
        self.assertEqual(cpim.content, PICTURE.body)
        self.assertEqual(cpim.content_header("Content-Transfer-Encoding"), "binary")

    def test_dispositions(self) -> None:
        """imdn.Disposition-Notification: what reports were asked for."""
        self.came(delivery_report=True, read_reply=True)
        cpim = parse_cpim(self.sending.contents[-1])
        self.assertEqual(
            cpim.imdn("Disposition-Notification"),
            "positive-delivery, negative-delivery, display",
        )
        self.assertEqual(len(MSRP_SEND.names), 8)

    def test_kept_for_reports(self) -> None:
        """What reports need is stored. [TS 6.3.1.2.2 step 3]"""
        self.came(delivery_report=True)
        cpim = parse_cpim(self.sending.contents[-1])
        [kept] = self.store.multimedia.receipts
        self.assertEqual(cpim.imdn("Message-ID"), kept)


class Bodies(Case):
    def test_small(self) -> None:
        """What is small is in memory."""
        self.came()
        self.assertIsInstance(self.sending.letters[0].body, Octets)

    def test_large(self) -> None:
        """What is larger is in a file while it is sent, and gone after that."""
        self.sending.held = Deferred()
        self.forward(entity=leaf("image/jpeg", bytes(300_000)))
        body = self.sending.letters[0].body
        self.assertTrue(IBody.providedBy(body))
        self.assertIsNotNone(getattr(body, "path", None))
        self.assertEqual(len(self.house.spool), 1)
        self.sending.held.callback(None)
        self.assertEqual(len(self.house.spool), 0)
        self.assertEqual(self.status(), S.OK)

    def test_limit(self) -> None:
        """As many octets as may be in memory are; one more is not."""
        self.came()
        size = len(self.sending.contents[0])
        for most, kind in ((size, True), (size - 1, False)):
            mm4 = msgspec.structs.replace(self.house.config.mm4, in_memory=most)
            self.house.config = msgspec.structs.replace(self.house.config, mm4=mm4)
            self.came(identifier=f"t-{most}")
            body = self.sending.letters[-1].body
            self.assertIs(isinstance(body, Octets), kind)

    def test_no_room(self) -> None:
        """Where there is no room it fails for now, and leaves nothing."""

        def compose(size: int = 0) -> None:
            raise NoRoom("full")

        self.patch(self.house, "compose", compose)
        self.forward(entity=leaf("image/jpeg", bytes(300_000)))
        self.assertEqual(self.status(), S.NETWORK_PROBLEM)
        self.assertEqual(self.sending.letters, [])


class Answers(Case):
    def answered(self, by: Said, status: int, **details: Any) -> RequestStatus:
        """What MM4 is told where this became of a message."""
        self.sending.outcomes = [Outcome(by, status)]
        self.forward(
            entity=PICTURE, identifier=f"{by.value}-{status}-{len(self.sending)}"
        )
        return self.status()

    def test_taken(self) -> None:
        """Ok once all of it was taken. [TS 6.3.1.2.2 step 4]"""
        self.assertEqual(self.answered(Said.MSRP, 200), S.OK)

    def test_refused_by_sip(self) -> None:
        """The answer to the INVITE is told by Table 38."""
        self.assertEqual(self.answered(Said.SIP, 404), S.ADDRESS_UNRESOLVED)
        self.assertEqual(self.answered(Said.SIP, 488), S.CONTENT_NOT_ACCEPTED)
        self.assertEqual(self.answered(Said.SIP, 408), S.NETWORK_PROBLEM)

    def test_lost(self) -> None:
        """A lost connection, an early BYE, an error: no more is sent, and it is told.

        [RCC.10 6.3.1.2.2 difference 2] [RCC.10 6.3.1.2.2 difference 3]
        """
        self.assertEqual(self.answered(Said.MSRP, 481), S.NETWORK_PROBLEM)
        self.assertEqual(self.answered(Said.MSRP, 413), S.CONTENT_NOT_ACCEPTED)
        self.assertEqual(self.answered(Said.MSRP, 403), S.SERVICE_DENIED)

    def test_tried_again(self) -> None:
        """Where no response was asked for, what MSRP lost is sent again."""
        self.sending.outcomes = [Outcome(Said.MSRP, 481), Outcome(Said.MSRP, 403)]
        self.forward(entity=PICTURE, acknowledge=False)
        self.pass_time(5.0)
        self.assertEqual(len(self.sending.letters), 2)
        self.assertEqual(self.store.mail.open, {})
        self.assertEqual(self.status(), S.SERVICE_DENIED)

    def test_patience(self) -> None:
        """All of it has ten minutes."""
        self.came()
        self.assertEqual(self.sending.letters[0].patience, PATIENCE)
