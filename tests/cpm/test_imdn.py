"""Tests of cpmgw.cpm.imdn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.errors import ImdnError
from cpmgw.cpm.imdn import (
    DEFAULT_LIMITS,
    STATUSES,
    Disposition,
    Imdn,
    Kind,
    Notification,
    Requested,
    Status,
    build_imdn,
    imdn_of,
    notification_body,
    parse_imdn,
    requested,
)


def _elements(*names: str) -> str:
    return "".join(f'<element name="{name}"><empty/></element>' for name in names)


# The rules of RFC 5438 11.1.9 in short: the order of elements, which of them may be
# left out, and which status belongs to which notification. Appendix O adds one more
# notification as the extension that the RFC allows at the end.
RULES = etree.RelaxNG(
    etree.fromstring(
        f"""
<element name="imdn" ns="urn:ietf:params:xml:ns:imdn"
    xmlns="http://relaxng.org/ns/structure/1.0"
    datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <element name="message-id"><data type="token"/></element>
  <element name="datetime"><data type="string"/></element>
  <optional>
    <element name="recipient-uri"><data type="anyURI"/></element>
    <element name="original-recipient-uri"><data type="anyURI"/></element>
    <optional><element name="subject"><text/></element></optional>
  </optional>
  <optional><choice>
    <element name="delivery-notification"><element name="status"><choice>
      {_elements("delivered", "failed", "forbidden", "error")}
    </choice></element></element>
    <element name="display-notification"><element name="status"><choice>
      {_elements("displayed", "forbidden", "error")}
    </choice></element></element>
    <element name="processing-notification"><element name="status"><choice>
      {_elements("processed", "stored", "forbidden", "error")}
    </choice></element></element>
  </choice></optional>
  <optional>
    <element name="interworking-notification"><element name="status"><choice>
      <group ns="urn:oma:xml:cpm:imdn-extensions:1.0"><choice>
        {_elements("legacy-sms", "legacy-mms")}
      </choice></group>
      {_elements("forbidden", "error")}
    </choice></element></element>
  </optional>
</element>"""
    )
)

ALL = [Notification(k, s) for k in Kind for s in STATUSES[k]]

DELIVERED = Notification(Kind.DELIVERY, Status.DELIVERED)
LEGACY_SMS = Notification(Kind.INTERWORKING, Status.LEGACY_SMS)


def imdn(*notifications: Notification) -> Imdn:
    """An IMDN for the message 34jk324j."""
    return Imdn(
        message_id="34jk324j",
        datetime="2026-01-01T12:00:00Z",
        notifications=notifications,
    )


class BuildTests(SynchronousTestCase):
    """RFC 5438 7.2.1.1 and conversation TS Appendix O."""

    def assertValid(self, data: bytes) -> None:
        """The document keeps the rules of RFC 5438."""
        document = etree.fromstring(data)
        self.assertTrue(RULES.validate(document), RULES.error_log)

    def test_every_notification(self) -> None:
        """Every notification with every status it can have is valid."""
        self.assertEqual(len(ALL), 15)
        for notification in ALL:
            data = build_imdn(imdn(notification))
            self.assertValid(data)
            self.assertEqual(parse_imdn(data), imdn(notification))

    def test_rules_can_refuse(self) -> None:
        """The rules used here do refuse what is out of order."""
        data = build_imdn(imdn(DELIVERED)).replace(b"delivered", b"displayed")
        self.assertFalse(RULES.validate(etree.fromstring(data)))

    def test_appendix_o(self) -> None:
        """The form of an interworking notification (O.2)."""
        self.assertEqual(
            build_imdn(imdn(LEGACY_SMS)),
            b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
            b'<imdn xmlns="urn:ietf:params:xml:ns:imdn" '
            b'xmlns:cpm="urn:oma:xml:cpm:imdn-extensions:1.0">'
            b"<message-id>34jk324j</message-id>"
            b"<datetime>2026-01-01T12:00:00Z</datetime>"
            b"<interworking-notification><status><cpm:legacy-sms/></status>"
            b"</interworking-notification></imdn>\r\n",
        )

    def test_two_notifications(self) -> None:
        """Delivery and interworking can share a document, the extension at its end."""
        for order in ((DELIVERED, LEGACY_SMS), (LEGACY_SMS, DELIVERED)):
            data = build_imdn(imdn(*order))
            self.assertValid(data)
            self.assertEqual(parse_imdn(data).notifications, (DELIVERED, LEGACY_SMS))

    def test_recipients(self) -> None:
        """recipient-uri and original-recipient-uri come together (11.1.9)."""
        for recipient, original in (("tel:+1", ""), ("", "tel:+1")):
            data = build_imdn(
                Imdn(
                    message_id="1",
                    datetime="d",
                    recipient_uri=recipient,
                    original_recipient_uri=original,
                    subject="s",
                )
            )
            self.assertValid(data)
            read = parse_imdn(data)
            self.assertEqual(read.recipient_uri, "tel:+1")
            self.assertEqual(read.original_recipient_uri, "tel:+1")
            self.assertEqual(read.subject, "s")

    def test_different_recipients(self) -> None:
        """Original-To is the original recipient (TS Table 3)."""
        whole = Imdn(
            message_id="1",
            datetime="d",
            recipient_uri="tel:+2",
            original_recipient_uri="sip:list@x",
        )
        self.assertEqual(parse_imdn(build_imdn(whole)), whole)

    def test_impossible_status(self) -> None:
        """A status that the notification cannot have is refused."""
        for kind, status in (
            (Kind.DELIVERY, Status.DISPLAYED),
            (Kind.DISPLAY, Status.LEGACY_SMS),
            (Kind.INTERWORKING, Status.UNKNOWN),
        ):
            self.assertRaises(ImdnError, build_imdn, imdn(Notification(kind, status)))

    @settings(deadline=None, max_examples=100)
    @given(
        st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
        st.sampled_from(ALL),
        st.text(st.characters(exclude_categories=["C", "Z"])),
    )
    def test_round_trip(
        self, message_id: str, notification: Notification, subject: str
    ) -> None:
        """Whatever characters come, lxml reads what was written."""
        whole = Imdn(
            message_id=message_id,
            datetime="<&>\"'",
            notifications=(notification,),
            recipient_uri="sip:a&b@x",
            original_recipient_uri="sip:a<b@x",
            subject=subject,
        )
        data = build_imdn(whole)
        etree.fromstring(data)
        self.assertEqual(parse_imdn(data), whole)

    @settings(deadline=None, max_examples=100)
    @given(st.text())
    def test_any_text_is_well_formed(self, text: str) -> None:
        """Characters that XML cannot hold do not make a broken document."""
        etree.fromstring(build_imdn(Imdn(message_id=text, datetime=text)))


class BodyTests(SynchronousTestCase):
    """The whole message/cpim of a notification (RFC 5438 7.2.1, TS Table 3)."""

    def body(self, *routes: str) -> bytes:
        """The body of a delivery notification."""
        return notification_body(
            imdn(DELIVERED),
            sender="tel:+15145550002",
            to="tel:+15145550001",
            datetime="2026-01-01T12:00:09Z",
            message_id="n1",
            routes=routes,
        )

    def test_table_3(self) -> None:
        """Table 3: From, To, a new Message-ID, DateTime, disposition notification.

        [SCR Int-S-006-O]
        """
        body = self.body()
        message = parse_cpim(body)
        self.assertEqual(
            message.headers,
            (
                ("From", "<tel:+15145550002>"),
                ("To", "<tel:+15145550001>"),
                ("DateTime", "2026-01-01T12:00:09Z"),
                ("NS", "imdn <urn:ietf:params:imdn>"),
                ("imdn.Message-ID", "n1"),
            ),
        )
        self.assertEqual(message.content_header("Content-Disposition"), "notification")
        self.assertEqual(message.content_type, "message/imdn+xml")
        self.assertEqual(
            message.content_header("Content-Length"), str(len(message.content))
        )
        self.assertEqual(parse_imdn(message.content), imdn(DELIVERED))

    def test_is_what_the_strict_writer_writes(self) -> None:
        """The template differs in nothing from CpimMessage's own writing."""
        body = self.body("sip:a@x", "sip:b@x")
        self.assertEqual(parse_cpim(body).encode(), body)

    def test_asks_for_nothing(self) -> None:
        """No notification is requested of a notification (RFC 5438 7.2.1)."""
        self.assertEqual(requested(parse_cpim(self.body())), frozenset())

    def test_routes(self) -> None:
        """IMDN-Record-Route becomes IMDN-Route in the same order (TS 5.4.1 step 2)."""
        found = parse_cpim(self.body("sip:a@x;lr", "sip:b@x")).imdn_headers()
        self.assertEqual(found["imdn-route"], ["<sip:a@x;lr>", "<sip:b@x>"])
        self.assertNotIn("imdn-record-route", found)

    def test_no_injection(self) -> None:
        """A line end in an address begins no header."""
        body = notification_body(
            imdn(),
            sender="tel:+1\r\nX: y",
            to="tel:+1\r\nX: y",
            datetime="\r\nX: y",
            message_id="\r\nX: y",
            routes=("\r\nX: y",),
        )
        self.assertEqual(len(parse_cpim(body).headers), 6)


class RequestedTests(SynchronousTestCase):
    """What a message asks for (RFC 5438 6.2)."""

    def read(self, *lines: str) -> Requested:
        """The IMDN headers of a message with these lines."""
        head = ("From: <im:a@x>", "NS: imdn <urn:ietf:params:imdn>")
        return imdn_of(parse_cpim("\r\n".join((*head, *lines, "", "", "")).encode()))

    def test_all(self) -> None:
        """All five are known (conversation TS O.1)."""
        read = self.read(
            "imdn.Message-ID: 1",
            "imdn.Disposition-Notification: positive-delivery, negative-delivery, "
            "processing, display, interworking",
        )
        self.assertEqual(read.dispositions, frozenset(Disposition))

    def test_tolerant(self) -> None:
        """Case, blanks, parameters, repeated headers and unknown tokens."""
        read = self.read(
            "imdn.Message-ID: 1",
            "imdn.Disposition-Notification:Positive-Delivery;x=y ,future",
            "imdn.Disposition-Notification: display,,",
        )
        self.assertEqual(
            read.dispositions,
            {Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY},
        )

    def test_without_message_id(self) -> None:
        """Nothing can be notified of a message without Message-ID (6.3)."""
        read = self.read("imdn.Disposition-Notification: display")
        self.assertEqual(read, Requested())

    def test_addresses(self) -> None:
        """Original-To and IMDN-Record-Route give their URIs (6.4, 6.5)."""
        read = self.read(
            "imdn.Message-ID: 1",
            "imdn.Original-To: List <sip:list@x>",
            "imdn.IMDN-Record-Route: <sip:a@x>",
            "imdn.IMDN-Record-Route: B <sip:b@x>",
        )
        self.assertEqual(read.original_to, "sip:list@x")
        self.assertEqual(read.record_route, ("sip:a@x", "sip:b@x"))

    def test_none(self) -> None:
        """A message without IMDN headers asks for nothing."""
        self.assertEqual(self.read(), Requested())


class ParseTests(SynchronousTestCase):
    """Reading what others send (conversation TS 5.4, B5)."""

    def test_other_namespaces(self) -> None:
        """Local names decide, in any namespace or none."""
        for data in (
            b"<imdn><message-id> 1 </message-id><interworking-notification><status>"
            b"<legacy-mms/></status></interworking-notification></imdn>",
            b'<i:IMDN xmlns:i="x"><i:message-id>1</i:message-id>'
            b'<c:interworking-notification xmlns:c="urn:oma:xml:cpm:imdn:1.0">'
            b"<c:status><c:legacy-mms/></c:status></c:interworking-notification>"
            b"</i:IMDN>",
        ):
            read = parse_imdn(data)
            self.assertEqual(read.message_id, "1")
            self.assertEqual(
                read.notifications,
                (Notification(Kind.INTERWORKING, Status.LEGACY_MMS),),
            )

    def test_unknown_status(self) -> None:
        """A status nobody knows is UNKNOWN, another kind's too."""
        for status in ("<odd/>", "<displayed/>", "", "text"):
            data = (
                "<imdn><message-id>1</message-id><delivery-notification><status>"
                f"{status}</status></delivery-notification></imdn>"
            )
            self.assertEqual(
                parse_imdn(data.encode()).notifications,
                (Notification(Kind.DELIVERY, Status.UNKNOWN),),
            )

    def test_status_left_out(self) -> None:
        """The status element may be missing around its child."""
        data = (
            b"<imdn><message-id>1</message-id><display-notification><displayed/>"
            b"</display-notification></imdn>"
        )
        self.assertEqual(
            parse_imdn(data).notifications,
            (Notification(Kind.DISPLAY, Status.DISPLAYED),),
        )

    def test_refused(self) -> None:
        """What is no IMDN is answered 400."""
        for data in (
            b"",
            b"<imdn>",
            b"<imdn/>",
            b"<other><message-id>1</message-id></other>",
            b"<imdn><message-id></message-id></imdn>",
            b"\xff\xfe<\0i\0/\0>\0",
        ):
            error = self.assertRaises(ImdnError, parse_imdn, data)
            self.assertEqual(error.status, 400)

    def test_size(self) -> None:
        """The limit of the size is kept to the octet."""
        document = b"<imdn><message-id>1</message-id></imdn>"
        padding = DEFAULT_LIMITS.max_size - len(document)
        parse_imdn(document + b" " * padding)
        self.assertRaises(ImdnError, parse_imdn, document + b" " * (padding + 1))

    def test_every_truncation(self) -> None:
        """No beginning of a document is taken for a whole one."""
        data = build_imdn(imdn(DELIVERED, LEGACY_SMS)).rstrip()
        for end in range(len(data)):
            self.assertRaises(ImdnError, parse_imdn, data[:end])
