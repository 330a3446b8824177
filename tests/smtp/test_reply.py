"""Replies out of octets (RFC 5321 4.2, RFC 2034)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.errors import SmtpSyntaxError
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.reply import LONGEST_LINE, MOST_LINES, ReplyReader


def read(octets: bytes) -> Reply | None:
    """The first reply of these octets."""
    reader = ReplyReader()
    reader.feed(octets)
    return reader.next()


class ReplyCase(SynchronousTestCase):
    """What is a reply."""

    def test_one_line(self) -> None:
        """A code, and a text."""
        self.assertEqual(read(b"250 Ok\r\n"), Reply(250, "Ok"))

    def test_code_alone(self) -> None:
        """Some relays give no text, and no space."""
        self.assertEqual(read(b"354\r\n"), Reply(354))
        self.assertEqual(read(b"250 \n"), Reply(250))

    def test_several_lines(self) -> None:
        """The lines of a text are joined (RFC 5321 4.2.1)."""
        octets = b"250-first\r\n250-second\r\n250 third\r\n"
        self.assertEqual(read(octets), Reply(250, "first\nsecond\nthird"))

    def test_enhanced(self) -> None:
        """The enhanced code is no text, in whichever line it is (RFC 2034 4)."""
        octets = b"550-5.1.1 no\r\n550 5.1.1 such user\r\n"
        self.assertEqual(read(octets), Reply(550, "no\nsuch user", "5.1.1"))
        self.assertEqual(read(b"250 2.0.0\r\n"), Reply(250, "", "2.0.0"))

    def test_not_enhanced(self) -> None:
        """A code of another class, or with more dots, is text (RFC 2034 4)."""
        self.assertEqual(read(b"250 4.0.0 x\r\n"), Reply(250, "4.0.0 x"))
        self.assertEqual(read(b"220 2.1.1.1 x\r\n"), Reply(220, "2.1.1.1 x"))
        self.assertEqual(read(b"354 3.0.0 x\r\n"), Reply(354, "3.0.0 x"))

    def test_controls(self) -> None:
        """Nothing in a text breaks out of what it is written to."""
        self.assertEqual(
            read(b"550 a\rb\x00\x1b[1m\xff\r\n"), Reply(550, "a b  [1m\ufffd")
        )

    def test_several_replies(self) -> None:
        """Replies to what was sent at once come at once (RFC 2920)."""
        reader = ReplyReader()
        reader.feed(b"250 a\r\n550 b\r\n35")
        self.assertEqual(
            [reader.next(), reader.next()], [Reply(250, "a"), Reply(550, "b")]
        )
        self.assertIsNone(reader.next())
        self.assertTrue(reader.pending)
        reader.feed(b"4 c\r\n")
        self.assertEqual(reader.next(), Reply(354, "c"))
        self.assertFalse(reader.pending)

    def test_pending_line(self) -> None:
        """A reply of which only some lines have come is pending."""
        reader = ReplyReader()
        reader.feed(b"250-a\r\n")
        self.assertIsNone(reader.next())
        self.assertTrue(reader.pending)

    @given(st.integers(1, 7))
    def test_any_slices(self, size: int) -> None:
        """However the octets come, they are the same replies."""
        octets = b"250-2.1.5 a\r\n250 2.1.5 b\r\n421 4.3.2 c\r\n"
        reader = ReplyReader()
        found = []
        for at in range(0, len(octets), size):
            reader.feed(octets[at : at + size])
            while (reply := reader.next()) is not None:
                found.append(reply)
        self.assertEqual(found, [Reply(250, "a\nb", "2.1.5"), Reply(421, "c", "4.3.2")])


class NonsenseCase(SynchronousTestCase):
    """What is none."""

    def test_no_reply(self) -> None:
        """Anything but three digits with a mark after them."""
        for line in (b"", b"HTTP/1.1 400", b"25", b"2500", b"250x", b"150 x", b"650 x"):
            with self.subTest(line=line), self.assertRaises(SmtpSyntaxError):
                read(line + b"\r\n")

    def test_several_codes(self) -> None:
        """All lines of a reply have one code (RFC 5321 4.2.1)."""
        with self.assertRaises(SmtpSyntaxError):
            read(b"250-a\r\n251 b\r\n")

    def test_longest_line(self) -> None:
        """A line has a limit, whether its end has come or not."""
        line = b"250 " + b"x" * (LONGEST_LINE - 4)
        self.assertEqual(read(line + b"\n"), Reply(250, "x" * (LONGEST_LINE - 4)))
        self.assertIsNone(read(line))
        for octets in (line + b"x\n", line + b"x"):
            with self.subTest(end=octets[-1:]), self.assertRaises(SmtpSyntaxError):
                read(octets)

    def test_most_lines(self) -> None:
        """A reply has a limit."""
        last = b"250 x\r\n"
        self.assertIsNotNone(read(b"250-x\r\n" * (MOST_LINES - 1) + last))
        with self.assertRaises(SmtpSyntaxError):
            read(b"250-x\r\n" * MOST_LINES + last)

    @given(st.binary(max_size=60))
    def test_any_octets(self, octets: bytes) -> None:
        """Whatever comes is a reply, none yet, or an error that is ours."""
        try:
            reply = read(octets)
        except SmtpSyntaxError:
            return
        self.assertTrue(reply is None or 200 <= reply.code <= 599)
