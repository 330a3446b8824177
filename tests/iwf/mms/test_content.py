"""Tests of cpmgw.iwf.mms.content and files (TS 6.3 1, 6.3.1.1.5, 6.6)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import AdaptationConfig, MmscMedia
from cpmgw.cpm.features import Feature
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.held import File
from cpmgw.iwf.mms.adaptation.adaptation import Adaptation
from cpmgw.iwf.mms.content import Contents
from cpmgw.iwf.mms.files import MOST_NAME, name_of
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.mail import read_mail, write_mail
from cpmgw.mm4.pdu import Forward
from cpmgw.mm4.smil import has_smil
from tests.iwf.mms.gateway import Sending
from tests.iwf.mms.test_forwarding import FORWARD
from tests.iwf.requests import message_of

RELATED = 'multipart/related; boundary=b; type="application/smil"; start="<s>"'
SMIL = b"<smil><body><par><img src='cid:p'/></par></body></smil>"
PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff"
TEXT_AND_PDF = (
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\n"
    b"Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"
)
SHOW = (
    b"--b\r\nContent-Type: application/smil\r\nContent-ID: <s>\r\n\r\n"
    + SMIL
    + b"\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n\r\n"
    + PICTURE
    + b"\r\n--b--\r\n"
)


class Reading(SynchronousTestCase):
    def of(self, smil: str = "leave", **details: Any) -> Entity:
        """The content of a message, for MMS."""
        self.sending = Sending(
            self.mktemp(),
            mmsc={"media": MmscMedia(smil=smil)},  # type: ignore[arg-type]
            mm4={"max_size": 4_096},
        )
        message = message_of(**details)
        work = self.sending.contents.of(message, self.sending.relay)
        return self.successResultOf(Deferred.fromCoroutine(work))

    def refused(self, **details: Any) -> CannotInterwork:
        """Why it is refused."""
        sending = Sending(self.mktemp(), mm4={"max_size": 4_096})
        work = sending.contents.of(message_of(**details), sending.relay)
        error = self.failureResultOf(Deferred.fromCoroutine(work), CannotInterwork)
        assert isinstance(error.value, CannotInterwork)
        return error.value

    def test_unmodified(self) -> None:
        """SMIL and what it shows cross octet for octet. [TS 6.3 1]"""
        for smil in ("leave", "add"):
            entity = self.of(smil, content_type=RELATED, content=SHOW)
            self.assertEqual([each.body for each in entity.leaves()], [SMIL, PICTURE])
            self.assertEqual(entity.content_type, RELATED)
            self.assertEqual(entity.parts[1].get("Content-ID"), "<p>")

    def test_without_smil(self) -> None:
        """Text alone stays a single part, or gets SMIL, as the relay likes it."""
        self.assertEqual(self.of("leave", text="Hi").body, b"Hi")
        entity = self.of("add", text="Hi")
        self.assertTrue(has_smil(entity))
        self.assertEqual(entity.parts[1].body, b"Hi")

    def test_title(self) -> None:
        """SMIL that is added has the subject for its title."""
        entity = self.of("add", text="Hi", headers=(("Subject", "News"),))
        self.assertIn(b'content="News"', entity.parts[0].body)

    def test_limits(self) -> None:
        """Adaptation is told what the relay takes, and how much."""
        self.of()
        ((_, media, size),) = self.sending.adaptation.asked
        self.assertEqual(media, self.sending.relay.config.media)
        self.assertEqual(size, 307_200)

    def test_too_large(self) -> None:
        """488 beyond what is looked at, and not for the last octet of it.

        [TS 6.3 1b]
        """
        self.assertEqual(self.of(text="x" * 4_096).size, 4_096)
        refusal = self.refused(text="x" * 4_097)
        self.assertEqual((refusal.status, refusal.cause), (488, "too-large"))

    def test_unreadable(self) -> None:
        """400 for what cannot be taken apart."""
        for content_type in ("multipart/mixed; boundary=b", "multipart/mixed"):
            refusal = self.refused(content_type=content_type, content=b"nothing")
            self.assertEqual((refusal.status, refusal.cause), (400, "unreadable"))

    def test_protected(self) -> None:
        """415 for what only its recipient may open, wherever it stands."""
        inner = (
            b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n"
            b"Content-Type: application/pkcs7-mime\r\n\r\n\x01\r\n--b--\r\n"
        )
        for content_type, content in (
            ("application/pkcs7-mime", b"\x01"),
            ("multipart/signed; boundary=b", inner),
            ("multipart/encrypted; boundary=b", inner),
            ("multipart/mixed; boundary=b", inner),
        ):
            refusal = self.refused(content_type=content_type, content=content)
            self.assertEqual((refusal.status, refusal.cause), (415, "content"))
            self.assertEqual(refusal.section, "TS 6.6")

    def test_transfer_encoding(self) -> None:
        """What came encoded is decoded, and written as mail needs it."""
        body = (
            b"From: <tel:+15145550001>\r\n\r\nContent-Type: text/plain\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8="
        )
        self.assertEqual(self.of(body=body).body, b"Hello")

    def test_described(self) -> None:
        """What the wrapper says of a single content is said in the mail. [TS 6.3 1]"""
        body = (
            b"From: <tel:+15145550001>\r\n\r\nContent-Type: image/png\r\n"
            b'Content-Disposition: attachment; filename="cat.png"\r\n'
            b"Content-ID: <cat@x>\r\nContent-Location: cat\r\n"
            b"Content-Description: my cat\r\nX-Other: no\r\n\r\n" + PICTURE
        )
        for smil in ("leave", "add"):
            entity = self.of(smil, body=body)
            (image,) = [e for e in entity.leaves() if e.media_type.main == "image"]
            self.assertEqual(image.body, PICTURE)
            self.assertEqual(image.disposition.name, "attachment")
            self.assertEqual(image.disposition.parameter("filename"), "cat.png")
            self.assertEqual(image.get("Content-ID"), "<cat@x>")
            self.assertEqual(image.get("Content-Location"), "cat")
            self.assertEqual(image.get("Content-Description"), "my cat")
            self.assertEqual(image.get("X-Other"), "")


class Fitted(SynchronousTestCase):
    """With what makes content fit for a relay."""

    def deliver(self, content_type: str, content: bytes) -> Sending:
        """Have a message sent that is no text alone."""
        sending = Sending(self.mktemp())
        house: Any = sending.house
        contents = Contents(
            house,
            Adaptation(
                house,
                AdaptationConfig,
                sending.policy,
                sending.house.traffic,
                sending.house.clock,
            ),
        )
        message = message_of(content_type=content_type, content=content)
        self.work = Deferred.fromCoroutine(contents.of(message, sending.relay))
        return sending

    def test_part_of_it(self) -> None:
        """What MMS takes goes on, and what it does not is left out.

        [TS 6.3 1e] [RCC.10 6.1.1 difference 1a]
        """
        self.deliver("multipart/mixed; boundary=b", TEXT_AND_PDF)
        entity = self.successResultOf(self.work)
        self.assertEqual([each.body for each in entity.leaves()], [b"Hello"])

    def test_nothing_of_it(self) -> None:
        """Where nothing is left, 488. [TS 6.3 1a]"""
        self.deliver("application/pdf", b"%PDF-1.7")
        error = self.failureResultOf(self.work, CannotInterwork).value
        assert isinstance(error, CannotInterwork)
        self.assertEqual((error.status, error.cause), (488, "content"))


class Files(SynchronousTestCase):
    def of(
        self, content_type: str, name: str, content: bytes = b"\x00", *more: File
    ) -> Entity:
        """The content of files, for MMS."""
        sending = Sending(self.mktemp())
        message = msgspec.structs.replace(
            message_of(),
            feature=Feature.FILE,
            files=(File(content_type=content_type, held=content, name=name), *more),
        )
        work = sending.contents.of(message, sending.relay)
        return self.successResultOf(Deferred.fromCoroutine(work))

    def test_picture(self) -> None:
        """A file that is shown is in line, under its own name.

        [TS 6.3.1.1.5 step 4] [SCR Int-S-037-O]
        """
        entity = self.of("image/png", "view.png", PICTURE)
        self.assertEqual((entity.content_type, entity.body), ("image/png", PICTURE))
        self.assertEqual(entity.get("Content-Location"), "view.png")
        self.assertEqual(entity.disposition.name, "inline")
        self.assertEqual(entity.disposition.parameter("filename"), "view.png")

    def test_any_other(self) -> None:
        """Any other is an attachment; without a type it is just octets."""
        entity = self.of("application/pdf", "a.pdf")
        self.assertEqual(entity.disposition.name, "attachment")
        self.assertEqual(self.of("", "a").content_type, "application/octet-stream")

    def test_no_name(self) -> None:
        """A file without a name has none here."""
        entity = self.of("image/png", "")
        self.assertEqual(entity.get("Content-Location"), "")
        self.assertEqual(entity.get("Content-Disposition"), "inline")

    def test_several(self) -> None:
        """Several files of a transfer are one message, in their order."""
        note = File(content_type="text/plain", held=b"Hi", name="note.txt")
        entity = self.of("image/png", "view.png", PICTURE, note)
        self.assertEqual(entity.media_type.name, "multipart/mixed")
        self.assertEqual([each.body for each in entity.leaves()], [PICTURE, b"Hi"])
        names = [each.get("Content-Location") for each in entity.parts]
        self.assertEqual(names, ["view.png", "note.txt"])

    def test_multipart(self) -> None:
        """A file that is a multipart is taken apart as any message is."""
        entity = self.of(RELATED, "show", SHOW)
        self.assertEqual([each.body for each in entity.leaves()], [SMIL, PICTURE])

    def test_names(self) -> None:
        """Of a name stays what is one: no way to it, no controls, no quotes."""
        long = "x" * 200
        for text, wanted in (
            ("view.png", "view.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\files\\a b.txt", "a b.txt"),
            ('a"b\r\nc.txt', "abc.txt"),
            ("..", ""),
            ("photo\u202egpj.exe", "photogpj.exe"),
            ("\u2066a\u2028b\u2029c\u200bd\ufeff\x85.gif", "abcd.gif"),
            ("Grüße.txt", "Grüße.txt"),
            ("\udcff.txt", "\ufffd.txt"),
            (long, "x" * MOST_NAME),
            (f"{long}.jpeg", f"{'x' * (MOST_NAME - 5)}.jpeg"),
            (f"a.{long}", f"a.{long}"[:MOST_NAME]),
        ):
            self.assertEqual(name_of(text), wanted, text)

    def test_written(self) -> None:
        """A name of any letters can be written into a mail."""
        entity = self.of("image/png", "Grüße aus Köln.png", PICTURE)
        octets = write_mail(FORWARD, entity)
        self.assertTrue(octets.isascii())
        pdu = read_mail(octets).pdu
        assert isinstance(pdu, Forward)
        self.assertEqual(pdu.to, FORWARD.to)
