"""Reading MAIL and RCPT (RFC 5321 4.1.1, RFC 1870, 2852, 3461, 6152, 6531)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp import answers
from cpmgw.smtp.answers import Refusal
from cpmgw.smtp.interfaces import DeliverBy, Envelope, Recipient, Reply
from cpmgw.smtp.parameters import read_command, read_mail, read_rcpt
from cpmgw.smtp.paths import LONGEST_PATH

NONE = Envelope(sender="", recipients=())


def mail(argument: str, max_size: int = 1000) -> Envelope | Reply:
    """What a MAIL says, or is answered."""
    try:
        return read_mail(argument, max_size)
    except Refusal as refusal:
        return refusal.reply


def rcpt(argument: str, envelope: Envelope = NONE) -> Recipient | Reply:
    """What a RCPT says, or is answered."""
    try:
        return read_rcpt(argument, envelope)
    except Refusal as refusal:
        return refusal.reply


def sender(path: str) -> str:
    """The sender that is read from a path."""
    return read_mail(f"FROM:{path}", 0).sender


class CommandTests(SynchronousTestCase):
    """Lines."""

    def test_words(self) -> None:
        """The verb in any case, what follows without spaces around it."""
        self.assertEqual(read_command(b" mail  FROM:<> "), ("MAIL", "FROM:<>"))
        self.assertEqual(read_command(b""), ("", ""))

    def test_not_text(self) -> None:
        """Controls, bare line ends and what is not UTF-8 are refused."""
        for line in (b"NOOP\n", b"NOOP\r", b"NO\0OP", b"NOOP\t", b"NOOP \xff"):
            with self.assertRaises(Refusal) as caught:
                read_command(line)
            self.assertEqual(caught.exception.reply, answers.UNREADABLE)


class PathTests(SynchronousTestCase):
    """Addresses as MMS relays write them."""

    def test_forms(self) -> None:
        """An address of MM4, one without a domain, none, and those of e-mail."""
        for address in (
            "+15550100/TYPE=PLMN@mmsc.test",
            "+15550100/TYPE=PLMN",
            "",
            "10.0.0.1/TYPE=IPv4@mmsc.test",
            "2001:db8::1/TYPE=IPv6@mmsc.test",
            "user@[192.0.2.1]",
            "user@[IPv6:2001:db8::1]",
            '"a > b @ c"@mail.test',
            '"a \\" b"@mail.test',
            "system-user@mm4.example.net",
        ):
            self.assertEqual(sender(f"<{address}>"), address)

    def test_space_before_it(self) -> None:
        """A space after the colon is borne, and brackets may be missing."""
        self.assertEqual(sender(" <a@b.test>"), "a@b.test")
        self.assertEqual(sender("a@b.test"), "a@b.test")
        self.assertEqual(mail("from:<a@b.test>"), NONE_FROM_A)

    def test_source_routes_are_dropped(self) -> None:
        """A route before the address is of no use to anybody (RFC 5321 C)."""
        self.assertEqual(sender("<@x.test,@y.test:a@b.test>"), "a@b.test")

    def test_bad_ones(self) -> None:
        """What is no path is refused, with the code for its kind."""
        for path in (
            "",
            "<a@b",
            "a@b>",
            "<a b@c>",
            "<a@>",
            "<@b>",
            "<@x:>",
            "<a@b@c>",
            "<a@b..c>",
            '<"a@b>',
            "<a@b>x",
            "<<a@b>>",
            "<a\\b@c>",
            "<a@b,c@d>",
        ):
            self.assertEqual(mail(f"FROM:{path}"), answers.BAD_SENDER, path)
            self.assertEqual(rcpt(f"TO:{path}"), answers.BAD_RECIPIENT, path)
        self.assertEqual(rcpt("TO:<>"), answers.BAD_RECIPIENT)
        self.assertEqual(mail("TO:<a@b>"), answers.SYNTAX)
        self.assertEqual(mail(""), answers.SYNTAX)
        self.assertEqual(rcpt("FROM:<a@b>"), answers.SYNTAX)

    def test_longest(self) -> None:
        """A path has 256 octets with its brackets (RFC 5321 4.5.3.1.3)."""
        local = "a" * (LONGEST_PATH - len("<@b.test>"))
        self.assertEqual(sender(f"<{local}@b.test>"), f"{local}@b.test")
        self.assertEqual(mail(f"FROM:<a{local}@b.test>"), answers.PATH_TOO_LONG)
        self.assertEqual(rcpt(f"TO:<a{local}@b.test>"), answers.PATH_TOO_LONG)

    def test_only_utf8_goes_beyond_ascii(self) -> None:
        """Others than US-ASCII need SMTPUTF8 (RFC 6531 3.5)."""
        self.assertEqual(mail("FROM:<é@b.test>"), answers.NOT_ASCII)
        read = read_mail("FROM:<é@bücher.test> SMTPUTF8", 0)
        self.assertEqual((read.sender, read.utf8), ("é@bücher.test", True))
        self.assertEqual(rcpt("TO:<é@b.test>"), answers.NOT_ASCII)
        self.assertEqual(read_rcpt("TO:<é@b.test>", read).address, "é@b.test")


class MailTests(SynchronousTestCase):
    """Parameters of MAIL."""

    def test_all(self) -> None:
        """Each goes to its field."""
        self.assertEqual(
            mail(
                "FROM:<a@b.test> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS"
                " ENVID=QQ+3D1 BY=120;NT"
            ),
            Envelope(
                sender="a@b.test",
                recipients=(),
                size=1000,
                body="8BITMIME",
                utf8=True,
                envelope_id="QQ=1",
                returns="HDRS",
                deliver_by=DeliverBy(120, "N", trace=True),
            ),
        )

    def test_case(self) -> None:
        """Keywords and known values are in any case."""
        read = mail("FROM:<a@b.test> body=8bitmime ret=full by=-1;n")
        assert isinstance(read, Envelope)
        self.assertEqual((read.body, read.returns), ("8BITMIME", "FULL"))
        self.assertEqual(read.deliver_by, DeliverBy(-1, "N"))

    def test_size(self) -> None:
        """A size that is too large is refused before it comes (RFC 1870 6.1)."""
        self.assertEqual(mail("FROM:<> SIZE=1001"), answers.TOO_LARGE)
        self.assertEqual(mail(f"FROM:<> SIZE={'9' * 20}"), answers.TOO_LARGE)
        for value in ("", "x", "-1", "9" * 21, "١"):
            bad = mail(f"FROM:<> SIZE={value} SMTPUTF8")
            self.assertEqual(bad, answers.BAD_PARAMETER, value)

    def test_bad_values(self) -> None:
        """A value that is none of the parameter's."""
        for parameter in (
            "BODY=BINARYMIME",
            "BODY",
            "SMTPUTF8=1",
            "RET=ALL",
            "ENVID=",
            "ENVID=a=b",
            "ENVID=a+0D+0Ab",
            "BY=1",
            "BY=1;X",
            "BY=0;R",
            "BY=-1;R",
            "BY=1234567890;N",
        ):
            self.assertEqual(mail(f"FROM:<> {parameter}"), answers.BAD_PARAMETER)

    def test_envelope_id_length(self) -> None:
        """ENVID has 100 characters at the most, before it is xtext (RFC 3461 4.4)."""
        read = mail(f"FROM:<> ENVID={'+2B' * 100}")
        assert isinstance(read, Envelope)
        self.assertEqual(read.envelope_id, "+" * 100)
        longer = mail(f"FROM:<> ENVID={'a' * 101}")
        self.assertEqual(longer, answers.BAD_PARAMETER)

    def test_unknown_and_doubled(self) -> None:
        """What is not announced, or comes twice, is refused (RFC 5321 4.1.1.11)."""
        unknown = answers.UNKNOWN_PARAMETER
        for parameter in ("AUTH=<>", "X=1", "NOTIFY=NEVER", "=", "SIZE-=1"):
            self.assertEqual(mail(f"FROM:<> {parameter}"), unknown)
        self.assertEqual(mail("FROM:<> SIZE=1 size=1"), answers.TWICE)
        self.assertEqual(rcpt("TO:<a@b.test> SIZE=1"), unknown)


class RcptTests(SynchronousTestCase):
    """Parameters of RCPT."""

    def test_all(self) -> None:
        """NOTIFY and ORCPT (RFC 3461 4.1, 4.2)."""
        self.assertEqual(
            rcpt(
                "TO:<+1/TYPE=PLMN@b.test> NOTIFY=success,DELAY"
                " ORCPT=rfc822;+2B1/TYPE+3DPLMN@b.test"
            ),
            Recipient(
                address="+1/TYPE=PLMN@b.test",
                notify=("SUCCESS", "DELAY"),
                original="rfc822;+1/TYPE=PLMN@b.test",
            ),
        )
        self.assertEqual(
            rcpt("TO:<a> NOTIFY=NEVER"), Recipient(address="a", notify=("NEVER",))
        )

    def test_bad_values(self) -> None:
        """A value that is none of the parameter's; NEVER stands alone."""
        for parameter in (
            "NOTIFY=",
            "NOTIFY=NEVER,SUCCESS",
            "NOTIFY=SUCCESS,SUCCESS",
            "NOTIFY=SOMETIMES",
            "ORCPT=rfc822",
            "ORCPT=rfc822;",
            "ORCPT=;a@b",
            "ORCPT=rfc822;a+0Ab",
        ):
            bad = rcpt(f"TO:<a@b.test> {parameter}")
            self.assertEqual(bad, answers.BAD_PARAMETER, parameter)
        self.assertEqual(rcpt("TO:<a@b.test> NOTIFY=DELAY NOTIFY=DELAY"), answers.TWICE)

    def test_original_length(self) -> None:
        """ORCPT has 500 characters at the most, before it is xtext (RFC 3461 4.2)."""
        address = "a" * (500 - len("rfc822;"))
        read = rcpt(f"TO:<a@b.test> ORCPT=rfc822;{address}")
        assert isinstance(read, Recipient)
        self.assertEqual(len(read.original), 500)
        longer = rcpt(f"TO:<a@b.test> ORCPT=rfc822;{address}a")
        self.assertEqual(longer, answers.BAD_PARAMETER)


class AnyTextTests(SynchronousTestCase):
    """Whatever a client writes."""

    @given(st.text(max_size=300))
    def test_read_or_refused(self, text: str) -> None:
        """It is read or refused, and nothing else happens."""
        for argument in (text, f"FROM:<{text}>", f"FROM:<a@b.test> {text}"):
            read = mail(argument)
            self.assertIsInstance(read, Envelope | Reply)
        self.assertIsInstance(rcpt(f"TO:<a@b.test> {text}"), Recipient | Reply)


NONE_FROM_A = Envelope(sender="a@b.test", recipients=())
