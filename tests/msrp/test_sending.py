"""From messages to chunks: turns, interruption, answers and endings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.msrp.frames import Flag
from cpmgw.msrp.interfaces import FailureReport
from cpmgw.msrp.sending import BROKEN, TURN, Outbox, Outgoing, SendLimits
from tests.msrp.frames import OURS, THEIRS, Frame, Reader, read

OWNER = object()
QUICK = SendLimits(first_chunk=65_536)


def pieces(content: bytes) -> Iterator[bytes]:
    """As a session gives a content."""
    for at in range(0, len(content), TURN):
        yield content[at : at + TURN]


class OutboxCase(SynchronousTestCase):
    """An outbox, and what it writes."""

    def setUp(self) -> None:
        self.use()

    def use(self, limits: SendLimits | None = None) -> None:
        """Begin anew."""
        numbers = count(1)
        self.ids = (f"t{number:04}" for number in numbers)
        self.outbox = Outbox(limits or QUICK, lambda: next(self.ids))
        self.reader = Reader()
        self.now = 0.0

    def message(
        self,
        content: bytes = b"hello",
        *,
        message_id: str = "m1d2",
        content_type: str = "text/plain",
        failure_report: FailureReport = FailureReport.YES,
        success_report: bool = False,
        max_chunk: int = 0,
        size: int | None = None,
        owner: object = OWNER,
        given: Iterator[bytes] | None = None,
    ) -> Outgoing:
        """Have a message sent."""
        message = Outgoing(
            owner,
            message_id=message_id,
            to_path=(THEIRS,),
            from_path=(OURS,),
            content_type=content_type,
            size=len(content) if size is None else size,
            pieces=given or pieces(content),
            success_report=success_report,
            failure_report=failure_report,
            max_chunk=max_chunk,
        )
        self.outbox.add(message)
        return message

    def take(self, most: int = 1_000_000) -> list[Frame]:
        """Let so many turns be written; gives all frames until now."""
        for _ in range(most):
            octets = self.outbox.take(self.now)
            if not octets:
                break
            self.reader.add(octets)
        self.assertEqual(self.reader.broken, "")
        return self.reader.frames

    def answer(self, status: int = 200, *frames: Frame) -> None:
        """Answer these frames, or all that have been written."""
        for frame in frames or self.reader.frames:
            self.outbox.answered(frame.head.transaction, status, self.now)

    def settled(self) -> list[int]:
        """The statuses that have been decided."""
        found = [each.status or 0 for each in self.outbox.settled]
        self.outbox.settled.clear()
        return found


class Chunks(OutboxCase):
    def test_short(self) -> None:
        """A short message goes in one chunk that says where it ends (5.1, 7.1)."""
        self.message(success_report=True)
        octets = self.outbox.take(0.0)
        self.assertEqual(
            octets,
            f"MSRP t0001 SEND\r\nTo-Path: {THEIRS}\r\nFrom-Path: {OURS}\r\n"
            "Message-ID: m1d2\r\nByte-Range: 1-5/5\r\nSuccess-Report: yes\r\n"
            "Content-Type: text/plain\r\n\r\nhello\r\n-------t0001$\r\n".encode(),
        )
        self.assertEqual(self.outbox.take(0.0), b"")

    def test_empty(self) -> None:
        """A SEND without content has no Content-Type (7.1, RFC 6135 4.2.3)."""
        self.message(b"", content_type="")
        (frame,) = self.take()
        self.assertFalse(frame.request.has_body)
        self.assertEqual(str(frame.request.byte_range), "1-0/0")
        self.assertIs(frame.flag, Flag.LAST)

    def test_interruptible(self) -> None:
        """A chunk of more than 2048 octets may be interrupted, and says so (5.1)."""
        for size, octets in ((2048, "1-2048/2048"), (2049, "1-*/2049")):
            self.use()
            self.message(bytes(size))
            (frame,) = self.take()
            self.assertEqual(str(frame.request.byte_range), octets)
            self.assertEqual((len(frame.body), frame.flag), (size, Flag.LAST))

    def test_chunks(self) -> None:
        """A large message goes in chunks of the size that is set."""
        content = bytes(range(250)) * 1000
        self.message(content)
        frames = self.take()
        sizes = [len(frame.body) for frame in frames]
        self.assertEqual(sizes, [65536, 65536, 65536, 53392])
        self.assertEqual(b"".join(frame.body for frame in frames), content)
        self.assertEqual([frame.flag for frame in frames[:-1]], [Flag.MORE] * 3)
        self.assertEqual(str(frames[1].request.byte_range), "65537-*/250000")

    def test_chunk_of_the_peer(self) -> None:
        """No chunk is larger than the peer takes (conversation TS 5.2.1.3)."""
        for most in (100_000, 3000, 1000):
            self.use()
            self.message(bytes(200_000), max_chunk=most)
            while len(self.take()) and self.outbox.take(0.0):
                self.fail("not taken")
            self.answer()
            self.take()
            largest = max(len(frame.body) for frame in self.reader.frames)
            self.assertEqual(largest, min(most, 65536))

    def test_own_end_line(self) -> None:
        """No body has the end-line of its own chunk in it (7.1)."""
        mark = b"-------t0001"
        self.message(b"x" + mark + b"$\r\n")
        (frame,) = self.take()
        self.assertEqual(frame.head.transaction, "t0002")
        for at in (0, 1, *range(TURN - 13, TURN + 2), 30_000):
            self.use()
            content = bytearray(40_000)
            content[at : at + 13] = mark + b"$"
            self.message(bytes(content))
            frames = self.take()
            self.assertGreater(len(frames), 1, at)
            self.assertNotIn(mark, frames[0].body)
            self.assertEqual(b"".join(frame.body for frame in frames), content)
            self.assertEqual(sum(frame.flag is Flag.LAST for frame in frames), 1)

    @given(st.binary(max_size=5000), st.sampled_from([2048, 2049, 5000]))
    def test_round_trip(self, content: bytes, chunk: int) -> None:
        """What is sent is what is read."""
        self.use(SendLimits(chunk=chunk))
        self.message(content)
        frames = self.take()
        self.assertEqual(b"".join(frame.body for frame in frames), content)


class Turns(OutboxCase):
    def test_small_beside_large(self) -> None:
        """A large message is interrupted for a small one (5.1)."""
        self.message(bytes(60_000), message_id="large")
        self.take(1)
        self.message(message_id="small")
        frames = self.take()
        self.assertEqual(
            [frame.request.message_id for frame in frames], ["large", "small", "large"]
        )
        self.assertEqual(
            [len(frame.body) for frame in frames], [TURN, 5, 60_000 - TURN]
        )
        self.assertIs(frames[0].flag, Flag.MORE)

    def test_large_ones(self) -> None:
        """Large ones take turns."""
        for name in ("one1", "two2", "three"):
            self.message(bytes(3 * TURN), message_id=name)
        names = [frame.request.message_id for frame in self.take()]
        self.assertEqual(names, ["one1", "two2", "three"] * 3)

    def test_sessions(self) -> None:
        """However much one session sends, another waits for one turn alone."""
        for number in range(20):
            self.message(bytes(TURN), message_id=f"m{number}d2")
        self.message(message_id="other", owner=self)
        names = [frame.request.message_id for frame in self.take()]
        self.assertEqual(names.index("other"), 1)
        self.assertEqual(len(names), 21)

    def test_order(self) -> None:
        """Small ones keep their order."""
        for number in range(5):
            self.message(message_id=f"m{number}d2")
        names = [frame.request.message_id for frame in self.take()]
        self.assertEqual(names, [f"m{number}d2" for number in range(5)])

    def test_answers_first(self) -> None:
        """Our answers do not wait for a large message."""
        self.message(bytes(60_000))
        self.take(1)
        self.outbox.reply(b"MSRP a1d2 200\r\n-------a1d2$\r\n")
        self.outbox.reply(b"MSRP a3d4 200\r\n-------a3d4$\r\n")
        self.assertEqual(self.outbox.urgent_octets, 58)
        frames = self.take(2)
        self.assertEqual(
            [frame.head.transaction for frame in frames], ["t0001", "a1d2", "a3d4"]
        )
        self.assertEqual(self.outbox.urgent_octets, 0)
        self.assertEqual(sum(len(frame.body) for frame in self.take()), 60_000)

    def test_window(self) -> None:
        """Only so many chunks of a message may wait for their answers."""
        self.use(SendLimits(chunk=2048, window=3))
        self.message(bytes(20_000))
        frames = self.take()
        self.assertEqual(len(frames), 3)
        self.answer(200, frames[0])
        self.assertEqual(len(self.take()), 4)
        self.message(message_id="small")
        self.assertEqual(self.take()[-1].request.message_id, "small")

    def test_not_interrupted_for_who_cannot_go(self) -> None:
        """A message whose window is full interrupts no other."""
        self.use(SendLimits(window=1, first_chunk=65_536))
        self.message(bytes(70_000), message_id="full")
        self.take()
        self.message(bytes(60_000), message_id="other")
        frames = self.take()
        self.assertEqual([len(frame.body) for frame in frames], [65536, 60_000])


class Answers(OutboxCase):
    def test_ok(self) -> None:
        """A message is sent once every chunk was answered with 200."""
        self.message(bytes(200_000))
        frames = self.take()
        self.answer(200, *frames[1:])
        self.assertEqual(self.settled(), [])
        self.answer(200, frames[0])
        self.assertEqual(self.settled(), [200])
        self.assertEqual(len(self.outbox), 0)

    def test_early(self) -> None:
        """An answer may come before the chunk has ended."""
        self.message(bytes(40_000))
        self.take(1)
        self.answer()
        self.assertEqual(self.settled(), [])
        self.take()
        self.assertEqual(self.settled(), [200])

    def test_refused(self) -> None:
        """At another status the rest is not sent: the chunk ends with "#" (7.2)."""
        self.message(bytes(200_000))
        frames = self.take(5)
        self.answer(413, frames[0])
        self.assertEqual(self.settled(), [413])
        frames = self.take()
        self.assertEqual((len(frames), frames[-1].flag), (2, Flag.ABORTED))
        self.answer(200, frames[1])
        self.answer(415, frames[1])
        self.assertEqual((self.settled(), len(self.outbox)), ([], 0))

    def test_refused_between_chunks(self) -> None:
        """So between chunks, with a chunk that has no octets."""
        self.use(SendLimits(chunk=2048, window=1))
        self.message(bytes(5000))
        self.take()
        self.answer(481)
        self.assertEqual(
            (self.settled(), len(self.take()), len(self.outbox)), ([481], 2, 0)
        )
        self.assertIs(self.reader.frames[-1].flag, Flag.ABORTED)

    def test_timeout(self) -> None:
        """Without an answer in 30 s from the last octet it is 408 (7.2)."""
        self.message(bytes(20_000))
        self.take(1)
        self.assertIsNone(self.outbox.deadline)
        self.now = 10.0
        self.take()
        self.assertEqual(self.outbox.deadline, 40.0)
        self.outbox.expire(39.9)
        self.assertEqual(self.settled(), [])
        self.outbox.expire(40.0)
        self.assertEqual((self.settled(), self.outbox.deadline), ([408], None))
        self.answer()
        self.assertEqual(self.settled(), [])

    def test_deadlines(self) -> None:
        """The earliest that still waits counts."""
        self.message()
        self.take()
        self.now = 5.0
        self.message(message_id="m3d4")
        frames = self.take()
        self.assertEqual(self.outbox.deadline, 30.0)
        self.answer(200, frames[0])
        self.assertEqual(self.outbox.deadline, 35.0)

    def test_slow_peer(self) -> None:
        """A peer that answers what came first has not come to what is behind (7.2)."""
        self.message(bytes(200_000))
        frames = self.take()
        self.now = 29.0
        self.answer(200, frames[0])
        self.assertEqual(self.outbox.deadline, 59.0)
        self.outbox.expire(58.9)
        self.now = 58.9
        self.answer(200, frames[3])
        self.assertEqual((self.outbox.deadline, self.settled()), (59.0, []))
        self.outbox.expire(59.0)
        self.assertEqual(self.settled(), [408])

    def test_postponed(self) -> None:
        """Time in which no answer could be read does not count."""
        self.message()
        self.take()
        self.outbox.postpone(7.0)
        self.assertEqual(self.outbox.deadline, 37.0)

    def test_no_status(self) -> None:
        """A response that is none of 200 to 699 answers nothing (10)."""
        self.message(bytes(200_000))
        frames = self.take()
        for status in (0, 100, 199, 700, 999):
            self.answer(status, frames[0])
        self.assertEqual(self.settled(), [])
        self.answer()
        self.assertEqual(self.settled(), [200])

    def test_first_chunks(self) -> None:
        """Chunks are short until the peer has answered one within a second."""
        for after, size in ((1.0, 65_536), (1.1, 20_000)):
            self.use(SendLimits(first_chunk=20_000, window=1))
            self.message(bytes(200_000))
            self.now = 0.0
            frames = self.take()
            self.now = after
            self.answer(200, frames[0])
            self.assertEqual([len(f.body) for f in self.take()], [20_000, size])

    def test_strangers(self) -> None:
        """An answer that answers nothing is passed over."""
        self.message()
        self.take()
        self.outbox.answered("other", 200, 0.0)
        self.outbox.answered("other", 413, 0.0)
        self.assertEqual(self.settled(), [])
        self.answer()
        self.answer(413)
        self.assertEqual(self.settled(), [200])

    def test_no_report(self) -> None:
        """With Failure-Report "no" no answer is waited for (7.1.2)."""
        self.message(bytes(200_000), failure_report=FailureReport.NO)
        frames = self.take()
        self.assertEqual(self.settled(), [200])
        self.assertIs(frames[0].request.failure_report, FailureReport.NO)
        self.assertEqual((len(self.outbox), self.outbox.deadline), (0, None))

    def test_partial_report(self) -> None:
        """With "partial" only failures are heard of, and none is no failure (7.1.2)."""
        self.use(SendLimits(chunk=2048, window=1))
        message = self.message(bytes(9000), failure_report=FailureReport.PARTIAL)
        frames = self.take()
        self.assertEqual((len(frames), self.settled()), (5, [200]))
        self.answer(200, frames[0])
        self.answer(413, frames[1])
        self.assertEqual(self.outbox.late, [(message, 413)])
        self.outbox.expire(30.0)
        self.assertEqual((self.settled(), len(self.outbox)), ([], 0))

    def test_partial_report_in_time(self) -> None:
        """A failure before the end stops it."""
        self.message(bytes(200_000), failure_report=FailureReport.PARTIAL)
        frames = self.take(5)
        self.answer(413, frames[0])
        self.assertIs(self.take()[-1].flag, Flag.ABORTED)
        self.assertEqual(self.settled(), [413])


class Endings(OutboxCase):
    def test_abort_within(self) -> None:
        """A message that is stopped within a chunk ends it with "#"."""
        message = self.message(bytes(60_000))
        self.take(1)
        self.outbox.abort(message)
        (frame,) = self.take()
        self.assertEqual((len(frame.body), frame.flag), (TURN, Flag.ABORTED))
        self.assertEqual((len(self.outbox), self.settled()), (0, []))

    def test_abort_between(self) -> None:
        """Between chunks it says so with a chunk that has no octets."""
        self.use(SendLimits(chunk=2048, window=1))
        message = self.message(bytes(5000))
        self.take()
        self.outbox.abort(message)
        frames = self.take()
        self.assertEqual(len(frames), 2)
        self.assertFalse(frames[1].request.has_body)
        self.assertIs(frames[1].flag, Flag.ABORTED)
        self.assertEqual(str(frames[1].request.byte_range), "2049-*/5000")
        self.assertEqual(len(self.outbox), 0)

    def test_abort_before(self) -> None:
        """What has not begun needs no end."""
        message = self.message()
        self.outbox.abort(message)
        self.assertEqual((self.take(), len(self.outbox)), ([], 0))

    def test_abort_after(self) -> None:
        """What is written can only be forgotten."""
        message = self.message()
        self.take()
        self.outbox.abort(message)
        self.answer()
        self.assertEqual((len(self.take()), self.settled()), (1, []))

    def test_drop(self) -> None:
        """Nothing of a session goes on but the end of its chunk; others do."""
        self.message(bytes(60_000), message_id="large")
        self.take(1)
        self.message(message_id="second")
        self.message(message_id="other", owner=self)
        self.outbox.drop(OWNER)
        frames = self.take()
        self.assertEqual([f.request.message_id for f in frames], ["large", "other"])
        self.assertIs(frames[0].flag, Flag.ABORTED)

    def test_drop_forgets(self) -> None:
        """Its answers are not waited for any more; those of others are."""
        self.message(message_id="gone")
        other = self.message(message_id="other", owner=self)
        self.take()
        self.outbox.drop(OWNER)
        self.answer()
        self.assertEqual(self.outbox.settled, [other])
        self.assertEqual(len(self.outbox), 0)

    def test_drop_parked(self) -> None:
        """So where a message waits for answers before it goes on."""
        self.use(SendLimits(chunk=2048, window=1))
        self.message(bytes(5000), message_id="gone")
        self.message(bytes(5000), message_id="other", owner=self)
        self.take()
        self.outbox.drop(OWNER)
        self.answer()
        names = [frame.request.message_id for frame in self.take()]
        self.assertEqual(names, ["gone", "other", "other"])

    def test_content_too_short(self) -> None:
        """A content that ends before its size is aborted."""
        for size in (2000, 60_000):
            self.use()
            self.message(b"short", size=size)
            frames = self.take()
            self.assertEqual(
                (frames[-1].flag, self.settled()), (Flag.ABORTED, [BROKEN])
            )
            self.answer()
            self.assertEqual((self.settled(), len(self.outbox)), ([], 0))

    def test_content_that_fails(self) -> None:
        """So is one that cannot be read."""

        def failing() -> Iterator[bytes]:
            yield bytes(TURN)
            raise OSError("gone")

        self.message(size=60_000, given=failing())
        frames = self.take()
        self.assertEqual((frames[-1].flag, self.settled()), (Flag.ABORTED, [BROKEN]))

    def test_stream(self) -> None:
        """All of it can be read by a parser that gets single octets."""
        self.message(bytes(3000), message_id="one1")
        self.message(bytes(20_000), message_id="two2")
        octets = b""
        while turn := self.outbox.take(0.0):
            octets += turn
        whole = [(f.head, f.body, f.flag) for f in read(octets).frames]
        self.assertEqual(
            [(f.head, f.body, f.flag) for f in read(octets, 1).frames], whole
        )
