"""Tests of cpmgw.mm4.mail."""

from __future__ import annotations

import contextlib
from email import message_from_bytes, policy

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.mime import DEFAULT_LIMITS, MimeLimits
from cpmgw.mm4.entity import leaf, multipart
from cpmgw.mm4.errors import Corrupt, Mm4Error, NotMm4, Salvaged, UnknownType
from cpmgw.mm4.limits import MailLimits
from cpmgw.mm4.mail import (
    read_content,
    read_mail,
    refusal,
    write_mail,
    write_mail_pieces,
)
from cpmgw.mm4.pdu import (
    Forward,
    MessageType,
    RequestStatus,
    Result,
    Transaction,
)
from tests.mm4 import samples

FORWARD = Forward(
    transaction=Transaction(
        type=MessageType.FORWARD_REQ, transaction_id="t", message_id="m@mms.test"
    ),
    sender="+15550100/TYPE=PLMN@mms.test",
    to=("+15550101/TYPE=PLMN@mms.example.org",),
    subject="Grüße",
)
RESULT = Result(
    transaction=Transaction(
        type=MessageType.FORWARD_RES, transaction_id="t", message_id="m@x"
    ),
    status=RequestStatus.OK,
)
MORE = (("Sender", "system-user@mms.test"), ("Message-ID", "<1@mms.test>"))


class Reading(SynchronousTestCase):
    """Mails of peers."""

    def test_content(self) -> None:
        """The content of MMS relays of different makers is read."""
        for octets, wanted in (
            (samples.PLAIN_FORWARD, [("text/plain", b"Good morning\r\n")]),
            (
                samples.MBUNI_FORWARD,
                [("application/smil", b"<smil></smil>"), ("text/plain", b"Hello")],
            ),
            (
                samples.CARRIER_FORWARD,
                [
                    ("application/smil", b"<smil/>"),
                    ("image/gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00,"),
                ],
            ),
        ):
            mail = read_mail(octets)
            entity = read_content(mail, DEFAULT_LIMITS)
            found = [(each.media_type.name, each.body) for each in entity.leaves()]
            self.assertEqual(found, wanted)

    def test_view(self) -> None:
        """The content is not copied; a PDU without one has none."""
        mail = read_mail(samples.PLAIN_FORWARD)
        assert isinstance(mail.content, memoryview)
        self.assertIs(mail.content.obj, samples.PLAIN_FORWARD)
        report = read_mail(memoryview(samples.DELIVERY_REPORT))
        self.assertEqual(read_content(report, DEFAULT_LIMITS).body, b"")

    def test_fields(self) -> None:
        """What the header says of a single part is read with it [TS 6.3 2]."""
        octets = samples.PLAIN_FORWARD.replace(
            b"MIME-Version",
            b"Content-Disposition: attachment; filename=a.txt\r\n"
            b"content-location: a.txt\r\nContent-Return: allowed\r\nMIME-Version",
        )
        entity = read_content(read_mail(octets), DEFAULT_LIMITS)
        self.assertEqual(entity.disposition.parameter("filename"), "a.txt")
        self.assertEqual(entity.get("Content-Location"), "a.txt")
        self.assertEqual(entity.get("Content-Return"), "")
        again = read_content(read_mail(write_mail(FORWARD, entity)), DEFAULT_LIMITS)
        self.assertEqual(again.disposition, entity.disposition)
        self.assertEqual(again.get("Content-Location"), "a.txt")

    def test_corrupt_content(self) -> None:
        """Content that cannot be read is told with what answers it."""
        octets = samples.PLAIN_FORWARD.replace(b"text/plain", b"multipart/mixed")
        mail = read_mail(octets)
        error = self.assertRaises(Corrupt, read_content, mail, DEFAULT_LIMITS)
        self.assertEqual(error.fields.transaction_id, "txn-1@mms.example.org")
        self.assertEqual(error.type_text, "MM4_forward.REQ")
        self.assertEqual(len(error.fields.forward_route), 2)
        limits = MimeLimits(max_size=len(mail.content) - 1)
        self.assertRaises(Corrupt, read_content, mail, limits)

    def test_limits(self) -> None:
        """A header beyond the limits is corrupt, whatever is in it."""
        limits = MailLimits(max_fields=3)
        self.assertRaises(Corrupt, read_mail, samples.PLAIN_FORWARD, limits)

    def test_expiry(self) -> None:
        """The arrival is what seconds to the expiry count from."""
        pdu = read_mail(samples.CARRIER_FORWARD, now=5.0).pdu
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.expiry, 5.0 + 86_400)

    @given(st.binary(max_size=300))
    def test_any_octets(self, octets: bytes) -> None:
        """Any octets are refused, or read."""
        whole = b"X-Mms-Message-Type: MM4_forward.REQ\r\n" + octets
        with contextlib.suppress(Mm4Error):
            read_content(read_mail(whole), DEFAULT_LIMITS)

    @given(st.sampled_from([samples.MBUNI_FORWARD, samples.CARRIER_FORWARD]), st.data())
    def test_truncated(self, octets: bytes, data: st.DataObject) -> None:
        """A mail that was cut anywhere is read as far as it goes, or refused."""
        cut = data.draw(st.integers(0, len(octets)))
        with contextlib.suppress(NotMm4, Corrupt, UnknownType):
            read_content(read_mail(octets[:cut]), DEFAULT_LIMITS)


class Writing(SynchronousTestCase):
    """Mails of ours."""

    def test_result(self) -> None:
        """A response is all header; more fields are the caller's."""
        self.assertEqual(
            write_mail(RESULT, None, MORE),
            b"X-Mms-Message-Type: MM4_forward.RES\r\n"
            b'X-Mms-Transaction-ID: "t"\r\n'
            b'X-Mms-Message-ID: "m@x"\r\n'
            b"X-Mms-Request-Status-Code: Ok\r\n"
            b"Sender: system-user@mms.test\r\n"
            b"Message-ID: <1@mms.test>\r\n"
            b"\r\n",
        )
        self.assertEqual(read_mail(write_mail(RESULT)).pdu, RESULT)

    def test_forward(self) -> None:
        """A message has its content, and the standard library reads it."""
        picture = leaf("image/jpeg", bytes(range(256)), content_id="<a>")
        text = leaf("text/plain; charset=utf-8", "Grüße\n".encode())
        entity = multipart("related", (text, picture))
        octets = write_mail(FORWARD, entity, MORE)
        self.assertTrue(octets.isascii())
        message = message_from_bytes(octets, policy=policy.default)
        self.assertEqual(message["Subject"], "Grüße")
        self.assertEqual(message["MIME-Version"], "1.0")
        found = [
            part.get_payload(decode=True)
            for part in message.walk()
            if not part.is_multipart()
        ]
        self.assertEqual(found, [text.body, picture.body])
        mail = read_mail(octets)
        self.assertEqual(
            [each.body for each in read_content(mail, DEFAULT_LIMITS).leaves()], found
        )

    def test_pieces(self) -> None:
        """A large message comes in pieces, none of which is nearly all of it."""
        entity = multipart("mixed", (leaf("video/mp4", bytes(2_000_000)),))
        pieces = list(write_mail_pieces(FORWARD, entity))
        self.assertEqual(b"".join(pieces), write_mail(FORWARD, entity))
        self.assertLess(max(map(len, pieces)), 400_000)

    def test_refused(self) -> None:
        """What cannot be written is refused before the first piece."""
        for more in (
            (("Sender", "a\r\nX: y"),),
            (("Bad name", "x"),),
            (("Subject", "twice"),),
            (("Sender", "é"),),
        ):
            self.assertRaises(Mm4Error, write_mail_pieces, FORWARD, None, more)

    @given(st.binary(max_size=500), st.text(max_size=100))
    @settings(max_examples=100, deadline=None)
    def test_round_trip(self, body: bytes, subject: str) -> None:
        """Any content comes back, and no subject adds a field."""
        pdu = msgspec.structs.replace(FORWARD, subject=subject)
        octets = write_mail(pdu, leaf("image/gif", body), MORE)
        mail = read_mail(octets)
        self.assertEqual(read_content(mail, DEFAULT_LIMITS).body, body)
        names = message_from_bytes(octets, policy=policy.compat32).keys()
        self.assertLessEqual(len(names), 14)
        self.assertTrue(octets.isascii())


class Refusals(SynchronousTestCase):
    """What answers a request that cannot be read."""

    fields = Salvaged(
        type_text="MM4_Strange.req",
        transaction_id="t",
        message_id="m",
        forward_route=("system-user@x.test",),
    )

    def test_unknown(self) -> None:
        """MM4_xyz.REQ is answered by MM4_xyz.RES: Error-unsupported-message."""
        octets = refusal(self.fields, RequestStatus.UNSUPPORTED_MESSAGE, "6.3.0", MORE)
        assert octets is not None
        message = message_from_bytes(octets, policy=policy.compat32)
        self.assertEqual(message["X-Mms-Message-Type"], "MM4_Strange.RES")
        self.assertEqual(message["X-Mms-Transaction-ID"], '"t"')
        self.assertEqual(message["X-Mms-Message-ID"], '"m"')
        self.assertEqual(
            message["X-Mms-Request-Status-Code"], "Error-unsupported-message"
        )
        self.assertEqual(message["X-Mms-Return-Route"], "system-user@x.test")
        self.assertEqual(message["Sender"], "system-user@mms.test")

    def test_corrupt(self) -> None:
        """A known request is answered so that its sender understands."""
        octets = samples.PLAIN_FORWARD.replace(b"From:", b"Form:")
        error = self.assertRaises(Corrupt, read_mail, octets)
        answer = refusal(
            error.fields, RequestStatus.FORMAT_CORRUPT, "6.3.0", (), "no\nFrom"
        )
        assert answer is not None
        pdu = read_mail(answer).pdu
        assert isinstance(pdu, Result)
        self.assertIs(pdu.status, RequestStatus.FORMAT_CORRUPT)
        self.assertEqual(pdu.status_text, "no From")
        self.assertEqual(pdu.transaction.transaction_id, "txn-1@mms.example.org")

    def test_nothing(self) -> None:
        """No response to a response, to no type of MM4, to no transaction."""
        for fields in (
            Salvaged(type_text="MM4_strange.RES", transaction_id="t"),
            Salvaged(type_text="m-send-req", transaction_id="t"),
            Salvaged(type_text="MM4_a b.REQ", transaction_id="t"),
            Salvaged(type_text=f"MM4_{'a' * 61}.REQ", transaction_id="t"),
            Salvaged(type_text="MM4_strange.REQ", message_id="m"),
            Salvaged(),
        ):
            self.assertIsNone(refusal(fields, RequestStatus.UNSPECIFIED, "6.3.0"))
        longest = Salvaged(type_text=f"MM4_{'a' * 60}.REQ", transaction_id="t")
        self.assertIsNotNone(refusal(longest, RequestStatus.UNSPECIFIED, "6.3.0"))

    def test_spellings(self) -> None:
        """Whatever is read as a request is answered, by its proper name."""
        for text, wanted in (
            ("mm4_forward.req", "MM4_forward.RES"),
            ("MM4-forward.REQ", "MM4_forward.RES"),
            ("MM4_FORWARD_REQ", "MM4_forward.RES"),
            ('"MM4_forward.REQ"', "MM4_forward.RES"),
            ("MM4_read_reply.REQ", "MM4_read_reply_report.RES"),
            ('"MM4_STRANGE_REQ"', "MM4_STRANGE.RES"),
            ("MM4-strange-req", "MM4-strange.RES"),
            ("MM4_FORWARD_RES", None),
            ("MM4_strange.REQ ; x", None),
        ):
            fields = Salvaged(type_text=text, transaction_id="t")
            answer = refusal(fields, RequestStatus.FORMAT_CORRUPT, "6.3.0")
            found = None if answer is None else message_from_bytes(answer)
            self.assertEqual(found and found["X-Mms-Message-Type"], wanted, text)

    def test_beyond_the_limits(self) -> None:
        """A header with too much in it is answered all the same."""
        head, _, _ = samples.PLAIN_FORWARD.partition(b"To:")
        many = ", ".join(f"<+1555{n:07}/TYPE=PLMN@mms.test>" for n in range(950))
        for more in (b"To: " + many.encode(), b"X: y\r\n" * 300, b"X: y\r\n" * 9_000):
            error = self.assertRaises(Corrupt, read_mail, head + more + b"\r\n\r\nhi")
            self.assertEqual(error.type_text, "MM4_forward.REQ")
            self.assertEqual(error.fields.transaction_id, "txn-1@mms.example.org")
            answer = refusal(error.fields, RequestStatus.FORMAT_CORRUPT, "6.3.0")
            self.assertIsNotNone(answer)

    def test_long_text(self) -> None:
        """A text without a single space is told as well."""
        fields = Salvaged(
            type_text="MM4_forward.REQ", transaction_id="t", message_id="m"
        )
        answer = refusal(fields, RequestStatus.FORMAT_CORRUPT, "6.3.0", (), "x" * 1_100)
        assert answer is not None
        pdu = read_mail(answer).pdu
        assert isinstance(pdu, Result)
        self.assertEqual(pdu.status_text, "x" * 1_000)
