"""The content of a mail between DATA and the dot (RFC 5321 4.5.2)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.errors import NoRoom
from cpmgw.smtp.data import LONGEST_LINE, DataReader, Fault, Newlines, stuffed

END = b"\r\n.\r\n"
# What has at one time or another been taken for the end of a mail by some software.
SMUGGLED = (
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r\r\n",
    b"\n.\r",
    b"\r.\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\n\n",
)
PIECES = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\0", END]), max_size=30
).map(b"".join)
LINES = st.lists(st.sampled_from([b"\r\n", b".", b"..", b"a", END]), max_size=30).map(
    b"".join
)


class Result:
    """What a reader made of slices."""

    def __init__(
        self, slices: Iterable[bytes], max_size: int = 10_000, mends: bool = False
    ) -> None:
        self.content = b""
        self.rest: bytes | None = None
        newlines = Newlines.MENDED if mends else Newlines.REFUSED
        reader = DataReader(self.write, max_size, newlines)
        for each in slices:
            if self.rest is None:
                self.rest = reader.feed(each)
            else:
                self.rest += each
        self.fault = reader.fault
        self.size = reader.size

    def write(self, octets: bytes) -> None:
        """Keep it."""
        self.content += octets

    @property
    def outcome(self) -> tuple[object, ...]:
        """What must not depend on slices."""
        kept = None if self.fault else self.content
        return (self.rest, self.fault, self.size, kept)


def one_by_one(octets: bytes) -> list[bytes]:
    """Slices of one octet."""
    return [octets[at : at + 1] for at in range(len(octets))]


class ReaderTests(SynchronousTestCase):
    """Reading."""

    def test_content_and_what_follows(self) -> None:
        """The CRLF before the dot is of the content; what follows is given back."""
        for octets, content in (
            (b".\r\n", b""),
            (b"\r\n.\r\n", b"\r\n"),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.a\r\na.\r\n...\r\n.\r\n", b".\r\na\r\na.\r\n..\r\n"),
        ):
            for slices in ([octets + b"QUIT"], one_by_one(octets + b"QUIT")):
                result = Result(slices)
                self.assertEqual(result.content, content)
                self.assertEqual(result.rest, b"QUIT")
                self.assertIsNone(result.fault)
                self.assertEqual(result.size, len(content))

    def test_smuggled_ends_are_none(self) -> None:
        """Only CRLF.CRLF ends a mail; one with the other forms is refused."""
        for each in SMUGGLED:
            octets = b"a" + each + b"MAIL FROM:<evil@x.test>" + END
            for slices in ([octets], one_by_one(octets)):
                result = Result(slices)
                self.assertEqual(result.rest, b"", each)
                self.assertIs(result.fault, Fault.BARE_NEWLINE, each)

    def test_smuggled_ends_mended(self) -> None:
        """Where bare newlines are mended, these forms are lines of the content."""
        for each in SMUGGLED:
            octets = b"a" + each + b"RSET" + END
            for slices in ([octets], one_by_one(octets)):
                result = Result(slices, mends=True)
                self.assertEqual(result.rest, b"", each)
                self.assertIsNone(result.fault)
                self.assertTrue(result.content.endswith(b"\r\nRSET\r\n"), each)
                bare = result.content.replace(b"\r\n", b"")
                self.assertNotIn(b"\r", bare)
                self.assertNotIn(b"\n", bare)

    def test_nul(self) -> None:
        """NUL is no character of a mail (RFC 5322 2.2 and 3.5)."""
        self.assertIs(Result([b"a\0b" + END]).fault, Fault.NUL)

    def test_size(self) -> None:
        """A mail may have as many octets as are allowed, dots that were doubled not."""
        self.assertIsNone(Result([b"..234" + END], max_size=6).fault)
        too_large = Result([b"..2345" + END + b"QUIT"], max_size=6)
        self.assertIs(too_large.fault, Fault.TOO_LARGE)
        self.assertEqual(too_large.rest, b"QUIT")

    def test_nothing_kept_beyond_size(self) -> None:
        """What is too much is read, and not kept."""
        result = Result([b"1234", b"5", b"6" * 1000, END], max_size=5)
        self.assertEqual(result.content, b"12345")
        self.assertEqual(result.rest, b"")

    def test_longest_line(self) -> None:
        """A line may be longer than 998 octets, and not than the limit."""
        longest = b"a" * LONGEST_LINE
        large = 3 * LONGEST_LINE
        for octets, fault in (
            (longest + END, None),
            (longest + b"a" + END, Fault.LONG_LINE),
            (b"b\r\n" + longest + b"\r\nb" + END, None),
            (b"b\r\n" + longest + b"a\r\nb" + END, Fault.LONG_LINE),
        ):
            halves = [octets[: LONGEST_LINE // 2], octets[LONGEST_LINE // 2 :]]
            chunks = [octets[at : at + 9999] for at in range(0, len(octets), 9999)]
            for slices in ([octets], halves, chunks):
                self.assertIs(Result(slices, max_size=large).fault, fault)

    def test_no_room(self) -> None:
        """What cannot be kept is read to its end all the same."""
        tries: list[bytes] = []

        def write(octets: bytes) -> None:
            tries.append(octets)
            raise NoRoom("full")

        reader = DataReader(write, 100)
        self.assertIsNone(reader.feed(b"a\r\nb"))
        self.assertIsNone(reader.feed(b"c"))
        self.assertEqual(reader.feed(END + b"x"), b"x")
        self.assertIs(reader.fault, Fault.NO_ROOM)
        self.assertEqual(tries, [b"a\r\nb"])

    @given(PIECES, st.lists(st.integers(0, 60), max_size=8), st.booleans())
    def test_any_slices(self, octets: bytes, cuts: list[int], mends: bool) -> None:
        """However octets are cut, the outcome is the same."""
        octets += END
        edges = [0, *sorted(cuts), len(octets)]
        slices = [octets[a:b] for a, b in pairwise(edges)]
        whole = Result([octets], 20, mends)
        self.assertEqual(Result(slices, 20, mends).outcome, whole.outcome)
        self.assertEqual(Result(one_by_one(octets), 20, mends).outcome, whole.outcome)


class StuffedTests(SynchronousTestCase):
    """Writing."""

    def test_ends(self) -> None:
        """Content without a CRLF at its end gets one."""
        for content, sent in (
            (b"", b".\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"\r\n.", b"\r\n..\r\n.\r\n"),
        ):
            self.assertEqual(b"".join(stuffed([content])), sent)

    @given(LINES, st.lists(st.integers(0, 60), max_size=8))
    def test_round_trip(self, octets: bytes, cuts: list[int]) -> None:
        """What was stuffed in any pieces is read as it was, with a CRLF at its end."""
        edges = [0, *sorted(cuts), len(octets)]
        pieces = [octets[a:b] for a, b in pairwise(edges)]
        result = Result(stuffed(pieces))
        ended = not octets or octets.endswith(b"\r\n")
        self.assertEqual(result.content, octets if ended else octets + b"\r\n")
        self.assertEqual((result.rest, result.fault), (b"", None))
