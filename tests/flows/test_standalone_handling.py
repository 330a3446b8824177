"""TS 6.1.1, step by step: what becomes of a pager mode message at the SMS IWF."""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.imdn import parse_imdn
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.sip.message import Response
from tests.flows.house import BOB, House
from tests.flows.receipts import send_receipt
from txsmpp.constants import MessageState
from txsmpp.pdu import SubmitSm
from txsmpp.tlv import Tag, integer

BOUNDARY = "frontier"


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """A multipart body of (Content-Type, content)."""
    whole = b""
    for content_type, content in parts:
        whole += f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode()
        whole += content + b"\r\n"
    return whole + f"--{BOUNDARY}--\r\n".encode()


class Handling(House):
    def answer(self, **details: Any) -> Response:
        """The answer to a message."""
        response = self.send(**details).response
        assert response is not None
        return response

    @property
    def texts(self) -> list[str | None]:
        """What came to Bob's handset."""
        return list(self.centre.handset(BOB[4:]).texts)


class Step1(Handling):
    """1. SHALL check if the wrapped Content-Type(s) is acceptable to the IWF."""

    def refused(self, **details: Any) -> None:
        response = self.answer(**details)
        self.assertEqual(response.status, 415)
        self.assertIn("message/cpim", response.headers.get("Accept") or "")
        self.assertEqual(self.centre.submitted, [])

    def test_image(self) -> None:
        """A picture cannot become a text message: 415."""
        self.refused(content_type="image/jpeg", content=b"\xff\xd8\xff")

    def test_unknown_type(self) -> None:
        """Neither can what nobody knows: 415."""
        self.refused(content_type="application/x-unknown", content=b"?")

    def test_multipart_without_text(self) -> None:
        """Nor a multipart with pictures only: 415."""
        self.refused(
            content_type=f"multipart/mixed;boundary={BOUNDARY}",
            content=multipart(("image/png", b"1"), ("image/png", b"2")),
        )

    def test_unknown_charset(self) -> None:
        """Text in a charset that nobody knows: 415."""
        self.refused(content_type="text/plain; charset=x-klingon", content=b"Qapla'")

    def test_octets_that_are_not_of_the_charset(self) -> None:
        """Text that is not in the charset it names: 415, not a guess."""
        self.refused(content_type="text/plain; charset=utf-8", content=b"\xff\xfe\xfd")

    def test_content_outside_cpim(self) -> None:
        """A picture that is not wrapped is no better: 415."""
        self.refused(body_type="image/png", body=b"\x89PNG")

    def test_html_becomes_text(self) -> None:
        """HTML is acceptable: its text is sent (6.1: formatting is ignored)."""
        response = self.answer(
            content_type="text/html; charset=utf-8",
            content="<p>Grüße,<br>Alice</p><script>x()</script>".encode(),
        )
        self.assertEqual(response.status, 202)
        self.assertEqual(self.texts, ["Grüße,\nAlice"])

    def test_text_of_a_multipart(self) -> None:
        """The text part of a multipart is sent, clips and SMIL are not (6.2)."""
        response = self.answer(
            content_type=f"multipart/related;boundary={BOUNDARY}",
            content=multipart(
                ("application/smil", b"<smil/>"),
                ("text/plain; charset=iso-8859-1", "Voilà".encode("latin-1")),
                ("image/png", b"\x89PNG"),
            ),
        )
        self.assertEqual(response.status, 202)
        self.assertEqual(self.texts, ["Voilà"])

    def test_plain_alternative(self) -> None:
        """Of alternatives the plain text is sent."""
        response = self.answer(
            content_type=f"multipart/alternative;boundary={BOUNDARY}",
            content=multipart(("text/html", b"<b>Hi</b>"), ("text/plain", b"Hi")),
        )
        self.assertEqual(response.status, 202)
        self.assertEqual(self.texts, ["Hi"])

    def test_text_without_cpim(self) -> None:
        """A MESSAGE with plain text and no wrapper is text all the same (RFC 3428)."""
        response = self.answer(
            body_type="text/plain;charset=utf-8", body="Grüße".encode()
        )
        self.assertEqual(response.status, 202)
        self.assertEqual(self.texts, ["Grüße"])

    def test_cpim_header_that_must_be_understood(self) -> None:
        """A CPIM Require that names what is not known: 400 (RFC 3862 4.8)."""
        response = self.answer(
            cpim_headers=(("Require", "Secret.Handshake"),), text="Hello"
        )
        self.assertEqual(response.status, 400)
        self.assertEqual(self.centre.submitted, [])

    def test_destination_must_have_a_number(self) -> None:
        """6.2.2.1.1: a target without an E.164 number is refused with 404."""
        for target in ("sip:bob@ims.example.net", "tel:911;phone-context=+1"):
            with self.subTest(target=target):
                response = self.answer(recipient=target, text="Hello")
                self.assertEqual(response.status, 404)
                self.assertIn('"129 ', response.headers.get("Warning") or "")
        self.assertEqual(self.centre.submitted, [])


class TooLong(Handling):
    smsc = "[smsc.text]\nmax_segments = 3"

    def test_at_the_limit_of_segments(self) -> None:
        """As many segments as policy allows are sent."""
        self.assertEqual(self.answer(text="x" * (3 * 153)).status, 202)
        self.assertEqual(len(self.centre.submitted), 3)

    def test_beyond_the_limit_of_segments(self) -> None:
        """One character more is 413 with "Size exceeded"; nothing is sent."""
        response = self.answer(text="x" * (3 * 153 + 1))
        self.assertEqual(response.status, 413)
        self.assertIn('"133 ', response.headers.get("Warning") or "")
        self.assertEqual(self.centre.submitted, [])


class TooLarge(Handling):
    policy = "selection.text_size_limit = 560"

    def test_at_the_limit_of_size(self) -> None:
        """560 octets, the size that TS 5.1 note 2 speaks of, may be allowed."""
        self.assertEqual(self.answer(text="x" * 560).status, 202)

    def test_beyond_the_limit_of_size(self) -> None:
        """One octet more, counted in UTF-8, is 413 (TS 5.1 step 5). [TS 5.1 step 5]"""
        self.assertEqual(self.answer(text="x" * 559 + "ä").status, 413)
        self.assertEqual(self.centre.submitted, [])


class Step2(Handling):
    """2. SHALL store headers for the answer and for notifications."""

    def late(self) -> SentMessage:
        """A message whose receipt is a long time coming."""
        self.centre.behave(SmsBehaviour(receipt_delay=7200.0))
        sent = self.send(
            text="Hello",
            conversation_id="c-1",
            contribution_id="c-2",
            in_reply_to="c-3",
            expires=86_400,
            imdn=("positive-delivery",),
        )
        self.assertEqual(sent.status, 202)
        return sent

    def test_2a_identifiers_are_stored_until_the_report_is_in(self) -> None:
        """2 a. Conversation-ID and Contribution-ID come back with the report."""
        sent = self.late()
        self.network.advance(7201)
        self.settle()
        (notification,) = sent.notifications
        headers = notification.request.headers
        self.assertEqual(headers.get("Conversation-ID"), "c-1")
        self.assertEqual(headers.get("Contribution-ID"), "c-2")

    def test_2b_imdn_headers_are_stored_until_the_report_is_in(self) -> None:
        """2 b. The CPIM headers for IMDN come back with the report."""
        sent = self.late()
        self.network.advance(7201)
        self.settle()
        document = parse_imdn(sent.notifications[0].cpim.content)
        self.assertEqual(document.message_id, sent.message_id)

    def test_stored_no_longer_than_the_message_lives(self) -> None:
        """2 a and b. What would have expired is forgotten: ESME_RINVMSGID."""
        self.centre.behave(SmsBehaviour(hold_receipts=9))
        for wait, expected in ((60 + 3590, 0), (60 + 3620, 0x0C)):
            with self.subTest(wait=wait):
                sent = self.send(text="Hello", expires=60)
                message_id = list(self.centre.messages.values())[-1].message_id
                self.pass_time(wait)
                statuses = send_receipt(self.centre, message_id)
                self.settle()
                self.assertEqual(statuses, [expected])
                self.assertEqual(bool(sent.notifications), expected == 0)

    def test_stored_headers_in_a_refusal(self) -> None:
        """A refusal after the SM-SC's answer has the stored identifiers and Server."""
        self.centre.behave(SmsBehaviour(status=0x0B))
        response = self.answer(
            text="Hello",
            conversation_id="c-1",
            contribution_id="c-2",
            in_reply_to="c-3",
        )
        self.assertEqual(response.status, 404)
        headers = response.headers
        self.assertEqual(headers.get("Conversation-ID"), "c-1")
        self.assertEqual(headers.get("Contribution-ID"), "c-2")
        self.assertEqual(headers.get("InReplyTo-Contribution-ID"), "c-3")
        self.assertIn("IWF-SMS-serv/OMA2.1", headers.get("Server") or "")

    def test_record_route_that_is_no_uri(self) -> None:
        """An IMDN-Record-Route that is none does not keep the report back."""
        sent = self.send(
            text="Hello",
            imdn=("positive-delivery",),
            cpim_headers=(("imdn.IMDN-Record-Route", "<no uri at all>"),),
        )
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_expires(self) -> None:
        """Expires is the short message's validity (RFC 3428 4)."""
        self.answer(text="Hello", expires=60)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.validity_period, "000000000100000R")


class Steps3And4(Handling):
    """3, 4. SHALL convert the message, and send it."""

    def test_converted_and_sent(self) -> None:
        """3, 4. The message reaches the handset; CPIM headers are set aside (6.1)."""
        self.answer(text="Hello", cpim_headers=(("Subject", "greeting"),))
        self.assertEqual(self.texts, ["Hello"])

    def test_recipient_list_is_set_aside(self) -> None:
        """6.1: recipient-list bodies beside the message are ignored (RFC 5366)."""
        cpim = (
            b"From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n\r\n"
            b"Content-Type: text/plain\r\n\r\nHello, all"
        )
        history = b"<?xml version='1.0'?><resource-lists/>"
        whole = (
            f"--{BOUNDARY}\r\nContent-Type: message/cpim\r\n\r\n".encode()
            + cpim
            + f"\r\n--{BOUNDARY}\r\nContent-Type: application/resource-lists+xml\r\n"
            "Content-Disposition: recipient-list-history\r\n\r\n".encode()
            + history
            + f"\r\n--{BOUNDARY}--\r\n".encode()
        )
        response = self.answer(
            body_type=f"multipart/mixed;boundary={BOUNDARY}", body=whole
        )
        self.assertEqual(response.status, 202)
        self.assertEqual(self.texts, ["Hello, all"])

    def test_priority_and_language(self) -> None:
        """3, note: some headers have a parameter of their own."""
        self.answer(text="Bonjour", priority="urgent", content_language="fr")
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.priority_flag, 2)
        self.assertEqual(integer(pdu.tlvs, Tag.LANGUAGE_INDICATOR), 2)


class SameMessageIdToMany(Handling):
    def test_each_recipient_gets_it(self) -> None:
        """A message to several users has one Message-ID: none is another's repeat."""
        for number in ("+15145550002", "+15145550003"):
            sent = self.send(
                text="Hello",
                message_id="one",
                recipient=f"tel:{number}",
                request_uri="sip:CPM-IWF@ims.example.net",
            )
            self.assertEqual(sent.status, 202)
            self.assertEqual(self.centre.handset(number).texts, ["Hello"])


class PrivacyRefused(Handling):
    def test_403(self) -> None:
        """Privacy: id and no number to stand for it: 403 "Anonymity not allowed"."""
        for value in ("id", "user;id", "header"):
            with self.subTest(privacy=value):
                response = self.answer(text="Hello", privacy=value)
                self.assertEqual(response.status, 403)
                self.assertIn('"119 ', response.headers.get("Warning") or "")
        self.assertEqual(self.centre.submitted, [])

    def test_none_asks_for_nothing(self) -> None:
        """Privacy: none is a message like any other (RFC 3323 4.2)."""
        self.assertEqual(self.answer(text="Hello", privacy="none").status, 202)


class PrivacyKept(Handling):
    policy = 'anonymous_number = "+15145550100"'

    def test_anonymous_number(self) -> None:
        """Privacy: id is kept: another number is shown; reports find Alice."""
        sent = self.send(text="Hello", privacy="id", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.source_addr, "15145550100")
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])


class PrivacyRevealed(Handling):
    policy = 'anonymous_originator = "reveal"'

    def test_revealed(self) -> None:
        """Policy may show the number all the same."""
        self.assertEqual(self.answer(text="Hello", privacy="id").status, 202)
        (pdu,) = self.centre.submitted
        assert isinstance(pdu, SubmitSm)
        self.assertEqual(pdu.source_addr, "15145550001")


class Response408(Handling):
    smsc = "response_timeout = 5.0"

    def test_408_has_the_stored_headers(self) -> None:
        """Last paragraph: 408 where SMS does not answer, with what was stored."""
        self.centre.behave(SmsBehaviour(silent=True))
        sent = self.send(text="Hello", conversation_id="c-1")
        self.network.advance(6)
        self.settle()
        assert sent.response is not None
        self.assertEqual(sent.status, 408)
        self.assertEqual(sent.response.headers.get("Conversation-ID"), "c-1")


class Undelivered(Handling):
    def test_receipt_that_ends_nothing(self) -> None:
        """An intermediate state is no outcome; the final one is told once."""
        self.centre.behave(SmsBehaviour(state=MessageState.ENROUTE))
        sent = self.send(text="Hello")
        self.assertEqual(sent.notifications, [])
