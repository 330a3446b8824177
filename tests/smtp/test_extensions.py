"""What a relay says that it can do (RFC 5321 4.1.1.1)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.extensions import NO_EXTENSIONS, Extensions, read_extensions
from cpmgw.smtp.interfaces import Reply


def offered(*lines: str) -> Extensions:
    """What these lines offer, after the one with the name."""
    return read_extensions(Reply(250, "\n".join(("relay.test", *lines))))


class ExtensionsCase(SynchronousTestCase):
    def test_nothing(self) -> None:
        """A relay may offer nothing; its name is no keyword."""
        self.assertEqual(offered(), NO_EXTENSIONS)
        self.assertEqual(read_extensions(Reply(250, "PIPELINING")), NO_EXTENSIONS)

    def test_all(self) -> None:
        """Keywords are known in any case; those we have no use for are ignored."""
        self.assertEqual(
            offered(
                "size 1000",
                "8BitMIME",
                "SMTPUTF8",
                "pipelining",
                "STARTTLS",
                "DSN",
                "ENHANCEDSTATUSCODES",
                "DELIVERBY 240",
                "AUTH plain LOGIN",
                "CHUNKING",
                "X-THING a=b",
                "",
            ),
            Extensions(
                size=1000,
                eight_bit=True,
                utf8=True,
                pipelining=True,
                starttls=True,
                dsn=True,
                deliver_by=240,
                auth=("PLAIN", "LOGIN"),
            ),
        )

    def test_no_limit(self) -> None:
        """SIZE and DELIVERBY may stand alone (RFC 1870 4, RFC 2852 2)."""
        for word in ("", " 0", " many", " -5", " ²"):
            with self.subTest(word=word):
                self.assertEqual(offered(f"SIZE{word}").size, 0)
                self.assertEqual(offered(f"DELIVERBY{word}").deliver_by, 0)

    def test_digits(self) -> None:
        """A size has twenty digits, a time nine; more are no limit."""
        self.assertEqual(offered("SIZE " + "9" * 20).size, 10**20 - 1)
        self.assertEqual(offered("SIZE " + "9" * 21).size, 0)
        self.assertEqual(offered("DELIVERBY " + "9" * 9).deliver_by, 10**9 - 1)
        self.assertEqual(offered("DELIVERBY " + "9" * 10).deliver_by, 0)

    def test_deliver_by_options(self) -> None:
        """More options may follow the time of DELIVERBY (RFC 2852 2)."""
        self.assertEqual(offered("DELIVERBY 240,x").deliver_by, 240)

    def test_old_auth(self) -> None:
        """Some relays still say AUTH= for clients older than RFC 2554."""
        extensions = offered("AUTH=LOGIN PLAIN", "AUTH LOGIN CRAM-MD5")
        self.assertEqual(extensions.auth, ("LOGIN", "PLAIN", "CRAM-MD5"))
