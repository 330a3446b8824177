"""Tests of cpmgw.mm4.dsn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4 import dsn
from cpmgw.mm4.dsn import Bounce, Fate, bounced
from cpmgw.mm4.fields import Fields, read_fields
from cpmgw.mm4.limits import MailLimits
from cpmgw.mm4.pdu import MessageType
from tests.mm4.samples import PLAIN_FORWARD, mail

GROUP = """
Final-Recipient: rfc822; +15550101/TYPE=PLMN@mms.example.org
Original-Recipient: rfc822;+15550101/TYPE=PLMN@mms.example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such
 user
"""


def notification(*groups: str, returned: str = "message/rfc822") -> bytes:
    """A notification as Postfix writes it, with a message of ours."""
    content = PLAIN_FORWARD.decode().replace("\r\n", "\n")
    return mail(f"""
From: MAILER-DAEMON@mms.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="x/y"

This is a MIME-encapsulated message.

--x/y
Content-Description: Notification

It could not be delivered.

--x/y
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Queue-ID: 123
{"".join(groups)}
--x/y
Content-Type: {returned}

{content}
--x/y--
""")


class Notifications(SynchronousTestCase):
    """Mail that comes back (RFC 3464)."""

    def test_failed(self) -> None:
        """What failed, and whose message it was."""
        found = bounced(notification(GROUP.format(action="failed", status="5.1.1")))
        assert found is not None
        self.assertIs(found.fate, Fate.FAILED)
        self.assertEqual(found.message_id, "msg-1@mms.example.org")
        self.assertEqual(found.transaction_id, "txn-1@mms.example.org")
        self.assertIs(found.type, MessageType.FORWARD_REQ)

    def test_fates(self) -> None:
        """Delayed and delivered are no failures; the worst of several counts."""
        for actions, wanted in (
            (("delayed",), Fate.DELAYED),
            (("Delivered (to mailbox)",), Fate.DELIVERED),
            (("relayed",), Fate.DELIVERED),
            (("delivered", "delayed"), Fate.DELAYED),
            (("delayed", "failed", "delivered"), Fate.FAILED),
        ):
            groups = [GROUP.format(action=each, status="4.0.0") for each in actions]
            found = bounced(notification(*groups))
            assert found is not None
            self.assertIs(found.fate, wanted)

    def test_limit(self) -> None:
        """So many groups are looked at, whatever is in them, and not one more."""
        other = "\nX-Odd: 1\n"
        failed = GROUP.format(action="failed", status="5.0.0")
        found = bounced(notification(*[other] * 998, failed))
        assert found is not None
        self.assertIs(found.fate, Fate.FAILED)
        self.assertIsNone(bounced(notification(*[other] * 999, failed)))

    def test_empty_lines(self) -> None:
        """Any number of empty lines parts groups, and costs next to nothing."""
        read = list[bytes | memoryview]()

        def counted(octets: bytes, limits: MailLimits) -> tuple[Fields, int]:
            read.append(octets)
            return read_fields(octets, limits)

        self.patch(dsn, "read_fields", counted)
        failed = GROUP.format(action="failed", status="5.0.0")
        found = bounced(notification("\n" * 250_000, failed))
        assert found is not None
        self.assertIs(found.fate, Fate.FAILED)
        self.assertLess(sum(map(len, read)), 700_000)
        self.assertLess(len(read), 5)

    def test_headers_only(self) -> None:
        """Only the header of the message may come back, or nothing of it."""
        group = GROUP.format(action="failed", status="5.0.0")
        for kind in ("text/rfc822-headers", "message/global"):
            found = bounced(notification(group, returned=kind))
            assert found is not None
            self.assertEqual(found.message_id, "msg-1@mms.example.org")
        found = bounced(notification(group, returned="text/plain"))
        assert found is not None
        self.assertEqual(
            (found.message_id, found.type, found.fate), ("", None, Fate.FAILED)
        )

    def test_none(self) -> None:
        """Other mails, and reports that say nothing, are no notifications."""
        group = GROUP.format(action="failed", status="5.0.0")
        whole = notification(group)
        for octets in (
            PLAIN_FORWARD,
            b"",
            notification(),
            notification(GROUP.format(action="odd", status="")),
            whole.replace(b"multipart/report", b"multipart/mixed"),
            whole.replace(b"message/delivery-status", b"text/plain"),
            whole.replace(b'"x/y"', b'"y/x"'),
        ):
            self.assertIsNone(bounced(octets))
        self.assertIsNone(bounced(whole, MailLimits(max_fields=3)))

    @given(st.integers(0, 1_000), st.binary(max_size=20))
    def test_any_octets(self, place: int, octets: bytes) -> None:
        """Any octets anywhere in it: a notification, or none."""
        whole = notification(GROUP.format(action="failed", status="5.0.0"))
        found = bounced(whole[:place] + octets + whole[place:])
        self.assertIsInstance(found, Bounce | None)
