"""What MSRP SEND carries in a CPM session, both ways (conversation TS 5, 7.3.9)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.chat_content import (
    ANONYMOUS_URI,
    COMPOSING_TYPE,
    GROUP_DATA_TYPE,
    ChatContent,
    Content,
    chat_message,
    chat_notification,
    kind_of,
    read_chat,
)
from cpmgw.cpm.cpim import CpimLimits
from cpmgw.cpm.errors import (
    CannotBecomeText,
    CpimError,
    CpmError,
    EndToEndProtected,
    ImdnError,
)
from cpmgw.cpm.imdn import (
    Disposition,
    Imdn,
    Kind,
    Notification,
    Requested,
    Status,
    build_imdn,
)
from cpmgw.cpm.mime import MimeLimits

ALICE = "tel:+15145550001"
GROUP = "sip:chess@conf.example.net"
WHEN = "2026-01-01T12:00:00Z"
CPIM = "message/cpim"
IMDN = Imdn(
    message_id="m-1",
    datetime=WHEN,
    notifications=(Notification(Kind.DELIVERY, Status.DELIVERED),),
)


def cpim(content_type: str, content: bytes, *more: str) -> bytes:
    """A wrapper around content, with more message headers."""
    head = [f"From: Ann <{ALICE}>", f"To: <{GROUP}>", f"DateTime: {WHEN}", *more]
    lines = [*head, "", f"Content-Type: {content_type}", "", ""]
    return "\r\n".join(lines).encode() + content


class Messages(SynchronousTestCase):
    def test_cpim_text(self) -> None:
        """A wrapped text: sender, time, what is asked for, and the text."""
        found = read_chat(
            CPIM,
            cpim(
                "text/plain; charset=utf-8",
                "Grüße\r\n".encode(),
                "NS: imdn <urn:ietf:params:imdn>",
                "imdn.Message-ID: m-1",
                "imdn.Disposition-Notification: positive-delivery, interworking",
            ),
        )
        self.assertIs(found.kind, Content.TEXT)
        self.assertEqual(found.text, "Grüße\n")
        assert found.sender is not None
        self.assertEqual((found.sender.name, found.sender.uri), ("Ann", ALICE))
        self.assertEqual(found.datetime, WHEN)
        self.assertEqual(
            found.requested,
            Requested(
                "m-1",
                frozenset({Disposition.POSITIVE_DELIVERY, Disposition.INTERWORKING}),
            ),
        )

    def test_bare_text(self) -> None:
        """A text without a wrapper has neither sender nor Message-ID."""
        found = read_chat("text/plain", b"Hi")
        self.assertEqual(
            found,
            ChatContent(
                kind=Content.TEXT, content_type="text/plain", octets=b"Hi", text="Hi"
            ),
        )
        self.assertIsNone(found.sender)
        self.assertEqual(found.datetime, "")

    def test_other_texts(self) -> None:
        """HTML and multiparts are the text in them (RCC.10 6.1.1)."""
        html = read_chat(CPIM, cpim("text/html", b"<p>Hi <b>you</b></p>"))
        self.assertEqual((html.kind, html.text.strip()), (Content.TEXT, "Hi you"))
        parts = (
            b"--x\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n"
            b"--x\r\nContent-Type: text/plain\r\n\r\nHi\r\n--x--\r\n"
        )
        mixed = read_chat(CPIM, cpim("multipart/mixed; boundary=x", parts))
        self.assertEqual((mixed.kind, mixed.text), (Content.TEXT, "Hi"))

    def test_transfer_encoding(self) -> None:
        """A transfer encoding inside the wrapper is undone."""
        data = cpim("text/plain", b"SGk=").replace(
            b"Content-Type:", b"Content-Transfer-Encoding: base64\r\nContent-Type:"
        )
        self.assertEqual(read_chat(CPIM, data).text, "Hi")

    def test_type_with_parameters(self) -> None:
        """The outer type is read whatever its case and parameters."""
        data = cpim("text/plain", b"Hi")
        self.assertEqual(read_chat("Message/CPIM; charset=x", data).text, "Hi")


class Kinds(SynchronousTestCase):
    def test_notification(self) -> None:
        """An IMDN is read, wrapped or not."""
        data = build_imdn(IMDN)
        for found in (
            read_chat(CPIM, cpim("message/imdn+xml", data)),
            read_chat("message/imdn+xml", data),
        ):
            self.assertEqual((found.kind, found.imdn), (Content.NOTIFICATION, IMDN))

    def test_composing(self) -> None:
        """isComposing: bare in a session of two, wrapped in a group (5.5)."""
        for found in (
            read_chat(COMPOSING_TYPE, b"<isComposing/>"),
            read_chat(CPIM, cpim(COMPOSING_TYPE, b"<isComposing/>")),
        ):
            self.assertEqual((found.kind, found.text), (Content.COMPOSING, ""))

    def test_by_type(self) -> None:
        """Every type is of one kind."""
        for content_type, kind in (
            ("", Content.TEXT),
            ("text/x-unknown", Content.TEXT),
            ("multipart/mixed; boundary=x", Content.TEXT),
            ("application/xhtml+xml", Content.TEXT),
            ("Message/IMDN+XML", Content.NOTIFICATION),
            (f"{COMPOSING_TYPE}; charset=UTF-8", Content.COMPOSING),
            (GROUP_DATA_TYPE, Content.GROUP_DATA),
            (
                f'multipart/related; type="{GROUP_DATA_TYPE}"; boundary=x',
                Content.GROUP_DATA,
            ),
            ("application/vnd.oma.cpm-event-imap+xml", Content.EVENT),
            ("application/vnd.oma.cpm-event-iw+xml", Content.EVENT),
            ("application/vnd.gsma.rcspushlocation+xml", Content.OTHER),
            ("application/vnd.gsma.rcs-ft-http+xml", Content.OTHER),
            ("image/png", Content.OTHER),
            ("application/pkcs7-mime", Content.OTHER),
            ("message/rfc822", Content.OTHER),
            ("rubbish", Content.OTHER),
        ):
            self.assertIs(kind_of(content_type), kind, content_type)

    def test_other(self) -> None:
        """What is no text is told as such, and not looked into."""
        found = read_chat(CPIM, cpim("image/png", b"\x89PNG"))
        self.assertEqual((found.kind, found.content_type), (Content.OTHER, "image/png"))


class Refused(SynchronousTestCase):
    """What cannot be used says why. [TS 6.2.2.1.5 step 2]"""

    def test_broken_wrapper(self) -> None:
        """A wrapper that cannot be read, or demands what is not known here."""
        for data in (
            b"",
            b"no header",
            b"X: y\r\n\r\nContent-Type: text/plain\r\n\r\nHi",
            cpim("text/plain", b"Hi", "Require: x.y"),
        ):
            self.assertRaises(CpimError, read_chat, CPIM, data)

    def test_broken_notification(self) -> None:
        """An IMDN that cannot be read."""
        data = cpim("message/imdn+xml", b"<imdn/>")
        self.assertRaises(ImdnError, read_chat, CPIM, data)

    def test_text_without_text(self) -> None:
        """A text type whose octets are no text."""
        for content_type, octets in (
            ("text/plain; charset=utf-8", b"\xff\xfe\xfa"),
            ("text/plain; charset=klingon", b"Hi"),
            ("multipart/mixed", b"Hi"),
        ):
            data = cpim(content_type, octets)
            self.assertRaises(CannotBecomeText, read_chat, CPIM, data)

    def test_protected(self) -> None:
        """What is protected end to end within a multipart is not opened (TS 6.6)."""
        parts = b"--x\r\nContent-Type: application/pkcs7-mime\r\n\r\nx\r\n--x--\r\n"
        data = cpim("multipart/mixed; boundary=x", parts)
        self.assertRaises(EndToEndProtected, read_chat, CPIM, data)

    def test_limits(self) -> None:
        """Text and wrapper: at their limits, and one octet past them."""
        data = cpim("text/plain", b"Hello")
        read_chat(CPIM, data, MimeLimits(max_size=5), CpimLimits(max_size=len(data)))
        with self.assertRaises(CannotBecomeText):
            read_chat(CPIM, data, MimeLimits(max_size=4))
        with self.assertRaises(CpimError):
            read_chat(CPIM, data, cpim_limits=CpimLimits(max_size=len(data) - 1))

    @given(some.sampled_from([CPIM, "text/plain", "message/imdn+xml"]), some.binary())
    def test_any_octets(self, content_type: str, octets: bytes) -> None:
        """Any octets are content or one of the faults above."""
        try:
            found = read_chat(content_type, octets)
        except CpmError:
            return
        self.assertIsInstance(found.kind, Content)


class Writing(SynchronousTestCase):
    def test_message(self) -> None:
        """A chat message: CPIM with text/plain. [TS 6.2.2.2.2 step 2]"""
        body = chat_message(
            "Grüße",
            sender=ALICE,
            recipient=GROUP,
            message_id="m-1",
            datetime=WHEN,
            dispositions=(Disposition.DISPLAY, Disposition.POSITIVE_DELIVERY),
        )
        self.assertEqual(
            body.decode(),
            f"From: <{ALICE}>\r\n"
            f"To: <{GROUP}>\r\n"
            f"DateTime: {WHEN}\r\n"
            "NS: imdn <urn:ietf:params:imdn>\r\n"
            "imdn.Message-ID: m-1\r\n"
            "imdn.Disposition-Notification: positive-delivery, display\r\n"
            "\r\n"
            "Content-Type: text/plain;charset=UTF-8\r\n"
            "Content-Length: 7\r\n"
            "\r\n"
            "Grüße",
        )

    def test_message_of_a_session_of_two(self) -> None:
        """From and To are anonymous there (RCC.10 6.1.5.1)."""
        body = chat_message(
            "Hi",
            sender=ANONYMOUS_URI,
            recipient=ANONYMOUS_URI,
            message_id="m-1",
            datetime=WHEN,
        )
        found = read_chat(CPIM, body)
        assert found.sender is not None and found.cpim is not None
        self.assertEqual(found.sender.uri, "sip:anonymous@anonymous.invalid")
        self.assertEqual(found.cpim.get("To"), f"<{ANONYMOUS_URI}>")

    @given(some.text())
    def test_text_is_kept(self, text: str) -> None:
        """What is written is read again, whatever the text (line ends aside)."""
        body = chat_message(
            text, sender=ALICE, recipient=GROUP, message_id="m-1", datetime=WHEN
        )
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        expected = lines.encode("utf-8", "replace").decode().removeprefix("\ufeff")
        self.assertEqual(read_chat(CPIM, body).text, expected)

    def test_notification(self) -> None:
        """An IMDN for MSRP: anonymous unless told, IMDN-Route in order (5.4.1)."""
        body = chat_notification(
            IMDN, message_id="n-1", datetime=WHEN, routes=("sip:one@x", "sip:two@x")
        )
        found = read_chat(CPIM, body)
        self.assertEqual((found.kind, found.imdn), (Content.NOTIFICATION, IMDN))
        assert found.sender is not None and found.cpim is not None
        self.assertEqual(found.sender.uri, ANONYMOUS_URI)
        self.assertEqual(found.requested, Requested("n-1"))
        routes = found.cpim.imdn_headers()["imdn-route"]
        self.assertEqual(routes, ["<sip:one@x>", "<sip:two@x>"])

    def test_notification_of_a_group(self) -> None:
        """In a group it says whose it is, and for whom."""
        body = chat_notification(
            IMDN, message_id="n-1", datetime=WHEN, sender=ALICE, recipient=GROUP
        )
        self.assertIn(f"From: <{ALICE}>\r\nTo: <{GROUP}>\r\n".encode(), body)
