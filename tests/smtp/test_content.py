"""Content on its way to a relay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.content import CannotRead, mended
from cpmgw.smtp.content import Content as Writer
from tests.smtp.relays import Content, Unreadable


class MendingCase(SynchronousTestCase):
    """No CR and no LF stands alone (RFC 5321 2.3.8)."""

    def test_as_it_is(self) -> None:
        """Content that is well is not touched."""
        pieces = [b"a\r\nb\r\n", b"c\r\n"]
        self.assertEqual(list(mended(pieces)), pieces)

    def test_each(self) -> None:
        """Each one becomes a CRLF, wherever the pieces are cut."""
        octets = b"a\n.\nb\r.\r\r\nc\n\rd\r"
        for size in range(1, len(octets) + 1):
            with self.subTest(size=size):
                pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
                self.assertEqual(
                    b"".join(mended(pieces)),
                    b"a\r\n.\r\nb\r\n.\r\n\r\nc\r\n\r\nd\r\n",
                )


class WritingCase(SynchronousTestCase):
    """The writer and its transport."""

    def setUp(self) -> None:
        self.transport = StringTransport()
        self.events: list[str] = []

    def writer(self, body: Content) -> Writer:
        """A writer of this body."""
        return Writer(
            body,
            self.transport,
            progress=lambda: self.events.append("progress"),
            whole=lambda: self.events.append(f"whole at {len(self.transport.value())}"),
            broken=self._broken,
        )

    def _broken(self, error: CannotRead) -> None:
        self.events.append("broken")

    def test_whole(self) -> None:
        """The last dot is written after all else, and after it is told."""
        body = Content(b"a\r\n", b".b\r\n")
        self.writer(body).start()
        self.assertEqual(self.transport.value(), b"a\r\n..b\r\n.\r\n")
        self.assertEqual(self.events, ["progress", "whole at 8"])
        self.assertIsNone(self.transport.producer)
        self.assertEqual(body.readers, 0)

    def test_empty(self) -> None:
        """Content of nothing is a dot."""
        self.writer(Content()).start()
        self.assertEqual(self.transport.value(), b".\r\n")

    def test_no_line_end(self) -> None:
        """A last line without an end gets one."""
        self.writer(Content(b"a")).start()
        self.assertEqual(self.transport.value(), b"a\r\n.\r\n")

    def test_pause(self) -> None:
        """Nothing is read while the transport would have no more."""
        body = Content(*[b"x\r\n"] * 10)
        writer = self.writer(body)
        write = self.transport.write

        def write_once(octets: bytes) -> None:
            write(octets)
            writer.pauseProducing()

        self.transport.write = write_once  # type: ignore[method-assign]
        writer.start()
        self.assertEqual(self.transport.value(), b"x\r\n")
        self.assertEqual(body.read_octets, 6)
        writer.resumeProducing()
        self.assertEqual(self.transport.value(), b"x\r\nx\r\n")
        self.assertEqual(self.events, ["progress", "progress"])

    def test_resumed_within(self) -> None:
        """A transport that resumes while it is written to gets all, level by level."""
        body = Content(*[b"x\r\n"] * 2_000)
        writer = self.writer(body)
        write = self.transport.write

        def write_on(octets: bytes) -> None:
            write(octets)
            writer.pauseProducing()
            writer.resumeProducing()

        self.transport.write = write_on  # type: ignore[method-assign]
        writer.start()
        self.assertEqual(self.transport.value(), body.read() + b".\r\n")

    def test_stop(self) -> None:
        """A transport that is gone has it stopped; its file is closed."""
        body = Content(b"a\r\n", b"b\r\n", b"c\r\n")
        writer = self.writer(body)
        self.transport.write = lambda _: writer.pauseProducing()  # type: ignore[method-assign]
        writer.start()
        self.assertEqual(body.readers, 1)
        writer.stopProducing()
        writer.resumeProducing()
        self.assertEqual(body.readers, 0)
        self.assertEqual(self.events, ["progress"])

    def test_unreadable(self) -> None:
        """Of content that cannot be read to its end, no last dot is written."""
        for body in (Unreadable(b"a\r\n"), Content(b"a\r\n", size=4)):
            with self.subTest(body=type(body)):
                self.setUp()
                self.writer(body).start()
                self.assertEqual(self.events, ["progress", "broken"])
                self.assertFalse(self.transport.value().endswith(b".\r\n"))

    @given(st.lists(st.text("a.\r\n").map(str.encode)))
    def test_any_content(self, pieces: list[bytes]) -> None:
        """Any content ends with the one dot that stands alone, at its end."""
        self.transport = StringTransport()
        self.writer(Content(*pieces)).start()
        value = b"\r\n" + self.transport.value()
        self.assertEqual(value.find(b"\r\n.\r\n"), len(value) - 5)
        self.assertEqual(value.count(b"\n"), value.count(b"\r\n"))
        self.assertEqual(value.count(b"\r"), value.count(b"\r\n"))
