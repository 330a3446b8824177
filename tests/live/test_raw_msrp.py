"""The raw MSRP endpoint against itself, over a pair of sockets."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.live.raw_frames import Frame, Gone, Malformed, Wire, take_frame
from tests.live.raw_msrp import End, Message, respond

ALICE = "msrp://alice.example.com:7777/iau39soe2843z;tcp"
BOB = "msrp://bob.example.org:8888/9di4eae923wzd;tcp"
PATHS = f"To-Path: {BOB}\r\nFrom-Path: {ALICE}\r\n".encode()
SEND = (
    b"MSRP 6aef8pq2 SEND\r\n" + PATHS + b"Message-ID: 12339sdqwer\r\n"
    b"Byte-Range: 1-16/16\r\nContent-Type: text/plain\r\n\r\n"
    b"Hi, I'm Alice!\r\n\r\n-------6aef8pq2$\r\n"
)
TEXT = b"0123456789abcdefghij"


class Independence(SynchronousTestCase):
    def test_imports(self) -> None:
        """The raw endpoints stand on Python alone: they cannot share our mistakes."""
        for path in sorted(Path(__file__).parent.glob("raw_*.py")):
            names = re.findall(r"^(?:from|import) ([\w.]+)", path.read_text(), re.M)
            foreign = [
                name
                for name in names
                if name.partition(".")[0] not in sys.stdlib_module_names
                and not name.startswith("tests.live.raw_")
            ]
            self.assertEqual(foreign, [], path.name)


class Frames(SynchronousTestCase):
    def test_both_directions(self) -> None:
        """A frame that is read is written with the same octets (RFC 4975 9)."""
        frame = take_frame(bytearray(SEND))
        assert frame is not None
        self.assertEqual((frame.start, frame.flag), ("SEND", "$"))
        self.assertEqual(frame.body, b"Hi, I'm Alice!\r\n")
        self.assertEqual(frame.octets(), SEND)

    def test_truncated(self) -> None:
        """What is not here whole is no frame yet, and stays where it is."""
        for length in range(len(SEND)):
            buffer = bytearray(SEND[:length])
            self.assertIsNone(take_frame(buffer))
            self.assertEqual(len(buffer), length)

    def test_no_body(self) -> None:
        """A SEND without a body has its end-line right after its headers (7.1)."""
        frame = Frame("d93kswow", "SEND", (("To-Path", BOB), ("From-Path", ALICE)))
        self.assertEqual(
            frame.octets(),
            b"MSRP d93kswow SEND\r\n" + PATHS + b"-------d93kswow$\r\n",
        )

    def test_end_line_of_another(self) -> None:
        """Only the end-line of the transaction itself ends a body (7.1)."""
        octets = SEND.replace(b"Alice!", b"Al\r\n-------6aef8pq3$\r\n!")
        frame = take_frame(bytearray(octets))
        assert frame is not None
        self.assertEqual(frame.octets(), octets)

    def test_malformed(self) -> None:
        """What RFC 4975 9 does not allow is refused."""
        for right, wrong in (
            (b"MSRP 6aef8pq2 SEND", b"MSRP 6aef8pq2  SEND"),
            (b"MSRP 6aef8pq2 SEND", b"msrp 6aef8pq2 SEND"),
            (PATHS, b"\r\n".join(reversed(PATHS.split(b"\r\n")[:2])) + b"\r\n"),
            (b"From-Path: ", b"From-Path:"),
            (b"From-Path: msrp:", b"From-Path: sip:"),
            (b"Content-Type: text/plain", b"Content-Type text/plain"),
            (b"Content-Type", b"Content-Language"),
            (b"6aef8pq2 SEND", b"6aef8pq2 200 OK"),
        ):
            octets = SEND.replace(right, wrong)
            self.assertNotEqual(octets, SEND)
            self.assertRaises(Malformed, take_frame, bytearray(octets))

    def test_endless_line(self) -> None:
        """A line that does not end is refused past 16,384 octets, and not before."""
        self.assertIsNone(take_frame(bytearray(b"M" * 16_384)))
        self.assertRaises(Malformed, take_frame, bytearray(b"M" * 16_385))


class Ends(SynchronousTestCase):
    def setUp(self) -> None:
        one, other = socket.socketpair()
        self.alice = End(Wire(one), ALICE, BOB)
        self.bob = End(Wire(other), BOB, ALICE)
        self.addCleanup(one.close)
        self.addCleanup(other.close)

    def answers(self, *frames: Frame) -> list[int]:
        """What Bob answers to requests of Alice's."""
        self.alice.wire.send(*frames)
        for _ in frames:
            self.bob.take()
        return [self.alice.answer(frame.transaction) for frame in frames]

    def test_chunks(self) -> None:
        """A message goes in chunks of the size that is asked for, and comes whole."""
        message = Message(TEXT)
        chunks = self.alice.chunks(message, 8)
        self.assertEqual(
            [(each.value("Byte-Range"), each.flag) for each in chunks],
            [("1-8/20", "+"), ("9-16/20", "+"), ("17-20/20", "$")],
        )
        self.assertEqual(self.answers(*chunks), [200] * 3)
        self.assertEqual(self.bob.messages, [message])

    def test_out_of_order(self) -> None:
        """The order of the chunks is of no matter (5.1)."""
        first, second, last = self.alice.chunks(Message(TEXT), 8)
        self.answers(last, second)
        self.assertEqual(self.bob.messages, [])
        self.answers(first)
        self.assertEqual(self.bob.message().body, TEXT)

    def test_interrupted_and_resumed(self) -> None:
        """An interrupted chunk is shorter than its range says; another goes on."""
        message = Message(TEXT)
        self.answers(
            self.alice.chunk(message, "1-20/20", TEXT[:5], flag="+"),
            self.alice.chunk(message, "6-20/20", TEXT[5:]),
        )
        self.assertEqual(self.bob.message().body, TEXT)

    def test_aborted(self) -> None:
        """What came before a message is aborted is forgotten (7.1)."""
        message = Message(TEXT)
        first, last = self.alice.chunks(message, 10)
        aborted = self.alice.chunk(message, "1-10/20", TEXT[:10], flag="#")
        self.answers(aborted, last)
        self.assertEqual(self.bob.messages, [])
        self.answers(first)
        self.assertEqual(self.bob.message().body, TEXT)

    def test_a_range_that_lies(self) -> None:
        """A chunk says whatever it is told to; the endpoint takes no such thing."""
        chunk = self.alice.chunk(Message(TEXT), "1-19/20", TEXT)
        self.assertIn(b"Byte-Range: 1-19/20\r\n", chunk.octets())
        self.alice.wire.send(chunk)
        self.assertRaises(Malformed, self.bob.take)

    def test_unknown_total(self) -> None:
        """A total of * is known at the end (7.1.1)."""
        message = Message(TEXT)
        self.answers(
            self.alice.chunk(message, "1-*/*", TEXT[:7], flag="+"),
            self.alice.chunk(message, "8-*/*", TEXT[7:]),
        )
        self.assertEqual(self.bob.message().body, TEXT)

    def test_success_report(self) -> None:
        """A report follows where it was asked for (7.1.2), and has no answer."""
        asked = Message(TEXT, success_report="yes")
        for message in (Message(TEXT), asked):
            self.answers(*self.alice.chunks(message, 8))
        self.assertEqual(self.alice.report(asked.message_id), 200)
        self.assertEqual(self.alice.reports, [(asked.message_id, 200)])

    def test_refusal(self) -> None:
        """A refusal is the answer to each chunk; with "no" there is none (7.1.2)."""
        self.bob.status = 413
        self.assertEqual(self.answers(*self.alice.chunks(Message(TEXT), 10)), [413] * 2)
        self.assertEqual(self.bob.messages, [])
        quiet = Message(TEXT, failure_report="no")
        self.alice.wire.send(*self.alice.chunks(quiet, 20))
        self.bob.take()
        self.assertRaises(TimeoutError, self.alice.wire.frame, 0.01)

    def test_partial(self) -> None:
        """With "partial" only what is refused is answered (7.1.2)."""
        partial = Message(TEXT, failure_report="partial")
        self.alice.wire.send(*self.alice.chunks(partial, 20))
        self.bob.take()
        self.assertRaises(TimeoutError, self.alice.wire.frame, 0.01)
        self.bob.status = 413
        self.assertEqual(self.answers(*self.alice.chunks(partial, 20)), [413])

    def test_path_of_a_response(self) -> None:
        """A response goes one hop; that of AUTH goes all the way (7.2, RFC 4976 5)."""
        paths = (("To-Path", BOB), ("From-Path", f"{ALICE} {BOB}"))
        for method, towards in (("SEND", ALICE), ("AUTH", f"{ALICE} {BOB}")):
            answer = respond(Frame("d93kswow", method, paths), 200)
            self.assertEqual(answer.value("To-Path"), towards)
            self.assertEqual(answer.value("From-Path"), BOB)

    def test_closed(self) -> None:
        """A connection that the other side closes is told from one that is silent."""
        self.assertFalse(self.alice.wire.ended(0.01))
        self.bob.wire.close()
        self.assertTrue(self.alice.wire.ended())
        self.assertRaises(Gone, self.alice.wire.frame)
