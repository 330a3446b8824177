"""Tests of cpmgw.cpm.wrapper."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.wrapper import wrapped


class WrapperTests(SynchronousTestCase):
    """Conversation TS 7.2.1.3 and TS Table 9."""

    def test_example(self) -> None:
        """A whole pager mode body, to the octet."""
        body = wrapped(
            b"Hello",
            "text/plain; charset=utf-8",
            sender="tel:+15145550001;nccsid=SMS",
            to="tel:+15145550002",
            datetime="2026-01-01T12:00:00Z",
            message_id="34jk324j",
            dispositions=[Disposition.DISPLAY, Disposition.POSITIVE_DELIVERY],
        )
        self.assertEqual(
            body,
            b"From: <tel:+15145550001;nccsid=SMS>\r\n"
            b"To: <tel:+15145550002>\r\n"
            b"DateTime: 2026-01-01T12:00:00Z\r\n"
            b"NS: imdn <urn:ietf:params:imdn>\r\n"
            b"imdn.Message-ID: 34jk324j\r\n"
            b"imdn.Disposition-Notification: positive-delivery, display\r\n"
            b"\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 5\r\n"
            b"\r\n"
            b"Hello",
        )

    def test_is_what_the_strict_writer_writes(self) -> None:
        """Every part is written as CpimMessage would, values escaped."""
        body = wrapped(
            b"\r\n\r\n",
            "text/plain\r\nX: y",
            sender="tel:+1\r\nTo: <x>",
            to="tel:+2",
            datetime="now\r\n",
            cc=["im:a@x", "im:b@x"],
            subject="a\\b\r\nc: d",
            message_id="1\r\n",
        )
        message = parse_cpim(body)
        self.assertEqual(message.encode(), body)
        self.assertEqual(message.subject, "a\\b\r\nc: d")
        self.assertEqual(len(message.all("cc")), 2)
        self.assertEqual(message.content, b"\r\n\r\n")

    def test_without_imdn(self) -> None:
        """Without a Message-ID nothing of IMDN is written."""
        body = wrapped(
            b"x",
            "text/plain",
            sender="a:b",
            to="a:c",
            datetime="d",
            dispositions=[Disposition.DISPLAY],
        )
        self.assertEqual(parse_cpim(body).imdn_headers(), {})
        self.assertNotIn(b"NS:", body)
