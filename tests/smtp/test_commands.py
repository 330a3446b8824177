"""MAIL and RCPT as they are written."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.commands import (
    LONGEST_ADDRESS,
    LONGEST_ENVELOPE_ID,
    LONGEST_ORIGINAL,
    check_carriage,
    check_envelope,
    mail_command,
    rcpt_command,
)
from cpmgw.smtp.errors import CannotCarry, SmtpSyntaxError, TooLarge
from cpmgw.smtp.extensions import NO_EXTENSIONS, Extensions
from cpmgw.smtp.interfaces import DeliverBy, Recipient
from tests.smtp.relays import envelope

ALL = Extensions(size=0, eight_bit=True, utf8=True, dsn=True, deliver_by=60)


def recipient(**values: Any) -> Recipient:
    """A recipient."""
    return Recipient(**{"address": "b@x.test", **values})


class MailCase(SynchronousTestCase):
    """MAIL."""

    def mail(self, offered: Extensions = ALL, size: int = 0, **changes: Any) -> str:
        """MAIL for an envelope like this."""
        return mail_command(envelope(**changes), offered, size).decode()

    def test_plain(self) -> None:
        """The address stands in <>, the null reverse-path too (RFC 5321 4.1.1.2)."""
        self.assertEqual(self.mail(), "MAIL FROM:<system-user@gw.test>\r\n")
        self.assertEqual(self.mail(sender=""), "MAIL FROM:<>\r\n")

    def test_parameters(self) -> None:
        """What the relay offers is used."""
        self.assertEqual(
            self.mail(
                size=1234,
                body="8BITMIME",
                utf8=True,
                returns="HDRS",
                envelope_id="a b+c",
                deliver_by=DeliverBy(120, "R", trace=True),
            ),
            "MAIL FROM:<system-user@gw.test> SIZE=1234 BODY=8BITMIME SMTPUTF8 RET=HDRS"
            " ENVID=a+20b+2Bc BY=120;RT\r\n",
        )

    def test_nothing_offered(self) -> None:
        """What the relay does not know is not sent to it."""
        mail = self.mail(
            NO_EXTENSIONS,
            size=1234,
            returns="FULL",
            envelope_id="id",
            deliver_by=DeliverBy(-5),
        )
        self.assertEqual(mail, "MAIL FROM:<system-user@gw.test>\r\n")

    def test_late(self) -> None:
        """A mail that is late already may still say so (RFC 2852 4)."""
        self.assertIn(" BY=-5;N\r\n", self.mail(deliver_by=DeliverBy(-5)))


class RcptCase(SynchronousTestCase):
    """RCPT."""

    def rcpt(self, offered: Extensions = ALL, **values: Any) -> str:
        """RCPT for a recipient like this."""
        return rcpt_command(recipient(**values), offered).decode()

    def test_plain(self) -> None:
        """An address of MM4 is an address (TS 23.140 8.4.5)."""
        address = "+15550100/TYPE=PLMN@mms.test"
        self.assertEqual(self.rcpt(address=address), f"RCPT TO:<{address}>\r\n")

    def test_parameters(self) -> None:
        """NOTIFY and ORCPT, where the relay knows DSN (RFC 3461 4.1, 4.2)."""
        values: dict[str, Any] = {
            "notify": ("SUCCESS", "DELAY"),
            "original": "rfc822;+1 5@x.test",
        }
        self.assertEqual(
            self.rcpt(**values),
            "RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;+2B1+205@x.test\r\n",
        )
        self.assertEqual(self.rcpt(NO_EXTENSIONS, **values), "RCPT TO:<b@x.test>\r\n")

    def test_original_beyond_ascii(self) -> None:
        """Such an ORCPT has a type of its own, for those who know it (RFC 6533 3)."""
        without = Extensions(dsn=True)
        for kind in ("rfc822", "utf-8"):
            with self.subTest(kind=kind):
                original = f"{kind};jös+e=\\@x.test"
                self.assertEqual(
                    self.rcpt(original=original),
                    "RCPT TO:<b@x.test>"
                    r" ORCPT=utf-8;j\x{F6}s\x{2B}e\x{3D}\x{5C}@x.test" + "\r\n",
                )
                plain = self.rcpt(without, original=original)
                self.assertEqual(plain, "RCPT TO:<b@x.test>\r\n")


class EnvelopeCase(SynchronousTestCase):
    """What no relay could be given."""

    def refuse(self, **changes: Any) -> None:
        """It is refused."""
        with self.assertRaises(SmtpSyntaxError):
            check_envelope(envelope(**changes))

    def test_addresses(self) -> None:
        """Addresses as they are in use."""
        for address in (
            "postmaster",
            "+15550100/TYPE=PLMN",
            "+15550100/TYPE=PLMN@mms.test",
            "2001:db8::1/TYPE=IPv6@mms.test",
            '"a b<c>\\"d"@x.test',
            "a..b.@x.test",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            "jös@bücher.example",
        ):
            with self.subTest(address=address):
                check_envelope(envelope(address, sender=address))

    def test_break_out(self) -> None:
        """Nothing ends its <> or its line."""
        for address in (
            "a@x.test>\r\nDATA",
            "a\r@x.test",
            "a\n@x.test",
            "a@x.test\r\n",
            "a@x.test\n",
            "a\0@x.test",
            "a\x7f@x.test",
            "a\x85@x.test",
            "a\ud800@x.test",
            "a@x.test> SIZE=1",
            "<a@x.test>",
            "a b@x.test",
            "a@x test",
            "a@b@x.test",
            '"a@x.test',
            '"a\r\n"@x.test',
            '"a"b"@x.test',
            "a@",
            "@x.test",
            "a@[::1",
        ):
            with self.subTest(address=address):
                self.refuse(recipients=(Recipient(address=address),))
                self.refuse(sender=address)

    def test_no_recipient(self) -> None:
        """A mail is for somebody; only the sender may be empty."""
        self.refuse(recipients=())
        self.refuse(recipients=(Recipient(address=""),))

    def test_longest_address(self) -> None:
        """A path has 256 octets (RFC 5321 4.5.3.1.3)."""
        address = "ö" * ((LONGEST_ADDRESS - 8) // 2) + "@xx.test"
        self.assertEqual(len(address.encode()), LONGEST_ADDRESS)
        check_envelope(envelope(address))
        self.refuse(sender="x" + address)

    def test_notify(self) -> None:
        """NEVER stands alone (RFC 3461 4.1)."""
        check_envelope(envelope(recipients=(recipient(notify=("NEVER",)),)))
        for notify in (("NEVER", "SUCCESS"), ("success",), ("SUCCESS\r\nRSET",)):
            with self.subTest(notify=notify):
                self.refuse(recipients=(recipient(notify=notify),))

    def test_original(self) -> None:
        """ORCPT has a type and visible characters (RFC 3461 4.2)."""
        for original in (
            "x@x.test",
            "rfc822;",
            "a b;x@x.test",
            "rfc822;a\r\nb",
            "\r\n;x",
        ):
            with self.subTest(original=original):
                self.refuse(recipients=(recipient(original=original),))

    def test_longest_original(self) -> None:
        """ORCPT has 500 characters as it is sent (RFC 3461 4.2)."""
        original = "rfc822;" + "x" * (LONGEST_ORIGINAL - 7)
        check_envelope(envelope(recipients=(recipient(original=original),)))
        for one_more in (original + "x", original[:-1] + "+"):
            self.refuse(recipients=(recipient(original=one_more),))

    def test_envelope_id(self) -> None:
        """ENVID has 100 visible characters as it is sent (RFC 3461 4.4)."""
        check_envelope(envelope(envelope_id="x" * LONGEST_ENVELOPE_ID))
        for value in ("x" * (LONGEST_ENVELOPE_ID + 1), " " * 34, "a\r\nb", "ö", "\t"):
            with self.subTest(value=value):
                self.refuse(envelope_id=value)

    def test_deliver_by(self) -> None:
        """What is to be returned has time left; a time has nine digits (RFC 2852 4)."""
        for good in (
            DeliverBy(1, "R"),
            DeliverBy(999_999_999),
            DeliverBy(-999_999_999),
        ):
            check_envelope(envelope(deliver_by=good))
        for bad in (DeliverBy(0, "R"), DeliverBy(10**9), DeliverBy(-(10**9))):
            with self.subTest(by=bad):
                self.refuse(deliver_by=bad)


class CarriageCase(SynchronousTestCase):
    """What one relay cannot have."""

    def refuse(
        self, error: type[Exception], offered: Extensions, size: int, **changes: Any
    ) -> None:
        """It is refused so."""
        with self.assertRaises(error):
            check_carriage(envelope(**changes), offered, size)

    def test_size(self) -> None:
        """A relay takes mails up to the size that it says (RFC 1870 6)."""
        offered = Extensions(size=1000)
        check_carriage(envelope(), offered, 1000)
        self.refuse(TooLarge, offered, 1001)
        for size in (0, None):
            check_carriage(envelope(), Extensions(size=size), 1001)

    def test_utf8(self) -> None:
        """What asks for SMTPUTF8, or has such an address, needs it (RFC 6531 3.4)."""
        cases: tuple[dict[str, Any], ...] = (
            {"utf8": True},
            {"sender": "jös@x.test"},
            {"recipients": (Recipient(address="jös@x.test"),)},
        )
        for changes in cases:
            with self.subTest(**changes):
                self.refuse(CannotCarry, NO_EXTENSIONS, 1, **changes)
                check_carriage(envelope(**changes), ALL, 1)
                line = mail_command(envelope(**changes), ALL, 1)
                self.assertIn(b" SMTPUTF8", line)

    def test_eight_bit(self) -> None:
        """Content of eight bits goes to who knows 8BITMIME alone (RFC 6152 3)."""
        self.refuse(CannotCarry, NO_EXTENSIONS, 1, body="8BITMIME")
        check_carriage(envelope(body="8BITMIME"), Extensions(eight_bit=True), 1)

    def test_deliver_by(self) -> None:
        """A relay that cannot return a mail in time does not get it (RFC 2852 4)."""
        offered = Extensions(deliver_by=60)
        check_carriage(envelope(deliver_by=DeliverBy(60, "R")), offered, 1)
        self.refuse(CannotCarry, offered, 1, deliver_by=DeliverBy(59, "R"))
        self.refuse(CannotCarry, NO_EXTENSIONS, 1, deliver_by=DeliverBy(60, "R"))
        check_carriage(envelope(deliver_by=DeliverBy(1)), offered, 1)
        check_carriage(envelope(deliver_by=DeliverBy(1)), NO_EXTENSIONS, 1)
