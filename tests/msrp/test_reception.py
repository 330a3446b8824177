"""From chunks to messages, in whatever order, and whatever they claim."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.msrp.frames import Flag
from cpmgw.msrp.interfaces import FailureReport, Received
from cpmgw.msrp.reception import Complete, Reception, ReceptionLimits
from tests.msrp.frames import THEIRS, read, send

WHOLE = bytes(range(256)) * 4
SMALL = SpoolLimits(spill=100, storage=1_000_000)


class ReceptionCase(SynchronousTestCase):
    """A reception, and that nothing is left of it."""

    def setUp(self) -> None:
        self.now = 0.0
        self.use()

    def use(self, storage: SpoolLimits = SMALL, **limits: Any) -> None:
        """Begin anew with other limits."""
        self.folder = Path(self.mktemp())
        self.spool = Spool(str(self.folder), storage)
        self.reception = Reception(self.spool, ReceptionLimits(**limits))
        self.messages: list[Received] = []
        self.addCleanup(
            self.check_empty, self.folder, self.spool, self.reception, self.messages
        )

    def check_empty(
        self, folder: Path, spool: Spool, reception: Reception, messages: list[Received]
    ) -> None:
        """Once all is closed, neither octet nor file is here."""
        reception.close()
        for message in messages:
            message.body.close()
            message.body.close()
        self.assertEqual(len(spool), 0)
        self.assertEqual((spool.used, spool.in_memory, spool.files), (0, 0, 0))
        self.assertEqual(list(folder.glob("*/[!l]*")), [])
        spool.close()
        self.assertEqual(list(folder.glob("*")), [])

    def chunk(self, body: bytes | None = b"hello", **how: str) -> int:
        """Take a SEND; gives the status at its end, 0 for a whole message."""
        (frame,) = read(send(body, **how)).frames
        chunk = self.reception.begin(frame.request, self.now)
        for at in range(0, len(frame.body), 300):
            chunk.put(frame.body[at : at + 300])
        assert frame.flag is not None
        ended = chunk.end(frame.flag, self.now)
        if isinstance(ended, Complete):
            self.messages.append(ended.received)
            return 0
        return ended

    def part(self, start: int, end: int, total: int | str = 1024, **how: str) -> int:
        """Take the octets of WHOLE from start to end, counted from 1."""
        how.setdefault("flag", "$" if end == total else "+")
        given = how.pop("given", f"{start}-{end}/{total}")
        return self.chunk(WHOLE[start - 1 : end], given=given, **how)


class Messages(ReceptionCase):
    def test_one_chunk(self) -> None:
        """A message in one chunk is here at its end (RFC 4975 5.1)."""
        self.assertEqual(self.chunk(), 0)
        (message,) = self.messages
        self.assertEqual(
            (message.message_id, message.content_type), ("m1d2", "text/plain")
        )
        self.assertEqual((message.body.read(), message.body.size), (b"hello", 5))
        self.assertIsNone(message.body.path)
        self.assertIs(message.failure_report, FailureReport.YES)
        self.assertFalse(message.success_report)

    def test_chunks(self) -> None:
        """Chunks in their order: each but the last is answered at once (7.3.1)."""
        self.assertEqual(self.part(1, 500), 200)
        self.assertEqual(self.part(501, 1000), 200)
        self.assertEqual(self.part(1001, 1024), 0)
        self.assertEqual(self.messages[0].body.read(), WHOLE)

    def test_any_order(self) -> None:
        """Chunks may come in any order; the one that completes it is the last (5.1)."""
        self.assertEqual(self.part(801, 1024), 200)
        self.assertEqual(self.part(1, 100), 200)
        self.assertEqual(self.part(401, 800), 200)
        self.assertEqual(self.part(101, 400), 0)
        self.assertEqual(self.messages[0].body.read(), WHOLE)

    def test_later_octets_count(self) -> None:
        """Of octets that come twice, the later ones count (5.1)."""
        self.assertEqual(self.chunk(b"aaaa", given="1-4/6", flag="+"), 200)
        self.assertEqual(self.chunk(b"bbb", given="3-5/6", flag="+"), 200)
        self.assertEqual(self.chunk(b"c", given="6-6/6"), 0)
        self.assertEqual(self.messages[0].body.read(), b"aabbbc")

    def test_interruption(self) -> None:
        """A chunk that does not say where it ends is gone on with later (5.1)."""
        self.assertEqual(self.part(1, 100, given="1-*/1024"), 200)
        self.assertEqual(self.chunk(b"x", message_id="m3d4"), 0)
        self.assertEqual(self.part(101, 1024, given="101-*/1024"), 0)
        self.assertEqual(self.messages[1].body.read(), WHOLE)

    def test_unknown_size(self) -> None:
        """A message whose size is not known is as large as its last chunk has it."""
        self.assertEqual(self.part(1, 700, given="1-*/*", flag="+"), 200)
        self.assertEqual(self.part(701, 1024, given="701-*/*", flag="$"), 0)
        self.assertEqual(self.messages[0].body.read(), WHOLE)

    def test_last_chunk_first(self) -> None:
        """The last chunk tells the size, even if others come after it."""
        self.assertEqual(self.part(701, 1024, given="701-*/*", flag="$"), 200)
        self.assertEqual(self.part(1, 700, given="1-*/*", flag="+"), 0)
        self.assertEqual(self.messages[0].body.read(), WHOLE)

    def test_abort(self) -> None:
        """With "#" the sender takes back what has come; it may begin again (7.1)."""
        self.assertEqual(self.part(1, 500), 200)
        self.assertEqual(self.part(501, 600, given="501-*/1024", flag="#"), 200)
        self.assertEqual((len(self.reception), len(self.spool)), (0, 0))
        self.assertEqual(self.part(1, 1024), 0)

    def test_abort_without_octets(self) -> None:
        """So with a chunk that has none."""
        self.assertEqual(self.part(1, 500), 200)
        self.assertEqual(self.chunk(None, given="501-*/1024", flag="#"), 200)
        self.assertEqual(len(self.reception), 0)

    def test_empty(self) -> None:
        """A SEND without content is answered, and is no message (RFC 6135 4.2.3)."""
        for octets in ("1-0/0", "1-*/*"):
            self.assertEqual(self.chunk(None, given=octets), 200)
        self.assertEqual(self.chunk(b"", given="1-0/0", content_type=""), 200)
        self.assertEqual((self.messages, len(self.reception)), ([], 0))

    def test_empty_content(self) -> None:
        """A content of no octets is a message, if it has a type (7.1)."""
        for octets in ("1-0/0", "1-*/*"):
            self.assertEqual(self.chunk(b"", given=octets), 0)
            self.assertEqual(self.messages[-1].body.size, 0)

    def test_nothing_behind_the_end(self) -> None:
        """A last chunk without octets, behind a whole message, is none (5.1)."""
        self.assertEqual(self.chunk(given="1-*/5", flag="+"), 0)
        for octets in ("6-5/5", "6-*/5"):
            self.assertEqual(self.chunk(b"", given=octets), 200)
        self.assertEqual((len(self.messages), len(self.reception)), (1, 0))

    def test_several_at_once(self) -> None:
        """Messages may be here in part side by side."""
        self.part(1, 500, message_id="one1")
        self.part(1, 400, message_id="two2")
        self.assertEqual(self.part(501, 1024, message_id="one1"), 0)
        self.assertEqual(self.part(401, 1024, message_id="two2"), 0)
        self.assertEqual([each.message_id for each in self.messages], ["one1", "two2"])

    def test_wishes(self) -> None:
        """What the first chunk asks for goes with the message."""
        (frame,) = read(
            send(headers=["Success-Report: yes", "Failure-Report: partial"])
        ).frames
        chunk = self.reception.begin(frame.request, 0.0)
        chunk.put(frame.body)
        ended = chunk.end(Flag.LAST, 0.0)
        assert isinstance(ended, Complete)
        self.messages.append(ended.received)
        self.assertTrue(ended.received.success_report)
        self.assertIs(ended.received.failure_report, FailureReport.PARTIAL)

    @settings(deadline=None)
    @given(st.data())
    def test_any_cut(self, data: st.DataObject) -> None:
        """However a message is cut, shuffled and repeated, it is the same message."""
        self.use(SpoolLimits(spill=data.draw(st.sampled_from([0, 100, 5000]))))
        cuts = sorted(data.draw(st.sets(st.integers(1, 1023), max_size=12)))
        spans = list(zip([0, *cuts], [*cuts, 1024], strict=True))
        order = data.draw(st.permutations(spans))
        extra = data.draw(st.lists(st.sampled_from(spans), max_size=3))
        for start, end in [*extra[: len(order) - 1], *order]:
            if self.messages:
                break
            self.part(start + 1, end)
        self.assertEqual([each.body.read() for each in self.messages], [WHOLE])


class Lies(ReceptionCase):
    def test_ranges(self) -> None:
        """A range that cannot be is refused with 400, and the message dropped."""
        for octets in ("0-5/5", "3-1/5", "1-6/5", "7-*/5", "1-4/5", "1-6/6", "2-7/6"):
            self.assertEqual(self.chunk(given=octets), 400, octets)
            self.assertEqual((len(self.reception), len(self.spool)), (0, 0), octets)

    def test_longer_than_told(self) -> None:
        """A body longer than its range, or than the message, is refused."""
        for octets in ("1-4/9", "1-*/4"):
            self.assertEqual(self.chunk(given=octets, flag="+"), 400)
            self.assertEqual(self.chunk(None, given="5-*/*", flag="#"), 400)
        self.assertEqual(len(self.spool), 0)

    def test_shorter_than_told(self) -> None:
        """So is one that is shorter, unless it is taken back."""
        self.assertEqual(self.chunk(given="1-6/9", flag="+"), 400)
        self.assertEqual(self.chunk(given="1-6/9", flag="#", message_id="m3d4"), 200)

    def test_no_end(self) -> None:
        """The last chunk ends where the message does."""
        self.assertEqual(self.chunk(given="1-*/9", flag="$"), 400)
        self.assertEqual(self.part(501, 1024, given="501-*/*", flag="+"), 200)
        self.assertEqual(self.part(1, 500, given="1-*/*", flag="$"), 400)

    def test_other_size(self) -> None:
        """A message does not change its size."""
        self.assertEqual(self.part(1, 500), 200)
        self.assertEqual(self.part(501, 600, 1025), 400)
        self.assertEqual(len(self.spool), 0)
        self.assertEqual(self.part(1, 500, given="1-*/*", message_id="m3d4"), 200)
        self.assertEqual(self.part(1, 100, 499, message_id="m3d4"), 400)

    def test_content_without_octets(self) -> None:
        """What should have octets and has none is refused; so the other way round."""
        self.assertEqual(self.chunk(None, given="1-5/5"), 400)
        self.assertEqual(self.chunk(given="1-0/0", message_id="m3d4"), 400)

    def test_heads(self) -> None:
        """What a head says wrongly is refused, and nothing kept."""
        self.assertEqual(self.chunk(message_id=""), 400)
        self.assertEqual(self.chunk(message_id="a"), 400)
        self.assertEqual(self.chunk(content_type=""), 400)
        for line in (
            "Failure-Report: never",
            "Success-Report: 1",
            "Byte-Range: 1-5/5",
        ):
            (frame,) = read(send(message_id="m3d4", headers=[line])).frames
            chunk = self.reception.begin(frame.request, 0.0)
            chunk.put(b"hello")
            self.assertEqual(chunk.end(Flag.LAST, 0.0), 400, line)
        self.assertEqual((len(self.reception), len(self.spool)), (0, 0))

    def test_refused_until_its_end(self) -> None:
        """More of what was refused is refused too, until its sender ends it."""
        self.use(max_size=1023)
        self.assertEqual(self.part(1, 500), 413)
        self.assertEqual(self.part(501, 1000), 413)
        self.assertEqual(self.part(1001, 1024), 413)
        self.assertEqual(self.chunk(), 0)


class Limits(ReceptionCase):
    def test_size(self) -> None:
        """A message has a largest size, whether it is told or shows at an octet."""
        self.use(max_size=1024)
        self.assertEqual(self.part(1, 1024), 0)
        self.assertEqual(self.part(1, 1024, "*", given="1-*/*", flag="$"), 0)
        self.use(max_size=1023)
        self.assertEqual(self.part(1, 1, 1024), 413)
        self.assertEqual(self.part(1, 1024, "*", given="1-*/*", message_id="m3d4"), 413)
        self.assertEqual(
            self.part(1024, 1024, "*", given="1024-*/*", message_id="m5d6"), 413
        )
        self.assertEqual(len(self.spool), 0)

    def test_refused_at_the_head(self) -> None:
        """What is too large is refused before an octet of it is here."""
        self.use(max_size=10)
        (frame,) = read(send(given="1-*/11")).frames
        self.assertEqual(self.reception.begin(frame.request, 0.0).refused, 413)

    def test_incomplete(self) -> None:
        """There may be so many messages in part; one more is refused, none dropped."""
        self.use(incomplete=2)
        self.assertEqual(self.part(1, 10, message_id="one1"), 200)
        self.assertEqual(self.part(1, 10, message_id="two2"), 200)
        self.assertEqual(self.part(1, 10, message_id="three"), 413)
        self.assertEqual(self.part(11, 1024, message_id="one1"), 0)
        self.assertEqual(self.part(1, 10, message_id="four"), 200)

    def test_gaps(self) -> None:
        """A message may be here in so many pieces."""
        self.use(gaps=3)
        for start in (1, 11, 21):
            self.assertEqual(self.part(start, start), 200)
        self.assertEqual(self.part(31, 31), 413)

    def test_storage(self) -> None:
        """What all messages take together is bounded, heads too; holes take nothing."""
        self.use(SpoolLimits(storage=2300))
        self.assertEqual(self.part(1000, 1000, message_id="one1"), 200)
        head = self.spool.used - 1
        self.assertGreater(head, len(THEIRS))
        self.assertEqual(self.part(1, 1000, message_id="two2"), 200)
        self.assertEqual(self.spool.used, 2 * head + 1001)
        self.assertEqual(self.part(1, 1000, message_id="two2", given="1-*/1024"), 200)
        self.assertEqual(self.spool.used, 2 * head + 1001)
        self.assertEqual(self.part(1, 1000, message_id="three"), 413)
        self.reception.close()
        self.assertEqual((self.spool.used, self.reception.octets), (0, 0))

    def test_storage_for_small(self) -> None:
        """An eighth of the storage is for those that do not go to a file."""
        self.use(SpoolLimits(spill=100, storage=8000))
        for number in range(8):
            if self.part(1, 1000, message_id=f"m{number}d2") != 200:
                break
        self.assertLessEqual(self.spool.used, 7000)
        self.assertEqual(self.part(1, 100, message_id="small"), 200)

    def test_share_of_a_session(self) -> None:
        """A session has no more here than two of its largest messages and 1 MB."""
        self.use(SpoolLimits(), max_size=1000)
        most = 2 * 1000 + 1024 * 1024
        name = "begun"
        self.assertEqual(self.part(1, 1, 1000, message_id=name), 200)
        self.reception.octets += (left := most - self.reception.octets - 9)
        self.assertEqual(self.part(2, 10, 1000, message_id=name), 200)
        self.assertEqual(self.part(11, 11, 1000, message_id=name), 413)
        self.reception.answered(left)
        self.assertEqual(self.reception.octets, 0)

    def test_heads_count(self) -> None:
        """What is kept of a head counts until the message is answered."""
        self.assertEqual(self.chunk(), 0)
        octets = self.reception.octets
        self.assertGreater(octets, 5 + len(THEIRS) + len("text/plain"))
        self.reception.answered(octets)

    def test_touched_by_octets_alone(self) -> None:
        """Chunks without new octets keep no message from being dropped."""
        self.use(timeout=120.0)
        self.part(1, 10)
        self.now = 100.0
        self.assertEqual(self.chunk(b"", given="11-*/1024", flag="+"), 200)
        self.assertEqual(self.part(1, 10), 200)
        self.assertEqual(self.reception.deadline, 120.0)
        self.part(11, 11)
        self.assertEqual(self.reception.deadline, 220.0)

    def test_timeout(self) -> None:
        """A message that gets nothing more is dropped; one that goes on is not."""
        self.use(timeout=120.0)
        self.assertIsNone(self.reception.deadline)
        self.part(1, 10, message_id="one1")
        self.now = 60.0
        self.part(1, 10, message_id="two2")
        self.assertEqual(self.reception.deadline, 120.0)
        self.assertEqual(self.reception.expire(119.9), [])
        self.assertEqual(self.reception.expire(120.0), ["one1"])
        self.assertEqual((len(self.reception), self.reception.deadline), (1, 180.0))

    def test_no_timeout_within_a_chunk(self) -> None:
        """While a chunk of it comes a message is not dropped, however slowly."""
        self.use(timeout=1.0)
        (frame,) = read(send(given="1-*/9")).frames
        chunk = self.reception.begin(frame.request, 0.0)
        self.assertIsNone(self.reception.deadline)
        self.assertEqual(self.reception.expire(9.0), [])
        chunk.put(b"hello")
        self.assertEqual(chunk.end(Flag.MORE, 9.0), 200)
        self.assertEqual(self.reception.deadline, 10.0)
        self.assertEqual(self.reception.expire(10.0), ["m1d2"])

    def test_dropped_within_a_chunk(self) -> None:
        """Octets for a message that has been dropped are refused, and not kept."""
        (frame,) = read(send(given="1-*/9")).frames
        for octets in (b"hello", b""):
            chunk = self.reception.begin(frame.request, 0.0)
            chunk.put(b"hell")
            self.reception.close()
            if octets:
                chunk.put(octets)
            self.assertEqual(chunk.end(Flag.LAST, 1.0), 408)
        self.assertEqual((len(self.reception), len(self.spool)), (0, 0))

    def test_refused_are_forgotten(self) -> None:
        """Of those that were refused so many are remembered."""
        self.use(max_size=10)
        for number in range(65):
            self.assertEqual(self.part(1, 1, message_id=f"m{number:03}"), 413)
        for number, status in ((0, 200), (64, 413)):
            name = f"m{number:03}"
            behind = self.chunk(b"x", given="2-2/9", flag="+", message_id=name)
            self.assertEqual(behind, status)

    def test_tried_again(self) -> None:
        """One that was refused may come anew: from its first octet, or much later."""
        self.use(incomplete=1, timeout=50.0)
        self.assertEqual(self.part(1, 10, message_id="one1"), 200)
        for name in ("two2", "three"):
            self.assertEqual(self.part(1, 10, message_id=name), 413)
        self.assertEqual(self.part(11, 1024, message_id="one1"), 0)
        self.assertEqual(self.part(11, 20, message_id="two2"), 413)
        self.assertEqual(self.part(1, 1024, message_id="two2"), 0)
        self.now = 49.9
        self.assertEqual(self.part(11, 20, message_id="three"), 413)
        self.now = 100.0
        self.assertEqual(self.part(11, 20, message_id="three"), 200)


class Bodies(ReceptionCase):
    """What goes wrong with bodies (tests/bodies), as whoever sends is told of it."""

    def test_large(self) -> None:
        """A large message is in a file once it is whole, and none is open any more."""
        self.part(1, 50)
        self.assertEqual((self.spool.in_memory, self.spool.files), (50, 0))
        self.part(51, 1000)
        self.assertEqual((self.spool.in_memory, self.spool.files), (0, 1))
        self.part(1001, 1024)
        self.assertEqual((self.spool.in_memory, self.spool.files), (0, 0))
        (message,) = self.messages
        self.assertIsNotNone(message.body.path)
        self.assertEqual(message.body.read(), WHOLE)

    def test_files(self) -> None:
        """Where one file more than may be would be open, it is 413."""
        self.use(SpoolLimits(spill=0, files=1))
        self.assertEqual(self.part(1, 10, message_id="one1"), 200)
        self.assertEqual(self.part(1, 10, message_id="two2"), 413)
        self.assertEqual(self.part(11, 1024, message_id="one1"), 0)
        self.assertEqual(self.part(1, 10, message_id="three"), 200)

    def test_no_directory(self) -> None:
        """Where nothing can be stored, large messages are refused."""
        self.use(SpoolLimits(spill=0))
        self.folder.write_bytes(b"")
        self.assertEqual(self.part(1, 10), 413)
        self.assertEqual((len(self.spool), self.spool.used), (0, 0))

    def test_no_space(self) -> None:
        """Where the disk is full, when a body goes there or grows there, it is 413."""

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left")

        for before in (50, 150):
            self.use()
            self.assertEqual(self.part(1, before), 200)
            patch = self.patch(os, "pwrite", full)
            self.assertEqual(self.part(before + 1, 300), 413)
            patch.restore()
            self.assertEqual((len(self.spool), self.spool.used), (0, 0))
            self.assertEqual((self.spool.in_memory, self.spool.files), (0, 0))

    def test_error_at_the_end(self) -> None:
        """Where closing a file fails the message is refused; nothing stays counted."""

        def failing(*_: object, **__: object) -> None:
            raise OSError(errno.EIO, "oops")

        self.use(SpoolLimits(spill=10))
        self.part(1, 500)
        patch = self.patch(os, "close", failing)
        self.assertEqual(self.part(501, 1024), 413)
        patch.restore()
        self.assertEqual((len(self.spool), self.spool.used, self.spool.files), (0,) * 3)
