"""The content of mails as it comes by a connection: limits, faults, time."""

from __future__ import annotations

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.smtp.arrival import LEAST_RATE
from cpmgw.smtp.data import LONGEST_LINE
from tests.smtp.ports import ENVELOPE, PortCase, Talker
from tests.smtp.test_data import SMUGGLED


class ContentTests(PortCase):
    """What is taken and what is not."""

    def content(self, talker: Talker, octets: bytes) -> str:
        """Send a mail; gives the beginning of the reply to it."""
        self.assertEqual(talker.codes(*ENVELOPE)[-1], "354")
        talker.write(octets)
        (line,) = talker.send(".")
        return line[:9]

    def test_smuggling(self) -> None:
        """What other software may take for the end of a mail never is one here."""
        self.open()
        talker = self.greeted()
        for form in SMUGGLED:
            evil = form + b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<a>\r\nDATA\r\nx\r\n"
            self.assertEqual(self.content(talker, b"a" + evil), "554 5.6.0", form)
        self.assertEqual(self.handler.mails, [])
        self.assertEqual(self.content(talker, b"a\r\n"), "250 2.6.0")
        self.assert_nothing_kept()

    def test_bare_newlines_accepted(self) -> None:
        """Where they are accepted they become CRLF, and still end no mail."""
        self.open(accepts_bare_newlines=True)
        talker = self.greeted()
        for form in SMUGGLED:
            octets = b"a" + form + b"QUIT\r\n"
            self.assertEqual(self.content(talker, octets), "250 2.6.0", form)
        self.assertEqual(self.content(talker, b"a\nb\rc\r\n"), "250 2.6.0")
        self.assertEqual(self.handler.contents[0], b"a\r\n.\r\nQUIT\r\n")
        self.assertEqual(self.handler.contents[-1], b"a\r\nb\r\nc\r\n")
        self.assertEqual(len(self.handler.mails), len(SMUGGLED) + 1)

    def test_nul(self) -> None:
        """A mail with NUL is refused."""
        self.open()
        self.assertEqual(self.content(self.greeted(), b"a\0\r\n"), "554 5.6.0")
        self.assert_nothing_kept()

    def test_size(self) -> None:
        """A mail may have max_size octets; one more is read and refused."""
        self.open(max_size=100)
        talker = self.greeted()
        fits = b"x" * 98 + b"\r\n"
        self.assertEqual(self.content(talker, fits), "250 2.6.0")
        self.assertEqual(self.content(talker, b"x" + fits), "552 5.3.4")
        self.assertEqual(self.content(talker, fits * 1000), "552 5.3.4")
        self.assertEqual(self.content(talker, b"." + fits[1:]), "250 2.6.0")
        self.assert_nothing_kept()

    def test_announced_size(self) -> None:
        """The same at MAIL, by what is announced (RFC 1870 6.1)."""
        self.open(max_size=100)
        talker = self.greeted()
        self.assertEqual(talker.codes("MAIL FROM:<> SIZE=101"), ["552"])
        self.assertEqual(talker.codes("MAIL FROM:<> SIZE=100"), ["250"])

    def test_long_lines(self) -> None:
        """Lines longer than 998 octets are borne, up to a limit."""
        self.open()
        talker = self.greeted()
        longest = b"x" * LONGEST_LINE
        self.assertEqual(self.content(talker, longest + b"\r\n"), "250 2.6.0")
        self.assertEqual(self.content(talker, longest + b"x\r\n"), "554 5.6.0")

    def test_lost_half_way(self) -> None:
        """Nothing is kept of a mail that did not come whole."""
        self.spool = Spool(self.mktemp(), SpoolLimits(spill=10))
        self.addCleanup(self.spool.close)
        talker = self.begun()
        talker.send(b"x" * 100)
        self.assertEqual((len(self.spool), self.spool.files), (1, 1))
        self.network.cut("127.0.0.1", 2525)
        self.network.settle()
        self.assertEqual(self.handler.mails, [])
        self.assertEqual((len(self.spool), self.spool.files), (0, 0))
        self.assertEqual(self.network.getDelayedCalls(), [])


class TimeTests(PortCase):
    """How long a mail may take."""

    def test_silence(self) -> None:
        """A piece of it has its time, counted from the one before."""
        talker = self.begun(data_timeout=10.0)
        self.network.advance(9.0)
        talker.send("a")
        self.network.advance(9.9)
        self.assertEqual((talker.lines, talker.lost), ([], None))
        self.network.advance(0.1)
        self.assertEqual([line[:9] for line in talker.lines], ["421 4.4.2"])
        self.assert_nothing_kept()

    def trickle(self, talker: Talker, seconds: int, octets: int) -> None:
        """Send so many octets a second."""
        for _ in range(seconds):
            self.network.advance(1.0)
            talker.write(b"x" * octets)
            self.network.settle()

    def test_as_slow_as_may_be(self) -> None:
        """One that comes slowly has the time it needs."""
        talker = self.begun(data_timeout=10.0)
        self.trickle(talker, 10, 1)
        self.assertIsNone(talker.lost)
        self.trickle(talker, 600, LEAST_RATE)
        self.assertIsNone(talker.lost)
        self.assertEqual(talker.codes("", "."), ["250"])

    def test_slower(self) -> None:
        """One that trickles in has not: the connection is closed."""
        talker = self.begun(data_timeout=10.0)
        self.trickle(talker, 11, 1)
        self.assertEqual([line[:3] for line in talker.lines], ["421"])
        self.assert_nothing_kept()

    def test_faulty(self) -> None:
        """What will be refused is not kept to its end."""
        talker = self.begun()
        talker.write(b"x" * 100_000)
        self.network.settle()
        self.assertGreaterEqual(self.spool.used, 100_000)
        talker.write(b"y\nz")
        self.network.settle()
        self.assertEqual(self.spool.used, 0)
        talker.write(b"x" * 100_000)
        self.network.settle()
        self.assertEqual(self.spool.used, 0)
        self.assertEqual(talker.codes("", "."), ["554"])
        self.assert_nothing_kept()
